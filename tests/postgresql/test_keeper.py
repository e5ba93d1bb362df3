"""What a server has started ends with the tests, even what it left, or what is stopped."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from . import processes

pytestmark = pytest.mark.needs("setpriv", "bash")

_ROOT = Path(__file__).parent.parent.parent
_TESTS = """
import sys
from pathlib import Path
from tests.postgresql.processes import start_kept
print(start_kept(["bash", "-c", sys.argv[1]], Path(sys.argv[2])).pid, flush=True)
sys.stdin.read()
"""
_SERVER = """
(bash -c 'trap "" TERM; echo $$; while :; do sleep 1000 & wait; done' &)
(bash -c 'echo $$; kill -STOP $$' &)
bash -c 'echo $$; kill -STOP $$' &
echo $$
wait
"""
"""Starts one process that refuses to end, one that is stopped, and both are left to themselves."""
_PROCESSES = 4


def test_all_of_a_server_ends_when_the_tests_are_killed() -> None:
    with processes.folder() as folder:
        log = folder / "log"
        log.touch()

        def started() -> list[int]:
            return [int(pid) for pid in log.read_text().split()]

        with subprocess.Popen(
            [sys.executable, "-c", _TESTS, _SERVER, str(log)],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as tests:
            assert tests.stdout is not None
            keeper = int(tests.stdout.readline())
            processes.wait_until(lambda: len(started()) == _PROCESSES, "it does not start")
            tests.kill()
        processes.wait_until(
            lambda: all(processes.state(pid) == "Z" for pid in (keeper, *started())),
            "something goes on",
        )


def test_a_keeper_ends_with_the_last_of_its_server() -> None:
    with processes.folder() as folder:
        log, words = folder / "log", folder / "words"
        os.mkfifo(words)
        server = f"(read -r word <{words}; echo $word) & echo $$"
        keeper = processes.start_kept(["bash", "-c", server], log)
        processes.wait_until(lambda: log.read_text().endswith("\n"), "it does not start")
        first = int(log.read_text())
        processes.wait_until(lambda: processes.state(first) == "Z", "it goes on")
        assert keeper.poll() is None
        words.write_text("last\n")
        assert keeper.wait(processes.PATIENCE) == 0
        assert log.read_text() == f"{first}\nlast\n"

"""The PostgreSQL of the tests: it answers, its databases are fresh, and nothing of it is left."""

import os
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from threading import Thread

import psycopg
import pytest

from . import processes
from .server import NEEDED, Server, fresh_database, shared_server

pytestmark = pytest.mark.needs(*NEEDED)

_ROOT = Path(__file__).parent.parent.parent
_prepared: list[str] = []


def prepare(url: str) -> None:
    _prepared.append(url)
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE names(name text)")


def names(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        return [str(name) for (name,) in connection.execute("SELECT name FROM names")]


def add(url: str, name: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("INSERT INTO names VALUES (%s)", [name])


def test_a_database_is_prepared_once_and_fresh_each_time() -> None:
    first, second = fresh_database(prepare), fresh_database(prepare)
    add(first, "ci")
    assert (names(first), names(second), names(fresh_database(prepare))) == (["ci"], [], [])
    assert len(_prepared) == 1


def test_a_database_is_dropped_once_its_test_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    first, kept = fresh_database(prepare), fresh_database(prepare, passing=False)
    with closing(psycopg.connect(first)) as connection:
        assert names(first) == []
        monkeypatch.setenv("PYTEST_CURRENT_TEST", "test_another (setup)")
        another = fresh_database(prepare)
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT")
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        names(first)
    assert (names(another), names(kept)) == ([], [])
    shared_server().drop_database(kept)


def test_what_was_committed_survives_a_stop_and_a_kill() -> None:
    with Server() as server:
        url = server.create_database()
        prepare(url)
        for end in (server.stop, server.kill):
            with closing(psycopg.connect(url)) as connection:
                add(url, end.__name__)
                end()
                with pytest.raises(psycopg.OperationalError):
                    connection.execute("SELECT")
            with pytest.raises(psycopg.OperationalError):
                psycopg.connect(url)
            server.start()
        assert names(url) == ["stop", "kill"]


def test_a_kill_leaves_no_process_and_no_shared_memory() -> None:
    with Server() as server:
        leader = server.pid
        with closing(psycopg.connect(server.url())) as connection:
            row = connection.execute("SELECT pg_backend_pid()").fetchone()
            assert row is not None
            segment = (server.data / "postmaster.pid").read_text().splitlines()[6].split()[1]
            assert segment in segments()
            server.kill()
            processes.wait_until(lambda: processes.state(row[0]) == "Z", "the backend goes on")
        assert processes.state(leader) == "Z"
        assert segment not in segments()


def segments() -> list[str]:
    return [line.split()[1] for line in Path("/proc/sysvipc/shm").read_text().splitlines()]


def test_it_listens_on_a_port_only_if_asked() -> None:
    with Server(tcp=True) as server:
        psycopg.connect(server.url()).close()
        psycopg.connect(f"postgresql://127.0.0.1:{server.port}/postgres").close()
    with psycopg.connect(shared_server().url()) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)


def test_it_does_not_end_with_the_thread_that_started_it() -> None:
    server = Server()
    thread = Thread(target=server.start)
    thread.start()
    thread.join()
    with closing(server):
        psycopg.connect(server.url()).close()


_TESTS = """
import sys
from tests.postgresql.server import shared_server
server = shared_server()
print(server.pid, server.folder, flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("killed", [False, True])
def test_it_ends_with_the_tests(killed: bool) -> None:
    command = [sys.executable, "-c", _TESTS]
    with subprocess.Popen(
        command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as tests:
        assert tests.stdin is not None
        assert tests.stdout is not None
        pid, folder = tests.stdout.readline().split()
        assert processes.state(int(pid)) != "Z"
        if killed:
            os.kill(tests.pid, signal.SIGKILL)
        else:
            tests.stdin.close()
        tests.wait(processes.PATIENCE)
        processes.wait_until(lambda: processes.state(int(pid)) == "Z", "the server goes on")
    if killed:
        with processes.folder():
            pass
    assert not Path(folder).exists()

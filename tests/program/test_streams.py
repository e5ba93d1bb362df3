"""How commands end that are in the middle of a long output."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.bench.samples import fill, fill_log, sample
from tokentui.console import ExitCode
from tokentui.core.audit import Actor
from tokentui.stores import AuditOptions, open_backend

from .conftest import PROGRAM, Sandbox

_TOKENS = 5_000
"""More than a pipe holds: whoever prints them waits for whoever reads."""
_COMMANDS = [
    "list",
    "list --json",
    "export",
    "export --format csv",
    "report --only never-used",
    "report --only never-used --json",
    "audit --last 0",
    "audit --last 0 --json",
    "audit --last 0 --csv",
]


@pytest.fixture(scope="module")
def stocked(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    sandbox = Sandbox(tmp_path_factory.mktemp("home"))
    fill(sandbox.store, [sample(number, "$2b$04$" + "." * 53) for number in range(_TOKENS)])
    log = open_backend(str(sandbox.store), audit=AuditOptions(Actor("ada"))).audit
    fill_log(log, _TOKENS)
    return sandbox


@contextmanager
def _begun(sandbox: Sandbox, command: str) -> Iterator[subprocess.Popen[str]]:
    """Give a command that has printed its first line, and has others to print."""
    with subprocess.Popen(
        [*PROGRAM, *command.split()],
        env=sandbox.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout is not None
        assert running.stdout.readline()
        yield running


@pytest.mark.parametrize("command", _COMMANDS)
def test_a_reader_that_has_seen_enough_is_no_error_to_tell(stocked: Sandbox, command: str) -> None:
    with _begun(stocked, command) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.close()
        assert running.stderr.read() == ""
        assert running.wait() == ExitCode.FILE


@pytest.mark.parametrize("command", _COMMANDS)
def test_ctrl_c_ends_it(stocked: Sandbox, command: str) -> None:
    with _begun(stocked, command) as running:
        running.send_signal(signal.SIGINT)
        _, said = running.communicate()
        assert said == "Error: Cancelled. Check the list for changes that were made.\n"
        assert running.returncode == ExitCode.CANCELLED


@pytest.mark.parametrize("command", _COMMANDS)
def test_a_full_disk_is_told(stocked: Sandbox, command: str) -> None:
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [*PROGRAM, *command.split()],
            env=stocked.environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert ended.stderr == "Error: The output could not be written: No space left on device.\n"
    assert ended.returncode == ExitCode.FILE

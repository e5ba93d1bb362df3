"""What holds of the tests themselves: they go by nothing that only this machine has."""

import errno
import os
import signal
import socket
from pathlib import Path

import pytest

from tokentui.core.commands import TokenCommands
from tokentui.ui.app import TokentuiApp

from .program.conftest import PROGRAM, Sandbox, held_port


def test_what_a_person_has_set_is_not_gone_by(tmp_path_factory: pytest.TempPathFactory) -> None:
    assert not [name for name in os.environ if name.startswith(("TOKENTUI_", "XDG_", "SSH_"))]
    assert tmp_path_factory.getbasetemp() in Path.home().parents


def test_files_are_not_for_others_to_write(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o644


def test_a_held_port_is_for_the_server_it_is_held_for_alone() -> None:
    with held_port() as port:
        with socket.socket() as other, pytest.raises(OSError, match="in use") as refused:
            other.bind(("127.0.0.1", port))
        assert refused.value.errno == errno.EADDRINUSE
        with socket.create_server(("127.0.0.1", port)), socket.socket() as caller:
            caller.connect(("127.0.0.1", port))


async def test_an_app_within_a_run_does_not_take_its_signals(service: TokenCommands) -> None:
    async with TokentuiApp(service).run_test():
        assert signal.getsignal(signal.SIGTERM) is signal.default_int_handler


@pytest.mark.parametrize("command", ["--version", "paths", "create ci --out secret", "list", "no"])
def test_a_command_in_a_fork_does_what_one_in_a_process_of_its_own_does(
    tmp_path: Path, command: str
) -> None:
    done = []
    for way in ("fork", "process"):
        sandbox = Sandbox(tmp_path / "home")
        sandbox.home.mkdir()
        words = command.split()
        forked = way == "fork"
        ended = sandbox.run(*words) if forked else sandbox.execute([*PROGRAM, *words])
        files = [(path.name, path.stat().st_mode) for path in sorted(sandbox.home.rglob("*"))]
        done.append((ended.returncode, ended.stdout, ended.stderr, files))
        sandbox.home.rename(tmp_path / way)
    assert done[0] == done[1]

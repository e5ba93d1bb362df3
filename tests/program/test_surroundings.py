"""Machines that lack what most have: a home, names of users, folders that may be searched."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tokentui.console import ExitCode

from .conftest import PROGRAM, Sandbox

_NO_TEXT = os.fsdecode(b"\xff\xfe-ann")


class TestWithoutAHome:
    """A container may run as a user that has no entry in its passwd, and set no HOME."""

    @pytest.fixture(autouse=True)
    def nobody_known(self, tmp_path: Path) -> None:
        """Let Python find no user, as in such a container."""
        (tmp_path / "sitecustomize.py").write_text(
            "import pwd\ndef getpwuid(uid): raise KeyError(uid)\npwd.getpwuid = getpwuid\n"
        )

    def run(
        self, sandbox: Sandbox, *arguments: str, **more: str
    ) -> subprocess.CompletedProcess[str]:
        environment = sandbox.environment(PYTHONPATH=str(sandbox.home), **more)
        for name in ("HOME", "XDG_DATA_HOME"):
            del environment[name]
        return subprocess.run(
            [*PROGRAM, *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def test_a_store_has_to_be_named(self, sandbox: Sandbox) -> None:
        for command in ("list", "paths", "config"):
            ended = self.run(sandbox, command, TOKENTUI_STORE="")
            assert ended.returncode == ExitCode.USAGE
            assert "There is no home folder" in ended.stderr
            assert ended.stderr.count("\n") == 1

    def test_all_else_works(self, sandbox: Sandbox) -> None:
        made = self.run(sandbox, "create", "ci", "--json")
        assert f'"account": "{os.getuid()}"' in made.stdout
        for command in ("list", "config", "check", "audit", "report", "completion bash"):
            ended = self.run(sandbox, *command.split())
            assert ended.returncode in {ExitCode.OK, ExitCode.FINDINGS}, ended.stderr
        paths = self.run(sandbox, "paths").stdout
        assert "settings   none: no home folder\n" in paths
        helped = self.run(sandbox, "--help", TOKENTUI_STORE="")
        assert helped.returncode == ExitCode.OK


@pytest.mark.parametrize("mask", [0o111, 0o777])
def test_an_umask_takes_no_right_from_what_is_made(sandbox: Sandbox, mask: int) -> None:
    code = f"import os, sys; os.umask({mask}); from tokentui.cli import run; sys.exit(run({{}}))"
    for command in (["create", "ci"], ["backup"], ["account", "add", "ann", "--no-password"]):
        ended = sandbox.execute([sys.executable, "-c", code.format(command)])
        assert ended.returncode == ExitCode.OK, ended.stderr
    for path in sandbox.store.parent.parent.joinpath("data").rglob("*"):
        mode = stat.S_IMODE(path.lstat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600), path


@pytest.mark.skipif(os.geteuid() == 0, reason="root may search every folder")
@pytest.mark.parametrize("command", ["list", "create ci", "audit", "account list", "check"])
def test_a_folder_that_may_not_be_searched(sandbox: Sandbox, command: str) -> None:
    closed = sandbox.home / "closed"
    closed.mkdir(mode=0o600)
    ended = sandbox.run(*command.split(), TOKENTUI_STORE=str(closed / "data" / "tokens.json"))
    assert ended.returncode == ExitCode.STORE
    assert "cannot be read: Permission denied." in ended.stderr


@pytest.mark.parametrize("place", ["{}", "{}/tokens.json"])
@pytest.mark.parametrize("command", ["list", "create ci", "audit", "report", "verify", "check"])
def test_names_that_are_too_long(sandbox: Sandbox, command: str, place: str) -> None:
    store = str(sandbox.home / place.format("x" * 300))
    ended = sandbox.run(*command.split(), TOKENTUI_STORE=store)
    assert ended.returncode == ExitCode.STORE
    assert "cannot be read: File name too long. Check the path" in ended.stderr


def test_bytes_that_are_no_text(sandbox: Sandbox) -> None:
    for name in ("SSH_CONNECTION", "SUDO_USER", "TZ", "LANG", "TOKENTUI_THEME", "TOKENTUI_KEYS"):
        ended = sandbox.run("create", name.lower(), **{name: _NO_TEXT})
        assert ended.returncode in {ExitCode.OK, ExitCode.USAGE}, ended.stderr
        assert "internal error" not in ended.stderr
    assert sandbox.run("audit", "verify").returncode == ExitCode.OK
    assert r"\udcff\udcfe-ann" in sandbox.run("audit").stdout
    elsewhere = str(sandbox.home / _NO_TEXT / "tokens.json")
    for command in (["create", "ci"], ["list"], ["paths"], ["config", "--json"], ["backup"]):
        assert sandbox.run(*command, TOKENTUI_STORE=elsewhere).returncode == ExitCode.OK

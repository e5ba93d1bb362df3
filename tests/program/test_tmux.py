"""The app inside tmux, which takes the clipboard's escape sequence itself."""

import re
import shlex
import subprocess
from collections.abc import Iterator

import pytest

from ..conftest import which
from .conftest import PROGRAM, Sandbox
from .terminal import Terminal
from .walk import save, to_secret


class _Tmux:
    """A tmux server of its own, whose socket is in the sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        config = sandbox.home / "tmux.conf"
        config.write_text("set -s set-clipboard on\nset -g status off\n")
        self._command = [
            str(which("tmux")),
            *("-L", "own"),  # in a folder of its own; a socket's path must not get long
            *("-f", str(config)),
        ]
        self._environment = sandbox.environment(TMUX_TMPDIR=str(sandbox.home), SHELL="/bin/sh")

    def app(self) -> Terminal:
        """Start the app in the first window, and show it."""
        return Terminal([*self._command, "new-session", *PROGRAM], self._environment)

    def shell(self) -> Terminal:
        """Start a shell with job control in the first window, and show it."""
        shell = ["bash", "--norc", "--noprofile", "-i"]
        return Terminal([*self._command, "new-session", *shell], self._environment)

    def run(self, *arguments: str) -> str:
        """Run one of tmux's own commands and return what it printed."""
        ended = subprocess.run(
            [*self._command, *arguments],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return ended.stdout


@pytest.fixture
def tmux(sandbox: Sandbox) -> Iterator[_Tmux]:
    """Return a tmux server that is stopped at the end."""
    server = _Tmux(sandbox)
    yield server
    server.run("kill-server")


@pytest.mark.needs("tmux")
def test_copying_fills_the_buffer(sandbox: Sandbox, tmux: _Tmux) -> None:
    with tmux.app() as app:
        secret = to_secret(app)
        assert tmux.run("show-buffer") == "", "nothing is copied unasked"
        app.press("c")
        assert app.wait_until(lambda: tmux.run("show-buffer"), "a buffer") == secret
        save(app)
        assert sandbox.record()["saved_at"] is not None
        app.press("q")
        assert app.wait_exit() == 0


@pytest.mark.needs("tmux", "bash")
def test_it_can_be_suspended_and_resumed(sandbox: Sandbox, tmux: _Tmux) -> None:
    sandbox.run("create", "deploy", "--never")
    with tmux.shell() as shell:
        shell.type("PS1='ready> '; clear\r")
        shell.wait_for(re.compile(r"^ready> *$", re.MULTILINE))
        shell.type(f"{shlex.join(PROGRAM)}\r")
        shell.wait_for("> • deploy")
        shell.press("r")
        shell.wait_for("Revoke deploy?")
        shell.press("ctrl+z")
        shell.wait_for("Stopped")
        shell.type("fg\r")
        shell.wait_for("Revoke deploy?")
        shell.press("escape")
        shell.wait_until_gone("Revoke deploy?")
        shell.press("c")
        shell.wait_for("API Token Name")
        shell.press("escape")
        # Not the row of the list, which the form may not have covered yet.
        shell.wait_until_gone("API Token Name")
        shell.press("q")
        shell.wait_for(re.compile(r"ready> *$", re.MULTILINE))
        shell.type("exit\r")
        assert shell.wait_exit() == 0

"""The app over a real SSH connection, which is how most people will meet it."""

import os
import shlex
import signal
from collections.abc import Iterator

import pytest

from .conftest import PROGRAM, Sandbox
from .ssh import Server
from .terminal import Terminal
from .walk import save, to_secret

pytestmark = pytest.mark.needs("sshd", "ssh", "ssh-keygen")


@pytest.fixture
def ssh(sandbox: Sandbox) -> Iterator[list[str]]:
    """Serve SSH on a loopback port; return the command that runs another one over there."""
    server = Server(sandbox.home / "ssh")
    with server.serving(server.public_key("client")):
        yield [*server.client("client", "-tt"), "127.0.0.1"]


def _app_over(ssh: list[str], sandbox: Sandbox, before: str = "true") -> Terminal:
    """Start the app over there, in the sandbox, once the shell has done what comes `before`."""
    environment = [f"{name}={value}" for name, value in sandbox.environment().items()]
    script = f"{before}; exec {shlex.join(['env', '-i', *environment, *PROGRAM])}"
    return Terminal([*ssh, shlex.join(["exec", "/bin/sh", "-c", script])], sandbox.environment())


def test_a_broken_connection_and_a_second_try(sandbox: Sandbox, ssh: list[str]) -> None:
    # The app holds a pipe open, which tells its process id and ends when the process does.
    pipe = sandbox.home / "pipe"
    os.mkfifo(pipe)
    with (
        open(pipe, "rb", buffering=0, opener=_not_waiting) as life,
        _app_over(ssh, sandbox, f"exec 9>{shlex.quote(str(pipe))}; echo $$ >&9") as app,
    ):
        to_secret(app)
        number = int(life.read(20))
        app.send_signal(signal.SIGKILL)
        try:
            app.wait_until(lambda: life.read(1) == b"", "the app to end over there")
        except TimeoutError:
            os.kill(number, signal.SIGKILL)
            raise

    with _app_over(ssh, sandbox) as app:
        app.wait_for("deploy was not saved")
        app.press("tab", "enter")
        to_secret(app)
        save(app)
        app.wait_for("> • deploy")
        assert [record["saved_at"] is None for record in sandbox.records()] == [True, False]
        app.press("q")
        assert app.wait_exit() == 0
        assert app.left_changed() == []


def _not_waiting(path: str, flags: int) -> int:
    """Open a pipe whose other end is not there yet."""
    return os.open(path, flags | os.O_NONBLOCK)

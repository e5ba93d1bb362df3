"""The app over a real SSH connection, which is how most people will meet it."""

import getpass
import os
import shlex
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ..conftest import which
from .conftest import PROGRAM, Sandbox, free_port
from .terminal import Terminal
from .walk import save, to_secret

pytestmark = pytest.mark.needs("sshd", "ssh", "ssh-keygen")

_PRIVILEGE_SEPARATION = Path("/run/sshd")


@pytest.fixture
def ssh(sandbox: Sandbox) -> Iterator[list[str]]:
    """Serve SSH on a loopback port; return the command that runs another one over there."""
    home = sandbox.home / "ssh"
    home.mkdir()
    for key in ("host", "client"):
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", home / key], check=True
        )
    port = free_port()
    host_key = (home / "host.pub").read_text()
    (home / "known_hosts").write_text(f"[127.0.0.1]:{port} {host_key}")
    (home / "sshd_config").write_text(
        f"ListenAddress 127.0.0.1:{port}\n"
        f"HostKey {home / 'host'}\n"
        f"AuthorizedKeysFile {home / 'client.pub'}\n"
        "AuthenticationMethods publickey\n"
        "PidFile none\n"
        "StrictModes no\n"
        "UsePAM no\n"
    )
    command = ["ssh", "-tt", "-F", "none", "-p", str(port), "-l", getpass.getuser()]
    options = {
        "IdentityFile": home / "client",
        "IdentitiesOnly": "yes",
        "IdentityAgent": "none",
        "UserKnownHostsFile": home / "known_hosts",
        "GlobalKnownHostsFile": "none",
        "BatchMode": "yes",
        "LogLevel": "ERROR",
    }
    for option, value in options.items():
        command += ["-o", f"{option}={value}"]
    with _sshd(home / "sshd_config"):
        yield [*command, "127.0.0.1"]


@contextmanager
def _sshd(config: Path) -> Iterator[None]:
    """Run a server until the end of the block; it listens once the block begins."""
    program = which("sshd")
    assert program is not None
    # A server that runs as root insists on this folder, which the system makes when it starts one.
    made = os.geteuid() == 0 and not _PRIVILEGE_SEPARATION.exists()
    if made:
        _PRIVILEGE_SEPARATION.mkdir(mode=0o755)
    try:
        with subprocess.Popen(
            [program, "-D", "-e", "-f", config], stderr=subprocess.PIPE, text=True
        ) as server:
            assert server.stderr is not None
            try:
                said = next((line for line in server.stderr if "Server listening" in line), None)
                assert said is not None, "it did not start: port taken, or no right to"
                yield
            finally:
                server.terminate()
    finally:
        if made:
            _PRIVILEGE_SEPARATION.rmdir()


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
        app.wait_for("Never saved: deploy")
        app.press("tab", "enter")
        to_secret(app)
        save(app)
        app.wait_for("> deploy")
        assert [record["saved_at"] is None for record in sandbox.records()] == [True, False]
        app.press("q")
        assert app.wait_exit() == 0
        assert app.left_changed() == []


def _not_waiting(path: str, flags: int) -> int:
    """Open a pipe whose other end is not there yet."""
    return os.open(path, flags | os.O_NONBLOCK)

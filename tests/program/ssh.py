"""A real SSH server on loopback, and clients with keys of their own."""

import getpass
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..conftest import which
from .conftest import held_port


class Server:
    """A folder with keys, and a server that lets in whom its `authorized_keys` name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.public_key("host")

    def public_key(self, name: str) -> str:
        """Make a pair of keys, and return the public one."""
        path = self.folder / name
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
        return path.with_suffix(".pub").read_text()

    def client(self, key: str, *options: str, program: str = "ssh") -> list[str]:
        """Return the beginning of a command that connects with a key; the host is to follow."""
        settings = {
            "IdentityFile": self.folder / key,
            "IdentitiesOnly": "yes",
            "IdentityAgent": "none",
            "UserKnownHostsFile": self.folder / "known_hosts",
            "GlobalKnownHostsFile": "none",
            "BatchMode": "yes",
            "LogLevel": "ERROR",
            "Port": self.port,
            "User": getpass.getuser(),
        }
        command = [program, "-F", "none", *options]
        for option, value in settings.items():
            command += ["-o", f"{option}={value}"]
        return command

    @contextmanager
    def serving(self, authorized_keys: str, more: str = "") -> Iterator[None]:
        """Serve until the end of the block; it listens once the block begins."""
        with held_port() as port:
            self.port = port
            with self._listening(authorized_keys, more):
                yield

    @contextmanager
    def _listening(self, authorized_keys: str, more: str) -> Iterator[None]:
        keys, config = self.folder / "authorized_keys", self.folder / "sshd_config"
        host = (self.folder / "host.pub").read_text()
        (self.folder / "known_hosts").write_text(f"[127.0.0.1]:{self.port} {host}")
        keys.write_text(authorized_keys)
        config.write_text(
            f"ListenAddress 127.0.0.1:{self.port}\n"
            f"HostKey {self.folder / 'host'}\n"
            f"AuthorizedKeysFile {keys}\n"
            "AuthenticationMethods publickey\n"
            "PidFile none\n"
            "StrictModes no\n"
            "UsePAM no\n"
            "Subsystem sftp internal-sftp\n"
            f"{more}"
        )
        program = which("sshd")
        assert program is not None
        if os.geteuid() == 0:
            # A server that runs as root insists on this folder, which the system makes when it
            # starts one. It stays, as there: another server may be running by now.
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        with subprocess.Popen(
            [program, "-D", "-e", "-f", config], stderr=subprocess.PIPE, text=True
        ) as server:
            assert server.stderr is not None
            try:
                said = next((line for line in server.stderr if "Server listening" in line), "")
                assert said, "sshd did not start"
                yield
            finally:
                server.terminate()

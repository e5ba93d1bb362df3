"""A real pgbouncer in transaction mode, before a PostgreSQL of the tests."""

import os
import pwd
import subprocess
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from ..conftest import program, require
from . import processes
from .server import NEEDED as SERVER_NEEDED
from .server import Server

NEEDED = (*SERVER_NEEDED, "pgbouncer")
"""The programs without which there is none."""

_PORT = 6432
_STARTED = "process up"


class Pgbouncer:
    """A pooler on a Unix socket, which ends with the tests, until the end of the block.

    Each transaction may be on another connection to the server than the one before.
    """

    def __init__(self, server: Server, *, connections: int = 4) -> None:
        require(*NEEDED)
        self._server = server
        self._connections = connections
        self._end = ExitStack()

    def __enter__(self) -> Self:
        self.folder = self._end.enter_context(processes.folder())
        log, settings = self.folder / "log", self.folder / "pgbouncer.ini"
        settings.write_text(self._settings())
        self._process = process = processes.start([program("pgbouncer"), settings], log)
        self._end.callback(_ended, process)

        def failed() -> str | None:
            return None if process.poll() is None else log.read_text()

        def ready() -> bool:
            return _STARTED in log.read_text()

        processes.wait_until(ready, "pgbouncer does not start", unless=failed)
        return self

    def __exit__(self, *_: object) -> None:
        self._end.close()

    @property
    def socket(self) -> Path:
        """Its Unix socket."""
        return self.folder / f".s.PGSQL.{_PORT}"

    def url(self, database: str = "postgres") -> str:
        """Return the URL of a database of the server, through the pooler."""
        return f"postgresql:///{database}?host={self.folder}&port={_PORT}"

    def _settings(self) -> str:
        user = pwd.getpwuid(os.geteuid()).pw_name
        return f"""
[databases]
* = host={self._server.folder} port={self._server.port} user={user}
[pgbouncer]
listen_addr =
listen_port = {_PORT}
unix_socket_dir = {self.folder}
auth_type = any
pool_mode = transaction
default_pool_size = {self._connections}
"""


def _ended(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait(processes.PATIENCE)

"""A real PostgreSQL on a Unix socket, and databases in it that are fresh for each test."""

import atexit
import itertools
import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from threading import Lock
from typing import LiteralString, Self

import psycopg
from filelock import FileLock
from psycopg import sql

from ..conftest import program, require
from ..program.conftest import held_port
from . import processes

NEEDED = ("initdb", "postgres", "setpriv")
"""The programs without which there is no server."""

_USUAL_PORT = 5432
_SETTINGS = {
    "autovacuum": "off",
    "bgwriter_lru_maxpages": "0",
    "dynamic_shared_memory_type": "mmap",
    "jit": "off",
    "max_wal_size": "64MB",
    "min_wal_size": "2MB",
    "shared_buffers": "64MB",
}
_NOT_DURABLE = {
    "fsync": "off",
    "full_page_writes": "off",
    "max_wal_senders": "0",
    "wal_level": "minimal",
}
"""Nothing is lost by these when the server is killed, only when the machine is."""

_PID_FILE_STATUS = 7


class Server:
    """A PostgreSQL of this machine's packages, whose superuser is the user of the tests.

    It listens on a Unix socket, on a port of loopback as well if asked, and it ends with the tests.
    As a context manager it is started, and removed at the end of the block.
    """

    def __init__(
        self, *, fsync: bool = False, tcp: bool = False, settings: Mapping[str, str] | None = None
    ) -> None:
        require(*NEEDED)
        self._end = ExitStack()
        self.folder = self._end.enter_context(processes.folder())
        self.data = self.folder / "data"
        self.log = self.folder / "log"
        self.port = self._end.enter_context(held_port()) if tcp else _USUAL_PORT
        self._settings = {
            **_SETTINGS,
            **({} if fsync else _NOT_DURABLE),
            "listen_addresses": "127.0.0.1" if tcp else "",
            "port": str(self.port),
            "unix_socket_directories": str(self.folder),
            **(settings or {}),
        }
        self._process: subprocess.Popen[bytes] | None = None
        self._administrator: psycopg.Connection | None = None
        self._numbers = itertools.count(1)
        # As root, this keeps the owner.
        subprocess.run(["cp", "-a", _template(), self.data], check=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def socket(self) -> Path:
        """Its Unix socket."""
        return self.folder / f".s.PGSQL.{self.port}"

    @property
    def pid(self) -> int:
        """The process ID of the postmaster."""
        assert self._process is not None, "the server was not started"
        return self._process.pid

    def start(self) -> None:
        """Start the server, which may have run before, and wait until it takes connections."""
        options = [f"--{name}={value}" for name, value in self._settings.items()]
        # Of a server that was killed; it would look like that of this one.
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        self._process = process = processes.start(
            [program("postgres"), "-D", self.data, *options], self.log
        )

        def failed() -> str | None:
            return None if process.poll() is None else self.log.read_text()

        processes.wait_until(self._ready, "PostgreSQL does not start", unless=failed)

    def _ready(self) -> bool:
        return processes.pid_file(self.data, _PID_FILE_STATUS) == "ready"

    def stop(self) -> None:
        """Stop the server, which ends all connections first. It may be started again."""
        self._forget_connection()
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(processes.PATIENCE)

    def kill(self) -> None:
        """Kill the server and all its processes at once. It may be started again."""
        processes.kill_tree(self.pid)
        assert self._process is not None
        self._process.wait(processes.PATIENCE)
        processes.free_shared_memory(self.data)
        self._forget_connection()

    def close(self) -> None:
        """Stop the server and remove its files."""
        self.stop()
        self._end.close()

    def url(self, database: str = "postgres") -> str:
        """Return the URL of a database, through the Unix socket."""
        port = "" if self.port == _USUAL_PORT else f"&port={self.port}"
        return f"postgresql:///{database}?host={self.folder}{port}"

    def create_database(self, template: str | None = None) -> str:
        """Create a database, a copy of another one if asked, to which nobody may be connected.

        Return its URL.
        """
        name = f"db{next(self._numbers)}"
        # As fast as wal_log here, and unlike that it leaves no WAL behind.
        copy: LiteralString = "CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy"
        self._administer(copy, name, _name(template) if template else "template1")
        return self.url(name)

    def drop_database(self, url: str) -> None:
        """Drop a database, and end the connections to it."""
        self._administer("DROP DATABASE {} WITH (FORCE)", _name(url))

    def _administer(self, statement: LiteralString, *names: str) -> None:
        if self._administrator is None:
            self._administrator = psycopg.connect(self.url(), autocommit=True)
        self._administrator.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

    def _forget_connection(self) -> None:
        if self._administrator is not None:
            self._administrator.close()
            self._administrator = None


def _name(url: str) -> str:
    return str(psycopg.conninfo.conninfo_to_dict(url)["dbname"])


def _template() -> Path:
    """Return the files of a server that never ran: initdb takes longer than all else together."""
    initdb = Path(program("initdb")).resolve()
    made = processes.home() / f"template-{initdb.parent.parent.name}"
    with FileLock(processes.home() / "template.lock"):
        if not made.exists():
            unfinished = made.with_name("unfinished")
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir(mode=0o700)
            processes.give(unfinished)
            superuser = pwd.getpwuid(os.geteuid()).pw_name
            how = ["--no-sync", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"]
            options = ["--wal-segsize=1", f"--username={superuser}", f"--pgdata={unfinished}"]
            processes.run([initdb, *how, *options], unfinished)
            unfinished.rename(made)
    return made


# -- the server of this process -------------------------------------------------------------------

_lock = Lock()
_shared: list[Server] = []
_templates: dict[Callable[[str], None], str] = {}
_passing: dict[str, list[str]] = {}
"""The databases that each test was given."""


def shared_server() -> Server:
    """Return the one server of this process, started when it is first asked for."""
    with _lock:
        if not _shared:
            server = Server()
            server.start()
            _shared.append(server)
            atexit.register(_close, server, os.getpid())
        return _shared[0]


def _close(server: Server, owner: int) -> None:
    if os.getpid() == owner:  # and not a fork of it
        server.close()


def fresh_database(prepare: Callable[[str], None], *, passing: bool = True) -> str:
    """Return the URL of a database of its own: a copy of what `prepare` made of an empty one.

    `prepare` is called once a process with the URL of a database, and must leave no connection to
    it; it is one function, not a new lambda each time. The database is dropped once another test
    asks for one: give `passing=False` where a fixture keeps it for more than one test.
    """
    server = shared_server()
    with _lock:
        test = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")[0]
        for ended in [each for each in _passing if each != test]:
            for url in _passing.pop(ended):
                server.drop_database(url)
        if prepare not in _templates:
            template = server.create_database()
            prepare(template)
            _templates[prepare] = template
        url = server.create_database(_templates[prepare])
        if passing:
            _passing.setdefault(test, []).append(url)
        return url

"""A node of a cluster: Patroni, with timings for tests, and its PostgreSQL."""

import json
import os
import pwd
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..conftest import program
from . import processes

if TYPE_CHECKING:
    import subprocess

_SCOPE = "tests"
_TIMING = {"ttl": 5, "loop_wait": 1, "retry_timeout": 2}
"""In seconds: a leader that dies is replaced soon."""


class Node:
    """One machine of the cluster: Patroni and its PostgreSQL, on a port of its own."""

    def __init__(self, name: str, folder: Path, port: int, api: int) -> None:
        self.name = name
        self.port = port
        self.api = api
        self.data = folder / name
        self.log = folder / f"{name}.log"
        self._folder = folder
        self._settings = folder / f"{name}.yml"
        self._keeper: subprocess.Popen[bytes] | None = None
        self._frozen: int | None = None

    @property
    def runs(self) -> bool:
        """Whether anything of it runs."""
        return self._keeper is not None and self._keeper.poll() is None

    @property
    def answers(self) -> bool:
        """Whether its Patroni can be asked."""
        return self.runs and self._frozen is None

    def url(self, database: str = "postgres") -> str:
        """Return the URL of a database, on this node alone."""
        return f"postgresql://127.0.0.1:{self.port}/{database}?connect_timeout=2"

    def start(self, etcd: Sequence[int]) -> None:
        """Start it, by etcd at these ports; it may have been killed before."""
        # What is JSON is YAML as well.
        self._settings.write_text(json.dumps(self._configuration(etcd)))
        self._keeper = processes.start_kept([program("patroni"), self._settings], self.log)

    def kill(self) -> None:
        """Kill all of it at once."""
        assert self._keeper is not None, "it was not started"
        processes.kill_tree(self._keeper.pid)
        self._keeper.wait(processes.PATIENCE)
        processes.free_shared_memory(self.data)
        self._frozen = None

    def freeze(self) -> None:
        """Stop its Patroni, and nothing else, until it is thawed."""
        self._frozen = self._patroni()
        os.kill(self._frozen, signal.SIGSTOP)
        processes.wait_until(lambda: processes.state(self._patroni()) == "T", "it goes on")

    def thaw(self) -> None:
        """Let its Patroni go on.

        Patroni 3.0 may then overwrite the key of the leader that was elected meanwhile, and the
        cluster is not whole any more. To go on with a whole one, `kill` the node and start it.
        """
        assert self._frozen is not None, "it is not frozen"
        os.kill(self._frozen, signal.SIGCONT)
        self._frozen = None

    def end(self) -> None:
        """Begin to end it, without a care for its files."""
        if self._keeper is not None:
            self._keeper.terminate()

    def wait(self) -> None:
        """Wait until nothing of it runs."""
        if self._keeper is not None:
            self._keeper.wait(processes.PATIENCE)

    def _patroni(self) -> int:
        assert self._keeper is not None, "it was not started"
        return next(
            pid
            for pid in processes.children(self._keeper.pid)
            if str(self._settings) in Path(f"/proc/{pid}/cmdline").read_text()
        )

    def _configuration(self, etcd: Sequence[int]) -> dict[str, Any]:
        user = {"username": pwd.getpwuid(os.geteuid()).pw_name}
        place = f"127.0.0.1:{self.port}"
        api = f"127.0.0.1:{self.api}"
        return {
            "scope": _SCOPE,
            "name": self.name,
            "restapi": {"listen": api, "connect_address": api},
            "etcd3": {"hosts": [f"127.0.0.1:{port}" for port in etcd]},
            "bootstrap": {
                "dcs": {
                    **_TIMING,
                    "synchronous_mode": True,
                    "synchronous_mode_strict": True,
                    "postgresql": {
                        "use_pg_rewind": True,
                        "parameters": {"max_connections": 100, "wal_keep_size": "64MB"},
                    },
                },
                "initdb": [
                    "no-sync",
                    {"auth": "trust"},
                    {"encoding": "UTF8"},
                    {"locale": "C.UTF-8"},
                    {"wal-segsize": "1"},
                ],
            },
            "postgresql": {
                "listen": place,
                "connect_address": place,
                "data_dir": str(self.data),
                "bin_dir": str(Path(program("initdb")).resolve().parent),
                "pgpass": str(self._folder / f"{self.name}.pgpass"),
                "basebackup": [{"checkpoint": "fast"}],
                "parameters": {
                    "dynamic_shared_memory_type": "mmap",
                    "jit": "off",
                    "max_wal_size": "64MB",
                    "min_wal_size": "2MB",
                    "shared_buffers": "64MB",
                    "unix_socket_directories": str(self._folder),
                    "wal_log_hints": "on",
                },
                "pg_hba": [
                    "local all all trust",
                    "host all all 127.0.0.1/32 trust",
                    "host replication all 127.0.0.1/32 trust",
                ],
                "authentication": {"superuser": user, "replication": user, "rewind": user},
            },
        }

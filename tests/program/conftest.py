"""The program in a home of its own, as a terminal app and as commands."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import structs

from tokentui.core.token import Token

from . import fork_server
from .terminal import Terminal

PROGRAM = (sys.executable, "-m", "tokentui")
_READ_AT_START = {"LANG", "LC_ALL", "PYTHONPATH", "PYTHONIOENCODING", "PYTHONUTF8"}
"""Variables that Python reads as it starts, and not later."""
_DEFAULTS = json.loads(
    msgspec.json.encode(
        {
            each.name: each.default
            for each in structs.fields(Token)
            if each.default is not msgspec.NODEFAULT
        }
    )
)
"""What a token has in the fields that its record leaves out."""


@dataclass(frozen=True)
class Sandbox:
    """A home that is empty at first, and ways to run the program there and nowhere else."""

    home: Path
    moment: datetime | None = field(default=None, kw_only=True)
    """Where the clock of all commands stands still, or None: days end while tests run."""

    @property
    def store(self) -> Path:
        """The file that the tokens are kept in."""
        return self.home / "data" / "tokens.json"

    def environment(self, **more: str) -> dict[str, str]:
        """Return all that a child gets to know of its surroundings."""
        return {
            "PATH": os.defpath,
            "TERM": "xterm-256color",
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "HOME": str(self.home),
            "XDG_DATA_HOME": str(self.home / "xdg"),
            "TOKENTUI_STORE": str(self.store),
            "TOKENTUI_HASH_COST": "4",
            **{name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")},
            **more,
        }

    def app(self, **more: str) -> Terminal:
        """Start the app in a terminal, with `more` in its environment."""
        return Terminal(PROGRAM, self.environment(**more))

    def run(
        self, *arguments: str, stdin: str = "", **more: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command of the program without a terminal, with `more` in its environment."""
        if any(name in _READ_AT_START for name in more):
            assert self.moment is None, "a process of its own has a clock of its own"
            return self.execute([*PROGRAM, *arguments], stdin, **more)
        return fork_server.run(arguments, self.environment(**more), self.home, stdin, self.moment)

    def execute(
        self, command: Sequence[str], stdin: str = "", **more: str
    ) -> subprocess.CompletedProcess[str]:
        """Run any command in the home, without a terminal."""
        return subprocess.run(
            command,
            env=self.environment(**more),
            cwd=self.home,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def records(self) -> list[dict[str, Any]]:
        """Return the tokens on the disk, oldest first, also with the fields that are left out."""
        tables = json.loads(self.store.read_text())
        return [_DEFAULTS | record for record in tables.get("tokens", {}).values()]

    def record(self) -> dict[str, Any]:
        """Return the one token that there is on the disk."""
        [record] = self.records()
        return record

    def plant(self, **fields: object) -> None:
        """Change fields of the one token behind the program's back."""
        tables = json.loads(self.store.read_text())
        [record] = tables["tokens"].values()
        record.update(fields)
        self.store.write_text(json.dumps(tables))

    def files_with(self, text: str) -> list[Path]:
        """Return the files, wherever in the home, that hold `text`."""
        files = (path for path in self.home.rglob("*") if path.is_file())
        return [path for path in files if text.encode() in path.read_bytes()]


@contextmanager
def held_port() -> Iterator[int]:
    """Keep a port of this machine for a server until the end of the block, and give its number.

    The socket is bound but does not listen, so nobody else is given the port meanwhile, and a
    server that sets SO_REUSEADDR, as all do, may still bind to it.
    """
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", 0))
        yield int(holder.getsockname()[1])


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    """Return a sandbox of which nothing was used yet."""
    return Sandbox(tmp_path)

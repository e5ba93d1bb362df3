"""Commands that run to their end, and what each took."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import clock_gettime
from typing import NamedTuple, Self

from .table import Spent

PROGRAM = str(Path(sys.executable).with_name("tokentui"))
IMPORTS = "import click, tinydb, bcrypt"
"""What a command cannot do without; this stands beside the commands."""
BASELINE = (sys.executable, "-c", IMPORTS)
_PARENT = Path(__file__).with_name("small_parent.py")


def programs(against: str | None) -> dict[str, str]:
    """Return the programs to run, by what the names of their rows end with."""
    return {"": PROGRAM, **({", the other": against} if against else {})}


class Run(NamedTuple):
    """What a command took: seconds, and bytes."""

    code: int
    cpu: float
    wall: float
    first: float
    """When the first of its output came."""
    size: int
    """How much it wrote."""
    peak: int
    """The most memory that was resident at once."""

    @property
    def spent(self) -> Spent:
        return Spent(self.cpu, self.wall)


def cpu_time(pid: int) -> float:
    """Return how many seconds all threads of a process took so far."""
    return clock_gettime(~pid << 3 | 2)  # clock_getcpuclockid(3), as Linux has it


def resident(pid: int) -> int:
    """Return how many bytes of memory a process has."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


class Runner:
    """Runs commands, one at a time, from a process that is itself small."""

    def __enter__(self) -> Self:
        self._parent = subprocess.Popen(
            [sys.executable, "-I", "-S", _PARENT],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        assert self._parent.stdin is not None
        self._parent.stdin.close()
        self._parent.wait()

    def run(
        self,
        command: Sequence[str],
        env: Mapping[str, str],
        stdin: str = "",
        codes: Sequence[int] = (0,),
    ) -> Run:
        """Run a command that ends with one of some exit codes."""
        assert self._parent.stdin is not None
        assert self._parent.stdout is not None
        asked = {"command": [*command], "env": dict(env), "stdin": stdin}
        print(json.dumps(asked), file=self._parent.stdin, flush=True)
        ended = Run(**json.loads(self._parent.stdout.readline()))
        assert ended.code in codes, f"{command} ended with {ended.code}"
        return ended

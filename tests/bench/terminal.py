"""A program in a pseudo-terminal, and when it wrote what. Nothing is emulated meanwhile."""

import os
import pty
import select
import subprocess
import termios
from collections.abc import Mapping, Sequence
from time import perf_counter
from typing import NamedTuple, Self

from .processes import cpu_time, resident
from .table import Spent

_DEADLINE = 30.0
_PAUSE = 0.1  # six frames: an app that still has something to paint does so before
_IDLE = 1.3
"""Seconds after a start until the app has also done what it puts off until then."""
_AT_REST = 0.02
"""The part of the time that an app at rest is at work at most."""


class Answer(NamedTuple):
    """What a program wrote until it paused: when the wanted text and the last byte came.

    All times are in seconds, `cpu` is that of all threads of the program.
    """

    text_after: float
    settled_after: float
    cpu: float
    size: int

    @property
    def settled(self) -> Spent:
        """What it took until the last byte."""
        return Spent(self.cpu, self.settled_after)


class TimedTerminal:
    """Runs a program in 80 x 24 cells, and kills it at the end of the `with` block."""

    def __init__(self, command: Sequence[str], env: Mapping[str, str]) -> None:
        self._terminal, inside = pty.openpty()
        termios.tcsetwinsize(inside, (24, 80))
        self._started = perf_counter()
        self._process = subprocess.Popen(
            command, env=env, stdin=inside, stdout=inside, stderr=inside, start_new_session=True
        )
        os.close(inside)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._terminal)

    def start(self, text: bytes) -> Answer:
        """Wait until `text` is painted for the first time, as measured from the start."""
        return self._answer(self._started, 0.0, text)

    def press(self, key: bytes, text: bytes = b"") -> Answer:
        """Press a key and wait until `text` is painted, or anything where it is empty."""
        pressed, spent = perf_counter(), self._cpu_time()
        os.write(self._terminal, key)
        return self._answer(pressed, spent, text)

    def settle(self) -> float:
        """Wait until the program has done what it puts off, and return the CPU time of that."""
        before, period = self._cpu_time(), _IDLE
        while True:
            spent, ends = self._cpu_time(), perf_counter() + period
            while (left := ends - perf_counter()) > 0:
                self._read(left)
            if self._cpu_time() - spent < _AT_REST * period:
                return self._cpu_time() - before
            period = _PAUSE

    def resident(self) -> int:
        """Return how many bytes of memory the program has."""
        return resident(self._process.pid)

    def _cpu_time(self) -> float:
        return cpu_time(self._process.pid)

    def _answer(self, since: float, spent: float, text: bytes) -> Answer:
        written, found = b"", 0.0
        ends = perf_counter() + _DEADLINE
        while chunk := self._read(_PAUSE if found else ends - perf_counter()):
            now = perf_counter() - since
            written += chunk
            if not found and text in written:
                found = now
        if not found:
            raise TimeoutError(f"{text!r} was not painted; what was: {written[-2000:]!r}")
        return Answer(found, now, self._cpu_time() - spent, len(written))

    def _read(self, patience: float) -> bytes:
        """Return what was written, or nothing where nothing comes any more."""
        if not select.select([self._terminal], [], [], max(0.0, patience))[0]:
            return b""
        try:
            return os.read(self._terminal, 65536)
        except OSError:  # Linux, once the program has closed its side
            return b""

"""One process at a time."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tokentui import files
from tokentui.core.errors import StoreBusy
from tokentui.core.text import printable
from tokentui.stores.file_lock import FileLock
from tokentui.stores.os_errors import refusing, unwritable

LOCK_PATIENCE = 0.5
LOCK_TIMEOUT = 4.5

_SIGNALS = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGTSTP}
"""What a terminal, its end, or a service manager sends to end or to stop a process."""


class _Here(threading.local):
    """What this thread holds, and what it calls once it holds nothing any more."""

    def __init__(self) -> None:
        self.locks = 0
        self.waiting: list[Callable[[], None]] = []


_here = _Here()


def once_free(call: Callable[[], None]) -> None:
    """Call what may wait for somebody outside: at once, or once this thread holds no lock.

    A terminal that nobody reads, or a syslog that hangs, must not keep other processes waiting.
    """
    _here.waiting.append(call)
    _call_waiting()


def _call_waiting() -> None:
    while _here.waiting and not _here.locks:
        _here.waiting.pop(0)()


class Lock:
    """Keeps other processes from changing `path`, by a file beside it that is locked and stays.

    Signals that would end or stop the process wait until it is let go: what was begun is finished.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.file = Path(f"{path}.lock")
        self._lock = FileLock(self.file)

    @property
    def is_held(self) -> bool:
        """Whether this thread holds it."""
        return self._lock.is_held

    @contextmanager
    def held(self, on_notice: Callable[[str], None] = lambda _: None) -> Iterator[None]:
        """Hold it for the block; raise `StoreBusy` after five seconds, or `StoreUnwritable`.

        `on_notice` is called with who is in the way once that takes longer than a moment. A thread
        that holds it already goes on at once (re-entrant).
        """
        if self._lock.is_held:
            yield
            return
        self._acquire(on_notice)
        with self._kept():
            with refusing(unwritable, self._path):
                files.give_to_owner(self.file, self._path)
            yield

    def _acquire(self, on_notice: Callable[[str], None]) -> None:
        with refusing(unwritable, self._path):
            if self._acquired_at_once():
                return
            on_notice(f"Waiting for {self._holder()} to finish a change.")
            if self._lock.acquire(LOCK_TIMEOUT):
                return
        raise StoreBusy(
            f"{self._path} is locked by {self._holder()}. Nothing was changed. Try again in "
            "a moment."
        )

    def _acquired_at_once(self) -> bool:
        try:
            return self._lock.acquire(LOCK_PATIENCE)
        except FileNotFoundError:
            files.private_folder(self._path.parent)
            return self._lock.acquire(LOCK_PATIENCE)

    @contextmanager
    def _kept(self) -> Iterator[None]:
        """Let it go at the end of the block, and then do what waited for that."""
        try:
            with _without_signals():
                _here.locks += 1
                try:
                    yield
                finally:
                    _here.locks -= 1
                    self._lock.release()
        finally:
            _call_waiting()

    @contextmanager
    def held_if_free(self) -> Iterator[bool]:
        """Hold it for the block if nobody else does, and say whether that is so."""
        try:
            free = self._lock.acquire(0)
        except OSError:
            free = False
        if not free:
            yield False
            return
        with self._kept():
            yield True

    def _holder(self) -> str:
        """Return the process that holds it as far as Linux tells, such as process 12 (tokentui)."""
        with suppress(OSError, ValueError, IndexError):
            facts = self.file.stat()
            device = f"{os.major(facts.st_dev):02x}:{os.minor(facts.st_dev):02x}:{facts.st_ino}"
            for line in Path("/proc/locks").read_text().splitlines():
                _, kind, _, _, process, file, *_ = line.split()
                if kind == "FLOCK" and file == device:
                    command = Path(f"/proc/{process}/comm").read_text().strip()
                    return f"process {process} ({printable(command)})"
        return "another process"


@contextmanager
def interruptible() -> Iterator[None]:
    """Let signals through for the block, within locks that are held for long.

    Wherever the block is stopped, it must leave nothing behind that counts.
    """
    before = signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _without_signals() -> Iterator[None]:
    """Keep signals from this thread for the block; they come at its end."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    try:
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

"""One process at a time."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from tokentui import files
from tokentui.core.errors import StoreBusy
from tokentui.core.text import printable
from tokentui.stores.refusals import refusing, unwritable

if TYPE_CHECKING:
    from filelock import FileLock

LOCK_PATIENCE = 0.5
LOCK_TIMEOUT = 4.5
# Short, because who holds it may want it again at once: of eight processes that do nothing but
# change, none waits for half a second.
_POLL_INTERVAL = 0.01


class Lock:
    """Keeps other processes from changing `path`, by a file beside it that is locked and stays."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.file = Path(f"{path}.lock")

    @contextmanager
    def held(self, tell: Callable[[str], None] = lambda _: None) -> Iterator[None]:
        """Hold it for the block; raise `StoreBusy` after five seconds, or `StoreUnwritable`.

        `tell` is told who is in the way once that takes longer than a moment.
        """
        import filelock

        try:
            files.private_folder(self._path.parent)
            try:
                self._lock.acquire(timeout=LOCK_PATIENCE)
            except filelock.Timeout:
                tell(f"Waiting for {self._holder()} to finish a change.")
                self._lock.acquire(timeout=LOCK_TIMEOUT)
        except filelock.Timeout:
            raise StoreBusy(
                f"{self._path} is kept locked by {self._holder()}; nothing was changed here. "
                "Try again in a moment."
            ) from None
        except OSError as error:
            raise unwritable(self._path, error) from None
        try:
            with refusing(unwritable, self._path):
                files.give_to_owner(self.file, self._path)
            yield
        finally:
            self._lock.release()

    @contextmanager
    def held_if_free(self) -> Iterator[bool]:
        """Hold it for the block if nobody else does, and say whether that is so."""
        import filelock

        try:
            self._lock.acquire(timeout=0)
        except (filelock.Timeout, OSError):
            yield False
            return
        try:
            yield True
        finally:
            self._lock.release()

    @cached_property
    def _lock(self) -> "FileLock":
        import filelock  # as slow to load as all the rest; only changes need it

        return filelock.FileLock(self.file, mode=files.PRIVATE_FILE, poll_interval=_POLL_INTERVAL)

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

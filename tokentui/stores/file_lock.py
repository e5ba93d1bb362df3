"""A file that one thread of all processes locks at a time (flock(2))."""

import errno
import fcntl
import os
import stat
import time
from contextlib import suppress
from pathlib import Path
from threading import get_ident

from tokentui import files
from tokentui.core.forks import renew_in_children

# Short, because who holds it may want it again at once: of eight processes that do nothing but
# change, none waits for half a second.
_POLL_INTERVAL = 0.01
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


class FileLock:
    """The lock of the file `path`, which is made where it is missing, and stays.

    Each thread holds it by a descriptor of its own, so threads of one process wait for each other
    as processes do. The kernel frees what a killed process held, and a forked child holds nothing.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._held: dict[int, int] = {}
        """The descriptor of the thread that holds the lock, by the thread's number."""
        renew_in_children(self)

    def renew(self) -> None:
        # Closing an inherited descriptor leaves the lock to the parent.
        while self._held:
            os.close(self._held.popitem()[1])

    @property
    def is_held(self) -> bool:
        """Whether this thread holds it."""
        return get_ident() in self._held

    def acquire(self, timeout: float) -> bool:
        """Wait `timeout` seconds at most, and say whether this thread holds it now.

        Raises `OSError` where the file cannot be locked, such as a link.
        """
        until = time.monotonic() + timeout
        while (descriptor := self._locked()) is None:
            if time.monotonic() >= until:
                return False
            time.sleep(_POLL_INTERVAL)
        self._held[get_ident()] = descriptor
        return True

    def release(self) -> None:
        """Free it; nothing happens where this thread does not hold it."""
        descriptor = self._held.pop(get_ident(), None)
        if descriptor is not None:
            # Closing it is not enough where a child that was forked just now has it still.
            fcntl.flock(descriptor, fcntl.LOCK_UN)
            os.close(descriptor)

    def _locked(self) -> int | None:
        """Return a descriptor that holds the lock, or None where another one does."""
        try:
            descriptor = os.open(self._path, _FLAGS, files.PRIVATE_FILE)
        except BlockingIOError:
            return None  # a file server has a lease of it, which the kernel now takes back
        try:
            if _is_free(descriptor) and self._is_sound(descriptor):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
        return None

    def _is_sound(self, descriptor: int) -> bool:
        """Say whether the file that was locked is there still.

        Raises `PermissionError` where another user could put a second lock beside this one: in a
        sticky folder (/tmp), only the owner of a file can replace it.
        """
        facts = os.fstat(descriptor)
        if not facts.st_mode & stat.S_IRUSR:
            with suppress(PermissionError):
                os.fchmod(descriptor, files.PRIVATE_FILE)  # an umask took the owner's rights
        if facts.st_uid != os.geteuid():
            folder = self._path.parent.stat()
            if folder.st_mode & stat.S_ISVTX and facts.st_uid != folder.st_uid:
                raise PermissionError(errno.EACCES, f"{self._path} belongs to another user")
        return facts.st_nlink > 0


def _is_free(descriptor: int) -> bool:
    """Lock a file unless another descriptor does, and say whether that was done."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):  # some file systems say EACCES
        return False
    return True

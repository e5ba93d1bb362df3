"""The anchor of an audit log: a file that holds the end of its hash chain."""

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tokentui import files
from tokentui.core.chain import Link
from tokentui.stores.os_errors import refusing, unreadable


class Anchor:
    """The file `path`: best on another disk than the log, or another person's."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> Link | None:
        """Return what it says, or None where it says nothing; raise `StoreUnreadable`."""
        with refusing(unreadable, self.path), suppress(FileNotFoundError, ValueError):
            content, _ = files.read_regular(self.path, 1024)
            return Link.read(content.decode("ascii"))
        return None

    @contextmanager
    def opened(self) -> Iterator[Callable[[Link], None]]:
        """Give what writes a link into the file, which is there and may be written by then.

        Raises `OSError`, as does what is given.
        """
        files.private_folder(self.path.parent)
        flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
        descriptor = os.open(self.path, flags, files.PRIVATE_FILE)
        try:
            if not os.fstat(descriptor).st_size:
                files.give_to_owner(descriptor, self.path.parent)
                if not os.fstat(descriptor).st_mode & stat.S_IRUSR:
                    os.fchmod(descriptor, files.PRIVATE_FILE)  # an umask took the owner's rights
            yield lambda link: _write(descriptor, f"{link}\n".encode())
        finally:
            with suppress(OSError):
                os.close(descriptor)


def _write(descriptor: int, content: bytes) -> None:
    size = os.fstat(descriptor).st_size
    os.pwrite(descriptor, content, 0)
    if size > len(content):
        # What was longer was no anchor: the rest of it would spoil this one.
        os.ftruncate(descriptor, len(content))
    if not size:
        # After a power cut, an older anchor is a lower bound still, but an empty one is none.
        os.fsync(descriptor)

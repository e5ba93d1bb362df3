"""The anchor of an audit log: a file that holds the end of its hash chain."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tokentui import files
from tokentui.core.chain import Link
from tokentui.stores.os_errors import refusing, unreadable

_FLAGS = os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_LONGEST = 1024


class Anchor:
    """The file `path`: best on another disk than the log, or another person's."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> Link | None:
        """Return what it says, or None where it says nothing; raise `StoreUnreadable`."""
        with refusing(unreadable, self.path), suppress(FileNotFoundError):
            content, _ = files.read_regular(self.path, _LONGEST)
            return _link(content)
        return None

    @contextmanager
    def opened(self) -> Iterator["OpenAnchor"]:
        """Give the file, which is there and may be written by then; raise `OSError`."""
        descriptor = self._open()
        try:
            facts = os.fstat(descriptor)
            if not facts.st_size:
                files.give_to_owner(descriptor, self.path.parent)
                if not facts.st_mode & stat.S_IRUSR:
                    os.fchmod(descriptor, files.PRIVATE_FILE)  # an umask took the owner's rights
            yield OpenAnchor(self.path, descriptor, facts.st_size)
        finally:
            with suppress(OSError):
                os.close(descriptor)

    def _open(self) -> int:
        try:
            return os.open(self.path, os.O_RDWR | _FLAGS, files.PRIVATE_FILE)
        except FileNotFoundError:
            files.private_folder(self.path.parent)
            return os.open(self.path, os.O_RDWR | _FLAGS, files.PRIVATE_FILE)
        except PermissionError:  # another person's may be for writing alone
            return os.open(self.path, os.O_WRONLY | _FLAGS, files.PRIVATE_FILE)


class OpenAnchor:
    """An anchor that is open, while the log is locked; see `Anchor.opened`."""

    def __init__(self, path: Path, descriptor: int, size: int) -> None:
        self._path = path
        self._descriptor = descriptor
        self._size = size

    def read(self) -> Link | None:
        """Return what `Anchor.read` does."""
        with refusing(unreadable, self._path):
            content, _ = files.read_opened(self._descriptor, _LONGEST)
        return _link(content)

    def write(self, link: Link) -> None:
        """Let it say `link`; raise `OSError`."""
        content = f"{link}\n".encode()
        os.pwrite(self._descriptor, content, 0)
        if self._size > len(content):
            # What was longer was no anchor: the rest of it would spoil this one.
            os.ftruncate(self._descriptor, len(content))
        if not self._size:
            # After a power cut, an older anchor is a lower bound still, but an empty one is none.
            os.fsync(self._descriptor)
        self._size = len(content)


def _link(content: bytes) -> Link | None:
    with suppress(ValueError):
        return Link.read(content.decode("ascii"))
    return None

"""Files for one person's eyes: read with care, written whole or not at all."""

import contextlib
import errno
import glob
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700


def named(text: str) -> Path:
    """Return the path that a person wrote, ~ resolved; raise `OSError` where it names no file."""
    if not text or "\0" in text:
        raise OSError(errno.EINVAL, "it names no file")
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise OSError(errno.ENOENT, "there is no such home folder") from None


def read_regular(path: Path, limit: int) -> tuple[bytes, os.stat_result]:
    """Return the content of a regular file with the facts of the very file that was read.

    Raises `OSError`; a pipe, device or folder is refused rather than waited for, and so is a
    file of more than `limit` bytes.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    with open(descriptor, "rb") as file:  # noqa: PTH123 - a descriptor, not a path
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file")
        if facts.st_size > limit:
            raise OSError(errno.EFBIG, f"it has more than {limit:,} bytes")
        return file.read(), facts


@contextlib.contextmanager
def new_private(path: Path) -> Iterator[BinaryIO]:
    """Create `path` with mode 0600 and give it to be written; it is on disk once the block ends.

    Raises `FileExistsError` rather than touch what is there, a dangling link included. Where
    the block fails, the file is gone again.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    with _synced(path.parent):
        descriptor = os.open(path, flags, PRIVATE_FILE)
        try:
            with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor, not a path
                yield file
                _to_disk(file)
        except BaseException:
            path.unlink(missing_ok=True)
            raise


def replace(path: Path, content: bytes) -> None:
    """Put `content` in the place of `path` in one step, with mode 0600 and the owner as found.

    A reader, and a machine that loses power, sees the old file or the new one, never a mixture.
    Raises `OSError` with the old file untouched.
    """
    import tempfile  # slow to load, and only a change needs it

    with _synced(path.parent):
        descriptor, name = tempfile.mkstemp(suffix=".tmp", prefix=f".{path.name}.", dir=path.parent)
        temporary = Path(name)
        try:
            with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor, not a path
                give_to_owner(descriptor, path)
                file.write(content)
                _to_disk(file)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


def sweep(path: Path) -> None:
    """Remove what interrupted calls of `replace` for `path` left. Call it under the lock."""
    # Eight characters are what `mkstemp` chooses; more may belong to a file of a longer name.
    for stale in path.parent.glob(f".{glob.escape(path.name)}.{'?' * 8}.tmp"):
        stale.unlink(missing_ok=True)


def private_folder(path: Path) -> None:
    """Make the folder `path`, with mode 0700, and those above it where they are missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)


def _to_disk(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def give_to_owner(made: Path | int, path: Path) -> None:
    """Give what root made to the owner of `path`, or of its folder where there is no such file.

    What root does to another person's files must not lock that person out.
    """
    if os.geteuid() != 0:
        return
    owner = (path if path.exists() else path.parent).stat()
    os.chown(made, owner.st_uid, owner.st_gid)


@contextlib.contextmanager
def _synced(folder: Path) -> Iterator[None]:
    """Make what the block does to a folder's entries durable.

    Without it a rename may be undone by a power cut. The folder is opened first, so that one
    which cannot be fails before anything is done; a file system that syncs no folders is let be.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield
        try:
            os.fsync(descriptor)
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
    finally:
        os.close(descriptor)

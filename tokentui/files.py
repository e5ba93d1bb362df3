"""Files for one person's eyes: read with care, written whole or not at all."""

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700


class Unconfirmed(OSError):
    """What was to be done was done, but the disk did not confirm that it will last."""


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
    try:
        facts = os.fstat(descriptor)
        if stat.S_ISDIR(facts.st_mode):
            raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not stat.S_ISREG(facts.st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file")
        if facts.st_size > limit:
            raise OSError(errno.EFBIG, f"it has more than {limit:,} bytes")
        with open(descriptor, "rb", closefd=False) as file:
            return file.read(), facts
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def new_private(path: Path) -> Iterator[BinaryIO]:
    """Create `path` with mode 0600 and give it to be written; it is on disk once the block ends.

    Raises `FileExistsError` rather than touch what is there, a dangling link included. Where
    the block fails, the file is gone again.
    """
    try:
        with _synced(path.parent), _created(path) as file:
            yield file
    except Unconfirmed:
        path.unlink(missing_ok=True)
        raise


def replace(path: Path, content: bytes, temporary: Path | None = None) -> None:
    """Put `content` in the place of `path` in one step, with mode 0600 and the owner as found.

    Where its group may read `path`, it still may: a service of another user does so.

    A reader, and a machine that loses power, sees the old file or the new one, never a mixture.
    One process at a time: hold a lock. It is written as `temporary`, in the same folder, first.
    Raises `OSError` with the old file untouched, and `Unconfirmed` where the new one is there
    but may not survive a power cut.
    """
    temporary = temporary or temporary_of(path)
    temporary.unlink(missing_ok=True)
    with _synced(path.parent):
        with _created(temporary) as file:
            give_to_owner(file.fileno(), path)
            give_to_readers(file.fileno(), path)
            file.write(content)
        try:
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


def temporary_of(path: Path) -> Path:
    """Return what an interrupted call of `replace` for `path` leaves; the next one removes it."""
    return path.with_name(f".{path.name}.tmp")


def copy(source: Path, target: Path, limit: int) -> None:
    """Make `target` a copy of `source`, all of it or none, with mode 0600; raise `OSError`.

    A file of more than `limit` bytes is not copied. One process at a time: hold a lock.
    """
    content, _ = read_regular(source, limit)
    replace(target, content, temporary_of(target.with_name(source.name)))


def private_folder(path: Path) -> None:
    """Make the folder `path` and those above it where they are missing, with mode 0700."""
    if path.is_dir():
        return
    private_folder(path.parent)
    try:
        with _synced(path.parent):
            path.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
    except FileExistsError:
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR)) from None
    give_to_owner(path, path.parent)


@contextlib.contextmanager
def _created(path: Path) -> Iterator[BinaryIO]:
    """Create `path`, as `new_private` does, but for what its folder knows of it."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE_FILE)
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor, not a path
            os.fchmod(descriptor, PRIVATE_FILE)  # an umask may have taken even the owner's rights
            yield file
            _to_disk(file)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


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
    # Not what a link leads to: the owner of the folder could have put one there meanwhile.
    os.chown(made, owner.st_uid, owner.st_gid, follow_symlinks=isinstance(made, int))


def give_to_readers(made: Path | int, path: Path) -> None:
    """Let the group that may read `path` read what was made as well, if that can be."""
    # There may be no such file yet, and its group may be none of this user's.
    with contextlib.suppress(OSError):
        found = path.stat()
        if found.st_mode & stat.S_IRGRP:
            os.chown(made, -1, found.st_gid)
            os.chmod(made, PRIVATE_FILE | stat.S_IRGRP)  # noqa: PTH101 - or a descriptor


@contextlib.contextmanager
def _synced(folder: Path) -> Iterator[None]:
    """Make what the block does to a folder's entries durable.

    Without it a rename may be undone by a power cut. The folder is opened first, so that one
    which cannot be fails before anything is done; a file system that syncs no folders is let be.
    Raises `Unconfirmed` where only the last step failed.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield
        try:
            os.fsync(descriptor)
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise Unconfirmed(error.errno, error.strerror) from None
    finally:
        os.close(descriptor)

"""Files for one person's eyes: read with care, written whole or not at all."""

import contextlib
import errno
import os
import stat
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Literal

from tokentui import file_access

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
_MOST_PARTS = 1024
"""How many parts are written at a time: IOV_MAX of Linux, macOS and the BSDs."""
_CHUNK = 1024 * 1024
"""How many bytes are read at a time of a file that grows while it is read."""
_XDG = {
    "config": ("XDG_CONFIG_HOME", ".config"),
    "data": ("XDG_DATA_HOME", ".local/share"),
    "state": ("XDG_STATE_HOME", ".local/state"),
}
"""Where the folders of a kind are: the variable that says it, or else where in the home folder."""

_SYNCS_NO_FOLDER = {
    errno.EINVAL,
    errno.EBADF,
    errno.EACCES,
    errno.ENOSYS,
    errno.EOPNOTSUPP,
    errno.ENOTSUP,
}
"""What file systems say that sync no folders: those of FUSE, CIFS, NFS and others.

They are let be, as PostgreSQL (`fsync_fname_ext`) and SQLite let them be.
"""


class Unconfirmed(OSError):
    """What was to be done was done, but the disk did not confirm that it will last."""


def named(text: str) -> Path:
    """Return the path that a person wrote, ~ resolved; raise `OSError` where it names no file."""
    if not text or "\0" in text:
        raise OSError(errno.EINVAL, "it does not name a file")
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise OSError(errno.ENOENT, "there is no such home folder") from None


def of_user(kind: Literal["config", "data", "state"]) -> Path | None:
    """Return this user's folder of a kind (XDG Base Directory); None where there is no home.

    A container may run as a user that has no entry in its passwd.
    """
    if sys.platform != "linux":
        import platformdirs  # slow to load

        try:
            path: Path = getattr(platformdirs, f"user_{kind}_path")("tokentui")
        except RuntimeError:
            return None
        return path if path.is_absolute() else None
    variable, in_home = _XDG[kind]
    folder = Path(os.environ.get(variable, ""))
    if not folder.is_absolute():  # the standard ignores such a value
        folder = _home() / in_home
    return folder / "tokentui" if folder.is_absolute() else None


def _home() -> Path:
    """Return the home folder of this user; a relative path where there is none."""
    home = Path(os.environ.get("HOME", ""))
    if not home.is_absolute():
        import pwd  # seldom needed

        with contextlib.suppress(KeyError):
            return Path(pwd.getpwuid(os.getuid()).pw_dir)
    return home


def read_regular(path: Path, limit: int) -> tuple[bytes, os.stat_result]:
    """Return the content of a regular file with the facts of the very file that was read.

    Raises `OSError`; a pipe, device or folder is refused rather than waited for, and so is a
    file of more than `limit` bytes.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        return read_opened(descriptor, limit)
    finally:
        os.close(descriptor)


def read_opened(descriptor: int, limit: int) -> tuple[bytes, os.stat_result]:
    """Return what `read_regular` does of a file that is open; it must not block."""
    facts = os.fstat(descriptor)
    if stat.S_ISDIR(facts.st_mode):
        raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(facts.st_mode):
        raise OSError(errno.EINVAL, "it is not a regular file")
    if facts.st_size > limit:
        raise OSError(errno.EFBIG, f"it has more than {limit:,} bytes")
    return _read(descriptor, facts.st_size), facts


def _read(descriptor: int, size: int) -> bytes:
    """Return all that is in a file, which had `size` bytes a moment ago."""
    content = os.pread(descriptor, size + 1, 0)
    while len(content) != size and (more := os.pread(descriptor, _CHUNK, len(content))):
        content += more
    return content


@contextlib.contextmanager
def new_private(path: Path) -> Iterator[BinaryIO]:
    """Create `path` with mode 0600 and give it to be written; it is on disk once the block ends.

    Raises `FileExistsError` rather than touch what is there, a dangling link included. Where
    the block fails, the file is gone again.
    """
    try:
        with _synced(path.parent), _created(path) as descriptor:
            _make_private(descriptor)
            with open(descriptor, "wb", closefd=False) as file:
                yield file
    except Unconfirmed:
        path.unlink(missing_ok=True)
        raise


def replace(
    path: Path,
    content: bytes | Sequence[bytes | memoryview],
    temporary: Path | None = None,
    *,
    like: Path | None = None,
    on_loss: Callable[[Sequence[str]], None] = lambda _: None,
) -> None:
    """Put `content`, or its parts, in the place of `path` in one step, with all else as it was.

    Owner, group, mode, ACL and attributes are those of `path`, or of `like` where there is no
    such file; where there is neither, the file is for its owner alone. `on_loss` is told once the
    new file is there what it could not keep; see `file_access.take_over`.

    A reader, and a machine that loses power, sees the old file or the new one, never a mixture.
    One process at a time: hold a lock. It is written as `temporary`, in the same folder, first.
    Raises `OSError` with the old file untouched, and `Unconfirmed` where the new one is there
    but may not survive a power cut.
    """
    temporary = temporary or temporary_of(path)
    with _synced(path.parent):
        with _created(temporary, anew=True) as descriptor:
            lost = _made_like(descriptor, path, like)
            _write(descriptor, [content] if isinstance(content, bytes) else content)
        try:
            os.replace(temporary, path)  # noqa: PTH105 - Path makes another path of its result
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        if lost:
            on_loss(lost)


def _made_like(descriptor: int, path: Path, like: Path | None) -> list[str]:
    """Give a new file what `path` has, or else `like`; return what `path` has and it could not."""
    if os.fstat(descriptor).st_mode & PRIVATE_FILE != PRIVATE_FILE:
        _make_private(descriptor)
    try:
        return file_access.take_over(descriptor, path)
    except FileNotFoundError:
        give_to_owner(descriptor, path)
    if like is not None:
        with contextlib.suppress(FileNotFoundError):
            file_access.take_over(descriptor, like)
    return []


def losses(path: Path) -> list[str]:
    """Return what the next `replace` of `path` by this user would lose: tried on another file."""
    import tempfile  # slow to load

    with contextlib.suppress(OSError), tempfile.TemporaryFile(dir=path.parent) as trial:
        return file_access.take_over(trial.fileno(), path)
    return []


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
    if not path.lstat().st_mode & stat.S_IXUSR:
        path.chmod(PRIVATE_FOLDER)  # an umask took even the owner's rights
    give_to_owner(path, path.parent)


@contextlib.contextmanager
def _created(path: Path, *, anew: bool = False) -> Iterator[int]:
    """Create `path` and give its descriptor; its content is on disk once the block ends.

    What is there raises `FileExistsError`, or is removed first (`anew`). Nobody but the owner can
    read the file, and if the umask says so, not even the owner.
    """
    try:
        descriptor = os.open(path, _NEW, PRIVATE_FILE)
    except FileExistsError:
        if not anew:
            raise
        path.unlink(missing_ok=True)
        descriptor = os.open(path, _NEW, PRIVATE_FILE)
    try:
        try:
            yield descriptor
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _make_private(descriptor: int) -> None:
    os.fchmod(descriptor, PRIVATE_FILE)  # an umask may have taken even the owner's rights


def _write(descriptor: int, parts: Sequence[bytes | memoryview]) -> None:
    """Write all `parts`, in as few calls as the system takes them."""
    left = deque(memoryview(part).cast("B") for part in parts)
    while left:
        written = os.writev(descriptor, [*islice(left, _MOST_PARTS)])
        while left and written >= len(left[0]):
            written -= len(left.popleft())
        if written:
            left[0] = left[0][written:]


def give_to_owner(made: Path | int, path: Path) -> None:
    """Give what root made to the owner of `path`, or of its folder where there is no such file.

    What root does to another person's files must not lock that person out. A root that may give
    nothing away, as in some containers and over NFS, keeps it: no change is refused for that.
    """
    if os.geteuid() != 0:
        return
    try:
        owner = path.stat()
    except FileNotFoundError:
        owner = path.parent.stat()
    # Not what a link leads to: the owner of the folder could have put one there meanwhile.
    follow = isinstance(made, int)
    present = os.stat(made, follow_symlinks=follow)  # noqa: PTH116 - it may be a descriptor
    if (present.st_uid, present.st_gid) != (owner.st_uid, owner.st_gid):
        with contextlib.suppress(PermissionError):
            os.chown(made, owner.st_uid, owner.st_gid, follow_symlinks=follow)


@contextlib.contextmanager
def _synced(folder: Path) -> Iterator[None]:
    """Make what the block does to a folder's entries durable.

    Without it a rename may be undone by a power cut. The folder is opened first, so that one which
    cannot be fails before anything is done. Raises `Unconfirmed` where only the last step failed.
    """
    descriptor = _opened_to_sync(folder)
    try:
        yield
        try:
            if descriptor is not None:
                os.fsync(descriptor)
        except OSError as error:
            if error.errno not in _SYNCS_NO_FOLDER:
                raise Unconfirmed(error.errno, error.strerror) from None
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _opened_to_sync(folder: Path) -> int | None:
    """Return a descriptor of `folder`, or None where it may be used, but not be listed."""
    try:
        return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except PermissionError:
        return None

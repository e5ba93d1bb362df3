"""What is said where the system refuses something about a file: what, what it left, what to do."""

import errno
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tokentui.core.errors import StoreError, StoreUnreadable, StoreUnwritable

_ADVICE = {
    errno.ENOSPC: "Free some disk space (df -h, df -i) and try again.",
    errno.EDQUOT: "Free some space within your quota and try again.",
    errno.EROFS: "The disk is mounted read-only. Mount it writable and try again.",
    errno.EACCES: "Check the owner of the file and of its folder (ls -ld).",
    errno.EPERM: "Check the owner of the file and of its folder (ls -ld).",
    errno.EBUSY: "The file is a mount point and cannot be replaced. Mount its folder instead.",
    errno.EISDIR: "The path is a folder. Name a file with --store.",
    errno.EMFILE: "Raise the limit of open files (ulimit -n) and try again.",
    errno.ENFILE: "Close some programs and try again.",
}


def advice(error: OSError) -> str:
    """Return what to do where the system refused to write."""
    return _ADVICE.get(error.errno or 0, "Check the disk and try again.")


def reason(error: OSError) -> str:
    """Return why the system refused something."""
    return error.strerror or str(error)


def lost_in_change(path: Path, what: Sequence[str]) -> str:
    """Return what to say of a file that was replaced by one that could not keep all it had."""
    return f"{path} was changed, but the file lost {', '.join(what)}. {_KEEP}"


def would_lose(path: Path, what: Sequence[str]) -> str:
    """Return what to say of a file that the next change would take something from."""
    return f"The next change by this user will remove {', '.join(what)} from {path}. {_KEEP}"


_KEEP = (
    "To keep it, make changes as the owner of the file and with its group, or as "
    "root (ls -l, getfacl)."
)


@contextmanager
def refusing(what: Callable[[Path, OSError], StoreError], path: Path) -> Iterator[None]:
    """Turn an `OSError` about `path` into what the store says of it."""
    try:
        yield
    except OSError as error:
        raise what(path, error) from None


def unreadable(path: Path, error: OSError) -> StoreUnreadable:
    """Return the error of a file that the system does not let us read."""
    hint = _ADVICE.get(error.errno or 0, "Check the path, or name another store with --store.")
    return StoreUnreadable(f"{path} cannot be read: {reason(error)}. {hint}")


def unwritable(path: Path, error: OSError) -> StoreUnwritable:
    """Return the error of a file that the system did not let us write."""
    return StoreUnwritable(
        f"{path} could not be written: {reason(error)}. Nothing was changed. {advice(error)}"
    )

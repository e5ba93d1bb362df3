"""What is said where the system refuses something about a file: what, what it left, what to do."""

import errno
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tokentui.core.errors import StoreError, StoreUnreadable, StoreUnwritable

_ADVICE = {
    errno.ENOSPC: "Make room on the disk (df -h, df -i), then try again.",
    errno.EDQUOT: "Make room within your quota, then try again.",
    errno.EROFS: "The disk is mounted read-only: mount it writable, then try again.",
    errno.EACCES: "See who owns the file and its folder (ls -ld).",
    errno.EPERM: "See who owns the file and its folder (ls -ld).",
    errno.EBUSY: "It is mounted by itself, and so cannot be replaced: mount its folder instead.",
    errno.EISDIR: "It is a folder: name a file with --store.",
    errno.EMFILE: "Raise the limit of open files (ulimit -n), then try again.",
    errno.ENFILE: "Close some programs, then try again.",
}


def advice(error: OSError) -> str:
    """Return what to do where the system refused to write."""
    return _ADVICE.get(error.errno or 0, "Check the disk, then try again.")


def reason(error: OSError) -> str:
    """Return why the system refused something."""
    return error.strerror or str(error)


def lost_in_change(path: Path, what: Sequence[str]) -> str:
    """Return what to say of a file that was replaced by one that could not keep all it had."""
    return f"The change of {path} is done, but the file lost {', '.join(what)}. {_KEEP}"


def would_lose(path: Path, what: Sequence[str]) -> str:
    """Return what to say of a file that the next change would take something from."""
    return f"With the next change by this user, {path} would lose {', '.join(what)}. {_KEEP}"


_KEEP = "If that is needed, make changes as its owner with that group, or as root (ls -l, getfacl)."


@contextmanager
def refusing(what: Callable[[Path, OSError], StoreError], path: Path) -> Iterator[None]:
    """Turn an `OSError` about `path` into what the store says of it."""
    try:
        yield
    except OSError as error:
        raise what(path, error) from None


def unreadable(path: Path, error: OSError) -> StoreUnreadable:
    """Return the error of a file that the system does not let us read."""
    hint = _ADVICE.get(error.errno or 0, "Check the path, or name another with --store.")
    return StoreUnreadable(f"{path} cannot be read: {reason(error)}. {hint}")


def unwritable(path: Path, error: OSError) -> StoreUnwritable:
    """Return the error of a file that the system did not let us write."""
    return StoreUnwritable(
        f"{path} could not be written: {reason(error)}. Nothing was changed. {advice(error)}"
    )

"""What the next change of a file would be stopped by, or would lose, found beforehand."""

import errno
import os
import re
from collections.abc import Iterator
from pathlib import Path

from tokentui import files
from tokentui.stores import os_errors

_MOUNTS = Path("/proc/self/mountinfo")
"""The mounts that this process sees (proc(5)); where there is no such file, none are known."""


def problems(path: Path) -> Iterator[str]:
    """Yield what is in the way of replacing `path` by rename, or would be lost, a sentence each.

    Nothing where the file is not there, or this user may not change it.
    """
    # One that cannot be looked at is told of by whatever reads it.
    if not os.path.exists(path) or not os.access(path.parent, os.W_OK | os.X_OK):  # noqa: PTH110
        return
    if is_mounted(path):
        yield f"{path} cannot be changed. {os_errors.advice(OSError(errno.EBUSY, ''))}"
    elif lost := files.losses(path):
        yield os_errors.would_lose(path, lost)


def is_mounted(path: Path) -> bool:
    """Say whether something is mounted at `path` itself, as a container does with a single file."""
    try:
        lines = _MOUNTS.read_text(errors="surrogateescape").splitlines()
    except OSError:
        return False
    points = (line.split(" ")[4] for line in lines)
    return str(path) in map(_unescaped, points)


def _unescaped(point: str) -> str:
    """Return a mount point without the octal escapes that stand for space, tab and the like."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), point)

"""Whether a file can be trusted: nobody else may change it, or put another one in its place."""

import os
import stat
from pathlib import Path

from tokentui.core.errors import StoreUnsafe

_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def check_file(path: Path, facts: os.stat_result) -> None:
    """Raise `StoreUnsafe` where others can change the file of these facts."""
    if facts.st_mode & _OTHERS_WRITE:
        raise StoreUnsafe(
            f"Others can change {path}, so it was not opened. Run: chmod 600 {_quoted(path)}"
        )


def check_folder(path: Path) -> None:
    """Raise `StoreUnsafe` where others could put a file of theirs at `path`.

    In a sticky folder, they cannot. Raises `OSError` where the folder cannot be looked at.
    """
    mode = path.parent.stat().st_mode
    if mode & _OTHERS_WRITE and not mode & stat.S_ISVTX:
        raise StoreUnsafe(
            f"Others can replace {path}, so it was not opened. Run: chmod go-w "
            f"{_quoted(path.parent)}"
        )


def warnings(path: Path) -> list[str]:
    """Say so where everybody on the machine can read the file; a group may be meant to."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return []
    if mode & stat.S_IROTH:
        return [f"Others can read {path}. Run: chmod 600 {_quoted(path)}"]
    return []


def _quoted(path: Path) -> str:
    from shlex import quote  # slow to load

    return quote(str(path))

"""What was chosen in the app, kept from one start to the next. Losing it loses nothing."""

from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import msgspec

from tokentui import files

T = TypeVar("T", bound=msgspec.Struct)
_LARGEST = 64 * 1024


def state_path() -> Path | None:
    """Return the file in the user's state folder (XDG); None where there is no home."""
    folder = files.of_user("state")
    return folder and folder / "app.json"


def load(kind: type[T]) -> T:
    """Return what was remembered, or a new one where there is nothing that can be read."""
    path = state_path()
    if path is None:
        return kind()
    try:
        content, _ = files.read_regular(path, _LARGEST)
        return msgspec.json.decode(content, type=kind)
    except (OSError, ValueError, RecursionError):
        return kind()


def save(what: msgspec.Struct) -> None:
    """Keep `what`, if the disk lets us."""
    # Without a lock: where two apps end at once, one of them is forgotten.
    path = state_path()
    if path is None:
        return
    with suppress(OSError):
        files.private_folder(path.parent)
        files.replace(path, msgspec.json.encode(what))

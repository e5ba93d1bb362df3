"""What was chosen in the app, kept from one start to the next. Losing it loses nothing."""

from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import msgspec

from tokentui import files

T = TypeVar("T", bound=msgspec.Struct)
_LARGEST = 64 * 1024


def memory_path() -> Path:
    """Return the file in the user's state folder (XDG)."""
    import platformdirs

    return platformdirs.user_state_path("tokentui") / "app.json"


def recall(kind: type[T]) -> T:
    """Return what was remembered, or a new one where there is nothing that can be read."""
    try:
        content, _ = files.read_regular(memory_path(), _LARGEST)
        return msgspec.json.decode(content, type=kind)
    except (OSError, ValueError, RecursionError):
        return kind()


def remember(what: msgspec.Struct) -> None:
    """Keep `what`, if the disk lets us."""
    # Without a lock: where two apps end at once, one of them is forgotten.
    with suppress(OSError):
        files.private_folder(memory_path().parent)
        files.replace(memory_path(), msgspec.json.encode(what))

"""Where tokens live. Everything outside comes to a store through this module."""

from pathlib import Path

from tokentui import files
from tokentui.core.errors import StoreUnknown
from tokentui.core.store import Archive, UsageStore


def open_store(location: str, *, read_only: bool = False) -> Archive:
    """Return the tokens at `location`, the path of a TinyDB file, which keeps backups.

    A file that is not there yet is an empty store; the first change makes it.
    With `read_only`, every change is refused, and nothing at all is written. Raises
    `StoreUnknown` for a location of another kind.
    """
    from tokentui.stores.tinydb import TinyDBStore

    return TinyDBStore(_path(location), read_only=read_only)


def open_usage(location: str, *, notes: str | None = None, read_only: bool = False) -> UsageStore:
    """Return the notes on how the tokens at `location` were used.

    They are in the file `notes`, or else in `usage.json` beside the tokens.
    """
    from tokentui.stores.usage import UsageFile

    path = _path(notes) if notes else _path(location).with_name("usage.json")
    return UsageFile(path, sweeping=not read_only)


def _path(location: str) -> Path:
    if "://" in location:
        raise StoreUnknown(f"{location} is no store that this version knows: give a file's path.")
    try:
        # The file behind a link counts: what lies beside it belongs to it, not to the link.
        return files.named(location).resolve()
    except OSError as error:
        raise StoreUnknown(f"{location} is no file's path: {error.strerror}.") from None
    except RuntimeError:
        raise StoreUnknown(f"{location} is no file's path: its links go in a circle.") from None

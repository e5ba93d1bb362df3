"""Where tokens live. Everything outside comes to a store through this module."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tokentui import files
from tokentui.core.errors import StoreUnknown

if TYPE_CHECKING:
    from pathlib import Path

    from tokentui.core.account import AccountStore
    from tokentui.core.audit import Origin, Trail
    from tokentui.core.login import FailureStore
    from tokentui.core.store import Archive, UsageStore


def open_store(location: str, *, read_only: bool = False) -> Archive:
    """Return the tokens at `location`, the path of a TinyDB file, which keeps backups.

    A file that is not there yet is an empty store; the first change makes it.
    With `read_only`, every change is refused, and nothing at all is written. Raises
    `StoreUnknown` for a location of another kind.
    """
    from tokentui.stores.tinydb import TinyDBStore

    return TinyDBStore(_path(location), read_only=read_only)


def store_path(location: str) -> str:
    """Return the path of the file behind `location`; raise `StoreUnknown`."""
    return str(_path(location))


def open_usage(location: str, *, notes: str | None = None, read_only: bool = False) -> UsageStore:
    """Return the notes on how the tokens at `location` were used.

    They are in the file `notes`, or else in `usage.json` beside the tokens.
    """
    from tokentui.stores.usage import UsageFile

    path = _path(notes) if notes else _path(location).with_name("usage.json")
    return UsageFile(path, sweeping=not read_only)


def open_accounts(location: str, *, read_only: bool = False) -> AccountStore:
    """Return the accounts of the tokens at `location`: `accounts.json` beside them.

    A file that is not there is no accounts: the tokens are one person's.
    """
    from tokentui.stores.accounts import AccountFiles

    path = _path(location)
    return AccountFiles(path.parent, like=path, read_only=read_only)


def open_failures(location: str) -> FailureStore:
    """Return the failed log-ins to the tokens at `location`: `failures.json` beside them."""
    from tokentui.stores.failures import FailureFile

    return FailureFile(_path(location).with_name("failures.json"))


def open_trail(
    location: str,
    *,
    origin: Origin,
    anchor: str | None = None,
    required: bool = True,
    read_only: bool = False,
    syslog: str | None = None,
) -> Trail:
    """Return the audit trail of the tokens at `location`: `audit.jsonl` beside them.

    Its anchor is the file of that name, or else `audit.anchor` beside it. `syslog` is the socket
    that a copy goes to.
    """
    from tokentui.stores.trail import TrailFile

    path = _path(location).with_name("audit.jsonl")
    trail = TrailFile(
        path,
        anchor=_path(anchor) if anchor else path.with_name("audit.anchor"),
        origin=origin,
        required=required,
        read_only=read_only,
    )
    if syslog:
        from tokentui.stores.syslog import to_syslog  # as slow to load as all the rest

        trail.copy = to_syslog(syslog)
    return trail


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

"""Where tokens live. Everything outside comes to a store through this module."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from tokentui import files
from tokentui.core.audit import Actor
from tokentui.core.clock import utc_now
from tokentui.core.errors import InvalidSetting, StoreUnknown
from tokentui.core.store_url import is_database

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tokentui.core.backend import Backend
    from tokentui.core.clock import Clock
    from tokentui.stores.file.audit_log import AuditLogFile


class AuditOptions(msgspec.Struct, frozen=True):
    """How the audit log is kept: who writes it, and where its `anchor` and a copy (`syslog`) are.

    Unless `kept`, nothing is written. Unless `required`, a log that cannot be written hinders no
    change. `keys` is the folder with the keys of logs that are in databases.
    """

    actor: Actor
    kept: bool = True
    required: bool = True
    anchor: str | None = None
    syslog: str | None = None
    keys: str | None = None


def open_backend(
    url: str,
    *,
    read_only: bool = False,
    usage: str | None = None,
    audit: AuditOptions | None = None,
    clock: Clock = utc_now,
) -> Backend:
    """Return what keeps tokens at `url`: the path of a TinyDB file, or the URL of a database.

    A path can be a `file:` URL, and a database is one of PostgreSQL, as libpq writes it; the extra
    `postgresql` has to be installed then, and `tokentui store create` has to have made the store.
    A file that is not there yet is an empty store; the first change makes it. With `read_only`,
    every change is refused, and nothing is written but uses and, where it is `kept`, the audit log.
    Uses are in the file `usage`, or else in `usage.json` beside the tokens; that folder may be a
    service's, so whatever is there hinders nothing but the noting of uses. Without `audit`, no log
    is written. Raises `StoreUnknown` for another kind of URL, and `InvalidSetting` where a database
    is to be changed without an audit log.
    """
    if is_database(url):
        return _database(url, read_only=read_only, audit=audit, clock=clock)
    from tokentui.stores.file.accounts import AccountFiles
    from tokentui.stores.file.backend import FileBackend
    from tokentui.stores.file.tinydb import TinyDBStore
    from tokentui.stores.file.usage import UsageFile

    path = _path(url)
    uses = UsageFile(usage_path(url, usage), sweeping=not read_only)
    accounts = AccountFiles(path.parent, like=path, read_only=read_only)
    return FileBackend(
        TinyDBStore(path, uses, accounts, clock, read_only=read_only),
        uses,
        _audit_log(path, audit or _NOT_KEPT, clock),
        accounts,
        clock,
    )


@contextmanager
def needing_psycopg() -> Iterator[None]:
    """Raise `StoreUnknown` where the block imports what is not installed."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise StoreUnknown(
            f"The package {error.name} is missing. For a database, install tokentui[postgresql]."
        ) from None


def default_keys() -> Path:
    """Return the folder with the keys of audit logs; raise `InvalidSetting` without a home."""
    folder = files.of_user("data")
    if folder is None:
        raise InvalidSetting(
            "There is no home folder, so the key of the audit log cannot be found. Set HOME."
        )
    return folder / "keys"


def _database(url: str, *, read_only: bool, audit: AuditOptions | None, clock: Clock) -> Backend:
    options = audit or _NOT_KEPT
    if not read_only and not (options.kept and options.required):
        raise InvalidSetting(
            "In a database, the audit log is always required. Remove the setting audit, or "
            "set it to required."
        )
    with needing_psycopg():
        from tokentui.stores.postgresql.opening import opened
    return opened(url, options, read_only=read_only, clock=clock)


_NOT_KEPT = AuditOptions(Actor(""), kept=False)


def _audit_log(store: Path, options: AuditOptions, clock: Clock) -> AuditLogFile:
    from tokentui.stores.file.audit_log import AuditLogFile

    path = store.with_name("audit.jsonl")
    log = AuditLogFile(
        path,
        anchor=_path(options.anchor) if options.anchor else path.with_name("audit.anchor"),
        actor=options.actor,
        clock=clock,
        required=options.required,
        read_only=not options.kept,
    )
    if options.syslog:
        from tokentui.stores.syslog import to_syslog  # as slow to load as all the rest

        log.copy = to_syslog(options.syslog)
    return log


def absolute(url: str) -> str:
    """Return what names the store from every folder: a path, or a database's URL.

    Raises `StoreUnknown`.
    """
    return url if is_database(url) else str(_path(url))


def usage_path(url: str, usage: str | None) -> Path:
    """Return the file with the uses of the tokens in the file `url`; `usage` names another one."""
    if usage:
        return Path(os.path.realpath(_named(usage)))
    return _path(url).with_name("usage.json")


def change_problems(url: str, *, usage: str | None = None) -> Iterator[str]:
    """Yield what the next change of the files at `url` would be stopped by, or would lose.

    `usage` is as in `open_backend`. A database has no such files.
    """
    if is_database(url):
        return
    from tokentui.stores.file.replacing import problems

    store = _path(url)
    beside = (store.with_name(f"{each}.json") for each in ("accounts", "passwords", "failures"))
    for path in (store, *beside, usage_path(url, usage)):
        yield from problems(path)


def _named(url: str) -> Path:
    path = _without_scheme(url)
    try:
        return files.named(path)
    except OSError as error:
        raise StoreUnknown(f"{path} is not a file path: {error.strerror}.") from None


def _without_scheme(url: str) -> str:
    """Return the path that a `file:` URL (RFC 8089) names, or else `url` itself."""
    if url.startswith("file:"):
        from urllib.parse import unquote

        path = url.removeprefix("file:")
        if path.startswith("//"):
            host, _, rest = path.removeprefix("//").partition("/")
            if host not in ("", "localhost"):
                raise StoreUnknown(
                    f"{url} is on another machine. Give the path of a file on this machine."
                )
            path = f"/{rest}"
        return unquote(path)
    if "://" in url:
        raise StoreUnknown(
            f"{url} is not a store that this version supports. Give the path of a file."
        )
    return url


def _path(url: str) -> Path:
    try:
        # The file behind a link counts: what lies beside it belongs to it, not to the link.
        return _named(url).resolve()
    except OSError as error:
        raise StoreUnknown(f"{url} is not a file path: {error.strerror}.") from None
    except RuntimeError:
        raise StoreUnknown(f"{url} is not a file path: its links form a loop.") from None

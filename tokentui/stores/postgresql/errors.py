"""What PostgreSQL refuses, in sentences that say what to do."""

import re

from psycopg import Error, OperationalError
from psycopg import errors as pg

from tokentui.core.errors import (
    StoreError,
    StoreUnavailable,
    StoreUnknown,
    StoreUnreadable,
    StoreUnwritable,
)
from tokentui.core.store_url import short_name

_NO_STORE = (pg.UndefinedTable, pg.UndefinedColumn, pg.UndefinedObject)
_FULL = (pg.DiskFull, pg.OutOfMemory, pg.ConfigurationLimitExceeded)
_NOT_LET_IN = ("authentication failed", "no password supplied", "pg_hba.conf")
_NOT_PROVEN = (
    "certificate verify failed",
    "does not match host name",
    "server does not support SSL",
    "root certificate file",
)
_NO_DATABASE = re.compile(r'database "[^"]*" does not exist')
_TRY_AGAIN = "Nothing was changed. Try again."
_NO_PRIMARY = ("session is read-only", "server is in hot standby mode")
"""How libpq says that a host takes no changes."""
_LOST = (pg.IdleInTransactionSessionTimeout,)


def translated(error: Error, url: str) -> StoreError:
    """Return what an error of the database means to a person.

    Args:
        error: What psycopg raised.
        url: The database, as people write it.

    Returns:
        A `StoreUnavailable` where asking again may help; another `StoreError` where something has
        to be done first.
    """
    said, name = _first_line(error), f"The database {short_name(url)}"
    if (refused := _refused_at_connecting(error, said, url)) is not None:
        return refused
    match error:
        case pg.QueryCanceled():
            return StoreUnavailable(f"{name} took too long to respond. {_TRY_AGAIN}")
        case pg.LockNotAvailable():
            return StoreUnavailable(f"{name} was locked by others for too long. {_TRY_AGAIN}")
        case pg.InsufficientPrivilege():
            return StoreUnreadable(
                f"The database user of {url} has no permission ({said}). Grant it "
                "tokentui_manager, tokentui_verifier or tokentui_auditor."
            )
        case pg.ObjectNotInPrerequisiteState():
            return StoreUnavailable(
                f"{name} is a standby, which may be out of date. Name the primary too."
            )
        case _ if isinstance(error, _NO_STORE):
            return StoreUnknown(f"{url} contains no store. Run: tokentui store create {url}")
        case _ if isinstance(error, _FULL):
            return StoreUnwritable(f"{name} is out of resources ({said}). Nothing was changed.")
        case _ if _is_without_primary(error):
            return StoreUnavailable(
                f"{name} has no primary at the moment: a new one is being elected, or the URL "
                f"does not name it. {_TRY_AGAIN}"
            )
        case _ if isinstance(error, (OperationalError, *_LOST)):
            return StoreUnavailable(f"{name} does not respond ({said}). {_TRY_AGAIN}")
        case _:
            return StoreError(f"{name} refused a statement: {said}.")


def _is_without_primary(error: Error) -> bool:
    if isinstance(error, pg.ReadOnlySqlTransaction):
        return True  # what was the primary when it was connected to
    return isinstance(error, OperationalError) and any(each in str(error) for each in _NO_PRIMARY)


def _refused_at_connecting(error: Error, said: str, url: str) -> StoreError | None:
    """Return what is wrong with a connection that asking again does not mend.

    libpq tells that in words alone. Of several hosts, it names all.
    """
    if not isinstance(error, OperationalError) or error.sqlstate is not None:
        return None
    text = str(error)
    if any(each in text for each in _NOT_LET_IN):
        return StoreUnreadable(
            f"{url} does not accept this user ({said}). Put the password into ~/.pgpass, "
            "and the user into the URL or the service file."
        )
    if any(each in text for each in _NOT_PROVEN):
        return StoreUnreadable(
            f"{url} failed TLS verification ({said}). Check its certificate and "
            "sslrootcert, the file with its certificate authority."
        )
    if _NO_DATABASE.search(text):
        return StoreUnknown(f"The database {url} does not exist ({said}). Create it first.")
    return None


def _first_line(error: Error) -> str:
    text = error.diag.message_primary or str(error)
    return text.strip().partition("\n")[0].removesuffix(".") or type(error).__name__

"""What PostgreSQL refuses, in sentences that say what to do."""

from psycopg import Error, OperationalError
from psycopg import errors as pg

from tokentui.core.errors import (
    StoreError,
    StoreUnavailable,
    StoreUnknown,
    StoreUnreadable,
    StoreUnwritable,
)

_NO_STORE = (pg.UndefinedTable, pg.UndefinedColumn, pg.UndefinedObject)
_FULL = (pg.DiskFull, pg.OutOfMemory, pg.ConfigurationLimitExceeded)
_NOT_THE_LEADER = (pg.ReadOnlySqlTransaction,)


def translated(error: Error, url: str) -> StoreError:
    """Return what an error of the database means to a person.

    Args:
        error: What psycopg raised.
        url: The database, as people write it.

    Returns:
        A `StoreUnavailable` where asking again may help; another `StoreError` where something has
        to be done first.
    """
    said = _first_line(error)
    match error:
        case pg.QueryCanceled():
            return StoreUnavailable(f"{url} took too long to answer: try again.")
        case pg.LockNotAvailable():
            return StoreUnavailable(f"Others have changed {url} for too long: try again.")
        case pg.InsufficientPrivilege():
            return StoreUnreadable(
                f"The database user of {url} may not do that ({said}): grant it tokentui_manager, "
                "tokentui_verifier or tokentui_auditor."
            )
        case pg.ObjectNotInPrerequisiteState():
            return StoreUnavailable(
                f"{url} is a standby, which cannot know whether it is up to date: name the primary."
            )
        case pg.InvalidCatalogName():
            return StoreUnknown(f"There is no such database at {url} ({said}): create it first.")
        case pg.InvalidPassword() | pg.InvalidAuthorizationSpecification():
            return StoreUnreadable(
                f"{url} lets nobody in as this user ({said}): give the password in ~/.pgpass, "
                "and the user in the URL or the service file."
            )
        case _ if isinstance(error, _NO_STORE):
            return StoreUnknown(f"{url} holds no tokens yet: tokentui store create {url}")
        case _ if isinstance(error, _FULL):
            return StoreUnwritable(f"{url} cannot take more ({said}): nothing was changed.")
        case _ if isinstance(error, (OperationalError, *_NOT_THE_LEADER)):
            return StoreUnavailable(f"{url} does not answer ({said}): try again.")
        case _:
            return StoreError(f"{url} refused a statement: {said}.")


def _first_line(error: Error) -> str:
    text = error.diag.message_primary or str(error)
    return text.strip().partition("\n")[0].removesuffix(".") or type(error).__name__

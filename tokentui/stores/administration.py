"""What an administrator does with a store in a database as a whole."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tokentui.core.clock import utc_now
from tokentui.core.errors import StoreUnknown
from tokentui.stores import default_keys, is_database, needing_psycopg

if TYPE_CHECKING:
    from tokentui.core.clock import Clock
    from tokentui.stores.status import StoreStatus


def create(url: str, *, anchor: str | None = None, keys: str | None = None) -> str:
    """Make an empty store in a database.

    Args:
        url: The database, as its owner.
        anchor: The file with the end of the audit log; None for one beside the key.
        keys: The folder with the keys of audit logs; None for that of this user.

    Returns:
        The folder with the key of the audit log.

    Raises:
        StoreError: The database holds a store already, or refuses. Nothing was changed.
    """
    _check_database(url)
    with needing_psycopg():
        from tokentui.stores.postgresql.opening import created
    return str(created(url, _folder(keys), Path(anchor) if anchor else None))


def upgrade(url: str) -> bool:
    """Bring a store in a database to the version of this program.

    Args:
        url: The database, as its owner.

    Returns:
        Whether there was something to do.

    Raises:
        StoreTooNew: The store needs a newer program.
        StoreError: There is no store, or the database refuses. Nothing was changed.
    """
    _check_database(url)
    with needing_psycopg():
        from tokentui.stores.postgresql.opening import upgraded
    return upgraded(url)


def status(
    url: str, *, anchor: str | None = None, keys: str | None = None, clock: Clock = utc_now
) -> StoreStatus:
    """Look at a store in a database.

    Args:
        url: The database.
        anchor: As in `create`.
        keys: As in `create`.
        clock: The present moment.

    Returns:
        How it is.

    Raises:
        StoreError: The database does not answer, or holds no store.
    """
    _check_database(url)
    with needing_psycopg():
        from tokentui.stores.postgresql.chain_files import ChainFiles
        from tokentui.stores.postgresql.status import status_of
    named = Path(anchor) if anchor else None

    def files(fingerprint: str) -> ChainFiles:
        return ChainFiles(_folder(keys), named, lambda: fingerprint)

    return status_of(url, files, clock)


def _folder(keys: str | None) -> Path:
    return Path(keys) if keys else default_keys()


def _check_database(url: str) -> None:
    if not is_database(url):
        raise StoreUnknown(f"{url} is no URL of a database: write postgresql://HOST/DATABASE.")

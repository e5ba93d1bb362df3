"""The schema of a store in a database: numbered versions, each a file of SQL."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeVar

from psycopg.errors import InsufficientPrivilege

from tokentui.core.errors import StoreError, StoreTooNew, StoreUnknown, StoreUnreadable
from tokentui.stores.postgresql.connections import Connection, Connections

T = TypeVar("T")

VERSION = 7
"""The version of the schema that this program is written for."""
_NEEDS = "0.2"
"""The first version of the program that can use it."""
_BEGIN = "INSERT INTO store (version, needs, fingerprint) VALUES (0, %s, %s)"
ROLES = ("tokentui_manager", "tokentui_verifier", "tokentui_auditor")
"""The groups that users of the database are put into."""
SCRIPTS = Path(__file__).with_name("schema")
"""The files of SQL."""
_MISSING_ROLES = (
    "SELECT ARRAY(SELECT * FROM unnest(%s::text[]) EXCEPT SELECT rolname FROM pg_roles "
    "ORDER BY 1), rolcreaterole OR rolsuper, rolname::text FROM pg_roles "
    "WHERE rolname = current_user"
)
_PATIENCE = 3600.0
"""How many seconds a statement of an upgrade may take."""
_LOCK = 0x746F6B656E747569
"""The number of the advisory lock: "tokentui" in ASCII."""


class Store(NamedTuple):
    """What a database says of the store that it holds."""

    version: int
    """The version of its schema."""
    needs: str
    """The first version of the program that can use it."""
    fingerprint: str
    """What tells the key of its audit log from others."""


def read(connection: Connection) -> Store | None:
    """Return what is said of the store, or None where there is none; raise `psycopg.Error`."""
    if connection.one("SELECT to_regclass('store')::text") == (None,):
        return None
    return Store(*connection.one("SELECT version, needs, fingerprint FROM store"))


def present(store: Store | None, url: str) -> Store:
    """Return a store that there is; raise `StoreUnknown` where there is none."""
    if store is None:
        raise StoreUnknown(f"{url} contains no store. Run: tokentui store create {url}")
    return store


def check(store: Store | None, url: str) -> Store:
    """Check that this program can use a store.

    Args:
        store: What the database says of it.
        url: The database, as people write it.

    Returns:
        The store.

    Raises:
        StoreUnknown: There is none.
        StoreTooNew: A newer version of the program is needed.
        StoreError: It has to be upgraded.
    """
    store = present(store, url)
    if store.version > VERSION:
        raise StoreTooNew(f"{url} needs tokentui {store.needs} or later. Upgrade tokentui.")
    if store.version < VERSION:
        raise StoreError(f"{url} has an earlier version. Run: tokentui store upgrade {url}")
    return store


def create(connections: Connections, fingerprint: str) -> None:
    """Make an empty store.

    Args:
        connections: The database, as its owner.
        fingerprint: Of the key of its audit log.

    Raises:
        StoreError: The database holds a store already, or refuses.
    """

    def make(connection: Connection) -> None:
        check_creatable(connection)
        _run(connection, "roles.sql")
        _run(connection, "store.sql")
        connection.send(_BEGIN, [_NEEDS, fingerprint])
        _bring_up(connection, 0)

    _alone(connections, make)


def check_creatable(connection: Connection) -> None:
    """Check that a store can be made.

    Args:
        connection: The database, as its owner.

    Raises:
        StoreError: There is one already, or the roles are missing and this user may not make them.
        psycopg.Error: The database is away.
    """
    if read(connection) is not None:
        raise StoreError("The database already contains a store. Nothing was changed.")
    missing, able, user = connection.one(_MISSING_ROLES, [list(ROLES)])
    if missing and not able:
        statements = " ".join(f"CREATE ROLE {role} NOLOGIN;" for role in missing)
        raise StoreError(
            f"The database user {user} cannot create roles. Nothing was changed. Have an "
            f'administrator of the server run this, then try again: psql -c "{statements}"'
        )


def upgrade(connections: Connections) -> bool:
    """Bring a store to the present version.

    Args:
        connections: The database, as its owner.

    Returns:
        Whether there was something to do.

    Raises:
        StoreError: There is no store, it is newer than this program, or the database refuses.
    """

    def bring(connection: Connection) -> bool:
        store = read(connection)
        if store is None or store.version >= VERSION:
            check(store, connections.url)
            return False
        _bring_up(connection, store.version)
        return True

    return _alone(connections, bring)


def _bring_up(connection: Connection, version: int) -> None:
    for number in range(version + 1, VERSION + 1):
        _run(connection, f"{number:04}.sql")
    _run(connection, "grants.sql")
    connection.send("UPDATE store SET version = %s, needs = %s", [VERSION, _NEEDS])


def _run(connection: Connection, name: str) -> None:
    # Without values, the server takes several statements at once.
    connection.execute((SCRIPTS / name).read_bytes())


def _alone(connections: Connections, work: Callable[[Connection], T]) -> T:
    """Do something as one transaction that no other upgrade runs beside."""

    def attempt(connection: Connection) -> T:
        try:
            with connection.transaction():
                connection.send("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
                return work(connection)
        except InsufficientPrivilege as error:
            raise StoreUnreadable(
                f"Only the owner of the database can do this ({error.diag.message_primary}). "
                "Nothing was changed."
            ) from None

    return connections.ask(attempt, patience=_PATIENCE)

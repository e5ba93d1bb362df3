"""The schema of a store in a database: numbered versions, each a file of SQL."""

from collections.abc import Callable
from importlib import resources
from typing import NamedTuple, TypeVar

from tokentui.core.errors import StoreError, StoreTooNew, StoreUnknown
from tokentui.stores.postgresql.connections import Connection, Connections

T = TypeVar("T")

VERSION = 1
"""The version of the schema that this program is written for."""
_NEEDS = "0.2"
"""The first version of the program that can use it."""
_BEGIN = "INSERT INTO store (version, needs, fingerprint) VALUES (0, %s, %s)"
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
    if store is None:
        raise StoreUnknown(f"{url} holds no tokens yet: tokentui store create {url}")
    if store.version > VERSION:
        raise StoreTooNew(f"{url} needs tokentui {store.needs} or later: upgrade tokentui.")
    if store.version < VERSION:
        raise StoreError(f"{url} is of an earlier version: tokentui store upgrade {url}")
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
        if read(connection) is not None:
            raise StoreError(f"{connections.url} holds a store already: nothing was changed.")
        _run(connection, "roles.sql")
        _run(connection, "store.sql")
        values = [_NEEDS, fingerprint]
        connection.send(
            "INSERT INTO store (version, needs, fingerprint) VALUES (0, %s, %s)", values
        )
        _bring_up(connection, 0)

    _alone(connections, make)


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
    connection.execute((resources.files(__package__) / "schema" / name).read_bytes())


def _alone(connections: Connections, work: Callable[[Connection], T]) -> T:
    """Do something as one transaction that no other upgrade runs beside."""

    def attempt(connection: Connection) -> T:
        with connection.transaction():
            connection.send("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
            return work(connection)

    return connections.ask(attempt)

"""How a store in a database is opened, made and brought up to date."""

import shutil
from pathlib import Path

from tokentui.core.clock import Clock
from tokentui.core.errors import StoreError, StoreUnavailable
from tokentui.stores import AuditOptions, chain_key, default_keys
from tokentui.stores.os_errors import refusing, unwritable
from tokentui.stores.postgresql import chain_files, schema
from tokentui.stores.postgresql.attempts import AttemptsTable
from tokentui.stores.postgresql.audit_table import AuditTable
from tokentui.stores.postgresql.backend import PostgreSQLBackend
from tokentui.stores.postgresql.chain_files import ChainFiles
from tokentui.stores.postgresql.connections import Connection, Connections
from tokentui.stores.postgresql.url import conninfo_of
from tokentui.stores.syslog import to_syslog

_HIDES_HASHES = "SELECT NOT has_column_privilege('tokens', 'hash', 'SELECT')"


class _Checked:
    """Checks once that this program can use the store, and knows what it says of itself."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._store: schema.Store | None = None
        self._hides_hashes = False

    def __call__(self, connection: Connection) -> None:
        if self._store is None:
            self._store = schema.check(schema.read(connection), self._url)
            (self._hides_hashes,) = connection.one(_HIDES_HASHES)
        connection.hides_hashes = self._hides_hashes

    def hides_hashes(self, connections: Connections) -> bool:
        """Return whether this user cannot read the hashes of tokens; raise `StoreError`."""
        if self._store is None:
            connections.ask(lambda _: None)  # the first connection is checked
        return self._hides_hashes

    def fingerprint(self) -> str:
        """Return the fingerprint of the audit log's key, once there was a connection."""
        return self._store.fingerprint if self._store else ""


def opened(url: str, options: AuditOptions, *, read_only: bool, clock: Clock) -> PostgreSQLBackend:
    """Open a store; nothing is asked of it yet.

    Args:
        url: The database.
        options: How the audit log is kept.
        read_only: Whether every change is refused.
        clock: The present moment.

    Returns:
        The backend.

    Raises:
        StoreUnknown: The URL cannot be used.
    """
    checked = _Checked(url)
    connections = Connections(url, conninfo_of(url), checked)
    keys = Path(options.keys) if options.keys else default_keys()
    files = ChainFiles(keys, Path(options.anchor) if options.anchor else None, checked.fingerprint)
    audit = AuditTable(connections, files, options.actor, clock, read_only=not options.kept)
    if options.syslog:
        audit.copy = to_syslog(options.syslog)
    attempts = AttemptsTable(connections, keys / "failures.turn", clock)
    return PostgreSQLBackend(
        connections, audit, attempts, lambda: checked.hides_hashes(connections), read_only=read_only
    )


def created(url: str, keys: Path, anchor: Path | None = None) -> Path:
    """Make an empty store.

    Args:
        url: The database, as its owner.
        keys: The folder with the keys of audit logs.
        anchor: The file with the end of the audit log; None for one beside the key.

    Returns:
        The folder with the key of the audit log.

    Raises:
        StoreError: The database holds a store already, or refuses; or the key cannot be written.
    """
    connections = Connections(url, conninfo_of(url))
    try:
        connections.ask(schema.check_creatable)
        return _created(connections, keys, anchor)
    finally:
        connections.close()


def _created(connections: Connections, keys: Path, anchor: Path | None) -> Path:
    key = chain_key.new()
    # Before the store: one without a key could not be changed.
    with refusing(unwritable, keys):
        folder = chain_files.keep(keys, key, anchor=anchor)
    try:
        schema.create(connections, chain_files.fingerprint_of(key))
    except StoreUnavailable:
        raise  # whether it was created is not known, so the key is kept
    except StoreError:
        shutil.rmtree(folder)
        raise
    return folder


def upgraded(url: str) -> bool:
    """Bring a store to the present version; see `schema.upgrade`."""
    connections = Connections(url, conninfo_of(url))
    try:
        return schema.upgrade(connections)
    finally:
        connections.close()

"""How a store in a database is opened, made and brought up to date."""

import shutil
from pathlib import Path

from tokentui.core.clock import Clock
from tokentui.core.errors import StoreError
from tokentui.stores import AuditOptions, chain_key, default_keys
from tokentui.stores.postgresql import chain_files, schema
from tokentui.stores.postgresql.attempts import AttemptsTable
from tokentui.stores.postgresql.audit_table import AuditTable
from tokentui.stores.postgresql.backend import PostgreSQLBackend
from tokentui.stores.postgresql.chain_files import ChainFiles
from tokentui.stores.postgresql.connections import Connection, Connections
from tokentui.stores.postgresql.url import conninfo_of
from tokentui.stores.syslog import to_syslog


class _Checked:
    """Checks once that this program can use the store, and knows what it says of itself."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._store: schema.Store | None = None

    def __call__(self, connection: Connection) -> None:
        if self._store is None:
            self._store = schema.check(schema.read(connection), self._url)

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
    return PostgreSQLBackend(connections, audit, attempts, read_only=read_only)


def created(url: str, keys: Path) -> Path:
    """Make an empty store; return the folder with the key of its audit log.

    Raises `StoreError` where the database holds one already or refuses, and `OSError`.
    """
    connections = Connections(url, conninfo_of(url))
    key = chain_key.new()
    # Before the store: one without a key could not be changed.
    folder = chain_files.keep(keys, key)
    try:
        schema.create(connections, chain_files.fingerprint_of(key))
    except StoreError:
        shutil.rmtree(folder)
        raise
    finally:
        connections.close()
    return folder

"""Stores of any size in PostgreSQL, filled by the server itself."""

from pathlib import Path

import psycopg

from tests.postgresql.server import Server
from tokentui.core.audit import Actor
from tokentui.core.backend import Backend
from tokentui.stores import AuditOptions, open_backend
from tokentui.stores.postgresql.opening import created

from . import table

SETTINGS = {"shared_buffers": "1GB", "max_wal_size": "4GB"}
FIRST = "backup-0"
"""What the name of the first token begins with."""
_HASH = "$2b$04$" + "." * 53
_FILL = """
INSERT INTO tokens (id, account, name, name_key, created_at, expires_at, saved_at, hash, revision,
    changed)
SELECT lpad(n::text, 10, '0'), 'ada', name, name, '2026-01-01'::timestamptz + n * interval '1 min',
    CASE WHEN n %% 3 = 0 THEN 'infinity'
        ELSE now() + (n %% 700 - 50) * interval '1 day' END,
    now(), %(hash)s, 1, 1
FROM (
    SELECT n, (ARRAY['deploy', 'backup', 'ci', 'vendor', 'web'])[1 + n::bigint * 7919 %% 5]
        || '-' || lpad(n::text, 8, '0') AS name
    FROM generate_series(0, %(count)s - 1) AS n
) AS named
"""
_USE = (
    "INSERT INTO uses SELECT id, now() - random() * interval '90 days', 1, NULL FROM tokens "
    "WHERE random() < 0.5"
)


def keys_of(home: str | Path) -> Path:
    """Return where the program keeps the keys of audit logs, in a home."""
    return Path(home) / ".local" / "share" / "tokentui" / "keys"


def database(server: Server, keys: Path, count: int) -> str:
    """Make a store of so many tokens, half of them used, and return its URL."""
    table.progress(f"Making a database of {count:,} tokens.")
    url = server.create_database()
    created(url, keys)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_FILL.encode(), {"count": count, "hash": _HASH})
        connection.execute(_USE.encode())
        connection.execute("UPDATE head SET tokens = 1")
        connection.execute("VACUUM ANALYZE")
    return url


def opened(url: str, keys: Path) -> Backend:
    return open_backend(url, audit=AuditOptions(Actor("ada"), keys=str(keys)))

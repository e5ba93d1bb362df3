"""What a verifier asks the database: what has changed, and what it does not know yet."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from tokentui.core.errors import StoreUnavailable
from tokentui.stores.postgresql.connections import Connection
from tokentui.stores.postgresql.packed import PACKED

PATIENCE = 2.0
"""How many seconds one statement may take."""
MAX_GAP = 10_000
"""So many changes, or changed tokens, are followed; more of them are read anew."""
_PART = 5_000

# A standby fails here: it has no position to write at.
SERVER = (
    "concat_ws(' ', left(pg_walfile_name(pg_current_wal_lsn()), 8), "
    "extract(epoch FROM pg_postmaster_start_time()), 'head'::regclass::oid)"
)
"""SQL for what tells a primary, its timeline and its store from any other."""

# In the order of the index, which without statistics the planner would not use otherwise.
_POLL = (
    f"SELECT h.tokens, h.accounts, {SERVER}, extract(epoch FROM clock_timestamp())::float8, "
    "t.id, t.packed FROM head AS h LEFT JOIN LATERAL ("
    f"SELECT t.id, {PACKED} AS packed FROM tokens AS t "
    f"WHERE t.changed > %(seen)s AND h.tokens <= %(seen)s + {MAX_GAP} "
    f"ORDER BY t.changed LIMIT {MAX_GAP} + 1) AS t ON true"
)
_ALL_SEEN = 2**62
_DISABLED = "SELECT name FROM accounts WHERE disabled_at IS NOT NULL"
_COUNT = "SELECT count(*) FROM (SELECT FROM tokens LIMIT %s + 1) AS t"
_LOAD = f"SELECT t.id, {PACKED} FROM tokens AS t WHERE t.id > %s ORDER BY t.id LIMIT {_PART}"
_FIND = (
    f"SELECT s.server, t.changed, {PACKED} FROM (SELECT {SERVER} AS server) AS s "
    "LEFT JOIN tokens AS t ON t.id = %s"
)


class State(NamedTuple):
    """What tells two states of the store from each other."""

    server: str
    """Where it was read."""
    tokens: int
    """The number of the last change of tokens."""
    accounts: int
    """The number of the last change of accounts."""


NOWHERE = State("", _ALL_SEEN, 0)
"""What is known before anything was read."""


class News(NamedTuple):
    """What has changed since an earlier state."""

    state: State
    """The state now."""
    moment: float
    """The database's clock, in seconds since 1970."""
    tokens: Mapping[str, bytes]
    """What changed of them, packed, by ID."""
    disabled: frozenset[str] | None
    """The accounts that are disabled; None where no account has changed."""


class Beginning(NamedTuple):
    """A state that cannot be reached from an earlier one: all that was known counts no more."""

    state: State
    """The state now."""
    moment: float
    """The database's clock, in seconds since 1970."""
    tokens: Mapping[str, bytes] | None
    """All tokens, packed, by ID; None where there are too many."""
    disabled: frozenset[str]
    """The accounts that are disabled."""


class Found(NamedTuple):
    """What the database says of one token."""

    changed: int
    """The number of the change that wrote it; 0 where there is none."""
    packed: bytes | None
    """The token, or None where there is none."""


def read(connection: Connection, seen: State, most: int) -> News | Beginning:
    """Ask for what has changed.

    Args:
        connection: The database.
        seen: The state that is known.
        most: How many tokens are read whole.

    Returns:
        What has changed since `seen`, or all where that cannot be told.

    Raises:
        psycopg.Error: The database refuses, or is no primary.
        StoreUnavailable: Another server answers than a moment ago.
    """
    rows = connection.all(_POLL, {"seen": seen.tokens})
    tokens, accounts, server, moment, *_ = rows[0]
    state = State(server, tokens, accounts)
    if not _follows(seen, state, rows):
        whole = _load(connection, most)
        begun = Beginning(state, moment, whole, _disabled(connection))
        _check(connection.one(f"SELECT {SERVER}")[0], server)
        return begun
    changed = {token_id: packed for *_, token_id, packed in rows if token_id is not None}
    disabled = _disabled(connection) if accounts != seen.accounts else None
    return News(state, moment, changed, disabled)


def find(connection: Connection, token_id: str, server: str) -> Found:
    """Ask for one token, of the server that the rest was read at.

    Args:
        connection: The database.
        token_id: The ID of a token.
        server: The server that has to answer.

    Returns:
        What it says.

    Raises:
        psycopg.Error: The database refuses, or is no primary.
        StoreUnavailable: Another server answers. The connection is closed.
    """
    there, changed, packed = connection.one(_FIND, [token_id])
    if there != server:
        connection.close()
        _check(there, server)
    return Found(changed or 0, packed if changed else None)


def _follows(seen: State, now: State, rows: Sequence[Any]) -> bool:
    few = len(rows) <= MAX_GAP and now.tokens <= seen.tokens + MAX_GAP
    return now.server == seen.server and now.tokens >= seen.tokens and few


def _load(connection: Connection, most: int) -> Mapping[str, bytes] | None:
    """Return all tokens, or None where there are too many.

    What changes meanwhile is among the next news.
    """
    if connection.one(_COUNT, [most])[0] > most:
        return None
    tokens: dict[str, bytes] = {}
    last = ""
    while True:
        part = connection.all(_LOAD, [last])
        tokens.update(part)
        if len(part) < _PART:
            return tokens
        last = part[-1][0]


def _disabled(connection: Connection) -> frozenset[str]:
    return frozenset(name for (name,) in connection.all(_DISABLED))


def _check(server: str, expected: str) -> None:
    if server != expected:
        raise StoreUnavailable("Another server responded than before. Try again.")

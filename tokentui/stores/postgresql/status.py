"""How a store in a database is, as seen from this host."""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from psycopg.errors import InsufficientPrivilege

from tokentui.core.clock import Clock
from tokentui.core.errors import StoreError, StoreTooNew, StoreUnavailable
from tokentui.stores.postgresql import schema
from tokentui.stores.postgresql.chain_files import ChainFiles
from tokentui.stores.postgresql.connections import Connection, Connections
from tokentui.stores.postgresql.schema import Store
from tokentui.stores.postgresql.url import conninfo_of
from tokentui.stores.status import Counts, Standby, StoreStatus

MOST_SKEW = timedelta(seconds=60)
"""The difference between two clocks from which on it is warned of."""
_SERVER = (
    "SELECT current_setting('server_version'), NOT pg_is_in_recovery(), "
    "current_setting('transaction_read_only') = 'on', CASE WHEN pg_is_in_recovery() "
    "THEN (SELECT received_tli FROM pg_stat_wal_receiver) "
    "ELSE ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::integer END, "
    "current_setting('synchronous_standby_names'), "
    "current_setting('synchronous_commit') IN ('off', 'local'), current_user::text, "
    "clock_timestamp()"
)
_STANDBYS = "SELECT application_name, sync_state FROM pg_stat_replication ORDER BY 1"
_MANAGES = (
    "SELECT has_table_privilege('tokens', 'INSERT') AND has_table_privilege('head', 'UPDATE') "
    "AND has_table_privilege('audit_log', 'INSERT')"
)
_WAITED_FOR = re.compile(r"\s*(?:ANY|FIRST)?\s*(\d+)\s*\(", re.IGNORECASE)
"""The number of standbys that a change waits for, where a list names it."""


class _Server(NamedTuple):
    version: str
    primary: bool
    read_only: bool
    timeline: int | None
    synchronous: str
    unsynchronous: bool
    user: str
    moment: datetime


def status_of(url: str, files: Callable[[str], ChainFiles], clock: Clock) -> StoreStatus:
    """Look at a store.

    Args:
        url: The database. Of several hosts, one that takes changes is asked, or else any.
        files: Return what this host has of the audit log whose key has a fingerprint.
        clock: The present moment.

    Returns:
        How the store is. One of another version of the schema is told of as far as possible.

    Raises:
        StoreError: The database does not answer, or holds no store.
    """
    try:
        return _asked(Connections(url, conninfo_of(url)), files, clock)
    except StoreUnavailable:
        anywhere = conninfo_of(url, target_session_attrs="any")
        return _asked(Connections(url, anywhere), files, clock)


def _asked(
    connections: Connections, files: Callable[[str], ChainFiles], clock: Clock
) -> StoreStatus:
    try:
        return connections.ask(lambda it: _status(it, connections.url, files, clock))
    finally:
        connections.close()


def _status(
    connection: Connection, url: str, files: Callable[[str], ChainFiles], clock: Clock
) -> StoreStatus:
    store = schema.present(schema.read(connection), url)
    before = clock()
    server = _Server(*connection.one(_SERVER))
    skew = server.moment - (before + (clock() - before) / 2)
    chain = files(store.fingerprint)
    obstacles = [*_of_version(store, url), *_of_server(server)]
    if not obstacles:
        obstacles += _of_user(connection, server)
    standbys = [Standby(name=n, sync=_is_sync(s)) for n, s in connection.all(_STANDBYS)]
    obstacles += _of_standbys(server, standbys)
    lacking = _of_key(chain)
    return StoreStatus(
        url=url,
        version=store.version,
        fingerprint=store.fingerprint,
        key=None if lacking else str(chain.folder),
        counts=_counts(connection),
        server=server.version,
        primary=server.primary,
        timeline=server.timeline,
        standbys=tuple(standbys),
        clock_skew=round(skew.total_seconds(), 3),
        warnings=tuple(_of_clock(skew)),
        obstacles=(*obstacles, *lacking),
    )


def _counts(connection: Connection) -> Counts:
    return Counts(
        tokens=_count(connection, "tokens"),
        accounts=_count(connection, "accounts"),
        audit_lines=_count(connection, "audit_log"),
    )


def _count(connection: Connection, table: str) -> int | None:
    try:
        (number,) = connection.one(f"SELECT count(*) FROM {table}")
    except InsufficientPrivilege:
        return None
    return int(number)


def _of_version(store: Store, url: str) -> Iterator[str]:
    try:
        schema.check(store, url)
    except (StoreTooNew, StoreError) as error:
        yield str(error)


def _of_server(server: _Server) -> Iterator[str]:
    if not server.primary:
        yield "This server is a standby. Name the primary, or all servers, in the URL."
    elif server.read_only:
        yield "The database is read-only (default_transaction_read_only)."


def _of_user(connection: Connection, server: _Server) -> Iterator[str]:
    (manages,) = connection.one(_MANAGES)
    if not manages:
        yield (
            f"The database user {server.user} cannot change tokens. Run: GRANT "
            f'tokentui_manager TO "{server.user}"'
        )


def _of_standbys(server: _Server, standbys: Sequence[Standby]) -> Iterator[str]:
    if not server.primary or server.unsynchronous or not server.synchronous:
        return
    waited_for = _WAITED_FOR.match(server.synchronous)
    wanted = int(waited_for[1]) if waited_for else 1
    confirming = sum(each.sync is not False for each in standbys)
    if confirming < wanted:
        yield (
            f"Changes wait for {wanted} synchronous standby{('' if wanted == 1 else 's')}, "
            f"but {confirming} {('is' if confirming == 1 else 'are')} connected."
        )


def _is_sync(state: str | None) -> bool | None:
    return None if state is None else state in ("sync", "quorum")


def _of_key(chain: ChainFiles) -> Sequence[str]:
    try:
        chain.key()
    except StoreError as error:
        return [str(error)]
    return []


def _of_clock(skew: timedelta) -> Iterator[str]:
    if abs(skew) > MOST_SKEW:
        seconds = skew.total_seconds()
        yield (
            f"The clock of the database is {abs(seconds):.0f} seconds "
            f"{('ahead of' if seconds > 0 else 'behind')} the clock of this host. "
            "Synchronize both with NTP."
        )

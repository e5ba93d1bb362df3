"""Changes of the database: each a transaction that locks the head first, so that one follows one.

Whoever has the head reads the present state and writes the next one, and the number of a change
says its place among the commits.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple, TypeVar

import psycopg
from psycopg.errors import LockNotAvailable

from tokentui.core.chain import Link
from tokentui.core.errors import OutcomeUnknown, StoreBusy
from tokentui.stores.postgresql.connections import Connection, Connections

T = TypeVar("T")

# As parts of the transaction: poolers such as pgbouncer give its connection to others afterwards.
_LIMITS = (
    "SELECT set_config('lock_timeout', '3s', true), set_config('statement_timeout', '5s', true), "
    "set_config('idle_in_transaction_session_timeout', %s, true)"
)
_IDLE, _IDLE_EACH = 2000, 1
"""Milliseconds for which a change keeps others waiting while nothing comes from its process: at
least, and more for each record, which that process has to work on."""

_COPY_LIMITS = (
    "SELECT set_config('application_name', %s, true), set_config('lock_timeout', '3s', true), "
    "set_config('statement_timeout', '0', true), "
    "set_config('idle_in_transaction_session_timeout', '0', true)"
)
COPY = "tokentui store copy by "
"""How the name of a session begins that copies the store."""
_LONGEST_NAME = 63
"""The most bytes of the name of a session."""
_COPYING = (
    "SELECT application_name FROM pg_stat_activity "
    "WHERE datname = current_database() AND application_name LIKE %s LIMIT 1"
)


class Head(NamedTuple):
    """The state of the store before a change."""

    tokens: int
    """The number of the last change of tokens."""
    accounts: int
    """The number of the last change of accounts."""
    link: Link
    """The end of the audit log's chain."""


def lock_head(connection: Connection) -> Callable[[], Head]:
    """Keep everybody else from changing the store until the transaction ends.

    Args:
        connection: A connection in a transaction.

    Returns:
        What fetches the head as it is then. What is sent in between comes with the same answer, and
        sees all that others have changed before.

    Raises:
        psycopg.Error: Others had it for too long, or the database is away.
    """
    sent = connection.send("SELECT tokens, accounts, seq, mac FROM head FOR UPDATE")

    def fetch() -> Head:
        connection.settle()
        ((tokens, accounts, seq, mac),) = sent.fetchall()
        return Head(tokens, accounts, Link(seq, mac))

    return fetch


def in_transaction(
    connections: Connections, work: Callable[[Connection], T], records: int = 0
) -> T:
    """Do something as one transaction.

    Args:
        connections: Where a connection comes from.
        work: Is given a connection in a transaction, in pipeline mode: what it sends goes to the
            server with the next answer that it fetches, and all that is left with the COMMIT.
        records: How many records it works on while others wait.

    Returns:
        What `work` returns, once it is committed and a standby that has to confirm that has it.

    Raises:
        OutcomeUnknown: No confirmation came. It may be done, or may be later.
        StoreError: Nothing was changed, because the database refused or cannot be reached.
    """
    return connections.ask(lambda connection: _committed(connection, work, records))


def begin_copy(connection: Connection, who: str) -> None:
    """Begin a transaction in which all of the store is read or written, however long that takes.

    Nobody else changes anything meanwhile; who tries is told `who` copies. Raises `psycopg.Error`.
    """
    connection.execute(b"BEGIN")
    connection.execute(_COPY_LIMITS.encode(), [f"{COPY}{who}"[:_LONGEST_NAME]])
    connection.execute(b"SELECT FROM head, uses_head FOR UPDATE")


def _refuse_copied(connection: Connection) -> None:
    """Raise `StoreBusy` where others wait because the store is being copied."""
    with suppress(psycopg.Error):
        if copying := connection.all(_COPYING, [f"{COPY}%"]):
            raise StoreBusy(
                "The store cannot be changed until it is copied by "
                f"{copying[0][0].removeprefix(COPY)}."
            )


def _committed(connection: Connection, work: Callable[[Connection], T], records: int) -> T:
    ending, connection.unconfirmed = False, False
    try:
        with connection.pipeline():
            connection.send("BEGIN")
            connection.send(_LIMITS, [str(_IDLE + _IDLE_EACH * records)])
            result = work(connection)
            ending = True
            connection.send("COMMIT")
    except BaseException as error:
        if ending and isinstance(error, psycopg.Error) and not _is_rolled_back(connection, error):
            raise OutcomeUnknown from None
        with suppress(psycopg.Error):
            connection.rollback()
        if isinstance(error, LockNotAvailable):
            _refuse_copied(connection)
        raise
    if connection.unconfirmed:
        raise OutcomeUnknown
    return result


def _is_rolled_back(connection: Connection, error: psycopg.Error) -> bool:
    """Say whether an error, up to the answer to COMMIT, means that nothing was changed.

    One that ends the session may come after the COMMIT, before the end of the pipeline.
    """
    return not connection.closed and error.diag.severity_nonlocalized == "ERROR"

"""Connections to one database, shared among threads."""

import logging
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from threading import Lock
from typing import Any, TypeVar
from weakref import finalize

import psycopg
from psycopg.abc import PQGen

from tokentui.core.cancel import NEVER, Cancel
from tokentui.core.errors import StoreUnavailable
from tokentui.core.forks import renew_in_children
from tokentui.stores.postgresql.errors import translated
from tokentui.stores.postgresql.moments import MomentLoader

PATIENCE = 5.0
"""How many seconds a statement may take before it is cancelled."""
_CANCELLATION = 2.0
"""How many seconds the answer to a cancelled statement may take before its connection is closed."""
_GLANCE = 0.02
"""Seconds between two looks at whether the answer is wanted still."""
HASH = "t.hash"
"""How statements read the hash of a token."""
_NOT_READY = 0
_UNCONFIRMED = "01000"
"""SQLSTATE of the warning that a commit was not confirmed by the standbys that have to."""

Values = Mapping[str, Any] | Sequence[Any]
R = TypeVar("R")
T = TypeVar("T")

# It writes about connections that died, which would spoil a screen.
logging.getLogger("psycopg").addHandler(logging.NullHandler())
logging.getLogger("psycopg").propagate = False


class Connection(psycopg.Connection[Any]):
    """A connection on which no statement takes longer than somebody waits for its answer."""

    awaited: Cancel = NEVER
    """Requested once nobody waits for the answer."""
    patience: float = PATIENCE
    opened_in: float = 0.0
    """How many seconds it took to connect."""
    unconfirmed: bool = False
    """Whether the last commit was cut short before a standby had it."""
    hides_hashes: bool = False
    """Whether this user cannot read the hashes of tokens, and so reads none."""

    def wait(self, gen: PQGen[R], interval: float = _GLANCE, timeout: float | None = None) -> R:
        return super().wait(self._watched(gen), min(interval, _GLANCE), timeout)

    def _watched(self, gen: PQGen[R]) -> Generator[Any, Any, R]:
        """Pass on what `gen` waits for; cancel the statement once that is due."""
        began = time.monotonic()
        end, cancelled = began + self.patience, False
        try:
            wanted = next(gen)
            while True:
                ready = yield wanted
                if ready == _NOT_READY:
                    if cancelled and time.monotonic() > end:
                        self.pgconn.finish()
                        raise psycopg.OperationalError("no response")
                    if not cancelled and (self._is_for_nobody(began) or time.monotonic() > end):
                        cancelled, end = True, time.monotonic() + _CANCELLATION
                        with suppress(psycopg.Error):
                            self.cancel_safe(timeout=_CANCELLATION)
                wanted = gen.send(ready)
        except StopIteration as stopped:
            answer: R = stopped.value
            return answer

    def _is_for_nobody(self, began: float) -> bool:
        """Say whether the answer is worth cancelling.

        To cancel takes a connection of its own: where the server is far away, most answers are
        there before.
        """
        return self.awaited.requested and time.monotonic() > began + self.opened_in

    def send(self, statement: str, values: Values = ()) -> psycopg.Cursor[Any]:
        """Send a statement; in a pipeline, its answer comes with the next one that is fetched."""
        if self.hides_hashes:
            statement = statement.replace(HASH, "NULL::text")
        return self.cursor(binary=True).execute(statement.encode(), values)

    def settle(self) -> None:
        """Wait for the answers to all that was sent, and say that nothing else is on its way.

        Else the server takes a pipeline for busy, and no limit of how long a transaction may be
        idle holds.
        """
        if self._pipeline is not None:
            self._pipeline.sync()

    def all(self, statement: str, values: Values = ()) -> list[Any]:
        """Return the rows that a statement gives."""
        return self.send(statement, values).fetchall()

    def one(self, statement: str, values: Values = ()) -> Any:
        """Return the only row that a statement gives."""
        (row,) = self.all(statement, values)
        return row


class Connections:
    """Gives a connection to whoever asks, and keeps it open for the next one.

    Threads share no connection at any moment. `on_open` looks at each new one, and may raise.
    """

    def __init__(
        self, url: str, conninfo: str, on_open: Callable[[Connection], None] = lambda _: None
    ) -> None:
        self.url = url
        self._conninfo = conninfo
        self._on_open = on_open
        self._idle: list[Connection] = []
        # Whoever forgets to close this leaves nothing open.
        finalize(self, _close, self._idle)
        self._given_up: list[Connection] = []
        self.renew()
        renew_in_children(self)

    def renew(self) -> None:
        """Begin without connections: those that a parent process has are its own."""
        self._guard = Lock()
        # Kept, because what ends a connection would end the parent's.
        self._given_up += self._idle
        self._idle.clear()

    def ask(
        self,
        question: Callable[[Connection], T],
        cancel: Cancel = NEVER,
        patience: float | None = None,
    ) -> T:
        """Ask the database a question that changes nothing, or may be asked twice.

        Args:
            question: Is given a connection. Called again, on a new one, where the first one had
                died while nobody used it.
            cancel: Looked at while the answer is awaited.
            patience: How many seconds a statement may take; None for `PATIENCE`.

        Returns:
            What `question` returns.

        Raises:
            Cancelled: `cancel` was requested.
            StoreError: The database cannot be reached, or refuses.
        """
        cancel.check()
        connection, used = self._take()
        try:
            with self._lent(connection, cancel, PATIENCE if patience is None else patience):
                return question(connection)
        except StoreUnavailable:
            cancel.check()
            if not (used and connection.closed):
                raise
        self._forget_idle()
        return self.ask(question, cancel, patience)

    @contextmanager
    def lent(self, patience: float) -> Iterator[Connection]:
        """Give a new connection for the block, which is closed at the end.

        Args:
            patience: How many seconds a statement may take.

        Yields:
            The connection.

        Raises:
            StoreError: The database cannot be reached, or refuses.
        """
        connection = self._opened()
        connection.patience = patience
        try:
            yield connection
        except psycopg.Error as error:
            raise translated(error, self.url) from None
        finally:
            connection.close()

    @contextmanager
    def _lent(self, connection: Connection, cancel: Cancel, patience: float) -> Iterator[None]:
        connection.awaited, connection.patience = cancel, patience
        try:
            yield
        except psycopg.Error as error:
            raise translated(error, self.url) from None
        finally:
            connection.awaited, connection.patience = NEVER, PATIENCE
            self._put_back(connection)

    def _take(self) -> tuple[Connection, bool]:
        """Return a connection, and whether it was used before."""
        with self._guard:
            if self._idle:
                return self._idle.pop(), True
        return self._opened(), False

    def _opened(self) -> Connection:
        began = time.monotonic()
        try:
            connection = Connection.connect(self._conninfo, autocommit=True, prepare_threshold=None)
        except psycopg.Error as error:
            raise translated(error, self.url) from None
        connection.opened_in = time.monotonic() - began
        connection.adapters.register_loader("timestamptz", MomentLoader)
        connection.add_notice_handler(lambda said: _note(connection, said))
        with self._lent_until_open(connection):
            self._on_open(connection)
        return connection

    @contextmanager
    def _lent_until_open(self, connection: Connection) -> Iterator[None]:
        try:
            yield
        except BaseException as error:
            connection.close()
            if isinstance(error, psycopg.Error):
                raise translated(error, self.url) from None
            raise

    def _put_back(self, connection: Connection) -> None:
        idle = psycopg.pq.TransactionStatus.IDLE
        if connection.closed or connection.info.transaction_status != idle:
            connection.close()
            return
        with self._guard:
            self._idle.append(connection)

    def _forget_idle(self) -> None:
        with self._guard:
            idle = self._idle.copy()
            self._idle.clear()
        _close(idle)

    def close(self) -> None:
        """Close all connections that nobody uses. Another question opens one again."""
        self._forget_idle()


def _close(connections: Iterable[Connection]) -> None:
    for connection in connections:
        connection.close()


def _note(connection: Connection, said: psycopg.errors.Diagnostic) -> None:
    if said.severity_nonlocalized == "WARNING" and said.sqlstate == _UNCONFIRMED:
        connection.unconfirmed = True

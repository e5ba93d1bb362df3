"""Failed sign-ins in the database, counted for all machines together."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tokentui.core.attempts import FORGOTTEN_AFTER, REFUSALS, Failures
from tokentui.core.clock import Clock
from tokentui.stores.lock import Lock
from tokentui.stores.postgresql.connections import Connection, Connections
from tokentui.stores.postgresql.token_rows import storable
from tokentui.stores.postgresql.transactions import in_transaction

_LOCK = "LOCK TABLE failures IN SHARE ROW EXCLUSIVE MODE"
_PUT = (
    "INSERT INTO failures (slot, count, last_at) VALUES (%s, %s, %s) "
    "ON CONFLICT (slot) DO UPDATE SET count = excluded.count, last_at = excluded.last_at"
)
_FORGET = "DELETE FROM failures WHERE last_at < %s AND slot NOT LIKE %s"


class AttemptsTable:
    """`SignInAttempts` in one table. `turn` is a file, since a turn is one of this machine."""

    def __init__(self, connections: Connections, turn: Path, clock: Clock) -> None:
        self._connections = connections
        self._turn = Lock(turn)
        self._now = clock

    @contextmanager
    def turn(self) -> Iterator[None]:
        with self._turn.held():
            yield

    def get(self, slots: Collection[str]) -> Mapping[str, Failures]:
        return self._connections.ask(lambda it: _get(it, slots))

    def put(
        self, seen: Mapping[str, Failures | None], changes: Mapping[str, Failures | None]
    ) -> bool:
        return in_transaction(self._connections, lambda it: self._put(it, seen, changes))

    def _put(
        self,
        connection: Connection,
        seen: Mapping[str, Failures | None],
        changes: Mapping[str, Failures | None],
    ) -> bool:
        connection.send(_LOCK)
        known = _get(connection, {*seen, *changes})
        if any(known.get(slot) != each for slot, each in seen.items()):
            return False
        for slot, each in changes.items():
            if each is None:
                connection.send("DELETE FROM failures WHERE slot = %s", [slot])
            else:
                connection.send(_PUT, [slot, each.count, each.last_at])
        connection.send(_FORGET, [self._now() - FORGOTTEN_AFTER, f"{REFUSALS}%"])
        return True


def _get(connection: Connection, slots: Collection[str]) -> Mapping[str, Failures]:
    statement = "SELECT slot, count, last_at FROM failures WHERE slot = ANY(%s)"
    rows = connection.all(statement, [list(filter(storable, slots))])
    return {slot: Failures(count=count, last_at=last_at) for slot, count, last_at in rows}

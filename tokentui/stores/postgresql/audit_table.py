"""The audit log in the database, of the lines that a log in files has."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from tokentui.core import audit, chain
from tokentui.core.audit import EVERYTHING, Actor, Entry, Event, Search
from tokentui.core.batches import sizes
from tokentui.core.cancel import NEVER, Cancel
from tokentui.core.chain import START, Broken, Link
from tokentui.core.clock import Clock
from tokentui.core.errors import AuditLogUnwritable, InvalidInput, StoreError, StoreReadOnly
from tokentui.core.token import name_key
from tokentui.stores.postgresql.chain_files import ChainFiles
from tokentui.stores.postgresql.connections import Connection, Connections
from tokentui.stores.postgresql.token_rows import storable
from tokentui.stores.postgresql.transactions import in_transaction, lock_head

_PART = 1000
"""How many lines are asked for at a time, to be verified."""
_INSERT = (
    "INSERT INTO audit_log (seq, at, account, action, token, name_key, line) "
    "SELECT * FROM unnest(%s::bigint[], %s::timestamptz[], %s::text[], %s::text[], %s::text[], "
    "%s::text[], %s::bytea[])"
)


_LINES = (
    "SELECT seq, line FROM audit_log WHERE seq BETWEEN %(first)s AND %(end)s "
    f"ORDER BY seq LIMIT {_PART}"
)
_COMPARED = (
    ("seq", ">", "after"),
    ("seq", "<", "before"),
    ("account", "=", "account"),
    ("action", "=", "action"),
    ("at", ">=", "since"),
)


class AuditTable:
    """An `AuditLog` over the table of lines.

    Its chain goes on from the head, which whoever writes has locked. The key is not in the
    database, whose administrator could seal a log anew with it; nor is the anchor.
    """

    def __init__(
        self,
        connections: Connections,
        files: ChainFiles,
        actor: Actor,
        clock: Clock,
        *,
        read_only: bool,
    ) -> None:
        self.on_notice: Callable[[str], None] = lambda _: None
        self.copy: Callable[[Sequence[str]], None] = lambda _: None
        self._connections = connections
        self._files = files
        self._actor = actor
        self._now = clock
        self._read_only = read_only

    # -- writing --------------------------------------------------------------------------------

    def record(self, *events: Event) -> None:
        if self._read_only or not events:
            return
        try:
            written = in_transaction(
                self._connections, lambda it: self._recorded(it, events), records=len(events)
            )
            self.finish(written)
        except StoreError as error:
            raise AuditLogUnwritable(str(error)) from None

    def _recorded(self, connection: Connection, events: Sequence[Event]) -> "Written":
        return self.write(connection, lock_head(connection)().link, events)

    def write(
        self,
        connection: Connection,
        last: Link,
        events: Sequence[Event],
        change: str | None = None,
    ) -> "Written":
        """Write events in the transaction of a change.

        Args:
            connection: A connection in a transaction that has locked the head.
            last: The end of the chain, as the head has it.
            events: What is to be said.
            change: The key of the change that they are about.

        Returns:
            What `finish` takes once the transaction is committed.

        Raises:
            psycopg.Error: The database refuses.
            StoreError: The chain's key is not here, or is another one.
        """
        key, moment = self._files.key(), self._now()
        said: list[tuple[Event, str | None]] = [(each, None) for each in self._files.remarks()]
        said += [(event, change) for event in events]
        last = self._files.later(last)
        rows: list[tuple[Any, ...]] = []
        for event, of_change in said:
            entry = chain.entry(last.seq + 1, moment, self._actor, audit.fit(event), of_change)
            line, last = chain.sealed(key, last, entry)
            rows.append(_row(entry, line))
        connection.send(_INSERT, [list(column) for column in zip(*rows, strict=True)])
        connection.send("UPDATE head SET seq = %s, mac = %s", last)
        return Written(last, [line.decode().rstrip() for *_, line in rows])

    def finish(self, written: "Written") -> None:
        """Note what a transaction has written, once it is committed: here, and in the copy."""
        try:
            self._files.note(written.last)
        except (OSError, StoreError) as error:
            self.on_notice(f"The anchor of the audit log was not written. {error}")
        self.copy(written.lines)

    def accept(self, line: int, account: str) -> None:
        if self._read_only:
            raise StoreReadOnly
        chain.check_acceptable(self.verify(), line)
        self.record(chain.acceptance(line, account))

    def rotate(self) -> str | None:
        if not self.version():
            return None
        raise StoreError(
            "An audit log in a database is not rotated. It is kept and backed up with the tokens."
        )

    # -- reading --------------------------------------------------------------------------------

    def version(self) -> Hashable:
        return self._end().seq

    def _end(self) -> Link:
        return Link(*self._connections.ask(lambda it: it.one("SELECT seq, mac FROM head")))

    def newest(
        self, search: Search = EVERYTHING, after: int = 0, cancel: Cancel = NEVER
    ) -> Iterator[Entry]:
        return self._entries(search, after, cancel, latest_first=True)

    def oldest(
        self, search: Search = EVERYTHING, after: int = 0, cancel: Cancel = NEVER
    ) -> Iterator[Entry]:
        return self._entries(search, after, cancel, latest_first=False)

    def _entries(
        self, search: Search, after: int, cancel: Cancel, *, latest_first: bool
    ) -> Iterator[Entry]:
        before: int | None = None
        for size in sizes():
            statement, values = _narrowed(search, after, before, size, latest_first=latest_first)
            found = self._connections.ask(lambda it: it.all(statement, values), cancel)  # noqa: B023
            for seq, line in cancel.checked(found):
                before, after = (seq, after) if latest_first else (before, seq)
                with suppress(ValueError):
                    if search.wants(entry := chain.read(line)):
                        yield entry
            if len(found) < size:
                return

    def warnings(self) -> Sequence[str]:
        return ()

    def verify(self, first: int | None = None) -> Link | Broken:
        end, anchor = self._end(), self._files.anchor.read()
        lines = self._up_to(end.seq, first or 1)
        start = START
        if first is not None:
            start = _believed(next(lines, b""), first)
        key = self._files.key() if end != START else b""
        found = chain.verify(key, lines, anchor, start)
        if isinstance(found, Broken) or found == end:
            if anchor is None and found == end != start:
                what = "may be missing, and later ones too: this machine has no anchor of the log"
                return Broken(end.seq + 1, what, acceptable=True)
            return found
        return Broken(found.seq, "does not match the recorded end of the log")

    def _up_to(self, end: int, first: int) -> Iterator[bytes]:
        """Yield the lines from a number to another one."""
        while first <= end:
            values = {"first": first, "end": end}
            part = self._connections.ask(lambda it: it.all(_LINES, values))  # noqa: B023
            yield from (line for _, line in part)
            if len(part) < _PART:
                return
            first = part[-1][0] + 1


class Written(NamedTuple):
    """What a transaction writes into the log: its end then, and the lines."""

    last: Link
    lines: Sequence[str]


def load(connection: Connection, lines: Iterable[bytes]) -> None:
    """Write the lines of a log into an empty table; raise `psycopg.Error`, and `ValueError`."""
    columns = "seq, at, account, action, token, name_key, line"
    with connection.cursor().copy(f"COPY audit_log ({columns}) FROM STDIN".encode()) as copy:
        for line in lines:
            copy.write_row(_row(chain.read(line), line))


def _row(entry: Entry, line: bytes) -> tuple[Any, ...]:
    name = None if entry.name is None else name_key(entry.name)
    return entry.seq, entry.time, entry.account, entry.action, entry.token, name, line


def _narrowed(
    search: Search, after: int, before: int | None, size: int, *, latest_first: bool
) -> tuple[str, Mapping[str, Any]]:
    """Return the statement for lines that may be wanted; `Search.wants` has the last word."""
    token = search.token
    values = {
        "after": after or None,
        "before": before,
        "account": search.account,
        "action": search.action,
        "since": search.since,
        "ids": [] if token is None else [token, *search.ids],
        "name": None if token is None else name_key(token),
    }
    # Bounds that bind nothing are left out: of a table without statistics, the planner takes two
    # bounds for a narrow range, and would sort all that is in it.
    conditions = [
        f"{column} {comparison} %({name})s"
        for column, comparison, name in _COMPARED
        if values[name] is not None
    ]
    if token is not None:
        conditions.append("(token = ANY(%(ids)s) OR name_key = %(name)s)")
    if not all(storable(each) for each in (search.account, search.action, token) if each):
        conditions.append("false")
    where = f"WHERE {' AND '.join(conditions)} " if conditions else ""
    order = f"ORDER BY seq {'DESC' if latest_first else 'ASC'}"
    return f"SELECT seq, line FROM audit_log {where}{order} LIMIT {size:d}", values


def _believed(line: bytes, number: int) -> Link:
    """Return the number and the MAC that a line claims; raise `InvalidInput` where it is none."""
    with suppress(ValueError):
        if (link := chain.link_of(line)).seq == number:
            return link
    raise InvalidInput(f"The audit log has no entry {number}.")

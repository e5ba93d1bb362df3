"""A backend in memory: the smallest one that keeps the contract, and the model of a new one.

All that is opened over one `Store` sees the same, as processes do that open one URL.
"""

import os
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cached_property, partial
from threading import RLock
from typing import Generic, TypeVar

from msgspec.structs import replace

from tokentui.core import account_change, audit, chain
from tokentui.core import change as token_change
from tokentui.core.account import Account, disabled
from tokentui.core.account_change import AccountEdit, AccountRecords
from tokentui.core.attempts import Failures
from tokentui.core.audit import EVERYTHING, Actor, Entry, Event, Search
from tokentui.core.backend import Capabilities, Change, Committed, Versions
from tokentui.core.cancel import NEVER, Cancel
from tokentui.core.chain import START, Broken, Link
from tokentui.core.change import Restore, TokenChange
from tokentui.core.clock import Clock, utc_now
from tokentui.core.errors import (
    BackupNotFound,
    InvalidInput,
    StoreMended,
    StoreReadOnly,
    TokentuiError,
)
from tokentui.core.lookup import CredentialLookup
from tokentui.core.query import WINDOW, Count, Query, TokenPage, TokenRow
from tokentui.core.records import Edit, NameKey, Needs, Records, held_by
from tokentui.core.repositories import Backup
from tokentui.core.snapshot_lookup import SnapshotLookup
from tokentui.core.summary import Summary, Tally, count_by_owner
from tokentui.core.token import DEFAULT_SOON, Token, name_key
from tokentui.core.usage import Usage
from tokentui.core.window import FIRST, Position, window

_ACTOR = Actor("ada")
Write = Callable[[], None]
T = TypeVar("T")


class Part(Generic[T]):
    """A value, and the number of its version.

    It is replaced rather than changed, so that whoever has read it keeps what it was.
    """

    def __init__(self, value: T) -> None:
        self.value = value
        self.version = 0

    def put(self, value: T) -> None:
        self.value = value
        self.version += 1


class Store:
    """What all openings share."""

    def __init__(self) -> None:
        self.lock = RLock()
        self.turn = RLock()
        self.tokens = Part[Mapping[str, Token]]({})
        self.usage = Part[Mapping[str, Usage]]({})
        self.accounts = Part[Mapping[str, Account | None]]({})
        self.passwords = Part[Mapping[str, str]]({})
        self.attempts = Part[Mapping[str, Failures]]({})
        self.log = Part[Sequence[bytes]](())
        self.log_end = START
        self.log_key = os.urandom(chain.KEY_LENGTH)
        self.done = Part[frozenset[str]](frozenset())
        self.backups = Part[Mapping[str, tuple[Backup, Mapping[str, Token]]]]({})


class MemoryBackend:
    """A `Backend` over a `Store`."""

    def __init__(
        self,
        store: Store,
        *,
        actor: Actor = _ACTOR,
        clock: Clock = utc_now,
        read_only: bool = False,
    ) -> None:
        self.url = "memory:"
        self.read_only = read_only
        self.capabilities = Capabilities()
        self.on_notice: Callable[[str], None] = lambda _: None
        self.tokens = Tokens(store)
        self.usage = Uses(store)
        self.audit = Log(store, actor, clock, read_only=read_only)
        self.accounts = Accounts(store)
        self.attempts = Attempts(store)
        self.backups = Copies(store, clock)
        self._store = store

    @cached_property
    def lookup(self) -> CredentialLookup:
        return SnapshotLookup(self.tokens, self.accounts)

    def commit(self, change: Change, account: str, key: str) -> Committed:
        if self.read_only:
            raise StoreReadOnly
        with self._store.lock:
            if key not in self._store.done.value:
                self._make(change, account, key)
            return self._made(change)

    def _make(self, change: Change, account: str, key: str) -> None:
        try:
            write, events = self._carried_out(change, account)
        except TokentuiError as error:
            failed = [event.failed(error) for event in _tried(change, account)]
            self.audit.record(*failed, change=key)
            raise
        if events:
            self.audit.record(*events, change=key)
            write()
            self._store.done.put(self._store.done.value | {key})

    def _carried_out(self, change: Change, account: str) -> tuple[Write, Sequence[Event]]:
        """Return what writes `change`, and what the audit log says of it: nothing if nothing is."""
        if not isinstance(change, TokenChange):
            edit = account_change.carry_out(change, self._account_records(change.name))
            events = change.events(account, edit) if edit else ()
            return partial(self._write_accounts, edit), list(events)
        if isinstance(change, Restore) and change.instead:
            raise StoreMended(self.url)
        tokens = token_change.carry_out(change, self._records(change.needs()))
        told = token_change.events(change, account, tokens) if tokens else []
        return partial(self._write_tokens, tokens), told

    def _records(self, needs: Needs) -> Records:
        holders: dict[NameKey, list[Token]] = {}
        for token in self._store.tokens.value.values():
            if token.holds_name and held_by(token) in needs.names:
                holders.setdefault(held_by(token), []).append(token)
        return Records(tokens=self.tokens.get_many(needs.ids), holders=holders)

    def _account_records(self, name: str) -> AccountRecords:
        return AccountRecords(
            accounts=self._store.accounts.value, password=self._store.passwords.value.get(name)
        )

    def _write_tokens(self, edit: Edit) -> None:
        written = {token.id: token for token in edit.tokens}
        self._store.tokens.put({**self._store.tokens.value, **written})

    def _write_accounts(self, edit: AccountEdit) -> None:
        accounts, passwords = self._store.accounts, self._store.passwords
        if edit.account is not None:
            accounts.put({**accounts.value, edit.account.name: edit.account})
        if edit.passwords:
            hashes = {**passwords.value, **edit.passwords}
            passwords.put({name: each for name, each in hashes.items() if each is not None})

    def _made(self, change: Change) -> Committed:
        """Return what `change` is about, as it is now."""
        if isinstance(change, TokenChange):
            return Committed(tokens=self.tokens.get_many(change.needs().ids))
        return Committed(account=self._store.accounts.value.get(change.name))

    def versions(self) -> Versions:
        return Versions(
            tokens=self.tokens.version(),
            accounts=self.accounts.version(),
            usage=self.usage.version(),
            audit=self.audit.version(),
        )

    def warnings(self) -> Sequence[str]:
        return ()

    def close(self) -> None:
        self.usage.flush()
        if "lookup" in vars(self):  # it was asked for
            self.lookup.close()


def _tried(change: Change, account: str) -> Sequence[Event]:
    """Return what the audit log says of a change that was refused."""
    if isinstance(change, TokenChange):
        return token_change.events(change, account)
    return list(change.events(account, AccountEdit()))


class Tokens:
    """A `TokenRepository` over the tokens of a store, or over a copy of them."""

    def __init__(self, store: Store, copy: Mapping[str, Token] | None = None) -> None:
        self._store = store
        self._part = store.tokens if copy is None else Part(copy)

    def version(self) -> Hashable:
        return self._part.version

    def snapshot(self) -> Mapping[str, Token]:
        return self._part.value

    def page(
        self,
        query: Query,
        at: Position = FIRST,
        limit: int = WINDOW,
        cancel: Cancel = NEVER,
    ) -> TokenPage:
        cancel.check()
        uses = self._store.usage.value
        found = query.select(self.snapshot().values(), uses)
        numbers = window(found, query, at, limit, uses)
        rows = [self._row(found[number]) for number in numbers]
        return TokenPage(rows=rows, offset=numbers.start, total=Count(len(found)))

    def count(self, query: Query, cancel: Cancel = NEVER) -> int:
        cancel.check()
        return len(query.matching(self.snapshot().values(), self._store.usage.value))

    def summary(
        self,
        now: datetime,
        soon: timedelta = DEFAULT_SOON,
        account: str | None = None,
        cancel: Cancel = NEVER,
    ) -> Summary:
        cancel.check()
        tally = Tally(now, soon, self._store.usage.value)
        tally.add(each for each in self.snapshot().values() if account in (None, each.account))
        return tally.summary()

    def prepare_search(self, cancel: Cancel = NEVER) -> None:
        cancel.check()

    def count_by_owner(self) -> Mapping[str, int]:
        return count_by_owner(self.snapshot().values())

    def scan(self, query: Query, cancel: Cancel = NEVER) -> Iterator[TokenRow]:
        found = query.select(self.snapshot().values(), self._store.usage.value)
        yield from map(self._row, cancel.checked(found))

    def _row(self, token: Token) -> TokenRow:
        closed = disabled(self._store.accounts.value)
        return TokenRow(token, self._store.usage.value.get(token.id), token.account in closed)

    def get_many(self, ids: Collection[str]) -> Mapping[str, Token]:
        tokens = self.snapshot()
        return {each: tokens[each] for each in ids if each in tokens}

    def by_name(self, name: str, owner: str | None = None) -> Sequence[Token]:
        key = name_key(name)
        named = [each for each in self.snapshot().values() if name_key(each.name) == key]
        return [each for each in named if each.holds_name and owner in (None, each.account)]

    def broken(self) -> Mapping[str, bool]:
        return {}

    def warnings(self) -> Sequence[str]:
        return ()


class Uses:
    """A `UsageLog`; what it was told is kept apart until it is written down."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._pending: list[tuple[str, Usage]] = []

    def get_many(self, ids: Collection[str]) -> Mapping[str, Usage]:
        uses = self._store.usage.value
        return {each: uses[each] for each in ids if each in uses}

    def version(self) -> Hashable:
        return self._store.usage.version

    def warnings(self) -> Sequence[str]:
        return ()

    def record(self, token_id: str, moment: datetime, address: str | None = None) -> None:
        with self._store.lock:
            self._pending.append((token_id, Usage(last_used_at=moment, address=address)))

    def flush(self) -> None:
        with self._store.lock:
            pending, self._pending = self._pending, []
            if not pending:
                return
            uses = dict(self._store.usage.value)
            for token_id, use in pending:
                uses[token_id] = _sum(uses[token_id], use) if token_id in uses else use
            self._store.usage.put(uses)


def _sum(earlier: Usage, later: Usage) -> Usage:
    last = later if later.last_used_at >= earlier.last_used_at else earlier
    return replace(last, count=earlier.count + later.count)


class Log:
    """A `AuditLog` of the real lines, with the real chain."""

    def __init__(self, store: Store, actor: Actor, clock: Clock, *, read_only: bool) -> None:
        self.on_notice: Callable[[str], None] = lambda _: None
        self._store = store
        self._actor = actor
        self._now = clock
        self._read_only = read_only

    def record(self, *events: Event, change: str | None = None) -> None:
        if self._read_only:
            return
        with self._store.lock:
            lines, end = [], self._store.log_end
            for event in events:
                told = audit.fit(event)
                entry = chain.entry(end.seq + 1, self._now(), self._actor, told, change)
                line, end = chain.sealed(self._store.log_key, end, entry)
                lines.append(line)
            if lines:
                self._store.log.put((*self._store.log.value, *lines))
                self._store.log_end = end

    def version(self) -> Hashable:
        return self._store.log.version

    def newest(
        self, search: Search = EVERYTHING, after: int = 0, cancel: Cancel = NEVER
    ) -> Iterator[Entry]:
        for line in cancel.checked(reversed(self._store.log.value[after:])):
            if search.wants(entry := chain.read(line)):
                yield entry

    def oldest(
        self, search: Search = EVERYTHING, after: int = 0, cancel: Cancel = NEVER
    ) -> Iterator[Entry]:
        yield from reversed([*self.newest(search, after, cancel)])

    def warnings(self) -> Sequence[str]:
        return ()

    def verify(self, first: int | None = None) -> Link | Broken:
        with self._store.lock:
            lines, end = self._store.log.value, self._store.log_end
        if first is None:
            return chain.verify(self._store.log_key, lines, end)
        if not 0 < first <= len(lines):
            raise InvalidInput(f"The audit log has no entry {first} in the audit log.")
        start = chain.link_of(lines[first - 1])
        return chain.verify(self._store.log_key, lines[first:], end, start)

    def accept(self, line: int, account: str) -> None:
        if self._read_only:
            raise StoreReadOnly
        with self._store.lock:
            found = self.verify()
            if isinstance(found, Link) or not found.acceptable or found.line != line:
                raise InvalidInput("There is nothing to accept.")
            self.record(chain.acceptance(line, account))

    def rotate(self) -> str | None:
        return f"memory, up to line {self._store.log_end.seq}" if self._store.log.value else None


class Accounts:
    """An `AccountRepository`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def version(self) -> Hashable:
        return self._store.accounts.version, self._store.passwords.version

    def list_all(self) -> Mapping[str, Account | None]:
        return self._store.accounts.value

    def warnings(self) -> Sequence[str]:
        return ()

    def hash_of(self, name: str) -> str | None:
        return self._store.passwords.value.get(name)


class Attempts:
    """`SignInAttempts`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @contextmanager
    def turn(self) -> Iterator[None]:
        with self._store.turn:
            yield

    def get(self, slots: Collection[str]) -> Mapping[str, Failures]:
        known = self._store.attempts.value
        return {slot: known[slot] for slot in slots if slot in known}

    def put(
        self, seen: Mapping[str, Failures | None], changes: Mapping[str, Failures | None]
    ) -> bool:
        with self._store.lock:
            known = self._store.attempts.value
            if any(known.get(slot) != each for slot, each in seen.items()):
                return False
            merged = {**known, **changes}
            self._store.attempts.put({slot: each for slot, each in merged.items() if each})
            return True


class Copies:
    """`Backups`: of what is replaced rather than changed, a copy is another reference."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._now = clock

    def listed(self) -> Sequence[Backup]:
        return [backup for backup, _ in self._store.backups.value.values()][::-1]

    def make(self) -> str:
        with self._store.lock:
            copies = self._store.backups
            backup = Backup(name=f"copy-{copies.version}", made_at=self._now(), reason="asked")
            copies.put({**copies.value, backup.name: (backup, self._store.tokens.value)})
        return backup.name

    def open(self, name: str) -> Tokens:
        if name not in self._store.backups.value:
            raise BackupNotFound(name)
        _, tokens = self._store.backups.value[name]
        return Tokens(self._store, tokens)

    def problems(self) -> Iterable[str]:
        return ()

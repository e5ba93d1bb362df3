"""Backends that break the contract of what is found of tokens, each in one way."""

from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from msgspec.structs import replace

from tokentui.core.cancel import NEVER, Cancel
from tokentui.core.query import WINDOW, Count, Query, Sort, TokenPage, TokenRow
from tokentui.core.search import Search
from tokentui.core.summary import Summary
from tokentui.core.token import DEFAULT_SOON, Status, Token, name_key
from tokentui.core.window import FIRST, After, Around, Before, Last, Offset, Position

from ...doubles import memory
from ...doubles.memory import MemoryBackend, Store
from .having import Kind, having


def tokens(kind: type[memory.Tokens]) -> Kind:
    return having(tokens=lambda _, store: kind(store))


class Answering(memory.Tokens):
    """Answers another question than it is asked, or in another way."""

    def page(
        self,
        query: Query,
        at: Position = FIRST,
        limit: int = WINDOW,
        cancel: Cancel = NEVER,
    ) -> TokenPage:
        page = super().page(self.asked(query), self.stands(at), self.takes(limit), cancel)
        return replace(page, rows=[self.told(row) for row in page.rows])

    def scan(self, query: Query, cancel: Cancel = NEVER) -> Iterator[TokenRow]:
        yield from map(self.told, super().scan(self.asked(query), cancel))

    def asked(self, query: Query) -> Query:
        return query

    def stands(self, at: Position) -> Position:
        return at

    def takes(self, limit: int) -> int:
        return limit

    def told(self, row: TokenRow) -> TokenRow:
        return row


def asking(**instead: object) -> Kind:
    """Return a backend that asks for `instead` of what it is asked for."""

    class Asking(Answering):
        def asked(self, query: Query) -> Query:
            return replace(query, **instead)

    return tokens(Asking)


def telling(**instead: object) -> Kind:
    """Return a backend that tells `instead` of what it knows of each token."""

    class Telling(Answering):
        def told(self, row: TokenRow) -> TokenRow:
            return replace(row, **instead)

    return tokens(Telling)


def standing(kind: type[Position], instead: Callable[[Any], Position]) -> Kind:
    """Return a backend that puts one kind of window elsewhere."""

    class Standing(Answering):
        def stands(self, at: Position) -> Position:
            return instead(at) if isinstance(at, kind) else at

    return tokens(Standing)


def unsorted(sort: Sort) -> Kind:
    """Return a backend that does not sort by one of the orders, but by another one."""

    class Unsorted(Answering):
        def asked(self, query: Query) -> Query:
            other = Sort.CREATED if sort is Sort.NAME else Sort.NAME
            return replace(query, sort=other) if query.sort is sort else query

    return tokens(Unsorted)


class Unequal(memory.Tokens):
    def page(self, query: Query, *more: Any) -> TokenPage:
        page = super().page(query, *more)
        if query.sort is Sort.CREATED and len({row.token.created_at for row in page.rows}) == 1:
            return replace(page, rows=page.rows[::-1])
        return page


class FewerThanThereAre(memory.Tokens):
    def page(self, *asked: Any) -> TokenPage:
        page = super().page(*asked)
        return replace(page, total=Count(len(page.rows)))


class WindowsOfOneSize(Answering):
    def takes(self, limit: int) -> int:
        return WINDOW


class IncludesTheRow(memory.Tokens):
    """Begins a window at the row that it comes after."""

    def page(self, query: Query, at: Position = FIRST, *more: Any) -> TokenPage:
        page = super().page(query, at, *more)
        return replace(page, rows=[at.row, *page.rows]) if isinstance(at, After) else page


class NeedsTheRow(memory.Tokens):
    """Has no window after a row that is gone."""

    def page(self, query: Query, at: Position = FIRST, *more: Any) -> TokenPage:
        page = super().page(query, at, *more)
        known = not isinstance(at, After) or at.row in list(self.scan(query))
        return page if known else replace(page, rows=())


class CannotBeCancelled(memory.Tokens):
    def page(
        self, query: Query, at: Position = FIRST, limit: int = WINDOW, _: Cancel = NEVER
    ) -> TokenPage:
        return super().page(query, at, limit)


class ScansOn(memory.Tokens):
    def scan(self, query: Query, _: Cancel = NEVER) -> Iterator[TokenRow]:
        return super().scan(query)


class EmptySnapshot(memory.Tokens):
    def snapshot(self) -> Mapping[str, Token]:
        return {}


class SnapshotOfLiveOnes(memory.Tokens):
    def snapshot(self) -> Mapping[str, Token]:
        return {id_: each for id_, each in super().snapshot().items() if each.revoked_at is None}


class StaleSnapshot(memory.Tokens):
    _kept: Mapping[str, Token] | None = None

    def snapshot(self) -> Mapping[str, Token]:
        self._kept = self._kept or super().snapshot()
        return self._kept


class SnapshotThatChanges(memory.Tokens):
    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._shared: dict[str, Token] = {}

    def snapshot(self) -> Mapping[str, Token]:
        self._shared.update(super().snapshot())
        return self._shared


class StampThatStands(memory.Tokens):
    def version(self) -> Hashable:
        return 1


class RestlessStamp(memory.Tokens):
    _asked = count()

    def version(self) -> Hashable:
        return next(self._asked)


class NamedByCase(memory.Tokens):
    def by_name(self, name: str, owner: str | None = None) -> Sequence[Token]:
        return [each for each in super().by_name(name, owner) if each.name == name]


class NamedByASCII(memory.Tokens):
    def by_name(self, name: str, owner: str | None = None) -> Sequence[Token]:
        return [each for each in super().by_name(name, owner) if each.name.lower() == name.lower()]


class NamedRevoked(memory.Tokens):
    def by_name(self, name: str, owner: str | None = None) -> Sequence[Token]:
        return [each for each in self.snapshot().values() if name_key(each.name) == name_key(name)]


class NamedByAnybody(memory.Tokens):
    def by_name(self, name: str, owner: str | None = None) -> Sequence[Token]:
        return super().by_name(name)


class GetsNoRevoked(memory.Tokens):
    def get_many(self, ids: Collection[str]) -> Mapping[str, Token]:
        found = super().get_many(ids).items()
        return {token_id: each for token_id, each in found if each.revoked_at is None}


class ForgetsAField(memory.Tokens):
    def get_many(self, ids: Collection[str]) -> Mapping[str, Token]:
        found = super().get_many(ids).items()
        return {token_id: replace(each, networks=()) for token_id, each in found}


class ScansAWindow(memory.Tokens):
    def scan(self, query: Query, cancel: Cancel = NEVER) -> Iterator[TokenRow]:
        yield from self.page(query, FIRST, 3, cancel).rows


class ScansInAnyOrder(memory.Tokens):
    def scan(self, query: Query, cancel: Cancel = NEVER) -> Iterator[TokenRow]:
        yield from super().scan(replace(query, sort=Sort.CREATED, descending=False), cancel)


class ScansEverything(memory.Tokens):
    def scan(self, query: Query, cancel: Cancel = NEVER) -> Iterator[TokenRow]:
        yield from super().scan(replace(query, text=""), cancel)


class SummaryOfAll(memory.Tokens):
    def summary(
        self, now: datetime, soon: timedelta = DEFAULT_SOON, _: Any = None, *more: Any
    ) -> Summary:
        return super().summary(now, soon, None, *more)


class StaleSummary(memory.Tokens):
    _kept: Summary | None = None

    def summary(self, *asked: Any, **more: Any) -> Summary:
        self._kept = self._kept or super().summary(*asked, **more)
        return self._kept


class CountsOn(memory.Tokens):
    def summary(self, *asked: Any, **more: Any) -> Summary:
        found = super().summary(*asked, **more)
        return replace(found, all=Count(found.all.value))


class PreparesOn(memory.Tokens):
    def prepare_search(self, _: Cancel = NEVER) -> None:
        """Go on, although nobody waits any more."""


class CountsRevoked(memory.Tokens):
    def count_by_owner(self) -> Mapping[str, int]:
        return Counter(token.account for token in self.snapshot().values())


class Forgetful(MemoryBackend):
    """Keeps what it is told until it is closed."""

    def close(self) -> None:
        self._store.tokens.put({})


TOKENS: dict[str, Kind] = {
    **{f"does not sort by {sort}": unsorted(sort) for sort in Sort},
    "leaves equals in any order": tokens(Unequal),
    "counts the window alone": tokens(FewerThanThereAre),
    "does not look at the account": asking(account=None),
    "does not look at the text": asking(text=""),
    "does not look at the search": asking(search=Search()),
    "shows every status": asking(statuses=frozenset(Status)),
    "does not look at what was saved": asking(never_saved=False),
    "does not look at what was used": asking(never_used=False),
    "does not look at when it was used": asking(idle_since=None),
    "sorts in one direction": asking(descending=False),
    "begins at the first one": standing(Offset, lambda _: FIRST),
    "has windows of one size": tokens(WindowsOfOneSize),
    "does not look around a token": standing(Around, lambda at: Offset(at.start)),
    "always puts the token in the middle": standing(Around, lambda at: Around(at.token_id, 99)),
    "has no end": standing(Last, lambda _: FIRST),
    "begins after no row": standing(After, lambda _: FIRST),
    "ends before no row": standing(Before, lambda _: Last()),
    "ends behind a row": standing(Before, lambda at: After(at.row)),
    "repeats the row before a window": tokens(IncludesTheRow),
    "finds nothing after a row that is gone": tokens(NeedsTheRow),
    "cannot be cancelled": tokens(CannotBeCancelled),
    "scans on for nobody": tokens(ScansOn),
    "tells no use": telling(usage=None),
    "tells of no disabled owner": telling(owner_disabled=False),
    "decides itself what is soon": asking(soon=Query(now=None).soon),  # type: ignore[arg-type]
    "has an empty snapshot": tokens(EmptySnapshot),
    "has a snapshot of live tokens": tokens(SnapshotOfLiveOnes),
    "has a stale snapshot": tokens(StaleSnapshot),
    "has a snapshot that changes": tokens(SnapshotThatChanges),
    "has a stamp that stands still": tokens(StampThatStands),
    "has a stamp that never does": tokens(RestlessStamp),
    "finds names by letter case": tokens(NamedByCase),
    "finds names by the case of ASCII": tokens(NamedByASCII),
    "finds names of revoked tokens": tokens(NamedRevoked),
    "finds names of other owners": tokens(NamedByAnybody),
    "gets no revoked token": tokens(GetsNoRevoked),
    "forgets a field": tokens(ForgetsAField),
    "scans a window": tokens(ScansAWindow),
    "scans in any order": tokens(ScansInAnyOrder),
    "scans everything": tokens(ScansEverything),
    "counts the tokens of all accounts": tokens(SummaryOfAll),
    "has a stale summary": tokens(StaleSummary),
    "calls what it cuts short exact": tokens(CountsOn),
    "goes on to prepare a search that was cancelled": tokens(PreparesOn),
    "counts revoked tokens of owners": tokens(CountsRevoked),
    "forgets tokens once it is closed": Forgetful,
}

"""Tokens in a TinyDB file."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import RLock

import msgspec
from tinydb.table import Table

from tokentui.core.errors import NameTaken, TokenChanged, TokenNotFound
from tokentui.core.store import Page, Query
from tokentui.core.text import printable
from tokentui.core.token import LAST_DAY, Token, end_of_day, name_key
from tokentui.stores.durable import DurableJSON, Stamp, Tables, damaged

_TABLE = "tokens"
# Beyond these, a date cannot be said in every time zone.
_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = end_of_day(LAST_DAY, UTC) + timedelta(days=1)


class TinyDBStore:
    """A `TokenStore` over one TinyDB file, safe among threads and processes.

    The file is read again whenever it is another one than before, and always inside the lock
    that a change holds, so neither an answer nor a change rests on what was true earlier.
    """

    def __init__(self, path: Path) -> None:
        self.on_wait: Callable[[str], None] = lambda _: None
        self._file = DurableJSON(path)
        self._guard = RLock()
        self._index = _Index({}, path)
        self._stamp: Stamp | None = None

    @property
    def location(self) -> str:
        return str(self._file.path)

    def warnings(self) -> Sequence[str]:
        with self._guard:
            return [*self._file.warnings(), *self._current().damage]

    def changed(self) -> Stamp | None:
        return self._file.stamp()

    def find(self, query: Query) -> Page:
        with self._guard:
            tokens = sorted(
                filter(query.matches, self._current().tokens()),
                key=query.rank,
                reverse=query.descending,
            )
        start = _start(tokens, query)
        return Page(tokens=tokens[start : start + query.size], offset=start, total=len(tokens))

    def get(self, token_id: str) -> Token:
        with self._guard:
            return self._current().get(token_id)

    def named(self, name: str) -> Sequence[Token]:
        with self._guard:
            return self._current().named(name)

    def add(self, token: Token) -> None:
        with self._change() as (index, table):
            index.refuse_taken([token])
            index.put(table.insert(msgspec.to_builtins(token)), token)

    def replace(self, token: Token) -> None:
        self.replace_many([token])

    def replace_many(self, tokens: Sequence[Token]) -> None:
        with self._change() as (index, table):
            for token in tokens:
                index.refuse_stale(token)
            index.refuse_taken(tokens)
            fresh = {token.id: msgspec.to_builtins(token) for token in tokens}
            # A document may hold fields of other versions: `update` keeps them.
            table.update(
                lambda document: document.update(fresh[document["id"]]),
                doc_ids=[index.place(token_id) for token_id in fresh],
            )
            for token in tokens:
                index.put(index.place(token.id), token)

    def _current(self) -> "_Index":
        """Return the index of the file as it is now. Call it under the guard."""
        tables = self._file.read()
        if self._stamp is None or self._stamp != self._file.known:
            self._index, self._stamp = _Index(tables, self._file.path), self._file.known
        return self._index

    @contextmanager
    def _change(self) -> Iterator[tuple["_Index", Table]]:
        """Hold the lock over the current content; give its index and its table to be changed.

        The guard is taken within the lock: readers in other threads never wait for processes.

        The table is made anew each time, since it remembers its next id, and without a query
        cache, since it would not notice the changes of others. The index is kept afterwards as
        the one of the file that was written.
        """
        with self._file.lock(self.on_wait), self._guard:
            yield self._current(), Table(self._file, _TABLE, cache_size=0)
            self._stamp = self._file.known


class _Index:
    """The tokens of one content of the file, by id and by name.

    A record that is no token hides none of the others: `damage` says what is wrong with it.
    """

    def __init__(self, tables: Tables, path: Path) -> None:
        self._by_id: dict[str, Token] = {}
        self._places: dict[str, int] = {}
        self._live: dict[str, list[str]] = {}
        self.damage: list[str] = []
        for place, document in tables.get(_TABLE, {}).items():
            if not (place.isdecimal() and place == str(int(place))):
                raise damaged(path, "has a record without a number of its own")
            try:
                self._load(int(place), msgspec.convert(document, Token))
            except ValueError as error:
                self.damage.append(f"Record {place} is left out: {printable(str(error))}.")

    def _load(self, place: int, token: Token) -> None:
        if token.id in self._by_id:
            raise ValueError(f"the id {token.id} stands there twice")
        moments = (token.created_at, token.expires_at, token.saved_at, token.revoked_at)
        if not all(_FIRST <= moment <= _LAST for moment in moments if moment is not None):
            raise ValueError("a date is out of range")
        self.put(place, token)

    def put(self, place: int, token: Token) -> None:
        """Note `token` and where it is kept, in the stead of its previous revision if any."""
        before = self._by_id.get(token.id)
        if before is not None and before.revoked_at is None:
            self._live[name_key(before.name)].remove(before.id)
        self._by_id[token.id] = token
        self._places[token.id] = place
        if token.revoked_at is None:
            self._live.setdefault(name_key(token.name), []).append(token.id)

    def tokens(self) -> Iterator[Token]:
        return iter(self._by_id.values())

    def get(self, token_id: str) -> Token:
        try:
            return self._by_id[token_id]
        except KeyError:
            raise TokenNotFound(token_id) from None

    def named(self, name: str) -> list[Token]:
        return [self._by_id[token_id] for token_id in self._live.get(name_key(name), ())]

    def place(self, token_id: str) -> int:
        """Return where TinyDB keeps the token: its document's number."""
        return self._places[token_id]

    def refuse_stale(self, token: Token) -> None:
        """Raise `TokenChanged` unless `token` is the next revision of the one that is here."""
        current = self.get(token.id)
        if current.revision + 1 != token.revision:
            raise TokenChanged(current)

    def refuse_taken(self, tokens: Sequence[Token]) -> None:
        """Raise `NameTaken` where another token of the account, not revoked, has a name."""
        claimed: set[tuple[str, str]] = set()
        for token in tokens:
            if token.revoked_at is not None:
                continue
            claim = token.account, name_key(token.name)
            others = (t for t in self.named(token.name) if t.id != token.id)
            if claim in claimed or any(other.account == token.account for other in others):
                raise NameTaken(token.name)
            claimed.add(claim)


def _start(tokens: Sequence[Token], query: Query) -> int:
    """Return where the window begins, moved where it would miss the token it is to be around."""
    if query.around is None:
        return query.offset
    place = next((n for n, token in enumerate(tokens) if token.id == query.around), None)
    if place is None or query.offset <= place < query.offset + query.size:
        return query.offset
    return max(0, place - query.size // 2)

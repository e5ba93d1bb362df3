"""The tokens of one content of a file, found by id, by name and by query."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, cast

import msgspec
from msgspec import Raw
from msgspec.structs import replace

from tokentui.core.errors import IdTaken
from tokentui.core.query import Query, Sort, Uses, by_name
from tokentui.core.records import Needs, Records
from tokentui.core.text import printable
from tokentui.core.token import Token, name_key
from tokentui.stores.file.json_parts import Part, Parted
from tokentui.stores.file.slices import in_slices, sorted_in_slices

if TYPE_CHECKING:
    from tokentui.core.cancel import Cancel
    from tokentui.stores.file.haystack import Haystack

_RESULTS_KEPT = 3
_FEW = 4
"""Of so many tokens, it takes as long to look for a word in one as in the joined texts of all."""
_ANY_MOMENT = datetime(1970, 1, 1, tzinfo=UTC)

Holders = Token | tuple[Token, ...]
"""The tokens that hold a name: most often it is one, and no tuple is made for that."""

FileRecords = Mapping[str, Token | Raw]
"""What a file holds, by TinyDB's document ID: a token, or what is none or of another version."""


class Checked:
    """What was found out about a part of the records."""

    __slots__ = ("numbered", "plain")

    def __init__(self, records: FileRecords) -> None:
        self.numbered = _numbered(records)
        self.plain = _plain(records.values())


NOTHING_KNOWN: Mapping[Part, Checked] = MappingProxyType({})


class Index:
    """The tokens of one content of the file, by id and by name.

    A record that is no token hides none of the others: `damage` says what is wrong with it. Tokens
    are kept in tuples: a collection of garbage, which holds the interpreter, goes over every list.
    """

    def __init__(self, records: FileRecords, known: Mapping[Part, Checked] = NOTHING_KNOWN) -> None:
        """Index `records`; `known` are the `parts` of an index of an earlier content."""
        self.damage: list[str] = []
        self.broken: dict[str, bool] = {}
        """Of ids that only damaged records have: whether one of those says that it is revoked."""
        self._odd: dict[str, str | None] = {}
        """The token IDs of records that are not plainly tokens; None for those left out."""
        self._broken_doc_ids: dict[str, list[str]] = {}
        self._holders: dict[str, Holders] | None = None
        self._by_name: tuple[Token, ...] | None = None
        """All tokens by name, which is the order of equals in every other one."""
        self._haystack: Haystack | None = None
        self._results: list[tuple[Query, Uses, tuple[Token, ...]]] = []
        self.parts = {
            part: known.get(part) or Checked(part.records) for part in Parted.of(records).parts
        }
        """What was found out about each part of the records."""
        self.numbered = all(each.numbered for each in self.parts.values())
        self._by_id: dict[str, Token] = {}
        for checked in self.parts.values():
            self._by_id |= checked.plain
        if not self.numbered or len(self._by_id) < len(records):
            self._take_one_by_one(records)

    def _take_one_by_one(self, records: FileRecords) -> None:
        self._by_id = {}
        doc_ids: dict[str, str] = {}
        for doc_id, record in records.items():
            try:
                token = _sound(doc_id, record)
            except ValueError as error:
                self._leave_out(doc_id, record, str(error))
                continue
            earlier = self._by_id.get(token.id)
            twice = f"the token ID {token.id} occurs twice"
            if earlier is not None and (token.revoked_at is None or earlier.revoked_at is not None):
                self._leave_out(doc_id, record, twice)
                continue
            if earlier is not None:
                # Whichever says that it is revoked is believed.
                self._leave_out(doc_ids[token.id], records[doc_ids[token.id]], twice)
            if token is not record:
                self._odd[doc_id] = token.id
            doc_ids[token.id] = doc_id
            self._by_id[token.id] = token
        for token_id in self._by_id:
            self.broken.pop(token_id, None)

    def _leave_out(self, doc_id: str, record: Token | Raw, why: str) -> None:
        self.damage.append(f"Record {printable(doc_id)} was skipped: {printable(why)}.")
        self._odd[doc_id] = None
        remains = _remains(record)
        if remains.id is not None:
            revoked = remains.revoked_at is not None
            self.broken[remains.id] = self.broken.get(remains.id, False) or revoked
            self._broken_doc_ids.setdefault(remains.id, []).append(doc_id)

    def release(self) -> None:
        """Free the tokens one by one: to free all at once holds the interpreter."""
        self._results.clear()
        self._by_name = self._holders = self._haystack = None
        self.parts.clear()
        while self._by_id:
            self._by_id.popitem()

    def doc_ids_of_broken(self, token_id: str) -> list[str]:
        """Return where damaged records are that only a token to be added can mend."""
        return self._broken_doc_ids[token_id] if token_id in self.broken else []

    def put(self, token: Token) -> None:
        """Note `token`, in the stead of its previous revision if any."""
        before = self._by_id.get(token.id)
        self._by_id[token.id] = token
        self._by_name = self._haystack = None
        self._results.clear()
        if self._holders is not None:
            if before is not None and before.holds_name:
                key = name_key(before.name)
                held = _each_of(self._holders[key])
                self._holders[key] = tuple(each for each in held if each != before)
            if token.holds_name:
                _hold(self._holders, token)

    def get_many(self, ids: Iterable[str]) -> dict[str, Token]:
        found = ((each, self._by_id.get(each)) for each in ids)
        return {each: token for each, token in found if token is not None}

    def records(self, needs: Needs) -> Records:
        """Return the tokens that a change needs."""
        holders = {(account, key): self.by_name(key, account) for account, key in needs.names}
        return Records(tokens=self.get_many(needs.ids), holders=holders)

    def snapshot(self) -> dict[str, Token]:
        return self._by_id.copy()

    def by_name(self, name: str, owner: str | None = None) -> list[Token]:
        if self._holders is None:
            self._holders = {}
            for token in self._by_id.values():
                if token.holds_name:
                    _hold(self._holders, token)
        named = _each_of(self._holders.get(name_key(name), ()))
        return [token for token in named if owner in (None, token.account)]

    def select(self, query: Query, uses: Uses, cancel: Cancel) -> Sequence[Token]:
        """Return the whole result, which is kept: the next question is most often about the same.

        `uses` are one and the same object while no more uses are written down.
        """
        whole = replace(query, now=_ANY_MOMENT) if query.timeless else query
        for known, by, found in self._results:
            if known == whole and by is uses:
                return found
        wider = (found for known, by, found in self._results if by is uses and whole.narrows(known))
        found = self._found(query, uses, next(wider, None), cancel)
        self._results = [(whole, uses, found), *self._results[: _RESULTS_KEPT - 1]]
        return found

    def _found(
        self, query: Query, uses: Uses, base: tuple[Token, ...] | None, cancel: Cancel
    ) -> tuple[Token, ...]:
        """Return the result; `base` is that of a query which this one narrows, if one is known."""
        word = query.search.rarest_word
        if base is not None and (word is None or len(base) * _FEW <= len(self._by_id)):
            return _narrowed(base, query, uses, cancel)
        if word is None:
            return _sorted(self._in_order(cancel), query, uses, cancel)
        having = self.haystack(cancel).having(word, cancel)
        if base is None or query.sort is Sort.NAME:
            return _sorted(having, query.without(word), uses, cancel)
        # What is in another order already is not sorted again.
        ids = {token.id for token in having}
        having = [
            token for part in cancel.checked(in_slices(base)) for token in part if token.id in ids
        ]
        return _narrowed(having, query.without(word), uses, cancel)

    def haystack(self, cancel: Cancel) -> Haystack:
        """Return what words are looked for in; raise `Cancelled`."""
        if self._haystack is None:
            from tokentui.stores.file.haystack import Haystack  # only a search for words needs it

            self._haystack = Haystack(self._in_order(cancel), cancel)
        return self._haystack

    def _in_order(self, cancel: Cancel) -> tuple[Token, ...]:
        if self._by_name is None:
            tokens = tuple(self._by_id.values())
            self._by_name = sorted_in_slices(tokens, by_name, cancel)
        return self._by_name

    def doc_ids(self, records: FileRecords, ids: Collection[str]) -> dict[str, str]:
        """Return the document IDs of the tokens of these `ids`, each with its token ID."""
        if not self._odd:  # most often: all are tokens, and this takes a third of the time
            tokens = cast("Mapping[str, Token]", records)
            return {doc_id: token.id for doc_id, token in tokens.items() if token.id in ids}
        found: dict[str, str] = {}
        for doc_id, record in records.items():
            token_id = record.id if isinstance(record, Token) else None
            if doc_id in self._odd:
                token_id = self._odd[doc_id]
            if token_id is not None and token_id in ids:
                found[doc_id] = token_id
        return found

    def refuse_revived(self, tokens: Iterable[Token]) -> None:
        """Raise `IdTaken` where a damaged record says of a valid token that it was revoked."""
        for token in tokens:
            if self.broken.get(token.id, False) and token.revoked_at is None:
                raise IdTaken(token.id)


def _narrowed(
    tokens: Sequence[Token], query: Query, uses: Uses, cancel: Cancel
) -> tuple[Token, ...]:
    """Return what `query` leaves of the result of one that it narrows."""
    narrowed: list[Token] = []
    for part in cancel.checked(in_slices(tokens)):
        narrowed += query.narrow(part, uses)
    return tuple(narrowed)


def _sorted(tokens: Sequence[Token], query: Query, uses: Uses, cancel: Cancel) -> tuple[Token, ...]:
    """Return what `query` wants of tokens that are in the order of their names."""
    matching: list[Token] = []
    for part in cancel.checked(in_slices(tokens)):
        matching += query.matching(part, uses)
    if query.sort is Sort.NAME:
        found = tuple(matching)
    else:
        found = sorted_in_slices(matching, query.rank(uses), cancel)
    return found[::-1] if query.descending else found


def _hold(holders: dict[str, Holders], token: Token) -> None:
    key = name_key(token.name)
    others = holders.get(key)
    holders[key] = token if others is None else (*_each_of(others), token)


def _each_of(holders: Holders) -> tuple[Token, ...]:
    return holders if isinstance(holders, tuple) else (holders,)


def _numbered(records: Collection[str]) -> bool:
    """Say whether each record has a number as TinyDB gives them, so that no two share one."""
    try:
        return list(map(str, map(int, records))) == list(records)
    except ValueError:
        return False


def _plain(records: Collection[Token | Raw]) -> dict[str, Token]:
    """Return the tokens by ID; fewer than there are records where these need a closer look."""
    if not set(map(type, records)) <= {Token}:
        return {}
    tokens = cast("Collection[Token]", records)
    return {} if any(map(Token.flaw, tokens)) else {token.id: token for token in tokens}


def _sound(doc_id: str, record: Token | Raw) -> Token:
    """Return the token in a record, or raise `ValueError` with what is wrong with it."""
    if not _numbered([doc_id]):
        raise ValueError("it has no document number")
    token = record if isinstance(record, Token) else _without_others(record)
    if flaw := token.flaw():
        raise ValueError(flaw)
    return token


def _without_others(record: Raw) -> Token:
    """Return the token in a record, without fields of other versions; raise `ValueError`."""
    fields = msgspec.json.decode(record, type=dict[str, Raw])
    ours = {name: fields[name] for name in Token.__struct_fields__ if name in fields}
    return msgspec.json.decode(msgspec.json.encode(ours), type=Token)


class _Remains(msgspec.Struct):
    """What can be told of a record that is no token."""

    id: str | None = None
    revoked_at: Raw | datetime | None = None


def _remains(record: Token | Raw) -> _Remains:
    if isinstance(record, Token):
        return _Remains(record.id, record.revoked_at)
    try:
        fields = msgspec.json.decode(record, type=dict[str, Raw])
        revoked_at = fields.get("revoked_at", Raw(b"null"))
        token_id = msgspec.json.decode(fields["id"], type=str)
    except (ValueError, KeyError):
        return _Remains()
    return _Remains(token_id, None if bytes(revoked_at) == b"null" else revoked_at)


def merged(record: Token | Raw, token: Token) -> Token | Raw:
    """Return the record that `token` takes the place of; it keeps the fields of other versions."""
    if isinstance(record, Token):
        return token
    fields = msgspec.json.decode(record, type=dict[str, Raw])
    others = {name: fields[name] for name in fields if name not in Token.__struct_fields__}
    return Raw(msgspec.json.encode(msgspec.to_builtins(token) | others))

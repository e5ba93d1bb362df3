"""The tokens of one content of a file, found by id, by name and by query."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import cast

import msgspec
from msgspec import Raw
from msgspec.structs import replace

from tokentui.core.errors import IdTaken, NameTaken, TokenChanged, TokenNotFound
from tokentui.core.query import Page, Query
from tokentui.core.text import printable
from tokentui.core.token import Token, name_key

_RESULTS_KEPT = 3
_ANY_MOMENT = datetime(1970, 1, 1, tzinfo=UTC)

Records = Mapping[str, Token | Raw]
"""What a file holds, by place: a token, or what is none or has fields of another version."""


class Index:
    """The tokens of one content of the file, by id and by name.

    A record that is no token hides none of the others: `damage` says what is wrong with it.
    """

    def __init__(self, records: Records) -> None:
        self.damage: list[str] = []
        self.broken: dict[str, bool] = {}
        """Of ids that only damaged records have: whether one of those says that it is revoked."""
        self._odd: dict[str, str | None] = {}
        """Of records that are not plainly tokens, by place: the id, or None if left out."""
        self._broken_places: dict[str, list[str]] = {}
        self._holders: dict[str, list[Token]] | None = None
        self._results: list[tuple[Query, list[Token]]] = []
        self.numbered = _numbered(records)
        self._by_id = _plain(records) if self.numbered else {}
        if len(self._by_id) < len(records):
            self._take_one_by_one(records)

    def _take_one_by_one(self, records: Records) -> None:
        self._by_id = {}
        places: dict[str, str] = {}
        for place, record in records.items():
            try:
                token = _sound(place, record)
            except ValueError as error:
                self._leave_out(place, record, str(error))
                continue
            earlier = self._by_id.get(token.id)
            twice = f"the id {token.id} stands there twice"
            if earlier is not None and (token.revoked_at is None or earlier.revoked_at is not None):
                self._leave_out(place, record, twice)
                continue
            if earlier is not None:
                # Whichever says that it is revoked is believed.
                self._leave_out(places[token.id], records[places[token.id]], twice)
            if token is not record:
                self._odd[place] = token.id
            places[token.id] = place
            self._by_id[token.id] = token
        for token_id in self._by_id:
            self.broken.pop(token_id, None)

    def _leave_out(self, place: str, record: Token | Raw, why: str) -> None:
        self.damage.append(f"Record {printable(place)} is left out: {printable(why)}.")
        self._odd[place] = None
        remains = _remains(record)
        if remains.id is not None:
            revoked = remains.revoked_at is not None
            self.broken[remains.id] = self.broken.get(remains.id, False) or revoked
            self._broken_places.setdefault(remains.id, []).append(place)

    def places_of_broken(self, token_id: str) -> list[str]:
        """Return where damaged records are that only a token to be added can mend."""
        return self._broken_places[token_id] if token_id in self.broken else []

    def put(self, token: Token) -> None:
        """Note `token`, in the stead of its previous revision if any."""
        before = self._by_id.get(token.id)
        self._by_id[token.id] = token
        self._results.clear()
        if self._holders is not None:
            if before is not None and before.holds_name:
                self._holders[name_key(before.name)].remove(before)
            if token.holds_name:
                self._holders.setdefault(name_key(token.name), []).append(token)

    def get(self, token_id: str) -> Token:
        try:
            return self._by_id[token_id]
        except KeyError:
            raise TokenNotFound(token_id) from None

    def snapshot(self) -> dict[str, Token]:
        return self._by_id.copy()

    def named(self, name: str) -> list[Token]:
        if self._holders is None:
            self._holders = {}
            for token in self._by_id.values():
                if token.holds_name:
                    self._holders.setdefault(name_key(token.name), []).append(token)
        return list(self._holders.get(name_key(name), ()))

    def find(self, query: Query) -> Page:
        """Return a window of the result, which is kept: the next one is most often of the same."""
        found = self._found(query)
        start = self._start(found, query)
        return Page(tokens=found[start : start + query.size], offset=start, total=len(found))

    def _found(self, query: Query) -> list[Token]:
        whole = replace(query, offset=0, size=0, around=None)
        if query.timeless:
            whole = replace(whole, now=_ANY_MOMENT)
        for known, found in self._results:
            if known == whole:
                return found
        wider = (found for known, found in self._results if whole.narrows(known))
        if (base := next(wider, None)) is not None:
            found = whole.narrow(base)
        else:
            found = query.select(self._by_id.values())
        self._results = [(whole, found), *self._results[: _RESULTS_KEPT - 1]]
        return found

    def _start(self, found: list[Token], query: Query) -> int:
        """Return where the window begins, moved where it would miss the token to be around."""
        try:
            place = found.index(self._by_id[query.around or ""])
        except (KeyError, ValueError):
            return query.offset
        if query.offset <= place < query.offset + query.size:
            return query.offset
        return max(0, place - query.size // 2)

    def places(self, records: Records, ids: Collection[str]) -> dict[str, str]:
        """Return where TinyDB keeps the tokens of these ids: the id by the document's number."""
        found: dict[str, str] = {}
        for place, record in records.items():
            token_id = record.id if isinstance(record, Token) else None
            if place in self._odd:
                token_id = self._odd[place]
            if token_id is not None and token_id in ids:
                found[place] = token_id
        return found

    def refuse_known(self, tokens: Iterable[Token]) -> None:
        """Raise `IdTaken` where there is a token of one of these ids, or one that was revoked."""
        seen: set[str] = set()
        for token in tokens:
            revived = self.broken.get(token.id, False) and token.revoked_at is None
            if token.id in self._by_id or token.id in seen or revived:
                raise IdTaken(token.id)
            seen.add(token.id)

    def refuse_stale(self, tokens: Iterable[Token]) -> None:
        """Raise `TokenChanged` unless each is the next revision of the one that is here."""
        for token in tokens:
            current = self.get(token.id)
            if current.revision + 1 != token.revision:
                raise TokenChanged(current)

    def refuse_taken(self, tokens: Sequence[Token]) -> None:
        """Raise `NameTaken` where another token of the account holds a name."""
        together = {token.id for token in tokens}
        claimed: set[tuple[str, str]] = set()
        for token in tokens:
            if not token.holds_name:
                continue
            claim = token.account, name_key(token.name)
            others = (other for other in self.named(token.name) if other.id not in together)
            if claim in claimed or any(other.account == token.account for other in others):
                raise NameTaken(token.name)
            claimed.add(claim)


def _numbered(records: Collection[str]) -> bool:
    """Say whether each record has a number as TinyDB gives them, so that no two share one."""
    try:
        return list(map(str, map(int, records))) == list(records)
    except ValueError:
        return False


def _plain(records: Records) -> dict[str, Token]:
    """Return the tokens by id; fewer than there are records where these need a closer look."""
    if not set(map(type, records.values())) <= {Token}:
        return {}
    tokens = cast("Collection[Token]", records.values())
    return {} if any(map(Token.flaw, tokens)) else {token.id: token for token in tokens}


def _sound(place: str, record: Token | Raw) -> Token:
    """Return the token in a record, or raise `ValueError` with what is wrong with it."""
    if not _numbered([place]):
        raise ValueError("it has no number of its own")
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
    return Raw(msgspec.json.encode(fields | msgspec.to_builtins(token)))

"""Tokens in a TinyDB file."""

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import RLock
from typing import cast

import msgspec
from msgspec import Raw
from msgspec.structs import replace
from tinydb.table import Table

from tokentui import files
from tokentui.core.errors import (
    BackupNotFound,
    IdTaken,
    NameTaken,
    StoreDamaged,
    StoreMended,
    StoreUnreadable,
    TokenChanged,
    TokenNotFound,
    TokentuiError,
)
from tokentui.core.store import Backup, Clock, Page, Query, TokenStore, utc_now
from tokentui.core.text import printable
from tokentui.core.token import Token, name_key
from tokentui.stores.copies import Copies, Reason
from tokentui.stores.durable import (
    LARGEST,
    DurableJSON,
    Stamp,
    reason,
    refusing,
    unreadable,
    unwritable,
)

_TABLE = "tokens"
_ADVICE = "Restore a backup (tokentui backup --list), or name another store with --store."
_ANY_MOMENT = datetime(1970, 1, 1, tzinfo=UTC)

Records = Mapping[str, Token | Raw]
"""What a file holds, by place: a token, or what is none or has fields of another version."""


class TinyDBStore:
    """An `Archive` over one TinyDB file, safe among threads and processes.

    The file is read again whenever it is another one than before, and always inside the lock
    that a change holds, so neither an answer nor a change rests on what was true earlier.
    """

    def __init__(self, path: Path, clock: Clock = utc_now) -> None:
        self.tell: Callable[[str], None] = lambda _: None
        self._copies = Copies(path, clock)
        leftovers = [files.temporary_of(path), self._copies.leftover]
        self._file = DurableJSON(path, _TABLE, Token, leftovers=leftovers, advice=_ADVICE)
        self._guard = RLock()
        self._index = _Index({})
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
            return self._current().find(query)

    def get(self, token_id: str) -> Token:
        with self._guard:
            return self._current().get(token_id)

    def named(self, name: str) -> Sequence[Token]:
        with self._guard:
            return self._current().named(name)

    def add(self, token: Token) -> None:
        self.apply(added=[token])

    def replace(self, token: Token) -> None:
        self.apply(replaced=[token])

    def apply(self, *, added: Sequence[Token] = (), replaced: Sequence[Token] = ()) -> None:
        if not added and not replaced:
            return
        # The guard is taken within the lock: readers in other threads never wait for processes.
        with self._file.lock(self.tell), self._guard:
            index = self._current()
            if added and not index.numbered:
                raise self._file.damaged("has a record without a number of its own")
            index.refuse_known(added)
            index.refuse_stale(replaced)
            index.refuse_taken([*added, *replaced])
            self._keep_copy(added, replaced)
            with self._file.change():
                if added:
                    self._insert(index, added)
                if replaced:
                    self._update(index, replaced)
            # The index of what was written is made from the one before, not from the file.
            for token in (*added, *replaced):
                index.put(token)
            self._stamp = self._file.known

    def backups(self) -> Sequence[Backup]:
        with refusing(unreadable, self._copies.folder):
            copies = self._copies.listed()
        return [
            Backup(name=copy.path.name, made_at=copy.made, reason=copy.reason) for copy in copies
        ]

    def back_up(self) -> str:
        if self._file.stamp() is None:
            raise StoreUnreadable(f"{self.location} does not exist yet: nothing to back up.")
        with self._file.lock(self.tell), self._guard:
            self._current()
            with refusing(unwritable, self._copies.folder):
                return str(self._copies.keep(Reason.ASKED))

    def backup(self, name: str) -> TokenStore:
        return _BackupFile(self._copy(name))

    def backup_problems(self) -> Iterator[str]:
        if self._copies.folder.exists() and not os.access(self._copies.folder, os.W_OK | os.X_OK):
            yield f"No backups can be made in {self._copies.folder}: see who owns it (ls -ld)."
        try:
            backups = self.backups()
        except StoreUnreadable as error:
            yield f"No backups can be made. {error}"
            return
        # What was set aside as damaged is known to be, and was told when it was.
        for each in (each for each in backups if each.reason != Reason.DAMAGED):
            try:
                yield from self.backup(each.name).warnings()
            except TokentuiError as error:
                yield str(error)

    def broken(self) -> Mapping[str, bool]:
        with self._guard:
            return self._current().broken

    def recover(self, name: str, replaced: Sequence[Token]) -> None:
        path = self._copy(name)
        with self._file.lock(self.tell), self._guard:
            self._refuse_sound()
            with refusing(unreadable, path):
                content, _ = files.read_regular(path, LARGEST)
            base = self._file.decode(content)
            index = _Index(base[_TABLE])
            index.refuse_stale(replaced)
            with refusing(unwritable, self._copies.folder):
                self._copies.keep(Reason.DAMAGED)
            with self._file.change(base):
                self._update(index, replaced)

    def _refuse_sound(self) -> None:
        """Raise `StoreMended` unless the store is damaged, still."""
        with suppress(StoreDamaged):
            self._current()
            raise StoreMended(self.location)

    def _copy(self, name: str) -> Path:
        """Return the file that a backup is, whether named as in the list or by its path."""
        path = Path(name) if "/" in name else self._copies.folder / name
        with refusing(unreadable, path):
            if not path.is_file():
                raise BackupNotFound(name)
            return path.resolve()

    def _keep_copy(self, added: Sequence[Token], replaced: Sequence[Token]) -> None:
        """Copy the file before a change, where that is due.

        That no copy can be made hinders neither a change of one token nor a revocation.
        """
        if self._stamp is None:
            return
        several = len(added) + len(replaced) > 1
        mending = any(token.id in self._index.broken for token in added)
        revoking = all(token.revoked_at is not None for token in (*added, *replaced))
        try:
            if self._file.older:
                self._copies.keep(Reason.MIGRATION)
            elif self._copies.lacks_todays():
                self._copies.keep(Reason.DAILY)
            elif several or mending:
                self._copies.keep(Reason.BULK)
        except OSError as error:
            if self._file.older or mending or (several and not revoking):
                raise unwritable(self._copies.folder, error) from None
            self.tell(
                f"No backup was made in {self._copies.folder} before this change: {reason(error)}."
            )

    def _current(self) -> "_Index":
        """Return the index of the file as it is now. Call it under the guard."""
        tables = self._file.read()
        if self._stamp is None or self._stamp != self._file.known:
            self._index = _Index(tables[_TABLE])
            self._stamp = self._file.known
        return self._index

    def _table(self) -> Table:
        # A new one each time, since it remembers its next number, and without a query cache,
        # since that would not notice the changes of others.
        return Table(self._file, _TABLE, cache_size=0)

    def _insert(self, index: "_Index", tokens: Sequence[Token]) -> None:
        records = self._file.read()[_TABLE]
        for token in tokens:
            for place in index.places_of_broken(token.id):
                del records[place]
        numbers = self._table().insert_multiple(map(msgspec.to_builtins, tokens))
        # What TinyDB wrote as dicts is kept as what it is when it is read.
        self._file.read()[_TABLE].update(zip(map(str, numbers), tokens, strict=True))

    def _update(self, index: "_Index", tokens: Sequence[Token]) -> None:
        fresh = {token.id: token for token in tokens}
        records = self._file.read()[_TABLE]
        for place, token_id in index.places(records, fresh).items():
            records[place] = _merged(records[place], fresh[token_id])


class _BackupFile(TinyDBStore):
    """A copy of a store, to be read: nothing beside it is touched."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._file = DurableJSON(path, _TABLE, Token, advice="Choose another backup.")


class _Index:
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
        self._live: dict[str, list[Token]] | None = None
        self._result: tuple[Query, list[Token]] | None = None
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
        self._result = None
        if self._live is not None:
            if before is not None and before.revoked_at is None:
                self._live[name_key(before.name)].remove(before)
            if token.revoked_at is None:
                self._live.setdefault(name_key(token.name), []).append(token)

    def get(self, token_id: str) -> Token:
        try:
            return self._by_id[token_id]
        except KeyError:
            raise TokenNotFound(token_id) from None

    def named(self, name: str) -> list[Token]:
        if self._live is None:
            self._live = {}
            for token in self._by_id.values():
                if token.revoked_at is None:
                    self._live.setdefault(name_key(token.name), []).append(token)
        return list(self._live.get(name_key(name), ()))

    def find(self, query: Query) -> Page:
        """Return a window of the result, which is kept: the next one is most often of the same."""
        whole = replace(query, offset=0, size=0, around=None)
        if query.timeless:
            whole = replace(whole, now=_ANY_MOMENT)
        if self._result is None or self._result[0] != whole:
            self._result = whole, query.select(self._by_id.values())
        found = self._result[1]
        start = self._start(found, query)
        return Page(tokens=found[start : start + query.size], offset=start, total=len(found))

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
        """Raise `NameTaken` where another token of the account, not revoked, has a name."""
        together = {token.id for token in tokens}
        claimed: set[tuple[str, str]] = set()
        for token in tokens:
            if token.revoked_at is not None:
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


def _merged(record: Token | Raw, token: Token) -> Token | Raw:
    """Return the record that `token` takes the place of; it keeps the fields of other versions."""
    if isinstance(record, Token):
        return token
    fields = msgspec.json.decode(record, type=dict[str, Raw])
    return Raw(msgspec.json.encode(fields | msgspec.to_builtins(token)))

"""Tokens in a TinyDB file."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import RLock

import msgspec
from tinydb.table import Table

from tokentui import files
from tokentui.core.errors import (
    BackupNotFound,
    StoreDamaged,
    StoreMended,
    StoreReadOnly,
    StoreUnreadable,
    TokentuiError,
)
from tokentui.core.query import Page, Query
from tokentui.core.store import Backup, Clock, TokenStore, nothing, utc_now
from tokentui.core.token import Token
from tokentui.stores.copies import Copies, Reason
from tokentui.stores.durable import LARGEST, DurableJSON, Stamp
from tokentui.stores.index import Index, merged
from tokentui.stores.refusals import reason, refusing, unreadable, unwritable

_TABLE = "tokens"
_ADVICE = "Restore a backup (tokentui backup --list), or name another store with --store."


class TinyDBStore:
    """An `Archive` over one TinyDB file, safe among threads and processes.

    The file is read again whenever it is another one than before, and always inside the lock
    that a change holds, so neither an answer nor a change rests on what was true earlier.
    """

    def __init__(self, path: Path, clock: Clock = utc_now, *, read_only: bool = False) -> None:
        self.tell: Callable[[str], None] = lambda _: None
        self.read_only = read_only
        self._copies = Copies(path, clock)
        leftovers = [] if read_only else [files.temporary_of(path), self._copies.leftover]
        self._file = DurableJSON(path, _TABLE, Token, leftovers=leftovers, advice=_ADVICE)
        self._guard = RLock()
        self._index = Index({})
        self._stamp: Stamp | None = None

    @property
    def location(self) -> str:
        return str(self._file.path)

    def warnings(self) -> Sequence[str]:
        with self._guard:
            obstacles = [] if self.read_only else self._file.obstacles()
            return [*self._file.warnings(), *obstacles, *self._current().damage]

    def changed(self) -> Stamp | None:
        return self._file.stamp()

    def find(self, query: Query) -> Page:
        with self._guard:
            return self._current().find(query)

    def get(self, token_id: str) -> Token:
        with self._guard:
            return self._current().get(token_id)

    def snapshot(self) -> Mapping[str, Token]:
        with self._guard:
            return self._current().snapshot()

    def named(self, name: str) -> Sequence[Token]:
        with self._guard:
            return self._current().named(name)

    def apply(
        self,
        *,
        added: Sequence[Token] = (),
        replaced: Sequence[Token] = (),
        note: Callable[[], None] = nothing,
    ) -> None:
        if not added and not replaced:
            return
        with self._changing():
            index = self._current()
            if added and not index.numbered:
                raise self._file.damaged("has a record without a number of its own")
            index.refuse_known(added)
            index.refuse_stale(replaced)
            index.refuse_taken([*added, *replaced])
            self._keep_copy(added, replaced)
            note()
            with self._file.change():
                if added:
                    self._insert(index, added)
                if replaced:
                    self._update(index, replaced)
            # The index of what was written is made from the one before, not from the file.
            for token in (*added, *replaced):
                index.put(token)
            # Where records are broken, some may be no longer.
            self._stamp = None if index.broken else self._file.known

    def backups(self) -> Sequence[Backup]:
        with refusing(unreadable, self._copies.folder):
            copies = self._copies.listed()
        return [
            Backup(name=copy.path.name, made_at=copy.made, reason=copy.reason) for copy in copies
        ]

    def back_up(self) -> str:
        if self._file.stamp() is None:
            raise StoreUnreadable(f"{self.location} does not exist yet: nothing to back up.")
        with self._changing():
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

    def recover(
        self, name: str, replaced: Sequence[Token], note: Callable[[], None] = nothing
    ) -> None:
        path = self._copy(name)
        with self._changing():
            self._refuse_sound()
            with refusing(unreadable, path):
                content, _ = files.read_regular(path, LARGEST)
            base = self._file.decode(content)
            index = Index(base[_TABLE])
            index.refuse_stale(replaced)
            with refusing(unwritable, self._copies.folder):
                self._copies.keep(Reason.DAMAGED)
            note()
            with self._file.change(base):
                self._update(index, replaced)

    @contextmanager
    def _changing(self) -> Iterator[None]:
        if self.read_only:
            raise StoreReadOnly
        # The guard is taken within the lock: readers in other threads never wait for processes.
        with self._file.lock(self.tell), self._guard:
            yield

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
        # A rotation adds one and replaces one: it is the change of one token.
        several = max(len(added), len(replaced)) > 1
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

    def _current(self) -> Index:
        """Return the index of the file as it is now. Call it under the guard."""
        tables = self._file.read()
        if self._stamp is None or self._stamp != self._file.known:
            self._index = Index(tables[_TABLE])
            self._stamp = self._file.known
        return self._index

    def _table(self) -> Table:
        # A new one each time, since it remembers its next number, and without a query cache,
        # since that would not notice the changes of others.
        return Table(self._file, _TABLE, cache_size=0)

    def _insert(self, index: Index, tokens: Sequence[Token]) -> None:
        records = self._file.read()[_TABLE]
        for token in tokens:
            for place in index.places_of_broken(token.id):
                del records[place]
        numbers = self._table().insert_multiple(map(msgspec.to_builtins, tokens))
        # What TinyDB wrote as dicts is kept as what it is when it is read.
        self._file.read()[_TABLE].update(zip(map(str, numbers), tokens, strict=True))

    def _update(self, index: Index, tokens: Sequence[Token]) -> None:
        fresh = {token.id: token for token in tokens}
        records = self._file.read()[_TABLE]
        for place, token_id in index.places(records, fresh).items():
            records[place] = merged(records[place], fresh[token_id])


class _BackupFile(TinyDBStore):
    """A copy of a store, to be read: nothing beside it is touched."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, read_only=True)
        self._file = DurableJSON(path, _TABLE, Token, advice="Choose another backup.")

"""Tokens in a TinyDB file."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from functools import partial
from threading import RLock
from typing import TYPE_CHECKING

import msgspec

from tokentui import files
from tokentui.core.cancel import NEVER, Cancel
from tokentui.core.clock import Clock, utc_now
from tokentui.core.errors import (
    StoreDamaged,
    StoreMended,
    StoreReadOnly,
)
from tokentui.core.forks import renew_in_children
from tokentui.core.query import NO_USES, WINDOW, Count, Query, Sort, TokenPage, TokenRow, Uses
from tokentui.core.rows import if_readable, joined
from tokentui.core.token import DEFAULT_SOON, Token
from tokentui.core.window import FIRST, Position, window
from tokentui.stores.file.backups import Copies, Reason
from tokentui.stores.file.durable import LARGEST, DurableJSON
from tokentui.stores.file.index import Index, merged
from tokentui.stores.file.slices import in_slices
from tokentui.stores.file.write_ahead import NOTHING_AHEAD, WriteAhead
from tokentui.stores.lock import once_free
from tokentui.stores.os_errors import reason, refusing, unreadable, unwritable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from datetime import datetime, timedelta
    from pathlib import Path

    from tokentui.core.change import Restore
    from tokentui.core.records import Needs, Records
    from tokentui.core.repositories import TokenRepository
    from tokentui.core.summary import Summary
    from tokentui.stores.file.accounts import AccountFiles
    from tokentui.stores.file.stamp import Stamp
    from tokentui.stores.file.usage import UsageFile

_TABLE = "tokens"
_ADVICE = "Restore a backup (tokentui backup --list), or name another store with --store."


class TinyDBStore:
    """A `TokenRepository` over one TinyDB file, safe among threads and processes.

    The file is read again whenever it is another one than before, and always inside the lock
    that a change holds, so neither an answer nor a change rests on what was true earlier. What is
    told of the tokens besides is in `usage` and `accounts`.
    """

    def __init__(
        self,
        path: Path,
        usage: UsageFile,
        accounts: AccountFiles,
        clock: Clock = utc_now,
        *,
        read_only: bool = False,
    ) -> None:
        self._usage = usage
        self._accounts = accounts
        self.read_only = read_only
        self.path = path
        self.copies = Copies(path, clock)
        leftovers = [] if read_only else [files.temporary_of(path), self.copies.leftover]
        self._file = DurableJSON(path, _TABLE, Token, leftovers=leftovers, advice=_ADVICE)
        self._index = Index({})
        self._stamp: Stamp | None = None
        self.renew()
        renew_in_children(self)

    def renew(self) -> None:
        self._guard = RLock()

    @property
    def on_notice(self) -> Callable[[str], None]:
        return self._file.on_notice

    @on_notice.setter
    def on_notice(self, call: Callable[[str], None]) -> None:
        self._file.on_notice = call

    def warnings(self) -> Sequence[str]:
        with self._guard:
            read_only_reasons = [] if self.read_only else self._file.read_only_reasons()
            return [*self._file.warnings(), *read_only_reasons, *self._current().damage]

    def damage(self) -> Sequence[str]:
        """Return what is wrong with records that are left out, a sentence each."""
        with self._guard:
            return self._current().damage

    def version(self) -> Stamp | None:
        return self._file.stamp()

    def page(
        self,
        query: Query,
        at: Position = FIRST,
        limit: int = WINDOW,
        cancel: Cancel = NEVER,
    ) -> TokenPage:
        found, uses = self._select(query, cancel)
        numbers = window(found, query, at, limit, uses)
        rows = joined(found[numbers.start : numbers.stop], self._usage, self._accounts)
        return TokenPage(rows=rows, offset=numbers.start, total=Count(len(found)))

    def count(self, query: Query, cancel: Cancel = NEVER) -> int:
        found, _ = self._select(query, cancel)
        return len(found)

    def scan(self, query: Query, cancel: Cancel = NEVER) -> Iterator[TokenRow]:
        found, _ = self._select(query, cancel)
        for tokens in cancel.checked(in_slices(found)):
            yield from joined([*tokens], self._usage, self._accounts)

    def prepare_search(self, cancel: Cancel = NEVER) -> None:
        with self._guard:
            self._current().haystack(cancel).join(cancel)

    def summary(
        self,
        now: datetime,
        soon: timedelta = DEFAULT_SOON,
        account: str | None = None,
        cancel: Cancel = NEVER,
    ) -> Summary:
        from tokentui.core.summary import Tally  # most commands count nothing

        uses: Uses | None = None
        with if_readable():
            uses = self._usage.list_all()
        tally = Tally(now, soon, uses)
        tokens: Collection[Token] = self.snapshot().values()
        if account is not None:
            tokens = [token for token in tokens if token.account == account]
        for part in cancel.checked(in_slices(tokens)):
            tally.add(part)
        return tally.summary()

    def count_by_owner(self) -> Mapping[str, int]:
        from tokentui.core.summary import count_by_owner  # most commands count nothing

        return count_by_owner(self.snapshot().values())

    def _select(self, query: Query, cancel: Cancel) -> tuple[Sequence[Token], Uses]:
        """Return the whole result of `query`, and the uses by which it was found."""
        uses = NO_USES
        if query.by_use:
            uses = self._usage.list_all()
        elif query.sort is Sort.USED:
            with if_readable():
                uses = self._usage.list_all()
        with self._guard:
            return self._current().select(query, uses, cancel), uses

    def get_many(self, ids: Collection[str]) -> Mapping[str, Token]:
        with self._guard:
            return self._current().get_many(ids)

    def snapshot(self) -> Mapping[str, Token]:
        with self._guard:
            return self._current().snapshot()

    def by_name(self, name: str, owner: str | None = None) -> Sequence[Token]:
        with self._guard:
            return self._current().by_name(name, owner)

    def copy(self, path: Path) -> TokenRepository:
        """Return the tokens in a copy of the file, each with what is told of it today."""
        return _BackupFile(path, self._usage, self._accounts)

    # -- changes --------------------------------------------------------------------------------

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Keep everybody else from changing the file for the block; raise `StoreReadOnly`."""
        if self.read_only:
            raise StoreReadOnly
        # The guard is taken within the lock: readers in other threads never wait for processes.
        with self._file.lock(), self._guard:
            yield

    def has(self, key: str) -> bool:
        """Say whether the change of this key was made here. Call it within `changing`."""
        return key in self._file.keys

    def surely_lacks(self, key: str, at: datetime) -> bool:
        """Say whether no such change was made here; see `DurableJSON.surely_lacks`."""
        return self._file.surely_lacks(key, at)

    def records(self, needs: Needs) -> Records:
        """Return what a change needs. Call it within `changing`."""
        return self._current().records(needs)

    def apply(
        self,
        *,
        added: Sequence[Token] = (),
        replaced: Sequence[Token] = (),
        key: str | None = None,
        ahead: WriteAhead = NOTHING_AHEAD,
    ) -> None:
        """Add new tokens and put others where their previous revisions are; all of them, or none.

        They are what `change.carry_out` makes of `records`. `key` and `ahead` are as in
        `DurableJSON.change`. Raises `IdTaken` where only a damaged record tells that a token of
        this id was revoked.
        """
        if not added and not replaced:
            return
        with self.changing():
            index = self._current()
            if added and not index.numbered:
                raise self._file.damaged("has a record without a document number")
            index.refuse_revived(added)
            self._keep_copy(added, replaced)
            with self._file.change(key=key, ahead=ahead):
                if added:
                    self._insert(index, added)
                if replaced:
                    self._update(index, replaced)
            # The index of what was written is made from the one before, not from the file.
            for token in (*added, *replaced):
                index.put(token)
            # Where records are broken, some may be no longer.
            self._stamp = None if index.broken else self._file.known

    def broken(self) -> Mapping[str, bool]:
        with self._guard:
            return self._current().broken

    def recover(
        self,
        path: Path,
        change: Restore,
        *,
        key: str | None = None,
        ahead: WriteAhead = NOTHING_AHEAD,
    ) -> None:
        """Put the copy `path`, with `change` made in it, in the place of a file that is damaged.

        The damaged one is kept among the backups. Names that the copy itself has twice hinder
        nothing. Raises `StoreMended` where the file is sound again, and what `change.edit` does.
        """
        with self.changing():
            self._refuse_sound()
            with refusing(unreadable, path):
                content, _ = files.read_regular(path, LARGEST)
            base = self._file.decode(content)
            index = Index(base[_TABLE])
            edit = change.edit(index.records(change.needs()))
            with refusing(unwritable, self.copies.folder):
                self.copies.keep(Reason.DAMAGED)
            with self._file.change(base, key=key, ahead=ahead):
                self._update(index, edit.replaced)

    def _refuse_sound(self) -> None:
        """Raise `StoreMended` unless the store is damaged, still."""
        with suppress(StoreDamaged):
            self._current()
            raise StoreMended(str(self.path))

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
                self.copies.keep(Reason.MIGRATION)
            elif self.copies.lacks_todays():
                self.copies.keep(Reason.DAILY)
            elif several or mending:
                self.copies.keep(Reason.BULK)
        except OSError as error:
            if self._file.older or mending or (several and not revoking):
                raise unwritable(self.copies.folder, error) from None
            why = f"No backup was made in {self.copies.folder} before this change: {reason(error)}."
            once_free(partial(self.on_notice, why))

    def check_readable(self) -> None:
        """Raise `StoreError` where the file cannot be read."""
        self._current()

    def _current(self) -> Index:
        """Return the index of the file as it is now. Call it under the guard."""
        tables = self._file.read()
        if self._stamp is None or self._stamp != self._file.known:
            before, self._index = self._index, Index(tables[_TABLE], self._index.parts)
            self._stamp = self._file.known
            before.release()
        return self._index

    def _insert(self, index: Index, tokens: Sequence[Token]) -> None:
        from tokentui.stores.file.numbering import inserted  # slow to load

        records = self._file.read()[_TABLE]
        for token in tokens:
            for doc_id in index.doc_ids_of_broken(token.id):
                del records[doc_id]
        numbers = inserted(self._file, _TABLE, map(msgspec.to_builtins, tokens))
        # What TinyDB wrote as dicts is kept as what it is when it is read.
        self._file.read()[_TABLE].update(zip(map(str, numbers), tokens, strict=True))

    def _update(self, index: Index, tokens: Sequence[Token]) -> None:
        fresh = {token.id: token for token in tokens}
        records = self._file.read()[_TABLE]
        for doc_id, token_id in index.doc_ids(records, fresh).items():
            records[doc_id] = merged(records[doc_id], fresh[token_id])


class _BackupFile(TinyDBStore):
    """A copy of a store, to be read: nothing beside it is touched."""

    def __init__(self, path: Path, usage: UsageFile, accounts: AccountFiles) -> None:
        super().__init__(path, usage, accounts, read_only=True)
        self._file = DurableJSON(path, _TABLE, Token, advice="Choose another backup.")

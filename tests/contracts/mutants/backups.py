"""Backends that break the contract of backups, each in one way."""

from collections.abc import Sequence

from msgspec.structs import replace

from tokentui.core.backend import Change, Committed
from tokentui.core.change import Restore
from tokentui.core.clock import utc_now
from tokentui.core.errors import BackupNotFound
from tokentui.core.repositories import Backup

from ...doubles import memory
from ...doubles.memory import MemoryBackend
from .having import Kind, having


def backups(kind: type[memory.Copies]) -> Kind:
    return having(backups=lambda _, store: kind(store, utc_now))


class CopiesThatChange(memory.Copies):
    def open(self, name: str) -> memory.Tokens:
        super().open(name)
        return memory.Tokens(self._store)


class OldestCopyFirst(memory.Copies):
    def listed(self) -> Sequence[Backup]:
        return super().listed()[::-1]


class OneCopy(memory.Copies):
    def listed(self) -> Sequence[Backup]:
        return super().listed()[:1]


class EmptyCopies(memory.Copies):
    def open(self, name: str) -> memory.Tokens:
        try:
            return super().open(name)
        except BackupNotFound:
            return memory.Tokens(self._store, {})


class CopiesThatAreChanges(memory.Copies):
    def make(self) -> str:
        self._store.tokens.put(self._store.tokens.value)
        return super().make()


class CopiesOfLiveOnes(memory.Copies):
    def open(self, name: str) -> memory.Tokens:
        tokens = super().open(name).snapshot()
        live = {each: token for each, token in tokens.items() if token.revoked_at is None}
        return memory.Tokens(self._store, live)


class RestoresInAnyCase(MemoryBackend):
    def commit(self, change: Change, account: str, key: str) -> Committed:
        if isinstance(change, Restore) and change.instead:
            self._store.tokens.put(self.backups.open(change.name).snapshot())
            change = replace(change, instead=False)
        return super().commit(change, account, key)


BACKUPS: dict[str, Kind] = {
    "has copies that change": backups(CopiesThatChange),
    "lists the oldest copy first": backups(OldestCopyFirst),
    "lists one copy": backups(OneCopy),
    "has empty copies": backups(EmptyCopies),
    "changes the tokens for a copy": backups(CopiesThatAreChanges),
    "copies live tokens": backups(CopiesOfLiveOnes),
    "restores in any case": RestoresInAnyCase,
}

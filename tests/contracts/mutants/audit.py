"""Backends that break the contract of the audit log, each in one way."""

from collections.abc import Hashable, Iterator
from typing import Any
from unittest import mock

from msgspec.structs import replace

from tokentui.core import chain
from tokentui.core.audit import EVERYTHING, Entry, Event, Search
from tokentui.core.cancel import NEVER, Cancel
from tokentui.core.chain import Broken, Link
from tokentui.core.clock import utc_now

from ...doubles import memory
from ...doubles.memory import MemoryBackend, Store
from .having import Kind, having


def log(kind: type[memory.Log]) -> Kind:
    def made(backend: MemoryBackend, store: Store) -> memory.Log:
        return kind(store, memory._ACTOR, utc_now, read_only=backend.read_only)

    return having(audit=made)


class OldestFirst(memory.Log):
    def newest(
        self, search: Search = EVERYTHING, after: int = 0, cancel: Cancel = NEVER
    ) -> Iterator[Entry]:
        yield from reversed(list(super().newest(search, after)))


class NewestFirst(memory.Log):
    def oldest(
        self, search: Search = EVERYTHING, after: int = 0, cancel: Cancel = NEVER
    ) -> Iterator[Entry]:
        return self.newest(search, after, cancel)


class FindsEverything(memory.Log):
    def newest(
        self, search: Search = EVERYTHING, after: int = 0, cancel: Cancel = NEVER
    ) -> Iterator[Entry]:
        return super().newest(after=after)


def ignoring(**instead: object) -> Kind:
    """Return a backend whose log does not look at a part of a search."""

    class Ignoring(memory.Log):
        def newest(
            self, search: Search = EVERYTHING, after: int = 0, cancel: Cancel = NEVER
        ) -> Iterator[Entry]:
            return super().newest(replace(search, **instead), after)

    return log(Ignoring)


class FindsKnownOnes(memory.Log):
    def newest(
        self, search: Search = EVERYTHING, after: int = 0, cancel: Cancel = NEVER
    ) -> Iterator[Entry]:
        return super().newest(search)


class SealsNothing(memory.Log):
    def record(self, *events: Event, change: str | None = None) -> None:
        super().record(*events, change=change)
        self._store.log_end = Link(self._store.log_end.seq, bytes(32))


class LosesTheEnd(memory.Log):
    def record(self, *events: Event, change: str | None = None) -> None:
        super().record(*events, change=change)
        self._store.log.value = self._store.log.value[: -len(events) + 1 or None]


class WritesWhatIsNoText(memory.Log):
    def record(self, *events: Event, change: str | None = None) -> None:
        with mock.patch("tokentui.core.audit.fit", lambda event: event):
            super().record(*events, change=change)


class FindsAllWhole(memory.Log):
    def verify(self, first: int | None = None) -> Link | Broken:
        return self._store.log_end


class AcceptsAnything(memory.Log):
    def accept(self, line: int, account: str) -> None:
        self.record(chain.acceptance(line, account))


class AcceptsNothing(memory.Log):
    def accept(self, line: int, account: str) -> None:
        super().accept(line, account)
        self._store.log.put(self._store.log.value[:-1])


class WritesForReaders(memory.Log):
    def __init__(self, *more: Any, read_only: bool) -> None:
        super().__init__(*more, read_only=False)


class MovesNoLogVersion(memory.Log):
    def version(self) -> Hashable:
        return 0


class RotatesAway(memory.Log):
    def rotate(self) -> str | None:
        where = super().rotate()
        self._store.log.put(())
        return where


class BeginsAnew(memory.Log):
    def rotate(self) -> str | None:
        where = super().rotate()
        self._store.log.put(())
        self._store.log_end = chain.START
        return where


AUDIT: dict[str, Kind] = {
    "finds the oldest first": log(OldestFirst),
    "finds the newest first": log(NewestFirst),
    "finds everything": log(FindsEverything),
    "does not look at who did it": ignoring(account=None),
    "does not look at what was done": ignoring(action=None),
    "does not look at the token": ignoring(token=None),
    "does not look at other ids": ignoring(ids=frozenset()),
    "does not look at the moment": ignoring(since=None),
    "does not look at the words": ignoring(text=""),
    "finds what is known": log(FindsKnownOnes),
    "seals nothing": log(SealsNothing),
    "loses the end": log(LosesTheEnd),
    "writes what is no text": log(WritesWhatIsNoText),
    "finds all whole": log(FindsAllWhole),
    "accepts anything": log(AcceptsAnything),
    "accepts nothing": log(AcceptsNothing),
    "writes for readers": log(WritesForReaders),
    "moves no version of the log": log(MovesNoLogVersion),
    "loses what is rotated": log(RotatesAway),
    "begins anew once it is rotated": log(BeginsAnew),
}

"""Backends that break the contract of uses, each in one way."""

from collections.abc import Hashable
from datetime import datetime

from ...doubles import memory
from ...doubles.memory import MemoryBackend, Store
from .having import Kind, having


def usage(kind: type[memory.Uses]) -> Kind:
    return having(usage=lambda _, store: kind(store))


class CountsOnce(memory.Uses):
    def flush(self) -> None:
        self._pending = list(dict(self._pending).items())
        super().flush()


class OverwritesUses(memory.Uses):
    def flush(self) -> None:
        self._store.usage.value = {}
        super().flush()


class BelievesTheLastToCome(memory.Uses):
    def record(self, token_id: str, moment: datetime, address: str | None = None) -> None:
        known = self.get_many([token_id]).get(token_id)
        super().record(token_id, max(moment, known.last_used_at) if known else moment, address)


class MovesNoUsageVersion(memory.Uses):
    def version(self) -> Hashable:
        return 0


class MovesTheUsageVersionForNothing(memory.Uses):
    def flush(self) -> None:
        super().flush()
        self._store.usage.version += 1


class KnowsItsOwnUses(memory.Uses):
    def __init__(self, store: Store) -> None:
        super().__init__(Store())


class MovesTheLogForUses(memory.Uses):
    def flush(self) -> None:
        super().flush()
        self._store.log.version += 1


class ForgetsUsesAtTheEnd(MemoryBackend):
    def close(self) -> None:
        pass


USAGE: dict[str, Kind] = {
    "counts once": usage(CountsOnce),
    "overwrites uses": usage(OverwritesUses),
    "believes the last use to come": usage(BelievesTheLastToCome),
    "moves no version of uses": usage(MovesNoUsageVersion),
    "moves the version of uses for nothing": usage(MovesTheUsageVersionForNothing),
    "knows its own uses": usage(KnowsItsOwnUses),
    "moves the version of the log for uses": usage(MovesTheLogForUses),
    "forgets uses at the end": ForgetsUsesAtTheEnd,
}

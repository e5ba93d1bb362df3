"""Backends that break the contract of sign-in attempts, each in one way."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager

from tokentui.core.attempts import Failures

from ...doubles import memory
from ...doubles.memory import MemoryBackend
from .having import Kind, having


def attempts(kind: type[memory.Attempts]) -> Kind:
    return having(attempts=lambda _, store: kind(store))


class PutsInAnyCase(memory.Attempts):
    def put(
        self, seen: Mapping[str, Failures | None], changes: Mapping[str, Failures | None]
    ) -> bool:
        return super().put({}, changes)


class PutsAndSaysNo(memory.Attempts):
    def put(
        self, seen: Mapping[str, Failures | None], changes: Mapping[str, Failures | None]
    ) -> bool:
        return super().put(seen, changes) or not super().put({}, changes)


class SeesWhatIsThere(memory.Attempts):
    """Compares only the slots that were seen with something in them."""

    def put(
        self, seen: Mapping[str, Failures | None], changes: Mapping[str, Failures | None]
    ) -> bool:
        return super().put({slot: each for slot, each in seen.items() if each}, changes)


class RemovesNothing(memory.Attempts):
    def put(
        self, seen: Mapping[str, Failures | None], changes: Mapping[str, Failures | None]
    ) -> bool:
        return super().put(seen, {slot: each for slot, each in changes.items() if each})


class KeepsTheLastOnes(memory.Attempts):
    def put(
        self, seen: Mapping[str, Failures | None], changes: Mapping[str, Failures | None]
    ) -> bool:
        others = dict.fromkeys(self._store.attempts.value)
        return super().put(seen, {**others, **changes})


class GetsAll(memory.Attempts):
    def get(self, slots: Collection[str]) -> Mapping[str, Failures]:
        return self._store.attempts.value


class WaitsForNobody(memory.Attempts):
    @contextmanager
    def turn(self) -> Iterator[None]:
        yield


class ForgetsAttempts(MemoryBackend):
    def close(self) -> None:
        self._store.attempts.put({})


ATTEMPTS: dict[str, Kind] = {
    "puts in any case": attempts(PutsInAnyCase),
    "puts and says no": attempts(PutsAndSaysNo),
    "compares what there is": attempts(SeesWhatIsThere),
    "removes nothing": attempts(RemovesNothing),
    "keeps the last slots": attempts(KeepsTheLastOnes),
    "gets all slots": attempts(GetsAll),
    "waits for nobody": attempts(WaitsForNobody),
    "forgets attempts": ForgetsAttempts,
}

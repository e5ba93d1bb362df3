"""Failed sign-ins in a file beside the tokens, so that a restart forgives nothing."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tokentui.core.attempts import Failures, remembered
from tokentui.core.clock import Clock, utc_now
from tokentui.stores.file.durable import DurableJSON
from tokentui.stores.lock import Lock

_TABLE = "failures"


class AttemptsFile:
    """`SignInAttempts` in one file."""

    def __init__(self, path: Path, clock: Clock = utc_now) -> None:
        self._path = path
        self._now = clock
        self._lock = Lock(path)
        self._turn = Lock(path.with_suffix(".turn"))

    @contextmanager
    def turn(self) -> Iterator[None]:
        with self._turn.held():
            yield

    def get(self, slots: Collection[str]) -> Mapping[str, Failures]:
        known = self._table(self._opened())
        return {slot: known[slot] for slot in slots if slot in known}

    def put(
        self, seen: Mapping[str, Failures | None], changes: Mapping[str, Failures | None]
    ) -> bool:
        with self._lock.held():
            file = self._opened()
            known = self._table(file)
            if any(known.get(slot) != each for slot, each in seen.items()):
                return False
            kept = remembered({**known, **changes}, self._now())
            with file.change():
                file.read()[_TABLE] = kept
            return True

    def _opened(self) -> DurableJSON:
        # Anew each time: one that was removed is begun anew, as the advice says.
        advice = "Remove the file. The delays then start again."
        return DurableJSON(self._path, _TABLE, Failures, advice=advice)

    def _table(self, file: DurableJSON) -> Mapping[str, Failures]:
        table = file.read()[_TABLE]
        if damaged := [slot for slot, each in table.items() if not isinstance(each, Failures)]:
            raise file.damaged(f"contains {len(damaged)} invalid records")
        known: Mapping[str, Failures] = table
        return known

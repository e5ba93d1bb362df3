"""Failed log-ins in a file beside the tokens, so that a restart forgives nothing."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tokentui.core.login import Failures
from tokentui.stores.durable import DurableJSON

_TABLE = "failures"


class FailureFile:
    """A `FailureStore` in one file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = self._opened()

    def _opened(self) -> DurableJSON:
        advice = "Remove it: the delays then begin anew."
        return DurableJSON(self._path, _TABLE, Failures, advice=advice)

    @contextmanager
    def held(self) -> Iterator[Mapping[str, Failures]]:
        # Anew each time: one that was removed is begun anew, as the advice says.
        self._file = self._opened()
        with self._file.lock():
            table = self._file.read()[_TABLE]
            if damaged := [slot for slot, each in table.items() if not isinstance(each, Failures)]:
                raise self._file.damaged(f"has records that are none ({len(damaged)})")
            yield table

    def write(self, failures: Mapping[str, Failures]) -> None:
        self._file.read()
        with self._file.change():
            self._file.read()[_TABLE] = dict(failures)

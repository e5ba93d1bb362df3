"""When, how often and from where tokens were used, in a file of its own."""

from collections.abc import Collection, Hashable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import cast

from tokentui import files
from tokentui.core.errors import StoreError
from tokentui.core.forks import renew_in_children
from tokentui.core.query import NO_USES, Uses
from tokentui.core.usage import Usage
from tokentui.stores.file.durable import DurableJSON
from tokentui.stores.use_buffer import INTERVAL, UseBuffer, summed

_TABLE = "usage"
_ADVICE = "Remove the file. Last uses are then recorded again."


class UsageFile:
    """A `UsageLog` in one file. Uses are written together, after `interval` seconds."""

    def __init__(self, path: Path, interval: float = INTERVAL, *, sweeping: bool = True) -> None:
        self._path = path
        self._leftovers = [files.temporary_of(path)] if sweeping else []
        self._buffer = UseBuffer(self._write, interval)
        self.renew()
        renew_in_children(self)

    def renew(self) -> None:
        self._file = self._opened()
        self._reading = Lock()
        self._guard = Lock()
        self._sound = NO_USES
        self._sound_of: Mapping[str, object] = {}

    def get_many(self, ids: Collection[str]) -> Uses:
        noted = self._all_noted()
        uses = zip(ids, map(noted.get, ids), strict=True)
        return {each: use for each, use in uses if isinstance(use, Usage)}

    def list_all(self) -> Uses:
        """Return how each token has been used that ever was, by its ID; raise `StoreError`.

        The answer is one and the same object while nothing more is written down.
        """
        noted = self._all_noted()
        if not noted:
            return NO_USES
        with self._guard:
            if noted is not self._sound_of:
                self._sound_of = noted
                self._sound = _sound(noted)
            return self._sound

    def _all_noted(self) -> Mapping[str, object]:
        with self._reading:
            self._noted("")
            noted: Mapping[str, object] = self._file.read()[_TABLE]
            return noted

    def version(self) -> Hashable:
        try:
            return self._file.stamp()
        except StoreError as error:
            return str(error)

    def warnings(self) -> Sequence[str]:
        try:
            with self._reading:
                self._noted("")
        except StoreError as error:
            return [f"Last uses are not known. {error}"]
        return [*self._file.warnings(), *self._buffer.warnings()]

    def record(self, token_id: str, moment: datetime, address: str | None = None) -> None:
        self._buffer.record(token_id, moment, address)

    def flush(self) -> None:
        self._buffer.flush()

    def locked(self) -> AbstractContextManager[None]:
        """Keep everybody else from writing for the block; raise `StoreBusy`."""
        return self._file.lock()

    def put_all(self, uses: Uses) -> None:
        """Write how tokens were used, in the place of what was noted before."""
        with self._file.lock(), self._reading, self._file.change():
            self._file.read()[_TABLE] = dict(uses)

    def _write(self, uses: Mapping[str, Usage]) -> None:
        with self._file.lock(), self._reading:
            totals = {
                token_id: summed(self._noted(token_id), use) for token_id, use in uses.items()
            }
            with self._file.change():
                self._file.read()[_TABLE] |= totals

    def _noted(self, token_id: str) -> Usage | None:
        """Return what is noted of a token; a note that is damaged counts as none."""
        if self._file.stamp() is None:
            # A file that was removed is begun anew: nothing hangs on it.
            self._file = self._opened()
        noted = self._file.read()[_TABLE].get(token_id)
        return noted if isinstance(noted, Usage) else None

    def _opened(self) -> DurableJSON:
        return DurableJSON(self._path, _TABLE, Usage, leftovers=self._leftovers, advice=_ADVICE)


def _sound(noted: Mapping[str, object]) -> Uses:
    """Return those that are plainly uses, which most often are all."""
    if set(map(type, noted.values())) <= {Usage}:
        return dict(cast("Uses", noted))
    return {id_: use for id_, use in noted.items() if isinstance(use, Usage)}

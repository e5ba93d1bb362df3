"""When, how often and from where tokens were used, in a file of its own."""

import atexit
from collections.abc import Collection, Hashable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from threading import Lock, RLock, Timer

from tokentui import files
from tokentui.core.errors import StoreError, StoreUnconfirmed
from tokentui.core.forks import renew_in_children
from tokentui.core.query import NO_USES, Uses
from tokentui.core.usage import Usage
from tokentui.stores.file.durable import DurableJSON

_TABLE = "usage"
_ADVICE = "Remove it: when tokens were last used is then noted anew."
INTERVAL = 5.0
"""How many seconds of uses are written together, and lost at most where the process is killed."""


class UsageFile:
    """A `UsageLog` in one file. Uses are gathered in memory and written together.

    A first use starts a timer of `interval` seconds, so neither a request nor the store of the
    tokens ever waits for this file.
    """

    def __init__(self, path: Path, interval: float = INTERVAL, *, sweeping: bool = True) -> None:
        self._path = path
        self._leftovers = [files.temporary_of(path)] if sweeping else []
        self._interval = interval
        self._last_error: str | None = None
        self.renew()
        renew_in_children(self)

    def renew(self) -> None:
        """Begin with no uses: those that a parent process noted before a fork it writes itself."""
        self._file = self._opened()
        self._reading = Lock()
        self._writing = RLock()
        self._guard = Lock()
        self._pending: dict[str, Usage] = {}
        self._timer: Timer | None = None
        self._sound = NO_USES
        self._sound_of: Mapping[str, object] = {}

    def get_many(self, ids: Collection[str]) -> Uses:
        noted = self._all_noted()
        uses = ((each, noted.get(each)) for each in ids)
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
                self._sound = {id_: use for id_, use in noted.items() if isinstance(use, Usage)}
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
            return [f"When tokens were last used is not known: {error}"]
        unwritten = [f"Uses are not noted: {self._last_error}"] if self._last_error else []
        return [*self._file.warnings(), *unwritten]

    def record(self, token_id: str, moment: datetime, address: str | None = None) -> None:
        use = Usage(last_used_at=moment, address=address)
        with self._guard:
            self._pending[token_id] = _sum(self._pending.get(token_id), use)
            if self._timer is None:
                self._timer = Timer(self._interval, self._flush_if_possible)
                self._timer.daemon = True
                self._timer.start()
                atexit.unregister(self._flush_if_possible)
                atexit.register(self._flush_if_possible)

    def flush(self) -> None:
        # The end of the process waits here for a thread that writes; uses go on to be recorded.
        with self._writing:
            with self._guard:
                if self._timer is not None:
                    self._timer.cancel()
                    self._timer = None
                pending, self._pending = self._pending, {}
            if not pending:
                return
            try:
                self._write(pending)
                self._last_error = None
            except StoreUnconfirmed:
                raise
            except StoreError as error:
                self._last_error = str(error)
                with self._guard:
                    for token_id, use in self._pending.items():
                        pending[token_id] = _sum(pending.get(token_id), use)
                    self._pending = pending
                raise
            finally:
                self._leave_exit()

    def _leave_exit(self) -> None:
        """Keep nothing in memory for the end of the process, where all is written."""
        with self._guard:
            if not self._pending:
                atexit.unregister(self._flush_if_possible)

    def _write(self, uses: Mapping[str, Usage]) -> None:
        with self._file.lock(), self._reading:
            totals = {token_id: _sum(self._noted(token_id), use) for token_id, use in uses.items()}
            with self._file.change():
                self._file.read()[_TABLE] |= totals

    def _flush_if_possible(self) -> None:
        # What cannot be written now is kept, and written after the next use or at the end.
        with suppress(StoreError):
            self.flush()

    def _noted(self, token_id: str) -> Usage | None:
        """Return what is noted of a token; a note that is damaged counts as none."""
        if self._file.stamp() is None:
            # A file that was removed is begun anew: nothing hangs on it.
            self._file = self._opened()
        noted = self._file.read()[_TABLE].get(token_id)
        return noted if isinstance(noted, Usage) else None

    def _opened(self) -> DurableJSON:
        return DurableJSON(self._path, _TABLE, Usage, leftovers=self._leftovers, advice=_ADVICE)


def _sum(earlier: Usage | None, later: Usage) -> Usage:
    """Return two uses as one: the later one's facts and both counts."""
    if earlier is None:
        return later
    last = later if later.last_used_at >= earlier.last_used_at else earlier
    return Usage(
        last_used_at=last.last_used_at, count=earlier.count + later.count, address=last.address
    )

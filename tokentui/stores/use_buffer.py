"""Uses that are kept in memory for a moment, so that no request waits for a store."""

import atexit
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from threading import Lock, RLock, Timer

import msgspec

from tokentui.core.errors import StoreError, StoreUnconfirmed
from tokentui.core.forks import renew_in_children
from tokentui.core.usage import Usage

INTERVAL = 5.0
"""How many seconds of uses are written together, and lost at most where the process is killed."""


class _Uses(msgspec.Struct, gc=False):
    """A `Usage` that grows: a verifier adds to it with every request."""

    last_used_at: datetime
    count: int
    address: str | None

    def add(self, last_used_at: datetime, count: int, address: str | None) -> None:
        self.count += count
        if last_used_at >= self.last_used_at:
            self.last_used_at = last_used_at
            self.address = address


class UseBuffer:
    """Gathers uses, and has them written together.

    A first use starts a timer of `interval` seconds. `write` is given the uses by token ID, summed
    up, and may raise `StoreError`: then they are kept, and written with the next ones.
    """

    def __init__(
        self, write: Callable[[Mapping[str, Usage]], None], interval: float = INTERVAL
    ) -> None:
        self._write = write
        self._interval = interval
        self._last_error: str | None = None
        self.renew()
        renew_in_children(self)

    def renew(self) -> None:
        """Begin with no uses: those that a parent process noted before a fork it writes itself."""
        self._writing = RLock()
        self._guard = Lock()
        self._pending: dict[str, _Uses] = {}
        self._timer: Timer | None = None

    def warnings(self) -> Sequence[str]:
        """Return why uses could not be written the last time, if so, in a sentence."""
        return [f"Last uses are not recorded. {self._last_error}"] if self._last_error else []

    def record(self, token_id: str, moment: datetime, address: str | None = None) -> None:
        with self._guard:
            uses = self._pending.get(token_id)
            if uses is None:
                self._pending[token_id] = _Uses(moment, 1, address)
            else:
                uses.add(moment, 1, address)
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
                self._write({each: _usage(uses) for each, uses in pending.items()})
                self._last_error = None
            except StoreUnconfirmed:
                raise
            except StoreError as error:
                self._last_error = str(error)
                self._take_back(pending)
                raise
            finally:
                self._leave_exit()

    def _take_back(self, unwritten: dict[str, _Uses]) -> None:
        with self._guard:
            for token_id, uses in self._pending.items():
                if token_id in unwritten:
                    unwritten[token_id].add(uses.last_used_at, uses.count, uses.address)
                else:
                    unwritten[token_id] = uses
            self._pending = unwritten

    def _leave_exit(self) -> None:
        """Keep nothing in memory for the end of the process, where all is written."""
        with self._guard:
            if not self._pending:
                atexit.unregister(self._flush_if_possible)

    def _flush_if_possible(self) -> None:
        # What cannot be written now is kept, and written after the next use or at the end.
        with suppress(StoreError):
            self.flush()


def _usage(uses: _Uses) -> Usage:
    return Usage(last_used_at=uses.last_used_at, count=uses.count, address=uses.address)


def summed(earlier: Usage | None, later: Usage) -> Usage:
    """Return two uses as one: the later one's facts and both counts."""
    if earlier is None:
        return later
    last = later if later.last_used_at >= earlier.last_used_at else earlier
    return Usage(
        last_used_at=last.last_used_at, count=earlier.count + later.count, address=last.address
    )

"""When a store is to be looked at again, and how long what was read of it counts."""

from collections.abc import Callable
from threading import Lock

from tokentui.core.errors import StoreError, StoreOutOfDate
from tokentui.core.forks import renew_in_children

EVERY = 0.1
"""How many seconds after a look at the store the next one is due."""
PATIENCE = 0.5
"""How old the copy may be, in seconds, before others wait for the thread that looks."""
GRACE = 10.0
"""How old the copy may be, in seconds, before it does not count, where the store cannot be read."""
_REST = 4
"""For how many times as long as a look took none but those that are due follow it."""

_NEVER = float("-inf")


class Freshness:
    """Keeps a copy of a store fresh: whoever needs the copy calls `refresh` first.

    `look` compares the copy with the store and may raise `StoreError`. While one thread looks, the
    others use the copy as it is (stale-while-revalidate). Where the store cannot be read, the copy
    counts until it is `grace` seconds old. `monotonic` returns seconds that never go back.
    """

    def __init__(
        self, look: Callable[[], None], *, monotonic: Callable[[], float], grace: float = GRACE
    ) -> None:
        self._look = look
        self._monotonic = monotonic
        self._grace = grace
        self._due_at = self._rested_at = self._read_at = _NEVER
        self.valid_until = _NEVER
        """What `monotonic` returns when the copy is too old, if nobody looks until then."""
        self.last_error: str | None = None
        """Why the store cannot be read, if so, in a sentence."""
        self.renew()
        renew_in_children(self)

    def renew(self) -> None:
        self._looking = Lock()

    @property
    def age(self) -> float:
        """How many seconds ago the copy was known to be what the store has."""
        return self._monotonic() - self._read_at

    @property
    def due(self) -> bool:
        """Whether `refresh` may block."""
        now = self._monotonic()
        if now < self._due_at:
            return False
        return not self._looking.locked() or now - self._read_at > PATIENCE

    def refresh(self) -> None:
        """Look at the store where that is due; raise `StoreOutOfDate` where the copy is too old."""
        now = self._monotonic()
        if now >= self._due_at:
            self._look_if_due()
            now = self._monotonic()
        if now > self.valid_until:
            raise StoreOutOfDate(self.last_error or "They have been loading since then.")

    def may_look_again(self, after: float) -> bool:
        """Say whether a look is possible now, the last one having begun `after` seconds ago.

        While one thread looks, no other does, and after a look the store rests, so that one that
        takes long is not read again and again. Where it cannot be read, `refresh` alone tries.
        """
        return not self._looking.locked() and self._rested(after)

    def look_again(self, after: float) -> None:
        """Look at the store where `may_look_again`.

        Whoever comes while one looks waits for that, `after` seconds at most.
        """
        if not self._looking.acquire(timeout=after):
            return
        try:
            if self._rested(after):
                self._look_now(self._monotonic())
        finally:
            self._looking.release()

    def _rested(self, after: float) -> bool:
        rested = self._monotonic() >= self._rested_at and self.age > after
        return rested and self.last_error is None

    def _look_now(self, began: float) -> None:
        self._try_to_look(began)
        ended = self._monotonic()
        self._due_at, self._rested_at = ended + EVERY, ended + _REST * (ended - began)

    def _look_if_due(self) -> None:
        patience = PATIENCE if self.age > PATIENCE else 0
        if not self._looking.acquire(timeout=self._grace if self._read_at == _NEVER else patience):
            return
        try:
            if (began := self._monotonic()) >= self._due_at:
                self._look_now(began)
        finally:
            self._looking.release()

    def _try_to_look(self, began: float) -> None:
        try:
            self._look()
        except StoreError as error:
            if self.last_error is None:
                _log(
                    "The tokens cannot be read. The last copy stays in use for %g seconds. %s",
                    self._grace,
                    error,
                )
            self.last_error = str(error)
            return
        # What took long to read is as old as the beginning of the look.
        self._read_at, self.valid_until = began, began + self._grace
        if self.last_error is not None:
            self.last_error = None
            _log("The tokens can be read again.")


def _log(message: str, *arguments: object) -> None:
    import logging  # slow to load, and most often there is nothing to say

    logging.getLogger("tokentui").warning(message, *arguments)

"""The tokens of a store as they were a moment ago, without asking it each time."""

from collections.abc import Callable, Hashable, Mapping
from threading import Lock
from typing import NamedTuple

from tokentui.core.account import AccountSource, NoAccounts, disabled
from tokentui.core.errors import StoreError, StoreOutOfDate
from tokentui.core.store import TokenSource
from tokentui.core.token import Token

EVERY = 0.1
"""How many seconds after a look at the store the next one is due."""
PATIENCE = 0.5
"""How old the copy may be, in seconds, before others wait for the one who reads."""
GRACE = 10.0
"""How old it may be before it is of no use, where the store cannot be read."""

_NOTHING = object()


class Snapshot(NamedTuple):
    """All tokens by id, whose let nobody in, and how many times they had been read before."""

    generation: int
    tokens: Mapping[str, Token]
    disabled: frozenset[str] = frozenset()


class FreshTokens:
    """A copy of a store in memory. Whoever needs it looks at the store again where that is due.

    Of `accounts`, it knows which are disabled.

    While one thread reads, the others go on with what there is. A store that cannot be read
    leaves the copy as it is, until it is too old. `advance` is told of each new generation before
    anybody sees it.
    """

    def __init__(
        self,
        store: TokenSource,
        accounts: AccountSource | None = None,
        *,
        ticks: Callable[[], float],
        grace: float = GRACE,
        advance: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._store = store
        self._accounts = accounts or NoAccounts()
        self._ticks = ticks
        self._grace = grace
        self._advance = advance
        self._looking = Lock()
        self._stamp: Hashable = _NOTHING
        self._due_at = self._read_at = float("-inf")
        self.current = Snapshot(0, {})
        self.trouble: str | None = None
        """Why the store cannot be read, if so."""

    @property
    def age(self) -> float:
        """How many seconds ago the copy was known to be what the store has."""
        return self._ticks() - self._read_at

    @property
    def due(self) -> bool:
        """Whether `refresh` may take its time."""
        at_work = self._looking.locked() and self.age <= PATIENCE
        return self._ticks() >= self._due_at and not at_work

    def refresh(self) -> None:
        """Look at the store where that is due; raise `StoreOutOfDate` where the copy is too old."""
        if self._ticks() >= self._due_at:
            self._look()
        elif self.trouble is None:
            return
        self.refuse_outdated()

    def refuse_outdated(self) -> None:
        """Raise `StoreOutOfDate` where the copy is too old."""
        if self.age > self._grace:
            raise StoreOutOfDate(self.trouble or "They are being read since then.")

    def _look(self) -> None:
        patience = PATIENCE if self.age > PATIENCE else 0
        if not self._looking.acquire(timeout=patience if self.current.generation else self._grace):
            return
        try:
            if (began := self._ticks()) >= self._due_at:
                self._read(began)
                self._due_at = self._ticks() + EVERY
        finally:
            self._looking.release()

    def _read(self, began: float) -> None:
        try:
            stamp = self._store.changed(), self._accounts.changed()
            if stamp != self._stamp:
                self._take(stamp, self._store.snapshot(), disabled(self._accounts.everything()))
        except StoreError as error:
            if self.trouble is None:
                _log(
                    "The tokens cannot be read; what was read last counts for %g seconds. %s",
                    self._grace,
                    error,
                )
            self.trouble = str(error)
            return
        self._read_at = began
        if self.trouble is not None:
            self.trouble = None
            _log("The tokens can be read again.")

    def _take(self, stamp: Hashable, tokens: Mapping[str, Token], shut: frozenset[str]) -> None:
        generation = self.current.generation + 1
        self._advance(generation)
        self.current, self._stamp = Snapshot(generation, tokens, shut), stamp


def _log(said: str, *about: object) -> None:
    import logging  # slow to load, and most often there is nothing to say

    logging.getLogger("tokentui").warning(said, *about)

"""A `CredentialLookup` over a database, which is asked for what has changed."""

import logging
import time
from collections.abc import Callable
from threading import Lock
from typing import TypeVar

from msgspec.structs import replace

from tokentui.core.cancel import Cancel, Cancelled
from tokentui.core.clock import Clock, utc_now
from tokentui.core.errors import StoreUnavailable
from tokentui.core.forks import renew_in_children
from tokentui.core.freshness import GRACE, Freshness
from tokentui.core.limits import FailureLimit
from tokentui.core.lookup import NOT_IN_MEMORY, LookupHealth, NotInMemory, StoredCredential
from tokentui.stores.postgresql import feed
from tokentui.stores.postgresql.background import BackgroundCall
from tokentui.stores.postgresql.connections import Connections
from tokentui.stores.postgresql.feed import Beginning, News
from tokentui.stores.postgresql.packed import unpacked
from tokentui.stores.postgresql.pulse import Pulse
from tokentui.stores.postgresql.token_memory import AllTokens, RecentTokens, TokenMemory

MOST = 200_000
"""How many tokens are kept in memory whole; of more, those asked for last are."""
RECENT = 100_000
"""How many tokens, and as many IDs without one, are kept where there are more."""
MAX_SKEW = 60.0
"""By how many seconds this machine's clock may differ from the database's."""
_PATIENCE = 2.0
"""How many seconds a caller waits for the database while what is in memory counts."""
_CLOSING = 2.0
"""How many seconds what is under way has to end."""
# So many IDs without a token are looked up at once, and one more every so many seconds.
_UNKNOWN = 1_000, 0.005
_ANYBODY = ""
_CLOSED = "The verifier was closed."

T = TypeVar("T")


class DatabaseLookup:
    """Keeps tokens in memory: all of them, or the recent ones where there are too many.

    The database is asked in a thread of its own: it may take many seconds where a host is gone,
    while what is in memory still counts.

    Args:
        connections: The database.
        monotonic: Returns seconds that never go back.
        clock: Returns the present moment, by which tokens expire.
        grace: For how many seconds what was read counts where the database cannot be asked.
        most: How many tokens are kept whole.
        recent: How many are kept where there are more.
    """

    def __init__(
        self,
        connections: Connections,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        clock: Clock = utc_now,
        grace: float = GRACE,
        most: int = MOST,
        recent: int = RECENT,
    ) -> None:
        self._connections = connections
        self._monotonic = monotonic
        self._now = clock
        self._most = most
        self._recent = recent
        self._pulse = Pulse(connections, monotonic)
        self._reading = BackgroundCall()
        self._freshness = Freshness(self._look, monotonic=monotonic, grace=grace)
        self._unknown = FailureLimit(*_UNKNOWN, monotonic)
        self._closing = Cancel()
        self._state = feed.NOWHERE
        self._memory: TokenMemory = AllTokens({})
        self._disabled: frozenset[str] = frozenset()
        self._generation = 0
        self._skew: str | None = None
        self.renew()
        renew_in_children(self)

    def renew(self) -> None:
        self._guard = Lock()

    @property
    def generation(self) -> int:
        return self._generation

    @property
    def due(self) -> bool:
        return self._freshness.due

    def refresh(self) -> None:
        self._freshness.refresh()

    def peek(self, token_id: str) -> StoredCredential | NotInMemory | None:
        if self._monotonic() > self._freshness.valid_until:
            return NOT_IN_MEMORY
        return self._judged(self._memory.peek(token_id))

    def find(self, token_id: str) -> StoredCredential | None:
        self._freshness.refresh()
        known = self._judged(self._memory.peek(token_id))
        return self._found(token_id) if known is NOT_IN_MEMORY else known

    def health(self) -> LookupHealth:
        """Say how the lookup is doing; that a clock is wrong is an error as well."""
        error = self._freshness.last_error or self._skew
        return LookupHealth(self._freshness.age, len(self._memory), error)

    def close(self) -> None:
        """Stop what is under way; the connections belong to whoever opened the store."""
        closing, self._closing = self._closing, Cancel()
        closing.request()
        self._reading.join(_CLOSING)
        self._pulse.join(_CLOSING)

    def _found(self, token_id: str) -> StoredCredential | None:
        """Ask the database for a token, and keep what it says unless something changes meanwhile.

        Where that cannot be told to be the present state, it is refused instead.
        """
        if (error := self._freshness.last_error) is not None:
            raise StoreUnavailable(error)
        if self._unknown.reached(_ANYBODY):
            raise StoreUnavailable("Rate limited: too many secrets of unknown tokens.")
        with self._guard:
            generation, state = self._generation, self._state
        try:
            found = self._connections.ask(
                lambda it: feed.find(it, token_id, state.server), self._closing, feed.PATIENCE
            )
        except Cancelled:
            raise StoreUnavailable(_CLOSED) from None
        if found.packed is None:
            self._unknown.note(_ANYBODY)
        with self._guard:
            if self._generation == generation:
                self._memory.put(token_id, found.packed)
            # A change that is visible by this, and not among the news yet.
            self._generation += found.changed > state.tokens
        return None if found.packed is None else self._judged(unpacked(token_id, found.packed))

    def _judged(self, token: StoredCredential | T) -> StoredCredential | T:
        """Return a token with what is known of its owner."""
        if isinstance(token, StoredCredential) and token.account in self._disabled:
            return replace(token, owner_disabled=True)
        return token

    # -- what has changed -------------------------------------------------------------------------

    def _look(self) -> None:
        """Read what has changed, or raise `StoreError`.

        While what is in memory counts, a read that takes too long goes on, but nobody waits for it.
        """
        counts = self._monotonic() <= self._freshness.valid_until
        try:
            if self._reading.under_way:
                self._reading.wait(0 if counts else None)
            closing = self._closing
            self._reading.start(lambda: self._read(closing))
            self._reading.wait(_PATIENCE if counts else None)
        except Cancelled:
            raise StoreUnavailable(_CLOSED) from None
        except TimeoutError:
            raise StoreUnavailable(f"{self._connections.url} is slow to respond.") from None

    def _read(self, closing: Cancel) -> None:
        try:
            news = self._proven(closing)
        except StoreUnavailable:
            # A new connection may be one to another host.
            self._connections.close()
            raise
        self._pulse.keep_up(closing)
        self._learn(news)
        self._compare_clocks(news.moment)

    def _proven(self, closing: Cancel) -> News | Beginning:
        """Return what a server says that the pulse has shown to be the primary."""
        whole = isinstance(self._memory, AllTokens)
        seen = feed.NOWHERE if whole and len(self._memory) > self._most else self._state
        news = self._connections.ask(
            lambda it: feed.read(it, seen, self._most), closing, feed.PATIENCE
        )
        if not self._pulse.proves(news.state.server):
            self._pulse.wait(closing)
        if not self._pulse.proves(news.state.server):
            raise StoreUnavailable(f"Two servers respond at {self._connections.url}. Try again.")
        return news

    def _learn(self, news: News | Beginning) -> None:
        if isinstance(news, News) and news.state == self._state:
            return
        with self._guard:
            # Before and after, so that nobody sees a part of it, and the same number twice.
            self._generation += 1
            match news:
                case Beginning(tokens=None):
                    self._memory = RecentTokens(self._recent)
                case Beginning(tokens=tokens) if tokens is not None:
                    self._memory = AllTokens(tokens)
                case News(tokens=tokens):
                    self._memory.learn(tokens)
            if news.disabled is not None:
                self._disabled = news.disabled
            self._state = news.state
            self._generation += 1

    def _compare_clocks(self, moment: float) -> None:
        skew = self._now().timestamp() - moment
        if abs(skew) <= MAX_SKEW:
            self._skew = None
        elif self._skew is None:
            self._skew = (
                f"The clocks of this host and {self._connections.url} differ by {abs(skew):.0f} "
                "seconds, so tokens expire at the wrong time. Synchronize both clocks."
            )
            logging.getLogger("tokentui").warning("%s", self._skew)

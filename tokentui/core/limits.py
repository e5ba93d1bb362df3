"""How many wrong secrets are put up with, from whom and in all."""

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import NamedTuple

from tokentui.core.forks import renew_in_children

SIZE = 16_384
_REMEMBERED = 300.0
"""For how many seconds a failure speaks against a caller."""
_NEVER = float("-inf")
# So many wrong secrets for one token may be mistakes, and one more every so many seconds.
_FOR_ONE_TOKEN = 10, 30.0
# So many wrong secrets of one token are checked at once from one client, and after that one every
# so many seconds. Its holder, who calls from another client, is not refused because of that.
_BY_ONE_CALLER = 3, 10.0

_SHARE = 0.05
"""How much of the time wrong secrets may be checked."""
_PAUSE = 1.0
"""How many seconds one wrong secret keeps the next one waiting at most, however slow its hash."""
_BURST = 4
"""How many of the slowest ones, beyond those that are checked together, are no flood yet."""


class FailureLimit:
    """Allows each key `burst` failures at once, and one more every `seconds`.

    Only the keys that failed last are remembered, `size` of them.
    """

    def __init__(
        self, burst: int, seconds: float, monotonic: Callable[[], float], size: int = SIZE
    ) -> None:
        self._leeway = (burst - 1) * seconds
        self._seconds = seconds
        self._monotonic = monotonic
        self._size = size
        # When each key will have been forgiven everything.
        self._forgiven: OrderedDict[str, float] = OrderedDict()
        self.renew()
        renew_in_children(self)

    def renew(self) -> None:
        self._guard = Lock()

    def reached(self, key: str) -> bool:
        """Say whether `key` has failed too often to be given another try now."""
        return self._forgiven.get(key, 0.0) - self._monotonic() > self._leeway

    def forgiven_at(self, key: str) -> float:
        """Return when a key will be forgiven that reached the limit, else minus infinity."""
        return self._forgiven[key] if self.reached(key) else _NEVER

    def note(self, key: str) -> None:
        """Note that `key` failed."""
        with self._guard:
            now = self._monotonic()
            self._forgiven[key] = max(self._forgiven.get(key, now), now) + self._seconds
            self._forgiven.move_to_end(key)
            if len(self._forgiven) > self._size:
                self._forgiven.popitem(last=False)


class Standing(NamedTuple):
    """What speaks against a check, the less the smaller."""

    caller_failed_at: float
    token_forgiven_at: float
    """When all the failures of its token will be, if these are more than mistakes."""


CLEAN = Standing(_NEVER, _NEVER)
"""Nothing speaks against it."""


class Failures:
    """The wrong secrets of late, by who presented them and by the token that they named."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._limit = FailureLimit(*_BY_ONE_CALLER, monotonic)
        self._by_caller = _LastFailures(monotonic)
        self._by_token = FailureLimit(*_FOR_ONE_TOKEN, monotonic)

    def note(self, token_id: str, caller: str) -> None:
        """Note a wrong secret for a token; a `caller` who is not known is the empty text."""
        self._limit.note(f"{token_id} {caller}")
        self._by_token.note(token_id)
        self.note_unchecked(caller)

    def note_unchecked(self, caller: str) -> None:
        """Note a secret that there was no time to check: it speaks against who tries most often."""
        if caller:
            self._by_caller.note(caller)

    def reached(self, token_id: str, caller: str) -> bool:
        """Say whether this caller presented too many for this token to be given another try."""
        return self._limit.reached(f"{token_id} {caller}")

    def standing(self, token_id: str, caller: str) -> Standing:
        """Return what speaks against a caller and a token."""
        return Standing(self._by_caller.at(caller), self._by_token.forgiven_at(token_id))


class HashBudget:
    """How long wrong secrets may be checked: a token bucket of seconds (GCRA).

    It is time on the clock, not on a core: where others need the cores as well, less is done.
    Until a check has shown what it was, it is taken for the slowest of wrong ones, so that nobody
    ever waits longer than for that one, and not many are begun at once where only one is left.
    """

    def __init__(self, monotonic: Callable[[], float], max_concurrent: int) -> None:
        self._monotonic = monotonic
        self._leeway = (_BURST + max_concurrent) * _PAUSE
        self._paid_at = _NEVER
        """When all that was spent will have been paid for."""

    @property
    def pause(self) -> float:
        """In how many seconds the next check can be afforded."""
        return max(0.0, self._paid_at - self._monotonic() - self._leeway)

    @property
    def low(self) -> bool:
        """Whether it is spent but for one check."""
        return self._paid_at - self._monotonic() > self._leeway - _PAUSE

    def reserve(self) -> None:
        """Set aside what one check may cost."""
        self._paid_at = max(self._paid_at, self._monotonic()) + _PAUSE

    def release(self) -> None:
        """Give back what was set aside for one check."""
        self._paid_at -= _PAUSE

    def spend(self, seconds: float) -> None:
        """Pay for a wrong secret that took so many seconds."""
        self._paid_at = max(self._paid_at, self._monotonic()) + min(seconds / _SHARE, _PAUSE)


class _LastFailures:
    """When each key failed last; only the keys that did so last are remembered."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._failed_at: OrderedDict[str, float] = OrderedDict()
        self.renew()
        renew_in_children(self)

    def renew(self) -> None:
        self._guard = Lock()

    def at(self, key: str) -> float:
        failed_at = self._failed_at.get(key, _NEVER)
        return failed_at if self._monotonic() - failed_at <= _REMEMBERED else _NEVER

    def note(self, key: str) -> None:
        with self._guard:
            self._failed_at[key] = self._monotonic()
            self._failed_at.move_to_end(key)
            if len(self._failed_at) > SIZE:
                self._failed_at.popitem(last=False)

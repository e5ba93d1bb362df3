"""How many failures are put up with."""

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

SIZE = 16_384


class FailureLimit:
    """Allows each key `burst` failures at once, and one more every `seconds`.

    Only the keys that failed last are remembered, `size` of them.
    """

    def __init__(
        self, burst: int, seconds: float, ticks: Callable[[], float], size: int = SIZE
    ) -> None:
        self._leeway = (burst - 1) * seconds
        self._seconds = seconds
        self._ticks = ticks
        self._size = size
        # When each key will have been forgiven everything.
        self._forgiven: OrderedDict[str, float] = OrderedDict()
        self._guard = Lock()

    def reached(self, key: str) -> bool:
        """Say whether `key` has failed too often to be given another try now."""
        return self._forgiven.get(key, 0.0) - self._ticks() > self._leeway

    def note(self, key: str) -> None:
        """Note that `key` failed."""
        with self._guard:
            now = self._ticks()
            self._forgiven[key] = max(self._forgiven.get(key, now), now) + self._seconds
            self._forgiven.move_to_end(key)
            if len(self._forgiven) > self._size:
                self._forgiven.popitem(last=False)

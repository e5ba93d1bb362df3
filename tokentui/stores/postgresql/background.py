"""Calls that nobody has to wait for."""

from collections.abc import Callable
from contextlib import suppress

from tokentui.core.flight import Flight, run_in_thread
from tokentui.core.forks import renew_in_children


class BackgroundCall:
    """One call at a time, in a thread that ends with it.

    Whoever starts calls is one thread at a time, and starts none while another is under way.
    """

    def __init__(self) -> None:
        self.renew()
        renew_in_children(self)

    def renew(self) -> None:
        self._flight: Flight[None] | None = None
        self._under_way = False

    @property
    def under_way(self) -> bool:
        """Whether the call that was started last has not ended."""
        return self._under_way

    def start(self, work: Callable[[], None]) -> None:
        """Call `work` in another thread."""
        flight = self._flight = Flight()
        self._under_way = True
        run_in_thread(lambda: flight.run(work, self._end))

    def _end(self) -> None:
        self._under_way = False

    def wait(self, timeout: float | None = None) -> None:
        """Wait for the end of the last call, and raise what it raised.

        Raises `TimeoutError` where it goes on for more than `timeout` seconds.
        """
        if self._flight is not None:
            self._flight.result(timeout)

    def join(self, timeout: float) -> None:
        """Wait for the end of the last call, for `timeout` seconds at most. Raises nothing."""
        with suppress(Exception):
            self.wait(timeout)

"""One call for all who want its outcome at the same time: single-flight."""

from collections import deque
from collections.abc import Callable, Hashable
from contextlib import suppress
from functools import partial
from threading import Event, Lock, Thread
from typing import Generic, NoReturn, TypeVar

from tokentui.core.forks import renew_in_children

T = TypeVar("T")


class Flight(Generic[T]):
    """The outcome of a call that runs in another thread. Threads and coroutines may wait for it.

    The future of the standard library does the same, but loads `logging`, which takes a command
    longer than the check of a secret.
    """

    def __init__(self) -> None:
        self._landed = Event()
        self._outcome: Callable[[], T]
        self._wakers: list[Callable[[], object]] = []
        self._guard = Lock()

    def run(self, call: Callable[[], T], before_landing: Callable[[], None]) -> None:
        """Make the call, then `before_landing`, then hand the outcome to whoever waits for it."""
        try:
            value = call()
        except BaseException as error:  # noqa: BLE001 - it belongs to those who wait
            self._outcome = _raising(error)
        else:
            self._outcome = lambda: value
        before_landing()
        self._land()

    def fail(self, error: Exception) -> None:
        """Let all who wait raise `error`."""
        self._outcome = _raising(error)
        self._land()

    def result(self, timeout: float | None = None) -> T:
        """Wait for the outcome: return it or raise it; `TimeoutError` after `timeout` seconds."""
        if not self._landed.wait(timeout):
            raise TimeoutError
        return self._outcome()

    async def aresult(self, timeout: float | None = None) -> T:
        """Do what `result` does, without blocking the event loop.

        The call goes on where the coroutine that waits is cancelled.
        """
        import asyncio

        loop, landed = asyncio.get_running_loop(), asyncio.Event()

        def wake() -> None:
            with suppress(RuntimeError):  # the loop was closed meanwhile
                loop.call_soon_threadsafe(landed.set)

        self._when_landed(wake)
        await asyncio.wait_for(landed.wait(), timeout)
        return self._outcome()

    def _when_landed(self, wake: Callable[[], object]) -> None:
        with self._guard:
            if not self._landed.is_set():
                self._wakers.append(wake)
                return
        wake()

    def _land(self) -> None:
        with self._guard:
            self._landed.set()
            wakers, self._wakers = self._wakers, []
        for wake in wakers:
            wake()


class SingleFlight(Generic[T]):
    """Calls in threads of their own; all who ask for one key share a call.

    At most `max_concurrent` run at the same time.
    The pool of an event loop would not do: it may be full of other work.
    """

    def __init__(self, max_concurrent: int) -> None:
        self._max_concurrent = max_concurrent
        self.renew()
        renew_in_children(self)

    def renew(self) -> None:
        self._guard = Lock()
        self._flights: dict[Hashable, Flight[T]] = {}
        self._waiting: deque[tuple[Hashable, Callable[[], T]]] = deque()
        self._workers = 0

    def call(self, key: Hashable, work: Callable[[], T]) -> Flight[T]:
        """Return the flight of `key`: one that is under way, or that of `work` in its turn."""
        with self._guard:
            if (under_way := self._flights.get(key)) is not None:
                return under_way
            flight = self._flights[key] = Flight[T]()
            self._waiting.append((key, work))
            needed = self._workers < self._max_concurrent
            self._workers += needed
        if needed:
            run_in_thread(self._work)
        return flight

    def _work(self) -> None:
        while (waiting := self._next()) is not None:
            key, flight, work = waiting
            flight.run(work, partial(self._end, key))

    def _next(self) -> tuple[Hashable, Flight[T], Callable[[], T]] | None:
        with self._guard:
            if self._waiting:
                key, work = self._waiting.popleft()
                return key, self._flights[key], work
            self._workers -= 1
            return None

    def _end(self, key: Hashable) -> None:
        with self._guard:
            del self._flights[key]


def run_in_thread(work: Callable[[], object]) -> None:
    """Run `work` in a thread that ends with it, or here where no thread can be had any more."""
    try:
        Thread(target=work, name="tokentui", daemon=True).start()
    except RuntimeError:
        work()


def _raising(error: BaseException) -> Callable[[], NoReturn]:
    def outcome() -> NoReturn:
        raise error

    return outcome

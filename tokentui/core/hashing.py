"""Whose secret is checked next: slow hashes are the one thing that strangers can make us do."""

from collections import deque
from collections.abc import Callable, Hashable
from functools import partial
from threading import Condition
from typing import Generic, NamedTuple, TypeVar

from tokentui.core.flight import Flight, run_in_thread
from tokentui.core.forks import renew_in_children
from tokentui.core.limits import CLEAN, HashBudget, Standing

T = TypeVar("T")

_WAITING = 8
"""How many may wait against whom something speaks, while wrong secrets are being paid for.

Each of them may hold a thread of the application.
"""


class _Check(NamedTuple, Generic[T]):
    key: Hashable
    flight: Flight[T]
    work: Callable[[], T]
    standing: Callable[[], Standing]
    refused: Callable[[], Exception]


class HashQueue(Generic[T]):
    """Checks of slow hashes, `max_concurrent` at the same time, in the order of fair queueing.

    Those come first against whom nothing speaks, then those whose caller failed longest ago, then
    those whose token failed least. Wrong secrets are paid for from a budget: once it is spent, all
    wait for it, and the newest of equals goes first (LIFO), so that a flood that waits already
    stands in nobody's way. Of those against whom something speaks only a few may wait then, so
    that a flood fills neither memory nor the threads of an application; the rest is refused.
    """

    def __init__(self, max_concurrent: int, monotonic: Callable[[], float]) -> None:
        self._max_concurrent = max_concurrent
        self._monotonic = monotonic
        self.renew()
        renew_in_children(self)

    def renew(self) -> None:
        self._changed = Condition()
        self._budget = HashBudget(self._monotonic, self._max_concurrent)
        self._workers = 0
        self._flights: dict[Hashable, Flight[T]] = {}
        self._clean: deque[_Check[T]] = deque()
        self._suspects: list[_Check[T]] = []

    def check(
        self,
        key: Hashable,
        work: Callable[[], T],
        standing: Callable[[], Standing],
        refused: Callable[[], Exception],
    ) -> Flight[T]:
        """Return the flight of `key`: one that is under way, or that of `work` in its turn.

        `standing` is asked whenever the order matters. Where `work` is refused, the
        flight raises what `refused` returns.
        """
        with self._changed:
            if (under_way := self._flights.get(key)) is not None:
                return under_way
            flight = self._flights[key] = Flight[T]()
            check = _Check(key, flight, work, standing, refused)
            if standing() == CLEAN:
                self._clean.append(check)
            else:
                self._suspects.insert(0, check)
            if self._budget.pause:
                self._refuse_worst()
            needed = self._workers < self._max_concurrent
            self._workers += needed
        if needed:
            run_in_thread(self._work)
        return flight

    def pay(self, seconds: float) -> None:
        """Take from the budget how long the check of a wrong secret took."""
        with self._changed:
            self._budget.spend(seconds)

    def _work(self) -> None:
        while (check := self._next()) is not None:
            check.flight.run(check.work, partial(self._end, check))

    def _next(self) -> _Check[T] | None:
        """Return the next check once there is budget for it, or None where nobody waits."""
        with self._changed:
            while self._clean or self._suspects:
                if not (pause := self._budget.pause):
                    self._budget.reserve()
                    return self._first()
                self._refuse_worst()
                self._changed.wait(pause)
            self._workers -= 1
            return None

    def _first(self) -> _Check[T]:
        while self._clean:
            check = self._clean.pop() if self._budget.low else self._clean.popleft()
            if check.standing() == CLEAN:
                return check
            self._suspects.insert(0, check)  # it got worse while it waited
        self._sort()
        return self._suspects.pop(0)

    def _refuse_worst(self) -> None:
        if len(self._suspects) <= _WAITING:
            return
        self._sort()
        for check in self._suspects[_WAITING:]:
            del self._flights[check.key]
            check.flight.fail(check.refused())
        del self._suspects[_WAITING:]

    def _sort(self) -> None:
        self._suspects.sort(key=lambda check: check.standing())

    def _end(self, check: _Check[T]) -> None:
        with self._changed:
            del self._flights[check.key]
            self._budget.release()
            self._changed.notify_all()

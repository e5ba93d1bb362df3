"""Cancelling a read that nobody waits for any longer (cooperative cancellation)."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


class Cancelled(Exception):
    """A read was cancelled: its answer is for nobody."""


class Cancel:
    """A flag that whoever reads looks at between two slices of the work. Thread-safe."""

    def __init__(self) -> None:
        self.requested = False
        """Whether somebody asked for that."""

    def request(self) -> None:
        """Ask whoever reads to stop at the next opportunity."""
        self.requested = True

    def check(self) -> None:
        """Raise `Cancelled` once somebody asked for that."""
        if self.requested:
            raise Cancelled

    def checked(self, items: Iterable[T]) -> Iterator[T]:
        """Yield `items`; raise `Cancelled` between two of them once somebody asked for that."""
        for item in items:
            self.check()
            yield item


NEVER = Cancel()
"""Of a read that nobody cancels."""

"""Work on many things some at a time, so that not all of them have to be in memory."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")

SIZE = 1000
"""How many things are in a batch."""


def batches(things: Iterable[T]) -> Iterator[list[T]]:
    """Yield `things` in lists of `SIZE`; the last one may be shorter."""
    left = iter(things)
    while batch := list(islice(left, SIZE)):
        yield batch

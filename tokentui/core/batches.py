"""Work on many things some at a time, so that not all of them have to be in memory."""

from collections.abc import Iterable, Iterator
from itertools import islice, repeat
from typing import TypeVar

T = TypeVar("T")

SIZE = 1000
"""How many things are in a batch."""
FEW = 100
"""How many things are in the first one where output waits for it."""


def sizes() -> Iterator[int]:
    """Yield how many things to take at a time: few at first, so that output begins early.

    The first two batches together have `SIZE` things, as has each of the others.
    """
    yield FEW
    yield SIZE - FEW
    while True:
        yield SIZE


def batches(things: Iterable[T]) -> Iterator[list[T]]:
    """Yield `things` in lists of `SIZE`; the last one may be shorter."""
    return _lists(things, repeat(SIZE))


def growing_batches(things: Iterable[T]) -> Iterator[list[T]]:
    """Yield `things` in lists of `sizes`; the last one may be shorter."""
    return _lists(things, sizes())


def _lists(things: Iterable[T], sizes: Iterable[int]) -> Iterator[list[T]]:
    left = iter(things)
    for size in sizes:
        if not (batch := list(islice(left, size))):
            return
        yield batch

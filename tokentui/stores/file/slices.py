"""Work on many things in slices, so that no other thread waits long for the interpreter (GIL)."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

from tokentui.core.cancel import Cancel

T = TypeVar("T")

SIZE = 1000
"""How many things are worked on at a time."""


def in_slices(things: Collection[T]) -> Iterator[Iterator[T]]:
    """Yield `things`, some at a time; they are to be taken before the next ones."""
    left = iter(things)
    for _ in range(0, len(things), SIZE):
        yield islice(left, SIZE)


def sorted_in_slices(things: Sequence[T], key: Callable[[T], Any], cancel: Cancel) -> tuple[T, ...]:
    """Return `things` in the order of their keys; equals stay as they are (merge sort).

    Raises `Cancelled`.
    """
    keys: list[Any] = []
    runs: list[list[int]] = []
    for start in range(0, len(things), SIZE):
        cancel.check()
        keys += map(key, things[start : start + SIZE])
        run = sorted(range(start, len(keys)), key=keys.__getitem__)
        if runs and keys[runs[-1][-1]] <= keys[run[0]]:
            runs[-1] += run
        else:
            runs.append(run)
    while len(runs) > 1:
        halves = iter(runs)
        runs = [_merged(run, next(halves, []), keys, cancel) for run in halves]
    return tuple(things[number] for run in runs for number in run)


def _merged(left: list[int], right: list[int], keys: list[Any], cancel: Cancel) -> list[int]:
    """Return two runs as one. No call that holds the interpreter is about many things."""
    merged: list[int] = []
    l_start = r_start = 0
    while l_start < len(left) and r_start < len(right):
        cancel.check()
        lows, highs = left[l_start : l_start + SIZE], right[r_start : r_start + SIZE]
        low, high = keys[lows[-1]], keys[highs[-1]]
        # What stands above the end of the other slice may belong behind what follows that.
        if low <= high:
            del highs[bisect_left(highs, low, key=keys.__getitem__) :]
        else:
            del lows[bisect_right(lows, high, key=keys.__getitem__) :]
        merged += sorted(lows + highs, key=keys.__getitem__)
        l_start += len(lows)
        r_start += len(highs)
    return merged + left[l_start:] + right[r_start:]

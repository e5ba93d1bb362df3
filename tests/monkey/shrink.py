"""Delta debugging: the smallest log that still shows a fault (ddmin, Zeller and Hildebrandt)."""

from collections.abc import Callable, Sequence
from itertools import chain
from typing import TypeVar

T = TypeVar("T")


def ddmin(items: Sequence[T], fails: Callable[[list[T]], bool]) -> list[T]:
    """Return a part of `items`, in their order, that `fails` and of which no item can go.

    `items` as a whole has to fail.
    """
    kept, parts = list(items), 2
    while len(kept) > 1:
        size = -(-len(kept) // parts)
        chunks = [kept[start : start + size] for start in range(0, len(kept), size)]
        rests = [list(chain(*chunks[:i], *chunks[i + 1 :])) for i in range(len(chunks))]
        smaller = next((rest for rest in rests if fails(rest)), None)
        if smaller is not None:
            kept, parts = smaller, max(2, parts - 1)
        elif size == 1:
            break
        else:
            parts = min(len(kept), parts * 2)
    return kept

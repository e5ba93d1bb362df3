"""Loading modules quickly."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def loading() -> Iterator[None]:
    """Load modules in this block without looking for garbage among them, in it or ever after.

    They are there to stay, and a look at all that they define takes longer than to draw a screen.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()

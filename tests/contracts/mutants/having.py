"""What mutants are made of: a backend some of whose parts are others."""

from collections.abc import Callable
from typing import Any

from ...doubles.memory import MemoryBackend, Store

Kind = Callable[..., MemoryBackend]


def having(**parts: Callable[[MemoryBackend, Store], object]) -> Kind:
    """Return a backend some of whose parts are others."""

    class Having(MemoryBackend):
        def __init__(self, store: Store, **more: Any) -> None:
            super().__init__(store, **more)
            for name, part in parts.items():
                setattr(self, name, part(self, store))

    return Having

"""The kinds of backends that the contract is tried on: a new one joins by one line."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Protocol

from tokentui.core.audit import Actor
from tokentui.core.backend import Backend
from tokentui.stores import AuditOptions, open_backend

from ..conftest import NOW
from ..doubles.memory import MemoryBackend, Store
from ..postgresql.stores import fresh_store


class Opener(Protocol):
    """What opens one and the same store, as often as it is called."""

    def __call__(self, *, read_only: bool = False) -> Backend: ...


def opened(url: str, keys: Path, *, read_only: bool = False) -> Backend:
    audit = AuditOptions(Actor("ada"), kept=not read_only, keys=str(keys))
    return open_backend(url, read_only=read_only, audit=audit, clock=lambda: NOW)


KINDS: dict[str, Callable[[Path], Opener]] = {
    "file": lambda folder: partial(opened, str(folder / "tokens.json"), folder),
    "memory": lambda _: partial(MemoryBackend, Store()),
    "postgresql": lambda folder: partial(opened, fresh_store(folder), folder),
}
"""What makes an empty store in a folder, by kind."""

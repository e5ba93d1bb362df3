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


class Opener(Protocol):
    """What opens one and the same store, as often as it is called."""

    def __call__(self, *, read_only: bool = False) -> Backend: ...


def _file(path: str, *, read_only: bool = False) -> Backend:
    audit = AuditOptions(Actor("ada"), kept=not read_only)
    return open_backend(path, read_only=read_only, audit=audit, clock=lambda: NOW)


KINDS: dict[str, Callable[[Path], Opener]] = {
    "file": lambda folder: partial(_file, str(folder / "tokens.json")),
    "memory": lambda _: partial(MemoryBackend, Store()),
}
"""What makes an empty store in a folder, by kind."""

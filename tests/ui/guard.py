"""A guard: nothing in the event loop asks a backend, since a backend may be far away."""

import asyncio
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import wraps
from pathlib import Path
from typing import Any
from unittest import mock

import tokentui.ui
from tokentui.stores import open_backend

_SCREENS = str(Path(tokentui.ui.__file__).parent)
_PARTS = ("tokens", "usage", "audit", "accounts", "attempts", "backups", "lookup")
_IN_MEMORY = {"record"}
"""What a backend keeps in memory for now, wherever it is."""


@contextmanager
def calls_in_the_loop(url: str) -> Iterator[list[str]]:
    """Give the calls of backends, of the kind at `url`, that screens make in the event loop."""
    backend = open_backend(url)
    parts = [backend, *(getattr(backend, name) for name in _PARTS)]
    calls: list[str] = []
    with ExitStack() as patches:
        for kind in {base for part in parts for base in type(part).__mro__}:
            if not kind.__module__.startswith("tokentui.stores"):
                continue
            for name, found in vars(kind).items():
                if callable(found) and not name.startswith("_") and name not in _IN_MEMORY:
                    noting = _noting(f"{kind.__name__}.{name}", found, calls)
                    patches.enter_context(mock.patch.object(kind, name, noting))
        yield calls


def _noting(name: str, method: Callable[..., Any], calls: list[str]) -> Callable[..., Any]:
    @wraps(method)
    def call(*arguments: Any, **more: Any) -> Any:
        if (caller := _screen_in_the_loop()) is not None:
            calls.append(f"{name} from {caller}")
        return method(*arguments, **more)

    return call


def _screen_in_the_loop() -> str | None:
    """Return the line of a screen that made this call in the event loop; not if a test made it."""
    if asyncio._get_running_loop() is None:
        return None
    frame = sys._getframe()
    while frame := frame.f_back:  # type: ignore[assignment]
        if frame.f_code.co_filename.startswith(_SCREENS):
            return f"{frame.f_code.co_filename.removeprefix(_SCREENS)}:{frame.f_lineno}"
    return None

"""When an app has settled: it has nothing left to do until a key is pressed or time passes.

Textual's pilot waits until the process has used little CPU time for 20 ms, twice a key. That is
slow, and on a busy machine it is a guess. Here the event loop, the threads and the app are asked.
"""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast
from unittest import mock

from tokentui.ui.app import TokentuiApp

from ..doubles.gate import Gate

_PATIENCE = 60.0
_GLANCE = 0.001

_awaited: set[asyncio.Future[Any]] = set()
"""What event loops wait for while threads work on it."""


@contextmanager
def threads_watched() -> Iterator[None]:
    """Keep account of what event loops wait for in threads, by executors or otherwise."""
    wrap = asyncio.wrap_future

    def watched(*arguments: Any, **more: Any) -> asyncio.Future[Any]:
        future = wrap(*arguments, **more)
        _awaited.add(future)
        # Called before whoever waits for it goes on: the loop has that left to do by then.
        future.add_done_callback(_awaited.discard)
        return future

    # Executors reach it by its module, others by the package.
    with (
        mock.patch.object(asyncio, "wrap_future", watched),
        mock.patch.object(asyncio.futures, "wrap_future", watched),
    ):
        yield


async def settled(app: TokentuiApp) -> None:
    """Return once `app` has settled or ended; fail, and say what is left, where it never does."""
    deadline = time.monotonic() + _PATIENCE
    while left := _left_to_do(app):
        assert time.monotonic() < deadline, f"{app.screen} never settled: {left}"
        await asyncio.sleep(0 if _something_is_ready() else _GLANCE)


def _left_to_do(app: TokentuiApp) -> str:
    """Say what `app` has left to do, if anything: the one place that knows all of it."""
    if _something_is_ready():
        return "the event loop has more to run"
    if not app.is_running or app._exception:
        return ""
    # Threads may have to wait for one that is held, as for its lock.
    if _awaited and not Gate.holds_any():
        return f"threads work on {_awaited}"
    if not app._typed._getters:  # type: ignore[attr-defined]
        return "keys are not handed on yet"
    if app.animator._animations or app.animator._scheduled:
        return "something moves"
    if app._resize_timer is not None:
        return "the window was resized"
    for screen in app.screen_stack:
        # Textual annotates it so that type checkers take it for Never.
        if cast("asyncio.Event", screen._update_timer._active).is_set():
            # Not at the next tick of its timer, but at once.
            screen._on_timer_update()
            return f"{screen} is painted"
    return ""


def _something_is_ready() -> bool:
    return bool(asyncio.get_running_loop()._ready)  # type: ignore[attr-defined]

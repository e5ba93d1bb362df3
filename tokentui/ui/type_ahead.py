"""Keys that are typed faster than the app can follow."""

import asyncio
from contextlib import suppress

from textual import events, work
from textual.app import App
from textual.dom import DOMNode

_PATIENCE = 2.0
"""Seconds after which the next key is handed on, whatever is still under way."""
_GLANCE = 0.001


class TypeAhead(App[None]):
    """Hands on each key once what the one before it began has come about.

    A key that opens a screen and the ones that are meant for that screen may arrive together,
    from a person in a hurry or from a paste. Textual would give all of them to the first screen.
    """

    def __init__(self) -> None:
        super().__init__()
        self._typed: asyncio.Queue[events.Event] = asyncio.Queue()

    def on_mount(self) -> None:
        self._hand_on()

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, (events.Key, events.Paste)) and not event.is_forwarded:
            self._typed.put_nowait(event)
        else:
            await super().on_event(event)

    @work(group="keys")
    async def _hand_on(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_PATIENCE):
                    await self._settle()
            await super().on_event(await self._typed.get())

    async def _settle(self) -> None:
        """Return once nothing is under way that may change what the next key means."""
        while True:
            # A key that its widget has no use for goes up from there, and may do something at
            # every step; the app is the last one.
            for node in (self.focused or self.screen).ancestors_with_self:
                await _catch_up(node)
            if self._settled():
                return
            await asyncio.sleep(_GLANCE)

    def _settled(self) -> bool:
        screen = self.screen
        return (
            screen.is_mounted
            and not any(node.message_queue_size for node in screen.walk_children(with_self=True))
            and all(worker.node is not screen or worker.is_finished for worker in self.workers)
        )


async def _catch_up(node: DOMNode) -> None:
    """Return once `node` has dealt with all that it was told so far, or is gone."""
    done = asyncio.Event()
    if node.call_later(done.set):
        while not done.is_set() and node.is_attached:
            await asyncio.sleep(0)

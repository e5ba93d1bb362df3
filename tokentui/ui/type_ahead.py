"""Keys and clicks that come faster than the app can follow."""

import asyncio
import weakref
from typing import Any, ClassVar, NamedTuple

from textual import events, work
from textual.dom import DOMNode
from textual.geometry import Offset
from textual.screen import Screen
from textual.widgets import Input

from tokentui.ui.flow import is_flow
from tokentui.ui.terminal.driver import TerminalDriver
from tokentui.ui.terminal.keyboard import Burst
from tokentui.ui.textual_compat import PaintedApp, bindings_of

_PATIENCE = 2.0
"""Seconds after which the next key is handed on, whatever is still under way."""
_HURRY = 0.1
"""The same, while what was waited for in vain is still under way."""
_GLANCE = 0.001
_FEW_ROWS = 12
"""In windows of no more rows, messages hide what a key is for: they stay until the next one."""


class Press(NamedTuple):
    """When and where a button of the mouse went down, and on which screen."""

    time: float
    cell: Offset
    screen: weakref.ref[Screen[Any]]


class TypeAhead(PaintedApp):
    """Hands on each key and click once what the one before it began has come about.

    A key that opens a screen and the ones that are meant for that screen may arrive together,
    from a person in a hurry. Textual would give all of them to the first screen. But nobody
    answers what they have not seen: a key that commits has to be read after the first paint, and
    a click acts on the screen alone that it was aimed at.
    """

    COMMITS: ClassVar[frozenset[str]] = frozenset()
    """Actions that commit what a screen asks for, beside Enter, by the id of their binding."""

    def __init__(self) -> None:
        super().__init__(driver_class=TerminalDriver)
        self._typed: asyncio.Queue[events.Event] = asyncio.Queue()
        self._dropping_on: object = None
        """The screen that got a key too early: what was typed after that key is for another."""
        self._pressed: Press | None = None
        self._press_counts = True
        """Whether the button that is down went down where it was aimed at."""
        self._in_step = True
        """Whether all was done in time lately: what never ends holds up one key, not all."""

    def on_mount(self) -> None:
        self._hand_on()

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, (events.InputEvent, events.Paste)) and not event.is_forwarded:
            self._typed.put_nowait(event)
        else:
            await super().on_event(event)

    @work(group="keys")
    async def _hand_on(self) -> None:
        while True:
            await self._catch_up()
            event = await self._typed.get()
            if isinstance(event, events.Paste) and not isinstance(self.focused, Input):
                self._notify_at_once("What was pasted is ignored: select a field first.")
            elif isinstance(event, Burst):
                for key in event.keys:
                    await self._catch_up()
                    await self._hand_on_key(key)
            elif isinstance(event, events.Key):
                await self._hand_on_key(event)
            elif self._is_aimed(event):
                await super().on_event(event)

    def _is_aimed(self, event: events.Event) -> bool:
        """Say whether a click is for the screen on top; what is no click always is."""
        if isinstance(event, events.MouseDown):
            self._press_counts = self._press(event)
        return self._press_counts or not isinstance(event, (events.MouseDown, events.MouseUp))

    def _press(self, event: events.MouseDown) -> bool:
        """Say whether a press came after its screen was seen, and begins or follows a click there.

        The second click of a double click is for the screen of the first, whatever came of that.
        """
        screen, before = self.screen, self._pressed
        aimed_at = weakref.ref(screen)
        if (
            before is not None
            and before.cell == event.screen_offset
            and event.time - before.time <= self.CLICK_CHAIN_TIME_THRESHOLD
        ):
            aimed_at = before.screen
        self._pressed = Press(event.time, event.screen_offset, aimed_at)
        seen_since = self.shown_since(screen)
        return aimed_at() is screen and seen_since is not None and seen_since < event.time

    async def _hand_on_key(self, key: events.Key) -> None:
        if self.size.height <= _FEW_ROWS:
            self.clear_notifications()
        if not self._comes_too_early(key):
            await super().on_event(key)

    def _comes_too_early(self, key: events.Key) -> bool:
        """Say, to the person as well, whether the key answers a screen that was not seen yet."""
        screen = self.screen
        seen_at = self.painted_at(screen)
        if self.is_headless or key.key == "escape" or (seen_at is not None and seen_at < key.time):
            self._dropping_on = None
        elif self._dropping_on is not screen:
            self._dropping_on = screen if self._sends(key) else None
            if self._dropping_on:
                self._notify_at_once("Press again: the key came before this screen was shown.")
        return self._dropping_on is not None

    def _notify_at_once(self, message: str) -> None:
        # Not `self.notify`: the lock would hold it back until it means another screen.
        super().notify(message)

    def _sends(self, key: events.Key) -> bool:
        """Whether a key commits what the screen on top asks for; the home screen asks nothing."""
        if len(self.screen_stack) == 1:
            return False
        if key.key == "enter":
            return True
        if self.focused is not None and self.focused.check_consume_key(key.key, key.character):
            return False
        return any(each.id in self.COMMITS for _, each in bindings_of(self.screen, key.key))

    async def _catch_up(self) -> None:
        try:
            async with asyncio.timeout(_PATIENCE if self._in_step else _HURRY):
                await self._settle()
        except TimeoutError:
            self._in_step = False
        else:
            self._in_step = True

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
            and not any(is_flow(worker, screen) for worker in self.workers)
        )


async def _catch_up(node: DOMNode) -> None:
    """Return once `node` has dealt with all that it was told so far, or is gone."""
    done = asyncio.Event()
    if node.call_later(done.set):
        while not done.is_set() and node.is_attached:
            await asyncio.sleep(0)

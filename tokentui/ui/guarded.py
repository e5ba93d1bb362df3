"""An app that people log in to, and that locks itself."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any

from textual import events, on, work
from textual.await_complete import AwaitComplete
from textual.screen import Screen

from tokentui.core.audit import Action, Event
from tokentui.core.errors import AccountNotFound, NotPermitted, StoreError
from tokentui.core.service import TokenService
from tokentui.ui.entrance import Entrance
from tokentui.ui.screens.log_in import LogIn
from tokentui.ui.type_ahead import TypeAhead

# Where there is no such clock, as on macOS, the other one goes on by itself.
_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
# Not a mouse that moves: a table that is bumped moves it.
_TOUCHES = (
    events.Key,
    events.Paste,
    events.MouseDown,
    events.MouseScrollDown,
    events.MouseScrollUp,
)
_OUTSIDE = {"command_palette", "help", "lock"}
"""Actions of the app that nobody does who is not logged in."""
_OF_FILES = {"screenshot", "deliver_screenshot", "suspend_process", "write_secret"}
"""Actions that reach a file or a shell."""


class Guarded(TypeAhead):
    """Shows nothing to who is not logged in, or has left: the lock lies over all that is open.

    `home` gives the screen to start on. Without `entrance` there is nothing to log in to. `gated`
    sessions reach no file and no shell. `farewell` is why the app ended by itself, if it did.
    """

    def __init__(
        self,
        service: TokenService,
        *,
        entrance: Entrance | None,
        logged_in: bool,
        gated: bool,
        lock_after: timedelta | None,
        ticks: Callable[[], float],
        home: Callable[[], Screen[None]],
    ) -> None:
        super().__init__()
        self._service = service
        self._entrance = entrance
        self._inside = logged_in or entrance is None
        self.gated = gated
        self.farewell = ""
        self._home = home
        self._lock_after = lock_after
        self._ticks = ticks
        self._touched_at = ticks()
        self._unlocked = asyncio.Event()
        self._unlocked.set()
        self._held_back: list[Callable[[], object]] = []

    def get_default_screen(self) -> Screen[None]:
        return self._home() if self._inside else Screen()

    def on_mount(self) -> None:
        if self._entrance is not None and not self._inside:
            self.push_screen(LogIn(self._entrance))

    @on(LogIn.Entered)
    async def _entered(self, event: LogIn.Entered) -> None:
        self._touched_at = self._ticks()
        if self.locked:
            self._unlocked.set()
            self.pop_screen()
            held_back, self._held_back = self._held_back, []
            for do in held_back:
                do()
        elif self._entrance is not None and not self._inside:
            self._service = self._entrance.service_of(event.account)
            self._inside = True
            await self.switch_screen(self._home())
            self.begun()

    def begun(self) -> None:
        """Do what is done once somebody is inside."""

    # -- the lock -------------------------------------------------------------------------------

    @property
    def locked(self) -> bool:
        """Whether the lock lies over everything."""
        return not self._unlocked.is_set()

    @property
    def can_unlock(self) -> bool:
        """Whether there is a password to unlock with; where that is not known, there may be."""
        try:
            door = self._entrance and self._entrance.door
            return door is not None and door.has_password(self._service.account)
        except StoreError:
            return True

    def action_lock(self) -> None:
        """Hide everything until the password is typed; who has none is logged out."""
        if self._entrance is None:
            self.notify("Without accounts there is no password to unlock with.")
            return
        if not self._inside or self.locked:
            return
        if not self.can_unlock:
            self._leave("The app was locked, and there is no password to unlock it: log in again.")
            return
        self._note_lock()
        self.clear_notifications()
        self.push_screen(LogIn(self._entrance, self._service.account))
        self._unlocked.clear()

    @work(thread=True, group="lock")
    def _note_lock(self) -> None:
        with suppress(StoreError):
            account = self._service.account
            self._service.trail.record(Event(account=account, action=Action.LOCK))

    def look_for_somebody(self) -> None:
        """Lock once nobody has touched a key for too long; end where the account is shut."""
        if not self._inside:
            return
        try:
            _ = self._service.rights.account
        except (AccountNotFound, NotPermitted) as error:
            self._leave(str(error))
            return
        except StoreError:
            pass  # the list says so
        idle = self._ticks() - self._touched_at
        if self._entrance is None or self._lock_after is None:
            return
        if idle >= self._lock_after.total_seconds():
            Guarded.action_lock(self)

    def _leave(self, why: str) -> None:
        self.farewell = why
        self.exit()

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, _TOUCHES):
            # Before it counts: the key that wakes a machine comes from whoever opened its lid.
            self.look_for_somebody()
            self._touched_at = self._ticks()
        await super().on_event(event)

    # What was under way when it locked goes on, and may end in any of these. They act on whatever
    # is on top, so they wait until that is no longer the lock.

    def notify(self, message: str, **how: Any) -> None:
        if self.locked:
            self._held_back.append(partial(self.notify, message, **how))
        else:
            super().notify(message, **how)

    def pop_screen(self) -> AwaitComplete:
        if self.locked:
            self._held_back.append(self.pop_screen)
            return AwaitComplete()
        return super().pop_screen()

    def push_screen(self, screen: Any, *arguments: Any, **more: Any) -> Any:
        if self.locked:
            self._held_back.append(partial(self.push_screen, screen, *arguments, **more))
            return AwaitComplete()
        return super().push_screen(screen, *arguments, **more)

    async def push_screen_wait(self, screen: Any, *arguments: Any, **more: Any) -> Any:
        await self._unlocked.wait()
        return await super().push_screen_wait(screen, *arguments, **more)

    def check_action(self, action: str, _: tuple[object, ...]) -> bool | None:
        """Keep away what is not for this session, or not now."""
        if action in _OF_FILES and self.gated:
            return False
        return not (action in _OUTSIDE and (self.locked or not self._inside))


def ticks() -> float:
    """Return seconds that go on while the machine sleeps, as a lid that was closed must count."""
    return time.clock_gettime(_CLOCK)

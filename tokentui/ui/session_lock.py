"""Who is signed in to the app, and the lock over all that is open."""

import asyncio
import time
from collections.abc import Callable, Hashable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import NamedTuple

from textual import events
from textual.app import App

from tokentui.core.audit import Action, Event
from tokentui.core.commands import TokenCommands
from tokentui.core.errors import AccountNotFound, NotPermitted, StoreError, StoreUnavailable
from tokentui.ui import screens
from tokentui.ui.flow import start_worker
from tokentui.ui.handover import SecretHandover
from tokentui.ui.session import Session
from tokentui.ui.sign_in import SignedIn, SignIn

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
_UNKNOWN = object()
"""The version of a password that was not read yet."""
_SIGNED_IN_ONLY = {"command_palette", "guide", "help", "lock"}
"""Actions of the app that nobody does who is not signed in, or has locked it."""
_OF_FILES = {"screenshot", "deliver_screenshot", "suspend_process", "write_secret"}
"""Actions that reach a file or a shell."""


class Admission(NamedTuple):
    """The version of the password of an account, and why it may do nothing, if it may not."""

    password_version: Hashable = None
    barred: str = ""


class SessionLock:
    """Knows who is signed in to `app`, and hides all that is open from whoever is not.

    Without `sign_in` there are no accounts, and everybody is. `restricted` sessions reach no file
    and no shell. The lock comes `lock_after` the last key or click, None for never, in the seconds
    of `monotonic`.
    """

    def __init__(
        self,
        app: App[None],
        session: Session,
        handover: SecretHandover,
        service: TokenCommands,
        *,
        sign_in: SignIn | None = None,
        signed_in: bool = False,
        restricted: bool = False,
        lock_after: timedelta | None = None,
        monotonic: Callable[[], float],
    ) -> None:
        self._app = app
        self._session = session
        self._handover = handover
        self.service = service
        """That of whoever is signed in; before, the one that the app was given."""
        self._sign_in = sign_in
        self.signed_in = signed_in or sign_in is None
        """Whether somebody is, be it behind the lock."""
        self._restricted = restricted
        self.exit_reason = ""
        """Why the app ended by itself, if it did."""
        self._lock_after = lock_after
        self._monotonic = monotonic
        self._touched_at = monotonic()
        self._unlocked = asyncio.Event()
        self._unlocked.set()
        self._held_back: list[Callable[[], object]] = []
        self._password_version: Hashable = _UNKNOWN

    # -- what the app asks ----------------------------------------------------------------------

    @property
    def locked(self) -> bool:
        """Whether the lock lies over everything."""
        return not self._unlocked.is_set()

    def permits(self, action: str) -> bool:
        """Say whether an action of the app is for this session, and for now."""
        if action in _OF_FILES:
            return not self._restricted
        return action not in _SIGNED_IN_ONLY or (self.signed_in and not self.locked)

    def holds_back(self, do: Callable[[], object]) -> bool:
        """Do something once it is unlocked, if it is locked; say whether it is.

        What was under way when it locked goes on, and may act on whatever screen is on top: that
        must not be the lock.
        """
        if self.locked:
            self._held_back.append(do)
        return self.locked

    async def wait_unlocked(self) -> None:
        """Return once it is not locked."""
        await self._unlocked.wait()

    # -- signing in -----------------------------------------------------------------------------

    def ask_to_sign_in(self) -> None:
        """Show who is not signed in where to do so."""
        if self._sign_in is not None and not self.signed_in:
            log_in = screens.log_in.LogIn(self._sign_in, self.service.queries.location)
            self._app.push_screen(log_in)

    def accept(self, signed_in: SignedIn) -> bool:
        """Unlock, or begin the session of whoever signed in; say whether a session began."""
        self.touch()
        self._password_version = signed_in.password_version
        if self.locked:
            self._unlock()
        elif signed_in.service is not None and not self.signed_in:
            self.service = signed_in.service
            self.signed_in = True
            return True
        return False

    def _unlock(self) -> None:
        self._unlocked.set()
        self._app.screen.dismiss()
        held_back, self._held_back = self._held_back, []
        for do in held_back:
            do()

    # -- locking --------------------------------------------------------------------------------

    def lock(self) -> None:
        """Hide everything until the password is typed; sign out whoever has none."""
        if self._sign_in is None:
            self._app.notify("Without accounts there is no password to unlock with.")
        elif not self.signed_in or self.locked:
            return
        elif self._can_unlock:
            self._cover(self._sign_in)
        else:
            self._handover.end(self._sign_out)

    def lock_if_idle(self) -> None:
        """Lock once nobody has touched a key for too long."""
        if self._sign_in is None or self._lock_after is None or self.locked or not self.signed_in:
            return
        # A lock that had to wait for a new secret leaves time to save the secret.
        last = max(self._touched_at, self._handover.issued_at)
        if self._monotonic() - last < self._lock_after.total_seconds():
            return
        if self._can_unlock:
            self._cover(self._sign_in)
        elif not self._handover.issuing:
            self._sign_out()

    def notice(self, event: events.Event) -> None:
        """Count a key or a click as somebody there, before it is handed on."""
        if isinstance(event, _TOUCHES):
            # Before it counts: the key that wakes a machine comes from whoever opened its lid.
            self.lock_if_idle()
            self.touch()

    def quit(self) -> None:
        """End the app, as somebody wishes who may not be signed in; never over a pending secret."""
        screen = self._app.screen
        unsaved = self.locked and self._handover.secret_pending
        if unsaved and isinstance(screen, screens.log_in.LogIn):
            screen.show_problem("Unlock first: a secret is not saved yet.")
        else:
            self._handover.end(self._app.exit)

    def touch(self) -> None:
        """Let the time until the lock comes by itself begin anew."""
        self._touched_at = self._monotonic()

    @property
    def _can_unlock(self) -> bool:
        """Whether there is a password to unlock with; where that is not known, there may be."""
        return self._sign_in is not None and self._password_version is not None

    def _cover(self, sign_in: SignIn, **why: str) -> None:
        start_worker(self._app, self._record_lock, group="lock")
        self._app.clear_notifications()
        location, account = self.service.queries.location, self.service.account
        self._app.push_screen(screens.log_in.LogIn(sign_in, location, account, **why))
        self._unlocked.clear()

    async def _record_lock(self) -> None:
        event = Event(account=self.service.account, action=Action.LOCK)
        record = partial(self.service.queries.recorder.record, event)
        with suppress(StoreError):
            await self._session.commit_unasked(record)

    def _sign_out(self) -> None:
        self._end(
            "The app was locked, and the account has no password to unlock it. Sign in again."
        )

    def _end(self, reason: str) -> None:
        self.exit_reason = reason
        self._app.exit()

    # -- what the store says --------------------------------------------------------------------

    def admission(self) -> Admission:
        """Return what the store says of whoever is signed in. Blocks; raises `StoreUnavailable`."""
        try:
            self.service.queries.rights.check_enabled()
            return Admission(self._current_password_version())
        except (AccountNotFound, NotPermitted) as error:
            return Admission(barred=str(error))
        except StoreUnavailable:
            raise
        except StoreError:
            return Admission(_UNKNOWN)  # the list says why

    def _current_password_version(self) -> Hashable:
        if self._sign_in is None:
            return None
        return self._sign_in.authenticator.password_version(self.service.account)

    def follow(self, now: Admission) -> None:
        """End where the account is disabled or gone; lock where its password was changed.

        Who knows only the old password is shut out at once.
        """
        if now.barred:
            self._end(now.barred)
            return
        before, version = self._password_version, now.password_version
        if self._sign_in is None or self.locked or version in (before, _UNKNOWN):
            return
        self._password_version = version
        if before in (None, _UNKNOWN):
            return  # the first password of an account takes nothing away
        if version is None:
            self._sign_out()
        else:
            self._cover(self._sign_in, why="The password was changed. Enter the new one.")


def monotonic() -> float:
    """Return seconds that go on while the machine sleeps, as a lid that was closed must count."""
    return time.clock_gettime(_CLOCK)

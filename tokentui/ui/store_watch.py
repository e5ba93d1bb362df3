"""Watching the store: whether anything was changed, by whomever, and what has had its time."""

import asyncio
from collections.abc import Hashable
from concurrent.futures import Future
from contextlib import suppress
from time import monotonic
from typing import NamedTuple

from textual.app import App

from tokentui.core.backend import Versions
from tokentui.core.cancel import Cancel
from tokentui.core.commands import TokenCommands
from tokentui.core.errors import StoreError, TokentuiError
from tokentui.ui.first_look import FirstLook
from tokentui.ui.flow import start_worker
from tokentui.ui.messages import AuditLogChanged, StoreChanged
from tokentui.ui.session import Phase, Session
from tokentui.ui.session_lock import Admission, SessionLock

_LOOK_EVERY = 1.0
_RETIRE_EVERY = 60.0


class Seen(NamedTuple):
    """What a look saw: versions that differ once something was changed, and the admission."""

    store: Hashable = None
    audit_log: Hashable = None
    admission: Admission = Admission()

    @classmethod
    def of(cls, versions: Versions, admission: Admission = admission) -> "Seen":
        """Return what a look saw that found these versions."""
        store = versions.tokens, versions.accounts, versions.usage
        return cls(store, versions.audit, admission)


class StoreWatch:
    """Tells each screen of `app` what was changed in the store, and `lock` who may still do what.

    It ends with the app, and so does what it waits for: see `Session`.
    """

    def __init__(self, app: App[None], session: Session, lock: SessionLock) -> None:
        self._app = app
        self._session = session
        self._lock = lock
        self._first_look: Future[FirstLook] | None = None
        self._seen = Seen()

    def start(self, first_look: Future[FirstLook] | None = None) -> None:
        """Begin, once somebody is signed in; `first_look` is what was read ahead."""
        self._first_look = first_look
        start_worker(self._app, self._keep_looking, group="look")
        self._app.set_timer(_LOOK_EVERY, self._begin_to_retire)  # the list comes first
        self._app.set_interval(_RETIRE_EVERY, self._begin_to_retire)

    @property
    def _service(self) -> TokenCommands:
        return self._lock.service

    async def _keep_looking(self) -> None:
        """Look every now and then at whether anything was changed; never twice at once.

        A store that answers slowly is asked less often, so that it has time for other questions.
        """
        while self._app.is_running:
            started = monotonic()
            with suppress(StoreError):  # the state of the session says so
                await self.look()
            await asyncio.sleep(_pause(monotonic() - started))

    async def look(self) -> None:
        """Tell every screen once a token was changed or used, and follow what the account may.

        Raises `StoreError` where the store cannot be asked.
        """
        was_away = self._session.state.phase is Phase.OFFLINE
        seen = await self._session.look(self._see)
        # What was asked for while nothing answered is asked for once more.
        before, self._seen = Seen() if was_away else self._shown, seen
        self._first_look = None
        self._lock.follow(seen.admission)
        if self._lock.exit_reason:
            return
        for screen in self._app.screen_stack:
            if seen.store != before.store:
                screen.post_message(StoreChanged())
            if seen.audit_log != before.audit_log:
                screen.post_message(AuditLogChanged())

    @property
    def _shown(self) -> Seen:
        """What a look would have seen before that which is shown was read."""
        look = self._first_look
        if look is None or not look.done() or look.cancelled() or look.exception() is not None:
            return self._seen
        return Seen.of(look.result().versions)

    def _see(self, _: Cancel) -> Seen:
        return Seen.of(self._service.backend.versions(), self._lock.admission())

    def _begin_to_retire(self) -> None:
        start_worker(self._app, self._retire, group="retire", exclusive=True)

    async def _retire(self) -> None:
        """Revoke what was rotated and has had its time, if that can be written."""
        with suppress(TokentuiError):
            await self._session.commit_unasked(self._retire_now)

    def _retire_now(self) -> None:
        if not self._service.queries.permissions().read_only_reason:
            self._service.retire()


def _pause(took: float) -> float:
    """Return how long to wait after a look that took so long, both in seconds."""
    return max(_LOOK_EVERY, 2 * took)

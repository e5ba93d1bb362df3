"""Handing out secrets: a new secret exists only in this process, so the app outlives it."""

import math
import signal
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, cast

from textual.app import App
from textual.dom import DOMNode
from textual.screen import Screen

from tokentui.core.commands import TokenCommands
from tokentui.core.new_token import NewToken
from tokentui.core.token import Token
from tokentui.ui import screens
from tokentui.ui.session import Session

if TYPE_CHECKING:
    from textual.timer import Timer

    from tokentui.ui.screens.saved_token import SavedToken

TERMINATION_GRACE = 10.0
"""Seconds that SIGTERM leaves for saving a secret."""
OUTCOME_GRACE = 5.0
"""Seconds that a process without a terminal waits until it is known whether a token was created."""


class HandedOut(NamedTuple):
    """A token whose secret the person has, and whether they want to create another."""

    token: Token
    another: bool


class SecretHandover:
    """Lets `app` end gracefully: not while a token is created, nor before its secret is saved.

    A lost connection ends it at once, since nobody is there to read the secret. The token then
    stays "not saved". `monotonic` returns seconds.
    """

    def __init__(self, app: App[None], session: Session, monotonic: Callable[[], float]) -> None:
        self._app = app
        self._session = session
        self._monotonic = monotonic
        self.secret_pending = False
        """Whether a token is being created, or its secret waits to be saved."""
        self.issued_at = -math.inf
        """When the last token was created."""
        self._end_wanted: Callable[[], object] | None = None
        self._latest: SavedToken | None = None
        """The latest screen with a secret, whether or not it is still open."""
        self._termination: Timer | None = None

    @classmethod
    def of(cls, node: DOMNode) -> "SecretHandover":
        """Return that of the app that `node` is in."""
        return cast("SecretHandover", node.app.handover)  # type: ignore[attr-defined]

    async def issue(self, create: Callable[[], NewToken]) -> NewToken:
        """Create a token off the event loop; raise what `create` does.

        From now on the app does not end by itself until `hand_out` has shown the secret.
        """
        self.secret_pending = True
        try:
            new = await self._session.commit(create)
        except Exception:
            # The reason is on the screen: whoever wanted to leave reads it first.
            self._end_wanted = None
            self._nothing_pending()
            raise
        self.issued_at = self._monotonic()
        return new

    async def hand_out(
        self, form: Screen[NewToken | None], service: TokenCommands
    ) -> HandedOut | None:
        """Show `form`, which issues a token, then its secret; None where the person cancelled."""
        saved_token = screens.saved_token  # loaded while there is no secret that it could lose
        new = await self._app.push_screen_wait(form)
        if new is None:
            return None
        self._latest = saved_token.SavedToken(service, new)
        another = await self._app.push_screen_wait(self._latest)
        self._nothing_pending()
        return HandedOut(new.token, bool(another))

    def _nothing_pending(self) -> None:
        self.secret_pending = False
        if self._termination is not None:
            self._app.exit()
        elif self._end_wanted is not None:
            self._end_wanted()

    # -- ends -----------------------------------------------------------------------------------

    @property
    def _secret_screen(self) -> "SavedToken | None":
        return self._latest if self._latest in self._app.screen_stack else None

    @property
    def issuing(self) -> bool:
        """Whether a token is being created whose secret is not on the screen yet."""
        return self.secret_pending and self._secret_screen is None

    def end(self, how: Callable[[], object]) -> None:
        """End by `how`, as the person wishes, but not before a secret is saved."""
        if self.issuing:
            self._end_wanted = how
            self._app.clear_notifications()  # one is enough, however often the key is pressed
            self._app.notify("The app ends once the secret is saved.")
        elif (screen := self._secret_screen) is not None:
            screen.action_stay()
        else:
            how()

    def terminate(self) -> None:
        """End because the system says so (SIGTERM): a pending secret can be saved until then."""
        if not self.secret_pending:
            self._app.exit()
        elif self._termination is None:
            self._termination = self._app.set_timer(TERMINATION_GRACE, self._app.exit)
            self._app.notify(
                f"Save the secret: the app ends in {TERMINATION_GRACE:.0f} seconds.",
                severity="warning",
                timeout=TERMINATION_GRACE,
            )

    def await_outcome(self) -> bool:
        """Wait until what was begun is done, such as a token being created. For after the end.

        Returns whether no change is under way any more, or SIGTERM has ended the wait for it.
        """
        if self._termination is None and not self._session.finish(0):
            # A shell that loses its terminal sends a second one to what it had started.
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
            return self._session.finish(OUTCOME_GRACE)
        return True

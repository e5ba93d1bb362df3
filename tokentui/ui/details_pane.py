"""The details of the token at the cursor, beside the list, with its latest events."""

from __future__ import annotations

from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from textual.containers import Vertical

from tokentui.core import audit_queries
from tokentui.core.errors import TokentuiError
from tokentui.ui.flow import start_worker
from tokentui.ui.session import Session
from tokentui.ui.widgets.token_details import EVENTS, TokenDetails

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual.app import ComposeResult
    from textual.timer import Timer

    from tokentui.core.audit import Entry
    from tokentui.core.cancel import Cancel
    from tokentui.core.display import DisplayContext
    from tokentui.core.queries import TokenQueries
    from tokentui.core.query import TokenRow
    from tokentui.core.token import Token

REST = 0.2
"""Seconds that the cursor rests on a token before its events are read."""
LIMIT = 0.2
"""Seconds that reading them may take."""
_READING = "events"


class DetailsPane(Vertical):
    """Shows a token immediately, and its events once the cursor has rested on it.

    `key` tells which key an action has.
    """

    def __init__(self, queries: TokenQueries, key: Callable[[str], str]) -> None:
        super().__init__(id="pane")
        self._queries = queries
        self._late = f"Reading the events takes long. Press {key('list.history')} to see them."
        self._details = TokenDetails(key, id="details")
        self._timer: Timer | None = None

    def compose(self) -> ComposeResult:
        yield self._details

    @property
    def events(self) -> Sequence[Entry] | str | None:
        """The events that are shown, or a sentence in their place; None until they are read."""
        return self._details.events

    def show(self, context: DisplayContext, row: TokenRow | None) -> None:
        """Show a token, or nothing."""
        self.leave()
        self._details.show(context, row)
        if row is not None:
            self._timer = self.set_timer(REST, partial(self.read_events, row.token))

    def leave(self) -> None:
        """Cancel reading the events, so that what is asked for next does not wait for it."""
        if self._timer is not None:
            self._timer.stop()
        self.workers.cancel_group(self, _READING)

    def read_events(self, token: Token) -> None:
        """Read the events of the token that is shown, and show them unless that takes long."""
        start_worker(self, partial(self._read, token), group=_READING, exclusive=True)
        self._timer = self.set_timer(LIMIT, self._give_up)

    def _give_up(self) -> None:
        self.leave()
        if self.events is None:
            self._details.show_events(self._late)

    async def _read(self, token: Token) -> None:
        found: Sequence[Entry] | str
        try:
            latest = partial(self._latest, token)
            found = await Session.of(self).look(latest, (self, _READING))
        except TokentuiError as error:
            found = str(error)
        if self._timer is not None:
            self._timer.stop()
        self._details.show_events(found)

    def _latest(self, token: Token, cancel: Cancel) -> Sequence[Entry]:
        return list(islice(audit_queries.history(self._queries, token, cancel=cancel), EVENTS))

"""What was done with a token lately."""

import asyncio
from itertools import islice

from rich.table import Table
from rich.text import Text
from textual import events, on, work
from textual.widgets import Static

from tokentui.core.audit import Entry
from tokentui.core.errors import TokentuiError
from tokentui.core.service import TokenService
from tokentui.core.token import Token
from tokentui.ui.entries import LOOK_EVERY
from tokentui.ui.entries import table as table_of

_MOST = 50
_GAP = 2


class History(Static):
    """Shows the latest entries of the audit trail about a token, as many as there is room for."""

    def __init__(self, service: TokenService, *, id: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._service = service
        self._token: Token | None = None
        self._entries: list[Entry] | None = None
        """What is shown, once it was looked up."""
        self._failure = ""
        self._stamp: object = None

    def on_mount(self) -> None:
        self.set_interval(LOOK_EVERY, self._look_again)

    def follow(self, token: Token) -> None:
        """Show what was done with `token` by now."""
        self._token = token
        self._look()

    def _look_again(self) -> None:
        if self._service.trail.changed() != self._stamp:
            self._look()

    @on(events.Show)
    @work(exclusive=True)
    async def _look(self) -> None:
        if self._token is None or not self.display:  # the trail may be long
            return
        self._stamp = self._service.trail.changed()
        try:
            self._entries = await asyncio.to_thread(self._latest, self._token)
        except TokentuiError as error:
            self._failure = str(error)
        else:
            self._failure = ""
        self._draw()

    def _latest(self, token: Token) -> list[Entry]:
        return list(islice(self._service.history(token), _MOST))

    @on(events.Resize)
    def _draw(self) -> None:
        if self._failure:
            self.update(Text(self._failure))
        elif self._entries:
            self.update(self._grid(self._entries), layout=False)
        elif self._entries is not None:
            self.update("Nothing was written down yet.")

    def _grid(self, entries: list[Entry]) -> Table:
        width = self.content_size.width
        _, widths, rows = table_of(self._service, entries, width, gap=_GAP, one_token=True)
        grid = Table.grid(padding=(0, _GAP, 0, 0))
        for cells in widths:
            grid.add_column(width=cells, no_wrap=True, overflow="ellipsis")
        for row in rows:
            grid.add_row(*map(Text, row))
        return grid

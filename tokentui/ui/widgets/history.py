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

    def follow(self, token: Token) -> None:
        """Show what was done with `token` by now."""
        self._token = token
        self._look()

    @on(events.Show)
    @work(exclusive=True)
    async def _look(self) -> None:
        if self._token is None or not self.display:  # the trail may be long
            return
        try:
            self._entries = await asyncio.to_thread(self._latest, self._token)
        except TokentuiError as error:
            self.update(Text(str(error)))
        else:
            self._draw()

    def _latest(self, token: Token) -> list[Entry]:
        return list(islice(self._service.history(token), _MOST))

    @on(events.Resize)
    def _draw(self) -> None:
        if self._entries is None:
            return
        if not self._entries:
            self.update("Nothing was written down yet.")
            return
        width = self.content_size.width
        _, widths, rows = table_of(self._service, self._entries, width, gap=_GAP, one_token=True)
        grid = Table.grid(padding=(0, _GAP, 0, 0))
        for cells in widths:
            grid.add_column(width=cells, no_wrap=True, overflow="ellipsis")
        for row in rows:
            grid.add_row(*map(Text, row))
        self.update(grid, layout=False)

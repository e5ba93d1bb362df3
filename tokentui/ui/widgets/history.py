"""What was done with a token lately."""

from functools import partial
from itertools import islice

from rich.table import Table
from rich.text import Text
from textual import events, on, work
from textual.widgets import Static

from tokentui.core import audit_queries
from tokentui.core.audit import Entry
from tokentui.core.cancel import Cancel
from tokentui.core.commands import TokenCommands
from tokentui.core.errors import TokentuiError
from tokentui.core.token import Token
from tokentui.formatting.audit import entry_cells
from tokentui.ui.entries import TRY_AGAIN
from tokentui.ui.entries import table as table_of
from tokentui.ui.session import Session

_MOST = 50
_GAP = 2


class History(Static):
    """Shows the latest entries of the audit log about a token, as many as there is room for."""

    def __init__(self, service: TokenCommands, *, id: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._service = service
        self._token: Token | None = None
        self._entries: list[Entry] | None = None
        """What is shown, once it was looked up."""
        self._failure = ""

    def follow(self, token: Token) -> None:
        """Show what was done with `token` by now."""
        self._token = token
        self.look()

    @on(events.Show)
    @work(exclusive=True)
    async def look(self) -> None:
        """Show what was done by now."""
        if self._token is None or not self.display:  # the log may be long
            return
        latest = partial(self._latest, self._token)
        try:
            self._entries = await Session.of(self).read(self, latest)
        except TokentuiError as error:
            self._failure = str(error)
            self.set_timer(TRY_AGAIN, self.look)
        else:
            self._failure = ""
        self._draw()

    def _latest(self, token: Token, cancel: Cancel) -> list[Entry]:
        return list(
            islice(audit_queries.history(self._service.queries, token, cancel=cancel), _MOST)
        )

    @on(events.Resize)
    def _draw(self) -> None:
        if self._failure:
            self.update(Text(self._failure))
        elif self._entries:
            self.update(self._grid(self._entries), layout=False)
        elif self._entries is not None:
            self.update("No events yet.")

    def _grid(self, entries: list[Entry]) -> Table:
        width = self.content_size.width
        context = self._service.queries.display_context()
        cells = [entry_cells(context, entry) for entry in entries]
        _, widths, rows, _ = table_of(cells, width, gap=_GAP, one_token=True)
        grid = Table.grid(padding=(0, _GAP, 0, 0))
        for room in widths:
            grid.add_column(width=room, no_wrap=True, overflow="ellipsis")
        for row in rows:
            grid.add_row(*map(Text, row))
        return grid

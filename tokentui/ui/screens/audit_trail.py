"""Audit trail: who did what, when and from where; and the history of one token."""

from __future__ import annotations

from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, ClassVar, cast

from rich.text import Text
from textual import on, work
from textual.binding import Binding, BindingType
from textual.coordinate import Coordinate
from textual.widgets import Input, Static

from tokentui import formatting
from tokentui.core import audit_queries
from tokentui.core.audit import Entry, Search
from tokentui.core.errors import TokentuiError
from tokentui.core.text import printable
from tokentui.ui.entries import TRY_AGAIN
from tokentui.ui.entries import table as table_of
from tokentui.ui.messages import AuditLogChanged
from tokentui.ui.session import Session
from tokentui.ui.textual_compat import Page
from tokentui.ui.widgets.key_footer import KeyFooter
from tokentui.ui.widgets.screen_header import ScreenHeader

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.widgets import DataTable

    from tokentui.core.cancel import Cancel
    from tokentui.core.commands import TokenCommands
    from tokentui.core.rights import Permissions
    from tokentui.core.token import Token

_SHOWN = 100
_CELL_PADDING = 1
_AROUND = 6
"""Cells that the table does not fill: the cursor's mark, the edges and the scrollbar."""


class AuditTrail(Page[None]):
    """Shows the latest entries, of all or of one token, and only those that hold what is typed."""

    CSS_PATH = "../forms.tcss"
    BINDING_GROUP_TITLE = "Audit trail"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", id="audit.back"),
        Binding("up", "move('cursor_up')", "Up", show=False, id="audit.up"),
        Binding("down", "move('cursor_down')", "Down", show=False, id="audit.down"),
        Binding("pageup", "move('page_up')", "Page up", show=False, id="audit.page-up"),
        Binding("pagedown", "move('page_down')", "Page down", show=False, id="audit.page-down"),
        Binding("f1", "app.help", "Help", id="app.help"),
    ]

    def __init__(
        self, service: TokenCommands, permissions: Permissions, token: Token | None = None
    ) -> None:
        super().__init__()
        self._service = service
        self._permissions = permissions
        self._token = token
        self._entries: list[Entry] = []
        self._failure = ""
        """Why what is shown may not be what is there by now."""
        self._nothing = ""
        """What is shown where there is no entry."""
        self._marked = 0
        """The row that bears the mark of the cursor."""

    @property
    def _table(self) -> DataTable[Text]:
        return cast("DataTable[Text]", self.query_one("#entries"))

    def compose(self) -> ComposeResult:
        from textual.widgets import DataTable  # slow to load, and seldom needed

        way = "Audit trail" if self._token is None else f"History of {printable(self._token.name)}"
        yield ScreenHeader(
            way, account=self._service.account, location=self._service.queries.location
        )
        yield Input(id="filter", placeholder="Part of any word", compact=True)
        yield DataTable[Text](id="entries", cursor_type="row", cell_padding=_CELL_PADDING)
        yield Static(id="more", markup=False)
        yield KeyFooter()

    def on_mount(self) -> None:
        table = self._table
        table.can_focus = False
        self.set_focus(self.query_one("#filter"))
        self.query_one(ScreenHeader).read_only = bool(self._permissions.read_only_reason)
        self._search()

    @on(Input.Changed)
    @on(AuditLogChanged)
    @work(exclusive=True)
    async def _search(self) -> None:
        text = self.query_one("#filter", Input).value
        try:
            entries = await Session.of(self).read(self, partial(self._found, text))
        except TokentuiError as error:
            self._failure = str(error)
            self._show_entry()
            self.set_timer(TRY_AGAIN, self._search)
            return
        self._failure = ""
        self._nothing = "Nothing here." if text else "Nothing was written down yet."
        if entries != self._entries:
            self._show(entries)
        else:
            self._show_entry()

    def _found(self, text: str, cancel: Cancel) -> list[Entry]:
        if self._token is None:
            found = audit_queries.entries(self._service.queries, Search(text=text), cancel=cancel)
        else:
            found = audit_queries.history(self._service.queries, self._token, text, cancel)
        return list(islice(found, _SHOWN))

    def _show(self, entries: list[Entry]) -> None:
        """Draw the columns that there is room for; what is left out stands below.

        The cursor stays on its entry, but for the latest, which it follows.
        """
        table = self._table
        held = self._entries[table.cursor_row].seq if table.cursor_row > 0 else None
        table.clear(columns=True)
        self._entries, self._marked = entries, 0
        titles, widths, rows = table_of(
            self._service.queries.display_context(),
            entries,
            self.size.width - _AROUND,
            gap=2 * _CELL_PADDING,
            one_token=self._token is not None,
        )
        table.add_column("", width=1)
        for title, width in zip(titles, widths, strict=True):
            table.add_column(title, width=width)
        for row in rows:
            table.add_row(Text(), *(Text(cell, no_wrap=True, overflow="ellipsis") for cell in row))
        numbers = [entry.seq for entry in entries]
        if held in numbers:
            table.move_cursor(row=numbers.index(held))
        self._show_entry()

    def on_resize(self) -> None:
        self._show(self._entries)

    def on_data_table_row_highlighted(self) -> None:
        self._show_entry()

    def _show_entry(self) -> None:
        """Mark the entry under the cursor, and show all of it, or what is wrong."""
        row, text = self._table.cursor_row, self._nothing
        if 0 <= row < len(self._entries):
            # Not by its colour alone.
            self._table.update_cell_at(Coordinate(self._marked, 0), Text())
            self._table.update_cell_at(Coordinate(row, 0), Text(">"))
            self._marked = row
            numbered = self._permissions.owner_filter is None
            text = formatting.entry_sentence(self._entries[row], numbered=numbered)
        self.query_one("#more", Static).update(self._failure or text)

    def action_move(self, how: str) -> None:
        """Move the cursor while one types in the field."""
        getattr(self._table, f"action_{how}")()

    def action_back(self) -> None:
        """Let go of what is typed, or go back."""
        field = self.query_one("#filter", Input)
        if field.value:
            field.clear()
        else:
            self.dismiss()

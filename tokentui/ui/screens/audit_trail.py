"""Audit log: who did what, when and from where; and the history of one token."""

from __future__ import annotations

from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, ClassVar, cast

from rich.text import Text
from textual import on, work
from textual.binding import Binding, BindingType
from textual.coordinate import Coordinate
from textual.widgets import Input, Static

from tokentui.core import audit_queries
from tokentui.core.audit import Entry, Search
from tokentui.core.errors import TokentuiError
from tokentui.core.text import printable
from tokentui.formatting.audit import contains, entry_facts, entry_sentence, stored_part
from tokentui.ui.entries import TRY_AGAIN, Row
from tokentui.ui.entries import rows as rows_of
from tokentui.ui.entries import table as table_of
from tokentui.ui.messages import AuditLogChanged
from tokentui.ui.screens.audit_entry import AuditEntry
from tokentui.ui.session import Session
from tokentui.ui.textual_compat import Page
from tokentui.ui.widgets.key_footer import KeyFooter
from tokentui.ui.widgets.screen_header import ScreenHeader

if TYPE_CHECKING:
    from collections.abc import Hashable

    from rich.style import Style
    from textual.app import ComposeResult
    from textual.widgets import DataTable

    from tokentui.core.cancel import Cancel
    from tokentui.core.commands import TokenCommands
    from tokentui.core.rights import Permissions
    from tokentui.core.token import Token

_SHOWN = 100
_CELL_PADDING = 1
_AROUND = 9
"""Cells that the table does not fill: the cursor's mark, the sign, the edges and the scrollbar."""


class AuditTrail(Page[None]):
    """Shows the latest entries, of all or of one token, and only those that hold what is typed.

    The entries of one change are one row, which Enter opens and folds. For another row, Enter
    shows all of the entry.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"audit-log--denied"}
    CSS_PATH = "../forms.tcss"
    BINDING_GROUP_TITLE = "Audit log"
    BINDINGS: ClassVar[list[BindingType]] = [
        # Before the field, for which Enter means nothing.
        Binding("enter", "open", "Open", priority=True, key_display="Enter", id="audit.open"),
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
        self._rows: list[Row] = []
        self._opened: set[Hashable] = set()
        """The changes that are not folded."""
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

        way = "Audit log" if self._token is None else f"History of {printable(self._token.name)}"
        yield ScreenHeader(
            way, account=self._service.account, location=self._service.queries.location
        )
        yield Input(id="filter", placeholder="Filter by part of any word", compact=True)
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
        self._nothing = "No entry matches." if text else "No events yet."
        if entries != self._entries:
            self._show(entries)
        else:
            self._show_entry()

    def _found(self, text: str, cancel: Cancel) -> list[Entry]:
        stored, context = stored_part(text), self._service.queries.display_context()
        if self._token is None:
            found = audit_queries.entries(self._service.queries, Search(text=stored), cancel=cancel)
        else:
            found = audit_queries.history(self._service.queries, self._token, stored, cancel)
        wanted = (entry for entry in found if contains(context, entry, text))
        return list(islice(wanted, _SHOWN))

    def _show(self, entries: list[Entry]) -> None:
        """Draw the columns that there is room for; what is left out stands below.

        The cursor stays on its entry, but for the latest, which it follows.
        """
        table = self._table
        held = self._rows[table.cursor_row].key if table.cursor_row > 0 else None
        table.clear(columns=True)
        self._entries, self._marked = entries, 0
        self._rows = rows_of(entries, self._opened)
        context = self._service.queries.display_context()
        cells = [row.cells(context) for row in self._rows]
        titles, widths, shown, event = table_of(
            cells,
            self.size.width - _AROUND,
            gap=2 * _CELL_PADDING,
            one_token=self._token is not None,
        )
        table.add_column("", width=1)
        table.add_column("", width=1)
        for title, width in zip(titles, widths, strict=True):
            table.add_column(title, width=width)
        bad = self.get_component_rich_style("audit-log--denied", partial=True)
        for row, texts in zip(self._rows, shown, strict=True):
            line = [Text(text, no_wrap=True, overflow="ellipsis") for text in texts]
            if row.denied:
                line[event].stylize(bad)
            table.add_row(Text(), _sign(row, bad), *line)
        places = [row.key for row in self._rows]
        if held in places:
            table.move_cursor(row=places.index(held))
        self._show_entry()

    def on_resize(self) -> None:
        self._show(self._entries)

    def on_data_table_row_highlighted(self) -> None:
        self._show_entry()

    def _show_entry(self) -> None:
        """Mark the entry under the cursor, and show all of it, or what is wrong."""
        row, text = self._table.cursor_row, self._nothing
        if 0 <= row < len(self._rows):
            # Not by its colour alone.
            self._table.update_cell_at(Coordinate(self._marked, 0), Text())
            self._table.update_cell_at(Coordinate(row, 0), Text(">"))
            self._marked = row
            numbered = self._permissions.owner_filter is None
            context = self._service.queries.display_context()
            text = entry_sentence(context, self._rows[row].entries[-1], numbered=numbered)
        self.query_one("#more", Static).update(self._failure or text)

    def action_move(self, how: str) -> None:
        """Move the cursor while one types in the field."""
        getattr(self._table, f"action_{how}")()

    def action_open(self) -> None:
        """Open or fold a change; of another row, show all of the entry."""
        place = self._table.cursor_row
        if not 0 <= place < len(self._rows):
            return
        row = self._rows[place]
        if row.folds:
            self._opened ^= {row.change}
            self._show(self._entries)
            self._table.move_cursor(row=place)
        else:
            self.app.push_screen(AuditEntry(self._facts(row.entries[0])))

    def _facts(self, entry: Entry) -> list[tuple[str, str]]:
        numbered = self._permissions.owner_filter is None
        context = self._service.queries.display_context()
        return entry_facts(context, entry, numbered=numbered)

    def action_back(self) -> None:
        """Clear what is typed, or go back."""
        field = self.query_one("#filter", Input)
        if field.value:
            field.clear()
        else:
            self.dismiss()


def _sign(row: Row, bad: Style) -> Text:
    """Return what stands before a row: that it was denied, that it folds, or that it is inside."""
    if row.denied:
        return Text("\u00d7", bad)
    if row.folds:
        return Text("-" if row.opened else "+")
    return Text("|" if row.inside else "")

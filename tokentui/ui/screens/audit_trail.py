"""Audit trail: who did what, when and from where; and the history of one token."""

import asyncio
from collections.abc import Sequence
from itertools import islice
from typing import ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widgets import DataTable, Footer, Input, Static

from tokentui import words
from tokentui.core.audit import Entry, Search
from tokentui.core.errors import TokentuiError
from tokentui.core.service import TokenService
from tokentui.core.text import printable
from tokentui.core.token import Token
from tokentui.ui.messages import StoreChanged
from tokentui.ui.widgets.masthead import Masthead

_SHOWN = 300
_LOOK_EVERY = 2.0
_TITLES = ("When", "Who", "What", "Token", "From", "More")
_TOKEN = _TITLES.index("Token")


class AuditTrail(Screen[None]):
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

    def __init__(self, service: TokenService, token: Token | None = None) -> None:
        super().__init__()
        self._service = service
        self._token = token
        self._entries: list[Entry] = []

    def compose(self) -> ComposeResult:
        way = "Audit trail" if self._token is None else f"History of {printable(self._token.name)}"
        yield Masthead(way, service=self._service)
        yield Input(id="filter", placeholder="Part of any word", compact=True)
        yield DataTable(id="entries", cursor_type="row", zebra_stripes=False)
        yield Static(id="more", markup=False)
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        table = self.query_one(DataTable)
        table.can_focus = False
        table.add_columns(*self._wanted(_TITLES))
        self.set_focus(self.query_one("#filter"))
        self.set_interval(_LOOK_EVERY, self._reload)
        self._reload()

    @on(Input.Changed)
    @on(StoreChanged)
    @work(exclusive=True)
    async def _reload(self) -> None:
        try:
            entries = await asyncio.to_thread(self._found, self.query_one("#filter", Input).value)
        except TokentuiError as error:
            self._say(str(error))
            return
        if entries != self._entries or not entries:
            self._entries = entries
            self._show()

    def _found(self, text: str) -> list[Entry]:
        if self._token is None:
            found = self._service.entries(Search(text=text))
        else:
            found = self._service.history(self._token, text)
        return list(islice(found, _SHOWN))

    def _show(self) -> None:
        table = self.query_one(DataTable)
        row = table.cursor_row
        table.clear()
        for entry in self._entries:
            cells = self._wanted(words.entry_cells(self._service, entry))
            table.add_row(*map(Text, cells))
        if self._entries:
            table.move_cursor(row=min(row, len(self._entries) - 1))
            self._tell_more()
        else:
            self._say("Nothing here." if self._search_typed else "Nothing was written down yet.")

    def _wanted(self, cells: Sequence[str]) -> Sequence[str]:
        """Return `cells` but for the one of the token, where there is only one."""
        return cells if self._token is None else [*cells[:_TOKEN], *cells[_TOKEN + 1 :]]

    @property
    def _search_typed(self) -> bool:
        return bool(self.query_one("#filter", Input).value)

    @on(DataTable.RowHighlighted)
    def _tell_more(self) -> None:
        row = self.query_one(DataTable).cursor_row
        if 0 <= row < len(self._entries):
            self._say(words.entry_sentence(self._entries[row]))

    def _say(self, sentence: str) -> None:
        self.query_one("#more", Static).update(sentence)

    def action_move(self, how: str) -> None:
        """Move the cursor while one types in the field."""
        getattr(self.query_one(DataTable), f"action_{how}")()

    def action_back(self) -> None:
        """Let go of what is typed, or go back."""
        field = self.query_one("#filter", Input)
        if field.value:
            field.clear()
        else:
            self.dismiss()

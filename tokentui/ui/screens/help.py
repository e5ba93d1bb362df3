"""Help: the keys of a screen, and what the statuses mean."""

from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Footer, Label, Static

from tokentui import words

Keys = list[tuple[str, str]]
"""The keys of an action, and what it does."""


class Help(ModalScreen[None]):
    """Shows groups of keys, each under its title."""

    BINDING_GROUP_TITLE = "Help"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark", "dismiss", "Close", id="help.close"),
        Binding("f1", "dismiss", "Close", show=False, id="app.help"),
    ]

    def __init__(self, groups: list[tuple[str, Keys]]) -> None:
        super().__init__()
        self._groups = groups

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="dialog"):
            for title, keys in self._groups:
                yield Label(title, classes="title")
                yield Static(_two_columns(keys))
            yield Label("What the statuses mean", classes="title")
            yield Static(_two_columns(list(words.MEANING.items())))
        yield Footer(show_command_palette=False)


def _two_columns(rows: Keys) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(width=17)
    table.add_column()
    for left, right in rows:
        table.add_row(Text(left, "bold"), Text(right))
    return table

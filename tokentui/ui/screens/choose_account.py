"""Show only one account: whose tokens the list shows."""

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from tokentui.core.text import printable
from tokentui.ui.screens.list_dialog import ListDialog
from tokentui.ui.textual_compat.option_list import Options


class ChooseAccount(ListDialog[str | None]):
    """Returns the account that was chosen, "" for all, or None where the person cancelled."""

    CSS_PATH = "../dialogs.tcss"
    BINDING_GROUP_TITLE = "Show only one account"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,A", "dismiss", "Back", id="account.back"),
        Binding("j", "move('cursor_down')", "Down", show=False, id="account.down"),
        Binding("k", "move('cursor_up')", "Up", show=False, id="account.up"),
        Binding("f1", "app.help", "Help", id="app.help"),
    ]

    def __init__(self, names: Sequence[str], current: str | None) -> None:
        super().__init__()
        self._names = ["", *names]
        self._current = current or ""
        self._done = False

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog") as dialog:
            dialog.border_title = Content("Show only the tokens of")
            yield Options(
                *(Option(Content(printable(name) or "All accounts")) for name in self._names)
            )

    def on_mount(self) -> None:
        options = self.query_one(OptionList)
        if self._current in self._names:
            options.highlighted = self._names.index(self._current)
        self.set_focus(options)

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        # A second Enter may have been under way already: it closes nothing more.
        if not self._done:
            self._done = True
            self.dismiss(self._names[event.option_index])

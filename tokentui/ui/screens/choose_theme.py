"""Theme: which colours the app has."""

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from tokentui.ui.screens.list_dialog import ListDialog
from tokentui.ui.textual_compat.option_list import Options


class ChooseTheme(ListDialog[None]):
    """Previews each theme that the cursor moves to; Enter keeps it, for which it calls `keep`.

    However else the dialog is left, the app has its theme of before again.
    """

    CSS_PATH = "../dialogs.tcss"
    BINDING_GROUP_TITLE = "Theme"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Cancel", id="theme.back"),
        Binding("j", "move('cursor_down')", "Down", show=False, id="theme.down"),
        Binding("k", "move('cursor_up')", "Up", show=False, id="theme.up"),
        Binding("f1", "app.help", "Help", id="app.help"),
    ]

    def __init__(self, names: Sequence[str], keep: Callable[[str], None]) -> None:
        super().__init__()
        self._names = names
        self._keep = keep
        self._before = ""
        self._kept = False

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog") as dialog:
            dialog.border_title = Content("Theme")
            dialog.border_subtitle = Content("Enter keep, Esc cancel")
            yield Options(*(Option(Content(name)) for name in self._names))

    def on_mount(self) -> None:
        self._before = self.app.theme
        options = self.query_one(OptionList)
        options.highlighted = self._names.index(self._before)
        self.set_focus(options)

    @on(OptionList.OptionHighlighted)
    def _preview(self, event: OptionList.OptionHighlighted) -> None:
        if not self._kept:
            self.app.theme = self._names[event.option_index]

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        # A second Enter may have been under way already: it closes nothing more.
        if not self._kept:
            self._kept = True
            self._keep(self._names[event.option_index])
            self.dismiss()

    def on_unmount(self) -> None:
        if not self._kept:
            self.app.theme = self._before

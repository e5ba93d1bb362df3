"""Show only: which tokens the list shows."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Label, OptionList
from textual.widgets.option_list import Option

from tokentui import words
from tokentui.core.query import Filter


class ChooseFilter(ModalScreen[Filter | None]):
    """Returns the filter that was chosen, or None where the person turned back."""

    BINDING_GROUP_TITLE = "Show only"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,f", "dismiss", "Back"),
        Binding("f1", "app.help", "Help"),
    ]

    def __init__(self, current: Filter) -> None:
        super().__init__()
        self._current = current

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            yield Label("Show only", id="title")
            yield OptionList(*(Option(words.FILTER[each], each) for each in Filter))

    def on_mount(self) -> None:
        options = self.query_one(OptionList)
        options.highlighted = list(Filter).index(self._current)
        self.set_focus(options)

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(Filter(event.option.id or Filter.ALL))

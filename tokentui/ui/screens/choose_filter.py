"""Show only: which tokens the list shows."""

from functools import partial
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from tokentui import formatting
from tokentui.core.errors import TokentuiError
from tokentui.core.queries import TokenQueries
from tokentui.core.query import Filter
from tokentui.ui.screens.list_dialog import ListDialog
from tokentui.ui.session import Session
from tokentui.ui.textual_compat.option_list import Options


class ChooseFilter(ListDialog[Filter | None]):
    """Returns the filter that was chosen, or None where the person cancelled.

    How many tokens each filter shows, of `account` or of all, is read once the menu is there.
    """

    CSS_PATH = "../dialogs.tcss"
    BINDING_GROUP_TITLE = "Show only"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,f", "dismiss", "Back", id="show-only.back"),
        Binding("j", "move('cursor_down')", "Down", show=False, id="show-only.down"),
        Binding("k", "move('cursor_up')", "Up", show=False, id="show-only.up"),
        Binding("f1", "app.help", "Help", id="app.help"),
    ]

    def __init__(self, queries: TokenQueries, current: Filter, account: str | None) -> None:
        super().__init__()
        self._queries = queries
        self._account = account
        self._current = current
        self._done = False

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog") as dialog:
            dialog.border_title = Content("Show only")
            yield Options(*(Option(formatting.FILTER[each], each) for each in Filter))

    def on_mount(self) -> None:
        options = self.query_one(OptionList)
        options.highlighted = list(Filter).index(self._current)
        self.set_focus(options)
        self._count()

    @work
    async def _count(self) -> None:
        count = partial(self._queries.summary, self._account)
        try:
            summary = await Session.of(self).look(count, (self, "summary"))
        except TokentuiError:
            return  # the list says why
        options = self.query_one(OptionList)
        for each in Filter:
            if (total := summary.get(each)) is not None:
                line = f"{formatting.FILTER[each]:<19}{formatting.count(total):>8}"
                options.replace_option_prompt(each, Content(line))

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        # A second Enter may have been under way already: it closes nothing more.
        if self._done:
            return
        self._done = True
        self.dismiss(Filter(event.option.id or Filter.ALL))

"""Role: what an account may see and do."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from tokentui.core.account import Account, Role
from tokentui.core.text import printable
from tokentui.formatting.accounts import ROLE
from tokentui.ui.screens.list_dialog import ListDialog
from tokentui.ui.textual_compat.option_list import Options
from tokentui.ui.widgets.key_footer import KeyFooter

_ROLES = list(ROLE)


class ChooseRole(ListDialog[Role | None]):
    """Returns the role that was chosen, or None where the person cancelled."""

    CSS_PATH = "../dialogs.tcss"
    BINDING_GROUP_TITLE = "Role of an account"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Cancel", id="role.back"),
        Binding("j", "move('cursor_down')", "Down", show=False, id="role.down"),
        Binding("k", "move('cursor_up')", "Up", show=False, id="role.up"),
        Binding("f1", "app.help", "Help", id="app.help"),
    ]

    def __init__(self, account: Account) -> None:
        super().__init__()
        self._account = account
        self._done = False

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog") as dialog:
            dialog.border_title = Content(f"Role of {printable(self._account.name)}")
            yield Options(*(Option(ROLE[role]) for role in _ROLES))
        yield KeyFooter()

    def on_mount(self) -> None:
        options = self.query_one(OptionList)
        options.highlighted = _ROLES.index(self._account.role)
        self.set_focus(options)

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        # A second Enter may have been under way already: it closes nothing more.
        if not self._done:
            self._done = True
            self.dismiss(_ROLES[event.option_index])

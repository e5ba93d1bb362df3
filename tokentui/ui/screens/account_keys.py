"""SSH keys: those that sign in as an account."""

from collections.abc import Callable
from functools import partial
from typing import ClassVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Input, Label, OptionList, Static
from textual.widgets.option_list import Option

from tokentui.core.account import Account, fingerprint
from tokentui.core.accounts import AccountService
from tokentui.core.errors import TokentuiError
from tokentui.core.text import printable
from tokentui.ui.flow import flow
from tokentui.ui.messages import StoreChanged
from tokentui.ui.screens.account_questions import remove_key_question
from tokentui.ui.session import Session
from tokentui.ui.textual_compat import Dialog
from tokentui.ui.textual_compat.option_list import Options
from tokentui.ui.widgets.key_button import KeyButton
from tokentui.ui.widgets.key_footer import KeyFooter

_HINT = "Paste the public key, for example from id_ed25519.pub."


class AccountKeys(Dialog[None]):
    """Shows the SSH keys of an account, adds one that is pasted, and removes the selected one."""

    CSS_PATH = "../dialogs.tcss"
    BINDING_GROUP_TITLE = "SSH keys of an account"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s,f10", "add", "Add", key_display="^s", id="ssh-keys.add"),
        Binding("ctrl+r,f8", "remove", "Remove", key_display="^R", id="ssh-keys.remove"),
        Binding("escape", "back", "Back", id="ssh-keys.back"),
        Binding("up", "move('cursor_up')", "Up", show=False, id="ssh-keys.up"),
        Binding("down", "move('cursor_down')", "Down", show=False, id="ssh-keys.down"),
        Binding("f1", "app.help", "Help", id="app.help"),
    ]

    def __init__(self, service: AccountService, account: Account) -> None:
        super().__init__()
        self._service = service
        self._account = account

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="dialog", can_focus=False) as dialog:
            dialog.border_title = Content(f"SSH keys of {printable(self._account.name)}")
            yield Options()
            yield Static("This account has no SSH keys.", id="none")
            yield Label("New public key", id="question")
            yield Input(id="key", compact=True)
            yield Static(_HINT, id="hint", markup=False)
            with Horizontal(id="buttons"):
                yield KeyButton("Add", "ssh-keys.add", id="add", variant="primary")
                yield KeyButton("Remove", "ssh-keys.remove", id="remove", variant="error")
                yield KeyButton("Back", "ssh-keys.back", id="back")
        yield KeyFooter()

    def on_mount(self) -> None:
        self._show(self._account)
        self.set_focus(self.query_one("#key"))

    def check_action(self, action: str, _: tuple[object, ...]) -> bool | None:
        """Grey out what needs a key where there is none."""
        return action != "remove" or bool(self._account.keys) or None

    def _show(self, account: Account) -> None:
        options = self.query_one(OptionList)
        selected = options.highlighted or 0
        self._account = account
        options.clear_options()
        for key in account.keys:
            options.add_option(Option(Content(f"{fingerprint(key)}  {key.partition(' ')[0]}")))
        if account.keys:
            options.highlighted = min(selected, len(account.keys) - 1)
        options.display = bool(account.keys)
        self.query_one("#none").display = not account.keys
        self.query_one("#remove", Button).disabled = not account.keys
        self.refresh_bindings()

    @on(StoreChanged)
    @on(events.ScreenResume)
    @work(exclusive=True, group="follow")
    async def _follow(self) -> None:
        """Show the present keys."""
        get = partial(self._service.get, self._account.name)
        try:
            account = await Session.of(self).read(self, lambda _: get())
        except TokentuiError as error:
            self._show_hint(str(error), wrong=True)
        else:
            if account != self._account:
                self._show(account)

    def action_move(self, how: str) -> None:
        """Select another key while one types in the field."""
        getattr(self.query_one(OptionList), f"action_{how}")()

    @on(Input.Changed)
    def _typed(self) -> None:
        self._show_hint(_HINT)

    def _show_hint(self, message: str, *, wrong: bool = False) -> None:
        hint = self.query_one("#hint", Static)
        hint.update(message)
        hint.set_class(wrong, "-wrong")

    @on(Input.Submitted)
    @on(Button.Pressed, "#add")
    @flow
    async def action_add(self) -> None:
        """Add the key that was pasted, or say what is wrong with it."""
        field = self.query_one("#key", Input)
        if not field.value:
            self._show_hint(_HINT, wrong=True)
            self.set_focus(field)
            return
        name, line = self._account.name, field.value
        if await self._change(lambda: self._service.add_key(name, line)[0]):
            field.clear()
            self.notify(
                "Added the key. For a line in authorized_keys, run: tokentui account key add "
                f"{name}",
                markup=False,
            )

    @on(Button.Pressed, "#remove")
    @flow
    async def action_remove(self) -> None:
        """Ask, then remove the selected key."""
        selected = self.query_one(OptionList).highlighted
        if selected is None:
            return
        account, print_ = self._account, fingerprint(self._account.keys[selected])
        question = remove_key_question(self._service, account, print_)
        if not await self.app.push_screen_wait(question):
            return
        if await self._change(partial(self._service.remove_key, account.name, print_)):
            self.notify("Removed the key.")

    async def _change(self, verb: Callable[[], Account]) -> bool:
        """Do `verb`, which returns the account after it; say whether it was done, or why not."""
        try:
            account = await Session.of(self).commit(verb)
        except TokentuiError as error:
            self._show_hint(str(error), wrong=True)
            return False
        self._show(account)
        return True

    @on(Button.Pressed, "#back")
    @flow
    async def action_back(self) -> None:
        """Go back, unless a key is just being added or removed."""
        self.dismiss(None)

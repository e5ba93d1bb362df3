"""Add account: a name, a role, and a password unless an SSH key signs in."""

from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Checkbox, Input, Label, RadioSet, Static

from tokentui.core.account import (
    LONGEST_PASSWORD,
    NAME_LIMIT,
    SHORTEST_PASSWORD,
    Account,
    Role,
)
from tokentui.core.accounts import AccountService
from tokentui.core.credential import Secret
from tokentui.core.errors import InvalidPassword, TokentuiError
from tokentui.formatting.accounts import ROLE
from tokentui.ui.flow import flow
from tokentui.ui.screens.questions import discard_question
from tokentui.ui.session import Session
from tokentui.ui.textual_compat import Dialog
from tokentui.ui.widgets.key_button import KeyButton
from tokentui.ui.widgets.key_footer import KeyFooter
from tokentui.ui.widgets.toggles import Choice, Choices, Tick

_LONGEST = 2 * LONGEST_PASSWORD
"""More characters than a password can have, so that a longer one is refused, not cut off."""
_ROLES = list(ROLE)


class NewAccount(Dialog[Account | None]):
    """Returns the account that was added, or None where the person cancelled."""

    CSS_PATH = "../dialogs.tcss"
    BINDING_GROUP_TITLE = "Add account"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s,f10", "add", "Add", key_display="^s", id="new-account.add"),
        Binding("escape", "cancel", "Cancel", id="new-account.cancel"),
        Binding("f1", "app.help", "Help", id="app.help"),
    ]

    def __init__(self, service: AccountService) -> None:
        super().__init__()
        self._service = service
        self._untouched: tuple[object, ...] = ()

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="dialog", can_focus=False) as dialog:
            dialog.border_title = Content("Add account")
            with Horizontal(classes="line"):
                yield Label("Name", classes="label")
                yield Input(id="name", max_length=NAME_LIMIT * 2, compact=True)
            with Choices(id="roles", compact=True):
                for role in _ROLES:
                    yield Choice(ROLE[role], value=role is Role.MEMBER)
            yield Tick("Sign in with an SSH key only", id="key-only", compact=True)
            for name, label in (("password", "Password"), ("repeat", "Repeat")):
                with Horizontal(classes="line secret"):
                    yield Label(label, classes="label")
                    yield Input(id=name, password=True, max_length=_LONGEST, compact=True)
            yield Static(id="problem", markup=False)
            with Horizontal(id="buttons"):
                yield KeyButton("Add", "new-account.add", id="add", variant="primary")
                yield KeyButton("Cancel", "new-account.cancel", id="cancel")
        yield KeyFooter()

    def on_mount(self) -> None:
        self._untouched = self._input()
        self.query_one("#password", Input).placeholder = f"At least {SHORTEST_PASSWORD} characters"
        self.set_focus(self.query_one("#name"))

    def _input(self) -> tuple[object, ...]:
        """Return all that a person has entered so far."""
        fields = (field.value for field in self.query(Input))
        return *fields, self.query_one(RadioSet).pressed_index, self._key_only

    @property
    def _key_only(self) -> bool:
        return self.query_one("#key-only", Tick).value

    @on(Checkbox.Changed)
    def _sign_in_chosen(self) -> None:
        self.query("#password, #repeat").set(disabled=self._key_only)

    @on(Input.Changed)
    def _typed(self) -> None:
        self._show_problem("")

    def _show_problem(self, problem: object) -> None:
        self.query_one("#problem", Static).update(str(problem))

    @on(Input.Submitted)
    @on(Button.Pressed, "#add")
    @flow
    async def action_add(self) -> None:
        """Add the account, or go to what is still wrong."""
        name = self.query_one("#name", Input)
        password, repeat = self.query_one("#password", Input), self.query_one("#repeat", Input)
        if not self._key_only and password.value != repeat.value:
            self._show_problem("The two passwords are not the same.")
            self.set_focus(repeat if password.value and not repeat.value else password)
            return
        secret = None if self._key_only else Secret(password.value)
        role = _ROLES[self.query_one(RadioSet).pressed_index]
        self._show_problem("")
        try:
            add = partial(self._service.add, name.value, role, secret)
            account = await Session.of(self).commit(add)
        except InvalidPassword as error:
            self._show_problem(error)
            self.set_focus(password)
        except TokentuiError as error:
            self._show_problem(error)
            self.set_focus(name)
        else:
            self.dismiss(account)

    @on(Button.Pressed, "#cancel")
    @flow
    async def action_cancel(self) -> None:
        """Go back without an account; input is not lost unasked."""
        if self._input() == self._untouched or await self.app.push_screen_wait(discard_question()):
            self.dismiss(None)

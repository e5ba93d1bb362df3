"""Log in to your account; and the same again where the app has locked itself."""

from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.message import Message
from textual.widgets import Button, Input, Label, Static

from tokentui.core.account import NAME_LIMIT
from tokentui.core.credential import Secret
from tokentui.core.errors import TokentuiError, WrongLogIn
from tokentui.ui.flow import flow
from tokentui.ui.session import Session
from tokentui.ui.sign_in import SignedIn, SignIn
from tokentui.ui.textual_compat import Page
from tokentui.ui.widgets.key_footer import KeyFooter

_LONGEST = 200
"""More characters than a password can have, so that a longer one is wrong, not cut off."""


class LogIn(Page[None]):
    """Asks for name and password, or, where it is locked, for the password of `account`.

    `why` is said where it is locked. Posts `Accepted`, and never says which of the two was wrong.
    """

    CSS_PATH = "../dialogs.tcss"
    BINDING_GROUP_TITLE = "Log in"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s,f10", "log_in", "Go on", key_display="^s", id="log-in.log-in"),
        Binding("escape", "clear", "Clear", id="log-in.clear"),
    ]

    class Accepted(Message):
        """Somebody has signed in, or unlocked the app."""

        def __init__(self, signed_in: SignedIn) -> None:
            self.signed_in = signed_in
            super().__init__()

    def __init__(
        self, sign_in: SignIn, account: str | None = None, *, why: str = "All is as it was left."
    ) -> None:
        super().__init__()
        self._why = why
        self._sign_in = sign_in
        self._account = account

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="dialog", can_focus=False):
            if self._account is None:
                yield Label("Log in to your account", id="title")
                yield Label("Name", id="name-label")
                yield Input(id="name", max_length=NAME_LIMIT * 2, compact=True)
            else:
                yield Label("Locked", id="title")
                yield Static(
                    f"{self._account} is logged in. {self._why}",
                    id="meaning",
                    markup=False,
                )
            yield Label("Password", id="question")
            yield Input(id="password", password=True, max_length=_LONGEST, compact=True)
            yield Static(id="problem", markup=False)
            with Horizontal(id="buttons"):
                yield Button("Quit", id="quit")
                yield Button(
                    "Log in" if self._account is None else "Unlock", id="go", variant="primary"
                )
        yield KeyFooter()

    def on_mount(self) -> None:
        self.action_clear()

    def show_problem(self, message: str) -> None:
        """Show what is wrong below the fields."""
        self.query_one("#problem", Static).update(message)

    def action_clear(self) -> None:
        """Begin again."""
        for field in self.query(Input):
            field.clear()
        self.show_problem("")
        self.set_focus(self.query(Input).first())

    @on(Input.Submitted, "#name")
    def _name_typed(self) -> None:
        self.set_focus(self.query_one("#password"))

    @on(Button.Pressed, "#quit")
    async def _quit(self) -> None:
        await self.app.run_action("quit")

    @on(Input.Submitted, "#password")
    @on(Button.Pressed, "#go")
    @flow
    async def action_log_in(self) -> None:
        """Check the password, and forget it; pressed twice, it is checked once."""
        field = self.query_one("#password", Input)
        password = Secret(field.value)
        field.clear()
        name = self._account or self.query_one("#name", Input).value.strip()
        if not name or not password.reveal():
            self.set_focus(field if name else self.query(Input).first())
            self.show_problem("A name and a password are needed." if self._account is None else "")
            return
        self.show_problem("Checking ...")
        try:
            # Not behind changes: who unlocks the app waits for none that is under way.
            authenticate = partial(
                self._sign_in.authenticate, name, password, unlocking=self._account is not None
            )
            signed_in = await Session.of(self).read(self, lambda _: authenticate())
        except WrongLogIn as error:
            self.show_problem(str(error) if self._account is None else "Wrong password.")
            self.set_focus(field)
        except TokentuiError as error:
            self.show_problem(str(error))
            self.set_focus(field)
        else:
            self.show_problem("")
            self.post_message(self.Accepted(signed_in))

"""Sign in to your account; and unlock the app with the same password."""

from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Input, Label, Static

from tokentui.core.account import NAME_LIMIT
from tokentui.core.credential import Secret
from tokentui.core.errors import TokentuiError, WrongLogIn
from tokentui.core.text import printable
from tokentui.ui.flow import flow
from tokentui.ui.messages import Accepted
from tokentui.ui.session import Session
from tokentui.ui.sign_in import SignIn
from tokentui.ui.textual_compat import Page
from tokentui.ui.widgets import screen_header
from tokentui.ui.widgets.key_button import KeyButton
from tokentui.ui.widgets.key_footer import KeyFooter

_LONGEST = 200
"""More characters than a password can have, so that a longer one is wrong, not cut off."""


class LogIn(Page[None]):
    """Asks for account and password, or, where it is locked, for the password of `account`.

    `location` is the store that people sign in to. `why` is said where the app is locked. Posts
    `Accepted`, and never says which of the two was wrong.
    """

    CSS_PATH = "../dialogs.tcss"
    BINDING_GROUP_TITLE = "Sign in"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s,f10", "log_in", "Sign in", key_display="^s", id="log-in.log-in"),
        Binding("escape", "clear", "Clear", id="log-in.clear"),
    ]

    def __init__(
        self,
        sign_in: SignIn,
        location: str,
        account: str | None = None,
        *,
        why: str = "Your session is unchanged.",
    ) -> None:
        super().__init__()
        self._why = why
        self._sign_in = sign_in
        self._location = screen_header.short_location(printable(location))
        self._account = account

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="dialog", can_focus=False) as dialog:
            dialog.border_title = Content("Sign in" if self._account is None else "Locked")
            product = Content.assemble(
                ("tokentui", "bold $accent"), "  API tokens of ", (screen_header.host(), "bold")
            )
            yield Static(product, id="product")
            yield Static(self._location, id="store", markup=False)
            with Horizontal(id="account-line"):
                yield Label("Account", classes="label")
                if self._account is None:
                    yield Input(id="name", max_length=NAME_LIMIT * 2, compact=True)
                else:
                    yield Label(printable(self._account), id="account", markup=False)
            with Horizontal(id="password-line"):
                yield Label("Password", classes="label")
                yield Input(id="password", password=True, max_length=_LONGEST, compact=True)
            if self._account is not None:
                yield Static(f"The app is locked. {self._why}", id="meaning", markup=False)
            yield Static(id="problem", markup=False)
            with Horizontal(id="buttons"):
                label = "Sign in" if self._account is None else "Unlock"
                yield KeyButton(label, "log-in.log-in", id="go", variant="primary")
                yield KeyButton("Quit", "app.quit", id="quit")
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
            self.show_problem("Enter an account and a password." if self._account is None else "")
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
            self.post_message(Accepted(signed_in))

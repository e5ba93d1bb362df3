"""Log in to your account; and the same again where the app has locked itself."""

import asyncio
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Button, Input, Label, Static

from tokentui.core.account import NAME_LIMIT
from tokentui.core.credential import Secret
from tokentui.core.errors import TokentuiError, WrongLogIn
from tokentui.ui.entrance import Entrance
from tokentui.ui.widgets.keys_below import KeysBelow

_LONGEST = 200
"""More characters than a password can have, so that a longer one is wrong, not cut off."""


class LogIn(Screen[None]):
    """Asks for name and password, or, where it is locked, for the password of `account`.

    It tells the app by `Entered`, and never says which of the two was wrong.
    """

    CSS_PATH = "../dialogs.tcss"
    BINDING_GROUP_TITLE = "Log in"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s,f10", "log_in", "Go on", key_display="^s", id="log-in.log-in"),
        Binding("escape", "clear", "Clear", id="log-in.clear"),
    ]

    class Entered(Message):
        """Somebody has got in."""

        def __init__(self, account: str) -> None:
            self.account = account
            super().__init__()

    def __init__(self, entrance: Entrance, account: str | None = None) -> None:
        super().__init__()
        self._entrance = entrance
        self._account = account
        self._checking = False

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="dialog", can_focus=False):
            if self._account is None:
                yield Label("Log in to your account", id="title")
                yield Label("Name", id="name-label")
                yield Input(id="name", max_length=NAME_LIMIT, compact=True)
            else:
                yield Label("Locked", id="title")
                yield Static(
                    f"{self._account} is logged in. All is as it was left.",
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
        yield KeysBelow()

    def on_mount(self) -> None:
        self.action_clear()

    def say(self, sentence: str) -> None:
        """Say what is wrong."""
        self.query_one("#problem", Static).update(sentence)

    def action_clear(self) -> None:
        """Begin again."""
        for field in self.query(Input):
            field.clear()
        self.say("")
        self.set_focus(self.query(Input).first())

    @on(Input.Submitted, "#name")
    def _name_typed(self) -> None:
        self.set_focus(self.query_one("#password"))

    @on(Button.Pressed, "#quit")
    async def _quit(self) -> None:
        await self.app.run_action("quit")

    @on(Input.Submitted, "#password")
    @on(Button.Pressed, "#go")
    @work
    async def action_log_in(self) -> None:
        """Ask the door, and forget the password; pressed twice, it is asked once."""
        if self._checking:
            return
        field = self.query_one("#password", Input)
        password = Secret(field.value)
        field.clear()
        name = self._account or self.query_one("#name", Input).value.strip()
        if not name or not password.reveal():
            self.set_focus(field if name else self.query(Input).first())
            self.say("A name and a password are needed." if self._account is None else "")
            return
        self.say("Checking ...")
        self._checking = True
        try:
            account = await asyncio.to_thread(
                self._entrance.enter, name, password, unlocking=self._account is not None
            )
        except WrongLogIn as error:
            self.say(str(error) if self._account is None else "Wrong password.")
            self.set_focus(field)
        except TokentuiError as error:
            self.say(str(error))
            self.set_focus(field)
        else:
            self.say("")
            self.post_message(self.Entered(account.name))
        finally:
            self._checking = False

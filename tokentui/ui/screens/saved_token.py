"""Save your API token: the one time that its secret is shown."""

import asyncio
import stat
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Button, Input, Label, Static

from tokentui import files, formatting
from tokentui.core.commands import TokenCommands
from tokentui.core.credential import Secret
from tokentui.core.errors import TokentuiError
from tokentui.core.new_token import NewToken
from tokentui.core.text import printable
from tokentui.ui.flow import flow
from tokentui.ui.session import Session
from tokentui.ui.textual_compat import Dialog
from tokentui.ui.widgets.key_footer import KeyFooter
from tokentui.ui.widgets.toggles import Tick

_SENT = (
    "Sent to your terminal's clipboard (OSC 52). A terminal never says whether it took it, so "
    "paste it once to see. Help says what tmux, screen, macOS Terminal and PuTTY need."
)
_COPY = "Copying uses your terminal's clipboard."
_WAYS = "Copying uses your terminal's clipboard. A file is made anew, readable by you alone."
_STAY = "Only Yes, I Saved My Token leaves this screen: the secret is not shown again."


class SecretLine(Static, can_focus=True):
    """The secret, alone on its line, so that a double click takes all of it."""

    def __init__(self, secret: Secret) -> None:
        super().__init__(secret.reveal(), markup=False)


class SavedToken(Dialog[bool]):
    """Stays until the person says that the secret is saved; returns whether to make another.

    It opens with the cursor on the secret, where Enter does nothing: the Enter that sent the
    form, pressed twice, must not close it.
    """

    CSS_PATH = "../dialogs.tcss"
    BINDING_GROUP_TITLE = "Save your API token"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "copy", "Copy", id="save.copy"),
        Binding("w", "go_write", "Write to file", id="save.write"),
        Binding("tab", "app.focus_next", "Next", key_display="tab", id="app.next-field"),
        Binding("f1", "app.help", "Help", id="app.help"),
        Binding("escape", "stay", show=False, id="save.stay"),
    ]

    def __init__(self, service: TokenCommands, new: NewToken) -> None:
        super().__init__()
        self._service = service
        self._new = new
        self._failed = False

    def compose(self) -> ComposeResult:
        name, zone = printable(self._new.token.name), self._service.queries.policy.zone
        with VerticalScroll(id="dialog", can_focus=False):
            yield Label("Save your API token", id="title")
            done = "created" if self._new.replaces is None else "rotated"
            yield Static(f"The API token {name} was {done}.", id="success", markup=False)
            yield Static(formatting.life(self._new.token, zone), markup=False)
            if self._new.replaces is not None:
                yield Static(formatting.replaced(self._new.replaces, zone), markup=False)
            if self._new.unconfirmed is not None:
                yield Static(self._new.unconfirmed, id="unconfirmed", markup=False)
            yield Static("This is its secret. It is shown only now: copy it to a safe place.")
            yield SecretLine(self._new.secret)
            with Horizontal(id="ways"):
                yield Button("Copy", id="copy")
                if self._may_write:
                    with Horizontal(id="file"):
                        yield Button("Write to file", id="write")
                        yield Input(f"~/{name}.token", id="path")
            yield Static(_WAYS if self._may_write else _COPY, id="outcome", markup=False)
            another = Tick(
                "Create another token after I click Yes, I Saved My Token",
                id="another",
                compact=True,
            )
            another.display = self._new.replaces is None
            yield another
            yield Button("Yes, I Saved My Token", id="saved", variant="success")
        yield KeyFooter()

    @property
    def _may_write(self) -> bool:
        """Whether this session reaches files."""
        return self.app.check_action("write_secret", ()) is True

    def check_action(self, action: str, _: tuple[object, ...]) -> bool | None:
        return action != "go_write" or self._may_write

    def on_mount(self) -> None:
        secret = self.query_one(SecretLine)
        self.set_focus(secret, scroll_visible=False)
        # Centred, as the focus would put it, it may lose a line in the smallest of windows.
        secret.scroll_visible(top=True, animate=False)

    @on(Button.Pressed, "#copy")
    def action_copy(self) -> None:
        """Send the secret to the clipboard of the person's terminal (OSC 52)."""
        self.app.copy_to_clipboard(self._new.secret.reveal())
        self._show_outcome(_SENT)

    def action_go_write(self) -> None:
        """Go to the name of the file, to be changed or accepted with Enter."""
        self.set_focus(self.query_one("#path"))

    @on(Input.Submitted, "#path")
    @on(Button.Pressed, "#write")
    def _write_pressed(self) -> None:
        self._write(self.query_one("#path", Input).value)

    @work(exclusive=True, group="write")
    async def _write(self, written: str) -> None:
        try:
            path = files.named(written)
            await asyncio.to_thread(_write_secret, path, self._new.secret)
        except OSError as error:
            self._show_outcome(formatting.not_written(written, error), wrong=True)
        else:
            self._show_outcome(f"Written to {printable(str(path))}, readable by you alone.")
            # Back to where the screen began: a second Enter does nothing there.
            self.set_focus(self.query_one(SecretLine))

    def action_stay(self) -> None:
        """Say why Escape does not close this screen."""
        self._show_outcome(_STAY)

    @on(Button.Pressed, "#saved")
    @flow
    async def _saved(self) -> None:
        another = self.query_one("#another", Tick).value
        try:
            await Session.of(self).commit(partial(self._service.confirm_saved, self._new.token.id))
        except TokentuiError as error:
            if not self._failed:
                self._failed = True
                self._show_outcome(
                    f"{error} That you saved it is not noted. Press again to leave.",
                    wrong=True,
                )
                return
        self.dismiss(another)

    def _show_outcome(self, message: str, *, wrong: bool = False) -> None:
        outcome = self.query_one("#outcome", Static)
        outcome.update(message)
        outcome.set_class(wrong, "-wrong")


def _write_secret(path: Path, secret: Secret) -> None:
    """Write the secret to a new file; one that has it already, from the Enter before, is fine."""
    content = f"{secret.reveal()}\n".encode()
    try:
        with files.new_private(path) as file:
            file.write(content)
    except FileExistsError:
        if not _is_there(path, content):
            raise


def _is_there(path: Path, content: bytes) -> bool:
    with suppress(OSError):
        found, about = files.read_regular(path, len(content))
        return found == content and stat.S_IMODE(about.st_mode) == files.PRIVATE_FILE
    return False

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
from textual.content import Content
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
from tokentui.ui.widgets.key_button import shown_key
from tokentui.ui.widgets.key_footer import KeyFooter
from tokentui.ui.widgets.tile import Tile
from tokentui.ui.widgets.toggles import Tick

_ONCE = "Copy the secret to a secure location now. It is shown only once."
_SENT = (
    "Sent to your terminal's clipboard (OSC 52). Your terminal cannot confirm the copy. Paste once "
    "to check. Help lists what tmux, screen, macOS Terminal and PuTTY need."
)
_STAY = "Choose Yes, I Saved My Token to close. The secret is not shown again."
_WHERE = "Press Enter to write the secret to this file, or Esc to go back."
_NOT_KEPT = "You have not copied or written the secret. Press again to close."


class SecretLine(Static, can_focus=True):
    """The secret, alone on its line, so that a double click takes all of it."""

    def __init__(self, secret: Secret) -> None:
        super().__init__(secret.reveal(), markup=False)


class SavedToken(Dialog[bool]):
    """Stays until the person says that the secret is saved; returns whether to create another.

    It opens with the cursor on the secret, where Enter does nothing: the Enter that sent the
    form, pressed twice, must not close it. For the same reason, no key that commits a form does.
    """

    CSS_PATH = "../dialogs.tcss"
    BINDING_GROUP_TITLE = "Save your API token"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "saved", "Yes, I Saved My Token", id="save.saved"),
        Binding("c", "copy", "Copy", id="save.copy"),
        Binding("w", "go_write", "Write to file", id="save.write"),
        Binding("f1", "app.help", "Help", id="app.help"),
        Binding("escape", "stay", show=False, id="save.stay"),
    ]

    def __init__(self, service: TokenCommands, new: NewToken) -> None:
        super().__init__()
        self._service = service
        self._new = new
        self._kept = False
        """Whether the secret was copied or written, or the person was asked about that."""
        self._failed = False

    def compose(self) -> ComposeResult:
        name, zone = printable(self._new.token.name), self._service.queries.policy.zone
        with VerticalScroll(id="dialog", can_focus=False) as dialog:
            dialog.border_title = Content("Save your API token")
            done = "created" if self._new.replaces is None else "rotated"
            yield Static(
                Content.assemble(("✓ ", "$ok"), "The API token ", (name, "bold"), f" was {done}."),
                id="success",
            )
            yield Static(formatting.life(self._new.token, zone), classes="fact", markup=False)
            if self._new.replaces is not None:
                replaced = formatting.replaced(self._new.replaces, zone)
                yield Static(replaced, classes="fact", markup=False)
            if self._new.unconfirmed is not None:
                yield Static(self._new.unconfirmed, id="unconfirmed", markup=False)
            yield SecretLine(self._new.secret)
            yield Static(_ONCE, id="outcome", markup=False)
            yield from self._choices(f"~/{name}.token")
            another = Tick(
                "Create another token after I click Yes, I Saved My Token",
                id="another",
                compact=True,
            )
            another.display = self._new.replaces is None
            yield another
        yield KeyFooter()

    def _choices(self, path: str) -> ComposeResult:
        keys = {name: shown_key(self.app, f"save.{name}") for name in ("copy", "write", "saved")}
        with Horizontal(id="ways"):
            yield Tile(keys["copy"], "Copy", "To the clipboard\nof your terminal", id="copy")
            if self._may_write:
                yield Tile(
                    keys["write"], "Write to file", f"{path}\nOnly you can read it", id="write"
                )
            yield Tile(
                keys["saved"],
                "Yes, I Saved My Token",
                "Closes this screen",
                id="saved",
                variant="success",
            )
        if self._may_write:
            with Horizontal(id="file"):
                yield Label("New file")
                yield Input(path, id="path")

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
        self._show_kept("#copy", "Sent. Paste\nonce to check.", _SENT)

    @on(Button.Pressed, "#write")
    def action_go_write(self) -> None:
        """Go to the name of the file, to be changed or accepted with Enter."""
        self.query_one("#file").display = True
        self._show_outcome(_WHERE)
        self.set_focus(self.query_one("#path"))

    @on(Input.Submitted, "#path")
    @work(exclusive=True, group="write")
    async def _write(self, event: Input.Submitted) -> None:
        try:
            path = files.named(event.value)
            await asyncio.to_thread(_write_secret, path, self._new.secret)
        except OSError as error:
            self._show_outcome(formatting.not_written(event.value, error), wrong=True)
        else:
            written = f"Written to {printable(str(path))}. Only you can read the file."
            self._show_kept("#write", f"{event.value}\nwas written.", written)
            self.query_one("#file").display = False

    def _show_kept(self, tile: str, detail: str, outcome: str) -> None:
        self._kept = True
        self.query_one(tile, Tile).show_done(detail)
        self._show_outcome(outcome)
        self._go_to_saved()

    def action_stay(self) -> None:
        """Say why Escape does not close this screen; leave the name of the file."""
        if self._may_write and self.query_one("#path").has_focus:
            self.query_one("#file").display = False
            self.set_focus(self.query_one(SecretLine))
        self._show_outcome(_STAY)

    @on(Button.Pressed, "#saved")
    def action_saved(self) -> None:
        """Confirm that the secret is saved; ask once where nothing shows that."""
        if self._kept:
            self._confirm()
        else:
            self._kept = True
            self._show_outcome(_NOT_KEPT, wrong=True)
            self._go_to_saved()

    def _go_to_saved(self) -> None:
        saved = self.query_one("#saved")
        self.set_focus(saved)
        # What was said above it may take more lines than before.
        self.call_after_refresh(saved.scroll_visible, animate=False)

    @flow
    async def _confirm(self) -> None:
        another = self.query_one("#another", Tick).value
        try:
            await Session.of(self).commit(partial(self._service.confirm_saved, self._new.token.id))
        except TokentuiError as error:
            if not self._failed:
                self._failed = True
                self._show_outcome(
                    f"{error} The token stays listed as not saved. Press again to close.",
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

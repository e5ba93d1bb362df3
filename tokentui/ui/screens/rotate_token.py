"""Rotate: for how long the old secret works beside the new one."""

import asyncio
from datetime import timedelta
from typing import ClassVar

from textual import on, work
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Label, OptionList, Static

from tokentui import words
from tokentui.core.errors import TokentuiError
from tokentui.core.service import DEFAULT_OVERLAP, OVERLAPS, NewToken, TokenService
from tokentui.core.text import printable
from tokentui.core.token import Token
from tokentui.ui.screens.saved_token import SavedToken
from tokentui.ui.widgets.keys_below import KeysBelow


class RotateToken(ModalScreen[NewToken | None]):
    """Returns the successor that was made, or None where the person turned back."""

    CSS_PATH = "../dialogs.tcss"
    BINDING_GROUP_TITLE = "Rotate API token"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s,f10", "rotate", "Rotate", key_display="^s", id="rotate.rotate"),
        Binding("escape", "cancel", "Cancel", id="rotate.cancel"),
        Binding("f1", "app.help", "Help", id="app.help"),
    ]

    def __init__(self, service: TokenService, token: Token) -> None:
        super().__init__()
        self._service = service
        self._token = token
        self._sending = False

    def compose(self) -> ComposeResult:
        name = printable(self._token.name)
        with VerticalScroll(id="dialog", can_focus=False):
            yield Label(f"Rotate {name}", id="title", markup=False)
            yield Static(
                f"A successor of {name} is made, with the same name, access and length of life, "
                "and its secret is shown. This cannot be undone.",
                markup=False,
            )
            yield Label("How long should the old secret still work?", id="question")
            yield OptionList(*(words.OVERLAP[each] for each in OVERLAPS))
            yield Static(id="problem", markup=False)
            with Horizontal(id="buttons"):
                yield Button("Cancel", id="cancel")
                yield Button("Rotate", id="rotate", variant="primary")
        yield KeysBelow()

    def on_mount(self) -> None:
        overlaps = self.query_one(OptionList)
        overlaps.highlighted = list(OVERLAPS).index(DEFAULT_OVERLAP)
        self.set_focus(overlaps)

    @on(OptionList.OptionSelected)
    def _chosen(self) -> None:
        # Not at once: the Enter that opened this screen may have been pressed twice.
        self.set_focus(self.query_one("#rotate"))

    @on(Button.Pressed, "#rotate")
    def action_rotate(self) -> None:
        """Make the successor."""
        if not self._sending:
            self._sending = True
            self._rotate(list(OVERLAPS.values())[self.query_one(OptionList).highlighted or 0])

    @work
    async def _rotate(self, overlap: timedelta) -> None:
        try:
            new = await asyncio.to_thread(self._service.rotate, self._token, overlap)
        except TokentuiError as error:
            self._sending = False
            self.query_one("#problem", Static).update(str(error))
        else:
            self.dismiss(new)

    @on(Button.Pressed, "#cancel")
    def action_cancel(self) -> None:
        """Go back with everything as it was, unless a successor is just being made."""
        if not self._sending:
            self.dismiss(None)


async def rotate(app: App[None], service: TokenService, token: Token) -> Token | None:
    """Ask, rotate `token`, show the secret; return the successor, or None if there is none."""
    new = await app.push_screen_wait(RotateToken(service, token))
    if new is None:
        return None
    await app.push_screen_wait(SavedToken(service, new))
    return new.token

"""Try a secret: which token it is of, and what that lets its holder do."""

import asyncio
from typing import ClassVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Label, Static

from tokentui import words
from tokentui.core.credential import LONGEST, Secret
from tokentui.core.errors import TokentuiError
from tokentui.core.service import TokenService
from tokentui.core.token import Token
from tokentui.ui.widgets.keys_below import KeysBelow
from tokentui.ui.widgets.pairs import pairs

_HINT = "Paste it here. It is not kept, and does not count as a use."


class SecretField(Input):
    """Takes a secret; what is pasted stands in the place of what was there."""

    def on_paste(self, event: events.Paste) -> None:
        # Textual would take the first line alone, and nothing at all of one that is too long.
        self.clear()
        event.text = event.text.strip()[: self.max_length]


class TrySecret(ModalScreen[None]):
    """Tells what a secret opens, or why it opens nothing."""

    CSS_PATH = "../dialogs.tcss"
    BINDING_GROUP_TITLE = "Try a secret"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s,f10", "try", "Try", key_display="^s", id="try.try"),
        Binding("escape", "dismiss(None)", "Close", id="try.close"),
        Binding("f1", "app.help", "Help", id="app.help"),
    ]

    def __init__(self, service: TokenService) -> None:
        super().__init__()
        self._service = service

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="dialog", can_focus=False):
            yield Label("Try a secret", id="title")
            # One character more than a secret can have: what is longer is no secret.
            yield SecretField(
                id="secret",
                placeholder="Secret",
                password=True,
                max_length=LONGEST + 1,
                compact=True,
            )
            yield Static(_HINT, id="hint")
            with Vertical(id="answer"):
                yield Static(id="verdict", markup=False)
                yield Static(id="details")
            with Horizontal(id="buttons"):
                yield Button("Close", id="close")
                yield Button("Try", id="try", variant="primary")
        yield KeysBelow()

    def on_mount(self) -> None:
        self._tell("")

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        if event.value:
            self._tell("")

    @on(Input.Submitted)
    @on(Button.Pressed, "#try")
    @work(exclusive=True)
    async def action_try(self) -> None:
        """Check what is typed, and forget it."""
        field = self.query_one("#secret", Input)
        presented = Secret(field.value.strip())
        field.clear()
        self.set_focus(field)
        if not presented.reveal():
            self._tell("There is no secret to try.", wrong=True)
            return
        try:
            token = await asyncio.to_thread(self._token_of, presented)
        except TokentuiError as error:
            self._tell(words.refusal(self._service, error), wrong=True)
        else:
            self._tell(f"It opens the door: {words.access(token)}.", token)

    def _token_of(self, presented: Secret) -> Token:
        return self._service.get(self._service.verifier().identify(presented).id)

    def _tell(self, verdict: str, token: Token | None = None, *, wrong: bool = False) -> None:
        self.query_one("#answer").display = bool(verdict)
        said = self.query_one("#verdict", Static)
        said.update(verdict)
        said.set_class(wrong, "-wrong")
        known = words.facts(self._service, token) if token else []
        self.query_one("#details", Static).update(pairs(known, width=9))

    @on(Button.Pressed, "#close")
    def _close(self) -> None:
        self.dismiss(None)

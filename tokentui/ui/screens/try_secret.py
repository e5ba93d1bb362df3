"""Verify a secret: which token it belongs to, and what that token allows."""

from functools import partial
from typing import ClassVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Input, Static

from tokentui import formatting
from tokentui.core.cancel import Cancel
from tokentui.core.commands import TokenCommands
from tokentui.core.credential import LONGEST, Secret
from tokentui.core.errors import StoreUnavailable, TokentuiError
from tokentui.core.query import TokenRow
from tokentui.ui.session import Session
from tokentui.ui.textual_compat import Dialog
from tokentui.ui.widgets.key_button import KeyButton
from tokentui.ui.widgets.key_footer import KeyFooter
from tokentui.ui.widgets.key_value_table import key_value_table

_HINT = "Paste the secret. It is not kept, and does not count as a use."


class SecretField(Input):
    """Takes a secret; what is pasted replaces what was there."""

    def on_paste(self, event: events.Paste) -> None:
        # Textual would take the first line alone, and nothing at all of one that is too long.
        self.clear()
        event.text = event.text.strip()[: self.max_length]


class TrySecret(Dialog[None]):
    """Says which token a secret belongs to and what it allows, or why the secret is refused."""

    CSS_PATH = "../dialogs.tcss"
    BINDING_GROUP_TITLE = "Verify a secret"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s,f10", "try", "Verify", key_display="^s", id="try.try"),
        Binding("escape", "dismiss(None)", "Close", id="try.close"),
        Binding("f1", "app.help", "Help", id="app.help"),
    ]

    def __init__(self, service: TokenCommands) -> None:
        super().__init__()
        self._service = service

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="dialog", can_focus=False) as dialog:
            dialog.border_title = Content("Verify a secret")
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
                yield KeyButton("Verify", "try.try", id="try", variant="primary")
                yield KeyButton("Close", "try.close", id="close")
        yield KeyFooter()

    def on_mount(self) -> None:
        self._show_verdict("")

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        if event.value:
            self._show_verdict("")

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
            self._show_verdict("Paste a secret first.", wrong=True)
            return
        try:
            row, reason = await Session.of(self).read(self, partial(self._tried, presented))
        except StoreUnavailable as error:
            self._show_verdict(str(error), wrong=True)
            return
        if row is None:
            self._show_verdict(reason, wrong=True)
        else:
            self._show_verdict(f"The token is valid: {formatting.access(row.token)}.", row)

    def _tried(self, presented: Secret, _: Cancel) -> tuple[TokenRow | None, str]:
        """Return the token that a secret belongs to, or why the secret is refused."""
        service = self._service
        try:
            [row] = service.queries.rows(
                [service.queries.token_of(service.queries.verifier(), presented)]
            )
        except StoreUnavailable:
            raise
        except TokentuiError as error:
            return None, service.queries.refusal(error)
        return row, ""

    def _show_verdict(
        self, verdict: str, row: TokenRow | None = None, *, wrong: bool = False
    ) -> None:
        self.query_one("#answer").display = bool(verdict)
        line = self.query_one("#verdict", Static)
        line.update(verdict)
        line.set_class(wrong, "-wrong")
        context = self._service.queries.display_context()
        known = formatting.details(context, row) if row else []
        self.query_one("#details", Static).update(key_value_table(known, width=9))

    @on(Button.Pressed, "#close")
    def _close(self) -> None:
        self.dismiss(None)

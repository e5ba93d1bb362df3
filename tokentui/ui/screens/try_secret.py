"""Try a secret: which token it is of, and what that lets its holder do."""

from functools import partial
from typing import ClassVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Button, Input, Label, Static

from tokentui import formatting
from tokentui.core.cancel import Cancel
from tokentui.core.commands import TokenCommands
from tokentui.core.credential import LONGEST, Secret
from tokentui.core.errors import StoreUnavailable, TokentuiError
from tokentui.core.query import TokenRow
from tokentui.ui.session import Session
from tokentui.ui.textual_compat import Dialog
from tokentui.ui.widgets.key_footer import KeyFooter
from tokentui.ui.widgets.key_value_table import key_value_table

_HINT = "Paste it here. It is not kept, and does not count as a use."


class SecretField(Input):
    """Takes a secret; what is pasted stands in the place of what was there."""

    def on_paste(self, event: events.Paste) -> None:
        # Textual would take the first line alone, and nothing at all of one that is too long.
        self.clear()
        event.text = event.text.strip()[: self.max_length]


class TrySecret(Dialog[None]):
    """Tells what a secret opens, or why it opens nothing."""

    CSS_PATH = "../dialogs.tcss"
    BINDING_GROUP_TITLE = "Try a secret"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s,f10", "try", "Try", key_display="^s", id="try.try"),
        Binding("escape", "dismiss(None)", "Close", id="try.close"),
        Binding("f1", "app.help", "Help", id="app.help"),
    ]

    def __init__(self, service: TokenCommands) -> None:
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
            self._show_verdict("There is no secret to try.", wrong=True)
            return
        try:
            row, reason = await Session.of(self).read(self, partial(self._tried, presented))
        except StoreUnavailable as error:
            self._show_verdict(str(error), wrong=True)
            return
        if row is None:
            self._show_verdict(reason, wrong=True)
        else:
            self._show_verdict(f"It opens the door: {formatting.access(row.token)}.", row)

    def _tried(self, presented: Secret, _: Cancel) -> tuple[TokenRow | None, str]:
        """Return what a secret is of, or why it opens nothing."""
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

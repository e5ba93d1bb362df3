"""Rotate: for how long the old secret works beside the new one."""

from datetime import timedelta
from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.dom import DOMNode
from textual.widgets import Button, Label, OptionList, Static

from tokentui import formatting
from tokentui.core.commands import TokenCommands
from tokentui.core.errors import TokentuiError
from tokentui.core.new_token import NewToken
from tokentui.core.rotation import DEFAULT_OVERLAP, OVERLAPS
from tokentui.core.text import printable
from tokentui.core.token import Token
from tokentui.ui.flow import flow
from tokentui.ui.handover import SecretHandover
from tokentui.ui.screens.confirm import is_seen
from tokentui.ui.screens.list_dialog import ListDialog
from tokentui.ui.screens.questions import revoke_immediately_question
from tokentui.ui.textual_compat import Options
from tokentui.ui.widgets.key_footer import KeyFooter


class RotateToken(ListDialog[NewToken | None]):
    """Returns the successor that was made, or None where the person turned back."""

    CSS_PATH = "../dialogs.tcss"
    BINDING_GROUP_TITLE = "Rotate API token"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s,f10", "rotate", "Rotate", key_display="^s", id="rotate.rotate"),
        Binding("escape", "cancel", "Cancel", id="rotate.cancel"),
        Binding("j", "move('cursor_down')", "Down", show=False, id="rotate.down"),
        Binding("k", "move('cursor_up')", "Up", show=False, id="rotate.up"),
        Binding("f1", "app.help", "Help", id="app.help"),
    ]

    def __init__(self, service: TokenCommands, token: Token) -> None:
        super().__init__()
        self._service = service
        self._token = token

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
            yield Options(*(formatting.OVERLAP[each] for each in OVERLAPS))
            yield Static(id="problem", markup=False)
            with Horizontal(id="buttons"):
                yield Button("Cancel", id="cancel")
                yield Button("Rotate", id="rotate", variant="primary")
        yield KeyFooter()

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
        if is_seen(self.query_one("#title"), above=self.query_one("#buttons")):
            self._rotate(list(OVERLAPS.values())[self.query_one(OptionList).highlighted or 0])

    @flow
    async def _rotate(self, overlap: timedelta) -> None:
        if not overlap and not await self.app.push_screen_wait(
            revoke_immediately_question(self._service, self._token)
        ):
            return
        try:
            new = await SecretHandover.of(self).issue(
                partial(self._service.rotate, self._token, overlap)
            )
        except TokentuiError as error:
            self.query_one("#problem", Static).update(str(error))
        else:
            self.dismiss(new)

    @on(Button.Pressed, "#cancel")
    @flow
    async def action_cancel(self) -> None:
        """Go back with everything as it was, unless a successor is just being made."""
        self.dismiss(None)


async def rotate(node: DOMNode, service: TokenCommands, token: Token) -> Token | None:
    """Ask, rotate `token`, show the secret; return the successor, or None if there is none."""
    rotated = await SecretHandover.of(node).hand_out(RotateToken(service, token), service)
    return rotated and rotated.token

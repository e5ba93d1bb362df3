"""Rotate: for how long the old secret keeps working after the new one is issued."""

from datetime import timedelta
from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.dom import DOMNode
from textual.widgets import Button, Label, OptionList, Static

from tokentui import formatting
from tokentui.core.commands import TokenCommands
from tokentui.core.errors import TokentuiError
from tokentui.core.new_token import NewToken
from tokentui.core.rotation import DEFAULT_OVERLAP, OVERLAPS
from tokentui.core.token import Token
from tokentui.ui.flow import flow
from tokentui.ui.handover import SecretHandover
from tokentui.ui.screens.confirm import is_seen
from tokentui.ui.screens.list_dialog import ListDialog
from tokentui.ui.screens.questions import revoke_immediately_question
from tokentui.ui.textual_compat.option_list import Options
from tokentui.ui.widgets.key_button import KeyButton
from tokentui.ui.widgets.key_footer import KeyFooter
from tokentui.ui.widgets.notice import Notice

_MEANING = "Creates a new token with the same name, access and lifetime, and shows its secret."
_CHOICES = [
    *(each for each in OVERLAPS if OVERLAPS[each]),
    *(each for each in OVERLAPS if not OVERLAPS[each]),
]
"""The overlaps as they are offered: none comes last."""


class RotateToken(ListDialog[NewToken | None]):
    """Returns the token that replaces the old one, or None where the person cancelled."""

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
        context = self._service.queries.display_context()
        name = formatting.owned(context, self._token)
        with Vertical(id="dialog") as dialog:
            dialog.border_title = Content(" Rotate API token ")
            yield Label(Content.assemble("Rotate ", (name, "bold"), "?"), id="title")
            yield Static(_MEANING, id="body", markup=False)
            yield Label("The old secret keeps working for:", id="question")
            yield Options(
                *(
                    formatting.overlap(context, OVERLAPS[each], formatting.OVERLAP[each])
                    for each in _CHOICES
                )
            )
            yield Notice(id="problem")
            with Horizontal(id="buttons"):
                yield KeyButton("Rotate The Token", "rotate.rotate", id="rotate", variant="primary")
                yield KeyButton("Cancel", "rotate.cancel", id="cancel")
        yield KeyFooter()

    def on_mount(self) -> None:
        overlaps = self.query_one(OptionList)
        overlaps.highlighted = _CHOICES.index(DEFAULT_OVERLAP)
        self.query_one("#problem", Notice).show("")
        self.set_focus(overlaps)

    @on(OptionList.OptionSelected)
    @on(Button.Pressed, "#rotate")
    def action_rotate(self) -> None:
        """Rotate the token; ask first where the old secret would be revoked immediately."""
        if is_seen(self.query_one("#title"), above=self.query_one("#buttons")):
            self._rotate(OVERLAPS[_CHOICES[self.query_one(OptionList).highlighted or 0]])

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
            self.query_one("#problem", Notice).show(str(error))
        else:
            self.dismiss(new)

    @on(Button.Pressed, "#cancel")
    @flow
    async def action_cancel(self) -> None:
        """Go back without a change, unless the token is just being rotated."""
        self.dismiss(None)


async def rotate(node: DOMNode, service: TokenCommands, token: Token) -> Token | None:
    """Ask, rotate `token`, show the secret; return the new token, or None if there is none."""
    rotated = await SecretHandover.of(node).hand_out(RotateToken(service, token), service)
    return rotated and rotated.token

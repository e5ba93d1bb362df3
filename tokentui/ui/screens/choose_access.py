"""Access: which requests a token allows, and from which networks."""

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Button, Input, Static

from tokentui import formatting
from tokentui.core.access import Access
from tokentui.core.audit import Action
from tokentui.core.commands import TokenCommands
from tokentui.core.errors import TokentuiError
from tokentui.core.records import check_changeable
from tokentui.core.rights import Permissions
from tokentui.core.token import Token
from tokentui.ui.flow import flow
from tokentui.ui.screens.questions import access_question, discard_question, names
from tokentui.ui.textual_compat import Dialog
from tokentui.ui.widgets.access_fields import AccessFields
from tokentui.ui.widgets.key_button import KeyButton
from tokentui.ui.widgets.key_footer import KeyFooter


class ChooseAccess(Dialog[Access | None]):
    """Returns what was chosen, or None where the person cancelled.

    `access` is what the fields begin with, `subject` which tokens get what is chosen.
    """

    CSS_PATH = "../dialogs.tcss"
    BINDING_GROUP_TITLE = "Access"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s,f10", "choose", "Done", key_display="^s", id="access.choose"),
        Binding("escape", "cancel", "Cancel", id="access.cancel"),
        Binding("f1", "app.help", "Help", id="app.help"),
    ]

    def __init__(self, access: Access, subject: str = "") -> None:
        super().__init__()
        self._access = access
        self._subject = subject

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="dialog", can_focus=False) as dialog:
            dialog.border_title = Content("Access")
            if self._subject:
                yield Static(self._subject, id="subject", markup=False)
            yield AccessFields(self._access)
            with Horizontal(id="buttons"):
                yield KeyButton("Done", "access.choose", id="done", variant="primary")
                yield KeyButton("Cancel", "access.cancel", id="cancel")
        yield KeyFooter()

    @on(Input.Submitted)
    @on(Button.Pressed, "#done")
    def action_choose(self) -> None:
        """Go back with what is chosen, or say what is wrong with it."""
        chosen = self.query_one(AccessFields).accept()
        if chosen is not None:
            self.dismiss(chosen)

    @on(Button.Pressed, "#cancel")
    @flow
    async def action_cancel(self) -> None:
        """Go back with nothing chosen; input is not lost unasked."""
        edited = self.query_one(AccessFields).edited
        if not edited or await self.app.push_screen_wait(discard_question()):
            self.dismiss(None)


async def choose_access(
    screen: Screen[None], service: TokenCommands, permissions: Permissions, tokens: Sequence[Token]
) -> Access | None:
    """Ask which access `tokens` get; return None where they get none.

    The fields begin with what the tokens have in common. Where one of the tokens cannot be changed,
    nothing is asked: `screen` says why.
    """
    if refused := _refusal(permissions, tokens):
        screen.notify(refused, severity="error", markup=False)
        return None
    present = {Access(token.read_only, token.networks) for token in tokens}
    subject = names(service, tokens)
    if len(tokens) > 1:
        subject = f"{formatting.tokens(len(tokens))}: {subject}"
    if len(present) > 1:
        subject = f"{subject}. Their access differs; your choice applies to all of them."
    common = present.pop() if len(present) == 1 else Access()
    access = await screen.app.push_screen_wait(ChooseAccess(common, subject))
    if access is None or len(tokens) == 1:
        return access
    agreed = await screen.app.push_screen_wait(access_question(service, tokens, access))
    return access if agreed else None


def _refusal(permissions: Permissions, tokens: Sequence[Token]) -> str:
    try:
        for token in tokens:
            check_changeable(token)
    except TokentuiError as error:
        return str(error)
    return permissions.denial_reason(Action.ACCESS, tokens)

"""Access: which requests a token allows, and from which networks."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Input

from tokentui.core.access import Access
from tokentui.ui.flow import flow
from tokentui.ui.screens.questions import discard_question
from tokentui.ui.textual_compat import Dialog
from tokentui.ui.widgets.access_fields import AccessFields
from tokentui.ui.widgets.key_button import KeyButton
from tokentui.ui.widgets.key_footer import KeyFooter


class ChooseAccess(Dialog[Access | None]):
    """Returns what was chosen, or None where the person cancelled."""

    CSS_PATH = "../dialogs.tcss"
    BINDING_GROUP_TITLE = "Access"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s,f10", "choose", "Done", key_display="^s", id="access.choose"),
        Binding("escape", "cancel", "Cancel", id="access.cancel"),
        Binding("f1", "app.help", "Help", id="app.help"),
    ]

    def __init__(self, access: Access) -> None:
        super().__init__()
        self._access = access

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="dialog", can_focus=False) as dialog:
            dialog.border_title = Content("Access")
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

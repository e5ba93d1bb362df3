"""Access: which requests a token allows, and from which networks."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Input, Label, Static

from tokentui.core.access import Access, parse_networks
from tokentui.core.errors import InvalidNetwork
from tokentui.core.text import printable
from tokentui.ui.flow import flow
from tokentui.ui.screens.questions import discard_question
from tokentui.ui.textual_compat import Dialog
from tokentui.ui.widgets.key_button import KeyButton
from tokentui.ui.widgets.key_footer import KeyFooter
from tokentui.ui.widgets.toggles import Tick

_HINT = "Such as 192.0.2.0/24 or 2001:db8::1, with spaces between. Leave empty to allow any."


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
        self._untouched = False, ""

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="dialog", can_focus=False) as dialog:
            dialog.border_title = Content("Access")
            read_only = "Read-only (GET, HEAD, OPTIONS)"
            yield Tick(read_only, self._access.read_only, id="reading", compact=True)
            yield Label("Allowed networks", id="question")
            networks = " ".join(map(printable, self._access.networks))
            yield Input(networks, id="networks", compact=True)
            yield Static(_HINT, id="hint", markup=False)
            with Horizontal(id="buttons"):
                yield KeyButton("Done", "access.choose", id="done", variant="primary")
                yield KeyButton("Cancel", "access.cancel", id="cancel")
        yield KeyFooter()

    def on_mount(self) -> None:
        self._untouched = self._input()

    @on(Input.Changed)
    def _typed(self) -> None:
        self._show_hint(_HINT)

    @on(Input.Submitted)
    @on(Button.Pressed, "#done")
    def action_choose(self) -> None:
        """Go back with what is chosen, or say what is wrong with it."""
        field = self.query_one("#networks", Input)
        try:
            networks = parse_networks(field.value.split())
        except InvalidNetwork as error:
            self._show_hint(str(error), wrong=True)
            self.set_focus(field)
        else:
            self.dismiss(Access(self.query_one("#reading", Tick).value, networks))

    @on(Button.Pressed, "#cancel")
    @flow
    async def action_cancel(self) -> None:
        """Go back with nothing chosen; input is not lost unasked."""
        if self._input() == self._untouched or await self.app.push_screen_wait(discard_question()):
            self.dismiss(None)

    def _input(self) -> tuple[bool, str]:
        """Return all that a person has entered so far."""
        return self.query_one("#reading", Tick).value, self.query_one("#networks", Input).value

    def _show_hint(self, message: str, *, wrong: bool = False) -> None:
        hint = self.query_one("#hint", Static)
        hint.update(message)
        hint.set_class(wrong, "-wrong")

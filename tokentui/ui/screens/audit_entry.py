"""One entry of the audit log: all of it."""

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from tokentui.ui.textual_compat import Dialog
from tokentui.ui.widgets.key_footer import KeyFooter
from tokentui.ui.widgets.key_value_table import key_value_table


class AuditEntry(Dialog[None]):
    """Shows the facts of an entry, which are labels and values."""

    AUTO_FOCUS = ""
    CSS_PATH = "../dialogs.tcss"
    BINDING_GROUP_TITLE = "Audit log entry"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter", "dismiss(None)", "Back", key_display="esc", id="entry.back"),
        Binding("up,pageup", "read('up')", "Scroll up", show=False, id="entry.up"),
        Binding("down,pagedown", "read('down')", "Scroll down", show=False, id="entry.down"),
        Binding("f1", "app.help", "Help", id="app.help"),
    ]

    def __init__(self, facts: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self._facts = facts

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog") as dialog:
            dialog.border_title = Content(" Audit log entry ")
            yield Static(key_value_table(self._facts, width=8))
        yield KeyFooter()

    def action_read(self, how: str) -> None:
        """Scroll through what is too long to be seen at once."""
        getattr(self.query_one("#dialog"), f"scroll_{how}")(animate=False)

"""Help: the keys of a screen, what copying needs, the statuses, and the way to the guide."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Input, Label, Static

from tokentui import formatting
from tokentui.ui.textual_compat import Dialog
from tokentui.ui.widgets.key_footer import KeyFooter
from tokentui.ui.widgets.key_value_table import key_value_table

Rows = list[tuple[str, str]]
"""The keys of an action, or a word, and what it does or means."""

_COPYING: Rows = [
    (
        "Copy",
        "Uses the clipboard of your terminal (OSC 52), which confirms nothing: paste to check.",
    ),
    ("tmux", "Needs: set -s set-clipboard on"),
    ("GNU screen", "Has no clipboard. Write to a file instead."),
    ("macOS Terminal", "Has no clipboard for programs. Write to a file, or use iTerm2."),
    ("iTerm2", 'Needs the setting "Applications in terminal may access clipboard".'),
    ("PuTTY", "Has no clipboard for programs. Hold Shift and select the secret with the mouse."),
]


class Search(Input):
    """Takes every character but the question mark: the key that opens help closes it, too."""

    def check_consume_key(self, key: str, character: str | None) -> bool:
        return key != "question_mark" and super().check_consume_key(key, character)


class Help(Dialog[None]):
    """Shows groups of rows, each under its title, and only those that contain what is typed."""

    CSS_PATH = "../dialogs.tcss"
    BINDING_GROUP_TITLE = "Help"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Close", id="help.back"),
        Binding("f2", "app.guide", "Guide", tooltip="Open the guide", id="help.guide"),
        Binding("f1", "dismiss", "Close", show=False, id="app.help"),
        Binding("question_mark", "dismiss", "Close", show=False, priority=True, id="help.close"),
        Binding("up", "scroll_body('up')", "Up", show=False, id="help.up"),
        Binding("down", "scroll_body('down')", "Down", show=False, id="help.down"),
        Binding("pageup", "scroll_body('page_up')", "Page up", show=False, id="help.page-up"),
        Binding(
            "pagedown", "scroll_body('page_down')", "Page down", show=False, id="help.page-down"
        ),
    ]

    def __init__(self, groups: list[tuple[str, Rows]]) -> None:
        super().__init__()
        self._groups = [
            *groups,
            ("Copying", _COPYING),
            ("Statuses", list(formatting.MEANING.items())),
        ]

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            yield Search(placeholder="Search in help", compact=True)
            with VerticalScroll(id="body", can_focus=False):
                for title, rows in self._groups:
                    with Vertical(classes="group"):
                        yield Label(title, classes="title")
                        yield Static(key_value_table(rows, width=17), classes="rows")
                yield Static(id="nothing", markup=False)
        yield KeyFooter()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        text, found = event.value.casefold(), False
        for (title, rows), group in zip(self._groups, self.query(".group"), strict=True):
            left = [row for row in rows if text in f"{title} {' '.join(row)}".casefold()]
            group.query_one(".rows", Static).update(key_value_table(left, width=17))
            group.display = bool(left)
            found = found or group.display
        self.query_one("#nothing", Static).update("" if found else f"No match for {event.value!r}.")

    def action_back(self) -> None:
        """Clear the search, or close."""
        field = self.query_one(Search)
        if field.value:
            field.clear()
        else:
            self.dismiss()

    def action_scroll_body(self, how: str) -> None:
        """Scroll while the cursor stays in the field."""
        getattr(self.query_one("#body"), f"scroll_{how}")(animate=False)

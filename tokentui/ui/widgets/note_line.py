"""The note of a token, in a field."""

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Input, Label

from tokentui.core.note import NOTE_LIMIT
from tokentui.core.text import printable


class NoteLine(Horizontal):
    """A label and a field for `note`, which is what is stored."""

    DEFAULT_CSS = """
    NoteLine {
        height: 1;
        Label {
            width: 11;
        }
        Input {
            width: 1fr;
        }
    }
    """

    def __init__(self, note: str = "") -> None:
        super().__init__()
        self._note = printable(note)
        self.field = Input(
            self._note,
            placeholder="What it is for, and whom to ask (optional)",
            id="note",
            max_length=NOTE_LIMIT,
        )

    def compose(self) -> ComposeResult:
        yield Label("Note")
        yield self.field

    @property
    def edited(self) -> bool:
        """Whether a person changed the note, and that is not stored."""
        return self.field.value.strip(" ") != self._note

    def follow(self, note: str) -> None:
        """Show what is stored by now, unless that would overwrite what a person types."""
        edited, self._note = self.edited, printable(note)
        if not edited:
            self.field.value = self._note

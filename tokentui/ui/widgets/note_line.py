"""The note of a token, in a field."""

from textual.widgets import Input

from tokentui.core.note import NOTE_LIMIT
from tokentui.core.text import printable
from tokentui.ui.widgets.form_line import FormLine


class NoteLine(FormLine):
    """A field for `note`, which is what is stored."""

    def __init__(self, note: str = "") -> None:
        self._note = printable(note)
        self.field = Input(
            self._note,
            placeholder="What it is for, and whom to ask (optional)",
            id="note",
            max_length=NOTE_LIMIT,
        )
        super().__init__("Note", self.field)

    @property
    def edited(self) -> bool:
        """Whether a person changed the note, and that is not stored."""
        return self.field.value.strip(" ") != self._note

    def follow(self, note: str) -> None:
        """Show what is stored by now, unless that would overwrite what a person types."""
        edited, self._note = self.edited, printable(note)
        if not edited:
            self.field.value = self._note

    def show(self, note: str) -> None:
        """Show what is stored."""
        self._note = self.field.value = printable(note)

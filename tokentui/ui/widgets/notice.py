"""A text that is there only where it has something to say."""

from textual.widgets import Static


class Notice(Static):
    """A plain text, or nothing."""

    def __init__(self, *, id: str) -> None:  # noqa: A002 - as every widget of Textual
        super().__init__(id=id, markup=False)

    def show(self, text: str) -> None:
        """Show a text; an empty one takes no room.

        What is shown already is left alone: with each change here, all is laid out anew.
        """
        if self.content != text:
            self.update(text)
        self.display = bool(text)

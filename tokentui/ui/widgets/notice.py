"""A text that is there only where it has something to say."""

from rich.cells import cell_len
from textual.widgets import Static


class Notice(Static):
    """A plain text, or nothing."""

    def __init__(self, *, id: str) -> None:  # noqa: A002 - as every widget of Textual
        super().__init__(id=id, markup=False)

    def show(self, text: str, *, keep_line: bool = False) -> None:
        """Show a text; an empty one takes no room, unless its line is kept for the next.

        The layout changes only where the number of lines does.
        """
        before, self.display = self.display, bool(text) or keep_line
        if (shown := str(self.content)) != text:
            one_line = max(cell_len(shown), cell_len(text)) <= self.size.width
            self.update(text, layout=not (before and self.display and one_line))

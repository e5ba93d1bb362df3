"""A big button: a key, what it does, and more about that below."""

from typing import Any

from textual.content import Content
from textual.widgets import Button


class Tile(Button):
    """A button of three lines, or of one line where there is no room; ticked once it is done."""

    def __init__(self, key: str, title: str, detail: str, **how: Any) -> None:
        super().__init__(**how)
        self._key = key
        self._title = title
        self._detail = detail

    def show_done(self, detail: str) -> None:
        """Tick it, and say what was done."""
        self._detail = f"✓ {detail}"
        self.add_class("-done")
        self.refresh()

    def render(self) -> Content:
        if self.size.height > 1:
            return Content.assemble(f"{self._key}  {self._title}\n", (self._detail, "not bold"))
        line = self._detail.replace("\n", " ")
        return Content.assemble(f"{self._key}  {self._title}  ", (line, "not bold"))

"""The line on top of every screen: where one is, and whose tokens these are."""

from pathlib import Path

from rich.cells import cell_len
from rich.text import Text
from textual.widget import Widget

from tokentui.core.service import TokenService
from tokentui.core.text import printable


class Masthead(Widget):
    """Shows the way to this screen at the left, the account and its store at the right."""

    def __init__(self, *way: str, service: TokenService) -> None:
        super().__init__()
        self._way = " > ".join(("Security", "Manage API Tokens", *way))
        self._account = printable(service.account)
        self._store = _short(printable(service.store.location))

    def render(self) -> Text:
        room = self.content_size.width - cell_len(self._way) - 3
        place = f"{self._account}  {self._store}"
        if cell_len(place) > room:
            place = f"{self._account}  {Path(self._store).name}"
        line = Text(self._way, "bold", no_wrap=True, overflow="ellipsis")
        if cell_len(place) <= room:
            line.append(" " * (room + 3 - cell_len(place)) + place, "not bold")
        return line


def _short(location: str) -> str:
    home = str(Path.home())
    return f"~{location[len(home) :]}" if location.startswith(f"{home}/") else location

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
        account, store = printable(service.account), _short(printable(service.store.location))
        only = "read-only  " if service.store.read_only else ""
        # From the most to the least that can be said of the place.
        self._places = [f"{only}{account}  {store}", f"{only}{account}  {Path(store).name}", only]

    def render(self) -> Text:
        room = self.content_size.width - cell_len(self._way) - 3
        place = next((place for place in self._places if cell_len(place) <= room), "")
        line = Text(self._way, "bold", no_wrap=True, overflow="ellipsis")
        if place:
            line.append(" " * (room + 3 - cell_len(place)) + place, "not bold")
        return line


def _short(location: str) -> str:
    home = str(Path.home())
    return f"~{location[len(home) :]}" if location.startswith(f"{home}/") else location

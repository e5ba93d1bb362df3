"""The line on top of every screen: where one is, and whose tokens these are."""

from pathlib import Path

from rich.cells import cell_len
from rich.text import Text
from textual.widget import Widget

from tokentui.core.service import TokenService
from tokentui.core.text import printable

_GAP = 3


class Masthead(Widget):
    """Shows the way to this screen at the left, the account and its store at the right."""

    def __init__(self, *way: str, service: TokenService) -> None:
        super().__init__()
        self._way = " > ".join(("Manage API Tokens", *way))
        self._service = service

    def _lines(self) -> list[tuple[str, str]]:
        """Return the way and the place, from the most to the least that can be said of them."""
        service, way = self._service, self._way
        account, store = printable(service.account), _short(printable(service.location))
        # Looked up each time: what an account may do can change.
        only = "read-only  " if service.obstacle else ""
        places = [f"{only}{account}  {store}", f"{only}{account}  {Path(store).name}", only.strip()]
        return [(here, place) for here in (f"Security > {way}", way) for place in places]

    def render(self) -> Text:
        lines = self._lines()
        width = self.content_size.width
        fitting = (line for line in lines if sum(map(cell_len, line)) + _GAP <= width)
        way, place = next(fitting, lines[-1])
        line = Text(way, "bold", no_wrap=True, overflow="ellipsis")
        line.append(place.rjust(width - cell_len(way)), "not bold")
        return line


def _short(location: str) -> str:
    home = str(Path.home())
    return f"~{location[len(home) :]}" if location.startswith(f"{home}/") else location

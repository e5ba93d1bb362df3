"""The first line of every screen: where one is, whose tokens these are, and how current."""

import socket
from pathlib import Path
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from tokentui.core.store_url import is_database, short_name
from tokentui.core.text import printable
from tokentui.ui.session import Phase, Session, State

_PRODUCT = "tokentui"
_GAP = 2


class ScreenHeader(Widget):
    """Shows the way to this screen at the left, the account and its store at the right.

    Where the store does not answer, or refuses to, that stands at the right instead. Of what has
    no room, the store goes first, then the account, the product and the way.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "screen-header--product",
        "screen-header--way",
        "screen-header--tag",
    }

    read_only: reactive[bool] = reactive(False)
    """Whether the account can change nothing."""
    notice: reactive[str] = reactive("")
    """What is to be said of the store, such as that it does not answer; mostly nothing."""

    def __init__(self, *way: str, account: str, location: str) -> None:
        super().__init__()
        self._way = " > ".join(("Manage API Tokens", *way))
        self._here = way[-1] if way else self._way
        self._who = f"{printable(account)}@{host()}"
        self._location = short_location(printable(location))

    def on_mount(self) -> None:
        session = Session.of(self)
        session.follow(self, self._follow)
        self._follow(session.state)

    def on_unmount(self) -> None:
        Session.of(self).unfollow(self)

    def _follow(self, state: State) -> None:
        self.notice = _notice(state)

    def render_line(self, _: int) -> Strip:
        width = self.content_size.width
        product, way, tag, right = self._line(width)
        used = sum(map(cell_len, (product, way, tag, right)))
        segments = [
            Segment(product, self.get_component_rich_style("screen-header--product")),
            Segment(way, self.get_component_rich_style("screen-header--way")),
            Segment(" " * (width - used), self.rich_style),
            Segment(tag, self.get_component_rich_style("screen-header--tag")),
            Segment(right, self.rich_style),
        ]
        return Strip(segments).adjust_cell_length(width, self.rich_style)

    def _line(self, width: int) -> tuple[str, str, str, str]:
        """Return product, way, what is to be noticed, and the rest of the right, as far as fits."""
        tag = self.notice or ("read-only" if self.read_only else "")
        whose = [f"{self._who}  {self._location}", self._who, ""] if not self.notice else [""]
        ways = [(f"{_PRODUCT}  ", self._way), ("", self._way), ("", self._here)]
        for product, way in ways:
            for right in whose:
                tagged = f"{tag}  " if tag and right else tag
                gap = _GAP if tagged or right else 0
                if cell_len(product + way + tagged + right) + gap <= width:
                    return product, way, tagged, right
        return "", "" if self.notice else self._here, tag, ""


def host() -> str:
    """Return the name of this machine, without its domain."""
    return printable(socket.gethostname().partition(".")[0])


def _notice(state: State) -> str:
    match state.phase:
        case Phase.OFFLINE if state.as_of is not None:
            return f"As of {state.as_of:%H:%M:%S}: the store does not answer; trying again."
        case Phase.OFFLINE:
            return "The store does not answer; trying again."
        case Phase.LOADING:
            return "Loading ..."
        case Phase.CHANGING:
            return "Waiting for the store ..."
        case Phase.DENIED:
            return printable(state.why)
    return ""


def short_location(location: str) -> str:
    """Return where a store is as people write it, with ~ for their home."""
    if is_database(location):
        return short_name(location)
    home = str(Path.home())
    return f"~{location[len(home) :]}" if location.startswith(f"{home}/") else location

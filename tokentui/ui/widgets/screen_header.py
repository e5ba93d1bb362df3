"""The first line of every screen: where one is, whose tokens these are, and how current."""

from pathlib import Path

from rich.cells import cell_len
from rich.text import Text
from textual.reactive import reactive
from textual.widget import Widget

from tokentui.core.store_url import is_database, short_name
from tokentui.core.text import printable
from tokentui.ui.session import Phase, Session, State

_GAP = 3


class ScreenHeader(Widget):
    """Shows the way to this screen at the left, the account and its store at the right.

    Where the store does not answer, or refuses to, that stands at the right instead.
    """

    read_only: reactive[bool] = reactive(False)
    """Whether the account can change nothing."""
    notice: reactive[str] = reactive("")
    """What is to be said of the store, such as that it does not answer; mostly nothing."""

    def __init__(self, *way: str, account: str, location: str) -> None:
        super().__init__()
        self._way = " > ".join(("Manage API Tokens", *way))
        self._account = printable(account)
        self._location = _short(printable(location))

    def on_mount(self) -> None:
        session = Session.of(self)
        session.follow(self, self._follow)
        self._follow(session.state)

    def on_unmount(self) -> None:
        Session.of(self).unfollow(self)

    def _follow(self, state: State) -> None:
        self.notice = _notice(state)
        self.set_class(bool(self.notice), "-notice")

    def _lines(self) -> list[tuple[str, str]]:
        """Return the way and what stands at the right, from the longest to the shortest."""
        way, account, store = self._way, self._account, self._location
        if self.notice:
            return [(here, self.notice) for here in (f"Security > {way}", way, "")]
        only = "read-only  " if self.read_only else ""
        whose = [f"{only}{account}  {store}", f"{only}{account}  {Path(store).name}", only.strip()]
        return [(here, right) for here in (f"Security > {way}", way) for right in whose]

    def render(self) -> Text:
        lines = self._lines()
        width = self.content_size.width
        fitting = (line for line in lines if sum(map(cell_len, line)) + _GAP <= width)
        way, right = next(fitting, lines[-1])
        line = Text(way, "bold", no_wrap=True, overflow="ellipsis")
        line.append(right.rjust(width - cell_len(way)), "not bold")
        return line


def _notice(state: State) -> str:
    match state.phase:
        case Phase.OFFLINE if state.as_of is not None:
            return f"As of {state.as_of:%H:%M:%S}: the store does not answer; trying again."
        case Phase.OFFLINE:
            return "The store does not answer; trying again."
        case Phase.CHANGING:
            return "Waiting for the store ..."
        case Phase.DENIED:
            return printable(state.why)
    return ""


def _short(location: str) -> str:
    if is_database(location):
        return short_name(location)
    home = str(Path.home())
    return f"~{location[len(home) :]}" if location.startswith(f"{home}/") else location

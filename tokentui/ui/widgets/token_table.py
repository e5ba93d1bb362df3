"""The list of tokens: a window of rows, of which only the visible ones are drawn."""

from collections.abc import Callable, Collection
from typing import ClassVar, NamedTuple

from rich.cells import set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tokentui.core.query import Page, Query, Sort
from tokentui.core.token import NAME_LIMIT, Status, Token

_GUTTER = 2
_GAP = 2
_EDGE = 1
_ROOMY = 110
_FULL = 76
_SOME = 54


class Row(NamedTuple):
    """A token in words, and their tone: soon, expired, unsaved, muted or none.

    `created_day` and `brief_status` stand in for the longer ones where there is little room.
    `ends` is when it expires or was revoked, `use` when it was last used or who revoked it.
    """

    name: str
    account: str
    created: str
    created_day: str
    ends: str
    use: str
    status: str
    brief_status: str
    tone: str = ""


class Column(NamedTuple):
    """A title, a width in cells, the field of a `Row` below it, and what sorting by it means."""

    title: str
    width: int
    field: str
    sort: Sort | None = None


def columns(width: int, *, history: bool = False, accounts: bool = False) -> list[Column]:
    """Return the columns that fill `width` cells; the name takes what the others leave.

    With `accounts`, whose they are is one. Where there is little room, those that matter most stay.
    """
    account = Column("Account", 12, "account", Sort.ACCOUNT)
    created = Column("Created", 10, "created_day", Sort.CREATED)
    ends = Column("Expires", 23, "ends", Sort.EXPIRES)
    use = Column("Last used", 11, "use", Sort.USED)
    status = Column("Status", 12, "brief_status", Sort.STATUS)
    if width >= _ROOMY:
        created = Column("Created", 16, "created", Sort.CREATED)
        status = Column("Status", 25, "status", Sort.STATUS)
    if history:
        ends = Column("Revoked", 23, "ends", Sort.REVOKED)
        use = Column("By", 11, "use")
        status = status._replace(sort=None)
    if accounts and width >= _ROOMY:
        others = [account, created, ends, use, status]
    elif accounts and width >= _SOME:
        last = use if history else status
        others = [account, ends, last] if width >= _FULL else [account, last]
    elif width >= _FULL:
        others = [created, ends, use, status]
    elif history:
        others = [ends, use] if width >= _SOME else [ends]
    else:
        others = [ends, status] if width >= _SOME else [status]
    left = width - _GUTTER - _EDGE - sum(_GAP + column.width for column in others)
    return [Column("Name", max(8, min(left, NAME_LIMIT)), "name", Sort.NAME), *others]


class TokenTable(ScrollView, can_focus=True):
    """A list with a cursor that stays on its token while the tokens around it change.

    It holds one window of the result. Another is asked for with `fetch` when the cursor leaves it,
    and with `WindowWanted` when one is drawn that lacks a row. `describe` turns a token into words
    when its row is drawn.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "token-table--header",
        "token-table--cursor",
        "token-table--muted",
        "token-table--soon",
        "token-table--expired",
        "token-table--unsaved",
    }
    BINDING_GROUP_TITLE = "In the list"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False, id="table.up"),
        Binding("down,j", "move(1)", "Down", show=False, id="table.down"),
        Binding("pageup,ctrl+b", "move_page(-1)", "Page up", show=False, id="table.page-up"),
        Binding("pagedown,ctrl+f", "move_page(1)", "Page down", show=False, id="table.page-down"),
        Binding("home,g", "move_to(0)", "First token", show=False, id="table.first"),
        Binding("end,G", "move_to(-1)", "Last token", show=False, id="table.last"),
    ]

    # Textual lays the screen out anew for each other length; here only the scroll bar can change.
    virtual_size: reactive[Size] = reactive(Size(0, 0), layout=False)
    # Only the rows that the cursor leaves and enters are drawn anew: see `watch_cursor`.
    cursor: reactive[int] = reactive(0, repaint=False)

    class Moved(Message):
        """The cursor is on another token, or that was changed, or the room to tell of it."""

    class Chosen(Message):
        """The token under the cursor was clicked again."""

    class SortWanted(Message):
        """The title of a column was clicked."""

        def __init__(self, sort: Sort) -> None:
            self.sort = sort
            super().__init__()

    class WindowWanted(Message):
        """A row outside the window is needed."""

        def __init__(self, offset: int) -> None:
            self.offset = offset
            super().__init__()

    def __init__(self, describe: Callable[[Token], Row], fetch: Callable[[int], None]) -> None:
        super().__init__()
        self._describe = describe
        self._fetch = fetch
        self._page = Page()
        self._held: Token | None = None
        self._columns = columns(80)
        self._sort = Sort.NAME
        self._descending = False
        self._history = False
        self._accounts = False
        self._marked: Collection[str] = ()

    @property
    def token(self) -> Token | None:
        """The token under the cursor, also while the list is scrolled far away from it."""
        return self._held

    @property
    def sorts(self) -> list[Sort]:
        """What the columns can be sorted by, from left to right."""
        return [column.sort for column in self._columns if column.sort is not None]

    @property
    def window_start(self) -> int:
        """Where the window that is shown starts."""
        return self._page.offset

    def show(
        self, page: Page, query: Query, marked: Collection[str], *, accounts: bool = False
    ) -> None:
        """Show `page`, the answer to `query`, with the tokens of these ids marked.

        With `accounts`, it says whose they are.
        The cursor goes to the token that `query` is around, or stays where it is if that is gone.
        """
        self._page, self._marked = page, marked
        self._sort, self._descending = query.sort, query.descending
        kind = query.statuses == {Status.REVOKED}, accounts
        if (self._history, self._accounts) != kind:
            self._history, self._accounts = kind
            self._set_columns()
        self.virtual_size = Size(self.size.width, page.total + 1)
        places = {token.id: page.offset + n for n, token in enumerate(page.tokens)}
        self.cursor = places.get(query.around or "", max(0, min(self.cursor, page.total - 1)))
        held = self._held if page.total else None
        self._held = self.at(self.cursor) or held
        self.refresh()
        self.post_message(self.Moved())

    def at(self, index: int) -> Token | None:
        """Return the token of a row, or None where the window does not hold it."""
        place = index - self._page.offset
        return self._page.tokens[place] if 0 <= place < len(self._page.tokens) else None

    def watch_virtual_size(self, size: Size) -> None:
        self._scroll_update(size)

    # -- moving ---------------------------------------------------------------------------------

    def validate_cursor(self, cursor: int) -> int:
        return max(0, min(cursor, self._page.total - 1))

    def watch_cursor(self, before: int, after: int) -> None:
        for index in (before, after):
            self.refresh(Region(0, index + 1 - self.scroll_offset.y, self.size.width, 1))
        self._reveal()
        # At once: the next key may be for the token that the cursor is on now.
        if self._page.total and self.at(after) is None:
            self._fetch(after)
        self._held = self.at(after)
        self.post_message(self.Moved())

    def _reveal(self) -> None:
        """Scroll just as far as the cursor's row needs to be seen below the titles."""
        rows = max(1, self.size.height - 1)
        top = self.scroll_offset.y
        if self.cursor < top:
            self.scroll_to(y=self.cursor, animate=False, immediate=True)
        elif self.cursor >= top + rows:
            self.scroll_to(y=self.cursor - rows + 1, animate=False, immediate=True)

    def action_move(self, rows: int) -> None:
        self.cursor += rows

    def action_move_page(self, pages: int) -> None:
        self.cursor += pages * max(1, self.size.height - 2)

    def action_move_to(self, index: int) -> None:
        self.cursor = index if index >= 0 else self._page.total + index

    def on_click(self, event: events.Click) -> None:
        if event.y == 0:
            sort = self._sort_at(event.x)
            if sort is not None:
                self.post_message(self.SortWanted(sort))
            return
        index = event.y - 1 + self.scroll_offset.y
        if index >= self._page.total:
            return
        if event.chain > 1:
            self.post_message(self.Chosen())
        self.cursor = index

    def _sort_at(self, x: int) -> Sort | None:
        start = _GUTTER
        for column in self._columns:
            if start <= x < start + column.width:
                return column.sort
            start += column.width + _GAP
        return None

    # -- drawing --------------------------------------------------------------------------------

    def on_resize(self) -> None:
        self._set_columns()
        self.virtual_size = Size(self.size.width, self._page.total + 1)
        self._reveal()
        self.post_message(self.Moved())

    def _set_columns(self) -> None:
        width = self.scrollable_content_region.width
        self._columns = columns(width, history=self._history, accounts=self._accounts)

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if y == 0:
            return self._titles().adjust_cell_length(width, self._style("header"))
        index = y - 1 + self.scroll_offset.y
        token = self.at(index)
        if token is None:
            if index < self._page.total:
                self.post_message(self.WindowWanted(index))
            return Strip.blank(width, self.rich_style)
        under_cursor = index == self.cursor
        base = self._style("cursor") if under_cursor else self.rich_style
        gutter = (">" if under_cursor else " ") + ("*" if token.id in self._marked else " ")
        return self._row(self._describe(token), base, gutter).adjust_cell_length(width, base)

    def _titles(self) -> Strip:
        arrow = "v" if self._descending else "^"
        titles = (
            f"{column.title} {arrow}" if column.sort is self._sort else column.title
            for column in self._columns
        )
        style = self._style("header")
        return Strip(self._cells("  ", list(titles), [style] * len(self._columns), style))

    def _row(self, row: Row, base: Style, gutter: str) -> Strip:
        texts = [str(getattr(row, column.field)) for column in self._columns]
        styles = [base] * len(texts)
        # Words on the cursor's bar keep its colour: it is chosen to be read there.
        if gutter[0] == " ":
            styles = [self._tone(row, column.field, base) for column in self._columns]
        return Strip(self._cells(gutter, texts, styles, base))

    def _tone(self, row: Row, field: str, base: Style) -> Style:
        match field:
            case "name" if row.tone == "muted":
                return self._style("muted")
            case "account" | "created" | "created_day" | "use":
                return self._style("muted")
            case "status" | "brief_status" if row.tone:
                return self._style(row.tone)
            # Whether the secret was saved says nothing of when the token expires.
            case "ends" if row.tone and row.tone != "unsaved":
                return self._style(row.tone)
        return base

    def _cells(
        self, gutter: str, texts: list[str], styles: list[Style], base: Style
    ) -> list[Segment]:
        # A gap has the style of what is before it: each change of style is sent to the terminal.
        cells = zip(texts, styles, self._columns, strict=True)
        return [
            Segment(gutter, base),
            *(
                Segment(_fit(text, column.width) + " " * _GAP, style)
                for text, style, column in cells
            ),
        ]

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(f"token-table--{name}")


def _fit(text: str, width: int) -> str:
    """Return `text` as wide as its column, with an ellipsis where something is missing."""
    fitted = set_cell_size(text, width)
    return fitted if fitted.startswith(text) else set_cell_size(text, width - 1) + "…"

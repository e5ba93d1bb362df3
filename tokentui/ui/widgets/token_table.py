"""The list of tokens: a window of rows, of which only the visible ones are drawn."""

from collections.abc import Callable, Collection, Iterator
from typing import ClassVar

from msgspec.structs import replace
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip

from tokentui.core.query import Count, Query, Sort, TokenPage, TokenRow
from tokentui.core.text import printable
from tokentui.core.token import Status, Token
from tokentui.ui.textual_compat import LineView
from tokentui.ui.widgets.token_columns import GUTTER, Layout
from tokentui.ui.widgets.token_row import RowText

_FAR = 1 << 31
"""More rows than there are."""
_ON_ITS_WAY = "·"
"""What stands for a row that is not there yet."""


class TokenTable(LineView, can_focus=True):
    """A list with a cursor that stays on its token while the tokens around it change.

    It holds one window of the result. Another is asked for with `fetch` when the cursor leaves it,
    and with `WindowWanted` when one is drawn that lacks a row. `describe` turns a row into words
    when its row is drawn.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "token-table--header",
        "token-table--cursor",
        "token-table--picked",
        "token-table--pointer",
        "token-table--active",
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

    # Only the rows that the cursor leaves and enters are drawn anew: see `watch_cursor`.
    cursor: reactive[int] = reactive(0, repaint=False)
    dimmed: reactive[bool] = reactive(False)
    """Whether the rows are those of before, and others are on their way."""

    class Chosen(Message):
        """The token under the cursor was clicked again."""

    class Toggled(Message):
        """The gutter of the token that is under the cursor by now was clicked."""

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

    def __init__(
        self,
        describe: Callable[[TokenRow], RowText],
        fetch: Callable[[int], None],
        moved: Callable[[], None],
    ) -> None:
        """Describe rows, fetch those that are not there, and tell of another row at the cursor.

        These are calls, not messages, so that what they change is painted with the row.
        """
        super().__init__()
        self._describe = describe
        self._fetch = fetch
        self._moved = moved
        self._page = TokenPage()
        self._known = False
        """Whether it is known which rows there are."""
        self._held: TokenRow | None = None
        self._layout = Layout(80)
        self._sort = Sort.NAME
        self._descending = False
        self._history = False
        self._accounts = False
        self._selected: Collection[str] = ()
        self._ground = Style.null()
        self._styles: dict[tuple[Style, str], Style] = {}
        self.moves = 0
        """How often a person moved the cursor so far."""

    @property
    def row(self) -> TokenRow | None:
        """The row under the cursor, also while the list is scrolled far away from it."""
        return self._held

    @property
    def token(self) -> Token | None:
        """The token of the row under the cursor."""
        return None if self._held is None else self._held.token

    @property
    def token_id(self) -> str | None:
        """The ID of that token."""
        return None if self._held is None else self._held.token.id

    @property
    def sorts(self) -> list[Sort]:
        """What the columns can be sorted by, from left to right."""
        return self._layout.sorts

    @property
    def total(self) -> Count:
        """How many tokens the result has."""
        return self._page.total

    @property
    def _total(self) -> int:
        return self._page.total.value

    @property
    def window_start(self) -> int:
        """Where the window that is shown starts."""
        return self._page.offset

    def show(
        self,
        page: TokenPage,
        query: Query,
        selected: Collection[str],
        follow: str | None,
        *,
        accounts: bool = False,
    ) -> None:
        """Show `page`, the answer to `query`, with a mark at the tokens with the IDs `selected`.

        With `accounts`, a column has the owners. The cursor goes to the token with the ID `follow`,
        or stays where it is if that is gone.
        """
        self._page, self._selected, self._known = page, selected, page.total.exact
        self._sort, self._descending = query.sort, query.descending
        kind = query.statuses == {Status.REVOKED}, accounts
        self._history, self._accounts = kind
        self._fit()
        indexes = {row.token.id: page.offset + n for n, row in enumerate(page.rows)}
        before = self.cursor
        self.cursor = indexes.get(follow or "", self.validate_cursor(before))
        held = self._held if page.total.value else None
        self._held = self.at(self.cursor) or held
        self.refresh()
        if self.cursor == before:
            self._tell()

    def show_total(self, total: Count) -> None:
        """Show how many rows there are, once that is known."""
        self._page = replace(self._page, total=total)
        self._known = True
        self._fit()
        self.cursor = self.validate_cursor(self.cursor)
        self.refresh()

    def show_selected(self, selected: Collection[str]) -> None:
        """Show a mark at the tokens with these IDs, and at no others."""
        self._selected = selected
        self.refresh()

    def at(self, index: int) -> TokenRow | None:
        """Return a row by its number, or None where the window does not hold it."""
        row = index - self._page.offset
        return self._page.rows[row] if 0 <= row < len(self._page.rows) else None

    # -- moving ---------------------------------------------------------------------------------

    def validate_cursor(self, cursor: int) -> int:
        # Before any row is there, keys may be for those to come: see `show`.
        return max(0, min(cursor, self._total - 1) if self._known else cursor)

    def watch_cursor(self, before: int, after: int) -> None:
        for index in (before, after):
            self.refresh(Region(0, index + 1 - self.scroll_offset.y, self.size.width, 1))
        self._reveal()
        # At once: the next key may be for the token that the cursor is on now.
        if self._total and self.at(after) is None:
            self._fetch(after)
        self._held = self.at(after)
        self._tell()

    def _tell(self) -> None:
        """Tell that the cursor is on another token, or that was changed, or the room for it."""
        if self._known or self._held is not None:
            self._moved()

    def _reveal(self) -> None:
        """Scroll just as far as the cursor's row needs to be seen below the titles."""
        rows = max(1, self.size.height - 1)
        top = self.scroll_offset.y
        if self.cursor < top:
            self.scroll_to(y=self.cursor, animate=False, immediate=True)
        elif self.cursor >= top + rows:
            self.scroll_to(y=self.cursor - rows + 1, animate=False, immediate=True)

    def action_move(self, rows: int) -> None:
        """Move the cursor by so many rows, up where that is negative."""
        self._move(self.cursor + rows)

    def action_move_page(self, pages: int) -> None:
        """Move the cursor by so many pages, up where that is negative."""
        self._move(self.cursor + pages * max(1, self.size.height - 2))

    def action_move_to(self, index: int) -> None:
        """Move the cursor to a row by its number, from the end where that is negative."""
        end = self._total if self._known else _FAR
        self._move(index if index >= 0 else end + index)

    def _move(self, index: int) -> None:
        self.moves += 1
        self.cursor = index

    def on_click(self, event: events.Click) -> None:
        if event.y == 0:
            sort = self._layout.sort_at(event.x)
            if sort is not None:
                self.post_message(self.SortWanted(sort))
            return
        index = event.y - 1 + self.scroll_offset.y
        if index >= self._total:
            return
        if index != self.cursor:
            self._move(index)
        if event.x < GUTTER - 1:
            self.post_message(self.Toggled())
        elif event.chain > 1:
            self.post_message(self.Chosen())

    # -- drawing --------------------------------------------------------------------------------

    def on_resize(self) -> None:
        self._fit()
        self.refresh()  # what is in sight may have been painted before
        self._reveal()
        self._tell()

    def _fit(self) -> None:
        """Take a line for each row, and the columns for what the scroll bar leaves of the width."""
        self.virtual_size = Size(self.size.width, self._total + 1)
        width = self.scrollable_content_region.width
        names = {row.token.id: printable(row.token.name) for row in self._page.rows}
        self._layout = Layout(width, names, history=self._history, accounts=self._accounts)

    def render_lines(self, crop: Region) -> list[Strip]:
        # A style costs more than a line, and only the CSS changes it: each is asked for once here.
        self._ground, self._styles = self.rich_style, {}
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if y == 0:
            return self._titles().adjust_cell_length(width, self._style("header"))
        index = y - 1 + self.scroll_offset.y
        if index >= self._total:
            return Strip.blank(width, self._ground)
        row = self.at(index)
        selected = row is not None and row.token.id in self._selected
        base = self._base(index, selected=selected)
        gutter = self._gutter(at_cursor=index == self.cursor, selected=selected)
        pointed = Segment(gutter, self._on(base, "pointer"))
        if row is None:
            self.post_message(self.WindowWanted(index))
            strip = Strip([pointed, Segment(_ON_ITS_WAY, self._on(base, "muted"))])
        else:
            strip = Strip([pointed, *self._row(self._describe(row), row.token.id, base)])
        return strip.adjust_cell_length(width, base)

    def _base(self, index: int, *, selected: bool) -> Style:
        if index == self.cursor:
            return self._style("cursor")
        return self._style("picked") if selected else self._ground

    def _gutter(self, *, at_cursor: bool, selected: bool) -> str:
        if selected:
            return "■>" if at_cursor else "■ "
        return "> " if at_cursor else "  "

    def _titles(self) -> Strip:
        header = self._style("header")
        titles = self._layout.titles(self._sort, descending=self._descending)
        return Strip([Segment(" " * GUTTER, header), Segment(titles, header)])

    def _row(self, row: RowText, token_id: str, base: Style) -> Iterator[Segment]:
        glyph_tone = "muted" if self.dimmed else row.tone or "active"
        yield Segment(f"{row.glyph} ", self._on(base, glyph_tone))
        for tone, text in self._layout.runs(row, token_id):
            yield Segment(text, self._on(base, "muted" if self.dimmed else tone))

    def _on(self, base: Style, tone: str) -> Style:
        """Return the style of a tone on the ground of a row, which is the cursor's, for example.

        The terminal's own colours can be read on its own background alone.
        """
        if not tone or (base.bgcolor != self._ground.bgcolor and self.app.native_ansi_color):
            return base
        if (base, tone) not in self._styles:
            self._styles[base, tone] = self._style(tone) + Style(bgcolor=base.bgcolor)
        return self._styles[base, tone]

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(f"token-table--{name}")

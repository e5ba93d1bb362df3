"""Browsing the tokens: what is shown, in which order, and what is selected."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.reactive import reactive
from textual.widgets import Input, Static

from tokentui.core.queries import TokenQueries
from tokentui.core.query import Count, Filter, Sort, TokenRow
from tokentui.core.rights import Permissions
from tokentui.core.token import Token
from tokentui.ui.details_pane import DetailsPane
from tokentui.ui.first_look import FirstLook
from tokentui.ui.list_loader import ListLoader
from tokentui.ui.listing import Listing
from tokentui.ui.preferences import Preferences
from tokentui.ui.selection import Selection
from tokentui.ui.session import Phase, Session, State
from tokentui.ui.token_list_model import TokenListModel
from tokentui.ui.widgets.filter_field import FilterField
from tokentui.ui.widgets.notice import Notice
from tokentui.ui.widgets.status_strip import StatusStrip
from tokentui.ui.widgets.token_row import RowText, brief_lines, row_text
from tokentui.ui.widgets.token_table import TokenTable

_SELECTING = "selecting"


class TokenBrowser(Vertical):
    """The list of tokens with its filter and what is said of it.

    The cursor stays on its token whatever happens to the others. `key` tells which key an action
    has. `first_look` is what was read ahead.
    """

    usable: reactive[bool] = reactive(True, repaint=False, bindings=True)
    """Whether there is anything to manage or sort, or may be, as long as nothing was read."""
    filterable: reactive[bool] = reactive(True, repaint=False, bindings=True)
    """Whether there is anything to filter, or was before that was done."""
    permissions: reactive[Permissions] = reactive(
        Permissions(account=""), repaint=False, bindings=True
    )
    """What may be seen and done, as of the last load."""
    narrowed: reactive[bool] = reactive(False, repaint=False, bindings=True)
    """Whether there is anything for Esc to undo."""

    def __init__(
        self,
        queries: TokenQueries,
        preferences: Preferences,
        key: Callable[[str], str],
        first_look: Future[FirstLook] | None = None,
    ) -> None:
        super().__init__()
        self._first_look = first_look
        self._display = queries.display_context()
        """To whom the rows are shown, and as of which load."""
        self.model = TokenListModel(preferences, key)
        self.selection = Selection()
        self.table = TokenTable(self._row_text, self._fetch, self._moved)
        self.strip = StatusStrip()
        self.pane = DetailsPane(queries, key)
        self.failure = ""
        """Why what was tried last was not done; said until something else is begun."""
        self.loader = ListLoader(
            self,
            queries,
            self.model,
            self.selection,
            self.table,
            show=self._show_listing,
            show_total=self._show_total,
            show_summary=self.strip.show_summary,
            warn=self.warn,
            asked=self.pane.leave,
        )

    def compose(self) -> ComposeResult:
        yield self.strip
        yield FilterField(id="filter", placeholder="Name, note, ID, owner, or status:expired")
        with Horizontal(id="tokens"):
            yield self.table
            yield self.pane
        with VerticalScroll(id="nothing", can_focus=False):
            yield Notice(id="empty")
        yield Notice(id="summary")
        yield Static(id="facts", markup=False)
        yield Notice(id="warning")

    def on_mount(self) -> None:
        self.screen.set_focus(self.table)
        self._show_details()
        self.set_interval(60, self.loader.reload)
        Session.of(self).follow(self, self._state_changed)
        self.loader.start(self._first_look)

    def on_unmount(self) -> None:
        Session.of(self).unfollow(self)

    # -- what is shown --------------------------------------------------------------------------

    def _fetch(self, index: int) -> None:
        self.loader.load_around(index)

    @on(TokenTable.WindowWanted)
    def _window_wanted(self, event: TokenTable.WindowWanted) -> None:
        self.loader.load_missing(event.offset)

    def _state_changed(self, state: State) -> None:
        self.table.dimmed = state.phase is Phase.LOADING

    def _show_listing(self, listing: Listing, follow: str | None) -> None:
        self._display, self.permissions = listing.context, listing.permissions
        self._show_warnings([text for text in (self.failure, *listing.warnings) if text])
        accounts = listing.permissions.multi_account
        self.table.show(listing.page, listing.query, self.selection.ids, follow, accounts=accounts)
        self._update_keys()
        self.query_one("#empty", Notice).show(self.model.nothing(listing))
        if listing.page.total.value and self.table.row is None:
            self._fetch(self.table.cursor)

    def _show_total(self, total: Count) -> None:
        self.table.show_total(total)
        self._summarise()

    def _row_text(self, row: TokenRow) -> RowText:
        return row_text(self._display, row)

    def _update_keys(self) -> None:
        total = self.table.total.value
        self.usable = bool(total)
        self.filterable = bool(total) or self.model.narrowed
        self.narrowed = self._filtering or self.model.narrowed or bool(self.selection)
        self.set_class(not total, "-empty")
        self._summarise()

    def _summarise(self) -> None:
        model, total = self.model, self.table.total
        self.strip.show(model.shown, None if model.text or model.account else total)
        summary = model.summary(total, self.selection)
        self.query_one("#summary", Notice).show(summary, keep_line=self._filtering)

    @on(StatusStrip.Chosen)
    def _count_clicked(self, event: StatusStrip.Chosen) -> None:
        self.show_only(event.shown)

    def show_beside(self, steps: int) -> None:
        """Show the tokens of the count so many places right of the current one."""
        self.show_only(self.strip.beside(steps))

    def warn(self, warning: str = "") -> None:
        """Show a warning, or else why what was tried last was not done, if it was not."""
        if text := warning or self.failure:
            self._show_warnings([text])

    def _show_warnings(self, warnings: Sequence[str]) -> None:
        more = f" (and {len(warnings) - 1} more: tokentui list)" if len(warnings) > 1 else ""
        self.query_one("#warning", Notice).show(warnings[0] + more if warnings else "")

    def toggle_details(self) -> None:
        """Show the details beside the list, or take them away, where there is room for them."""
        self.model.details = not self.model.details
        self._show_details()

    def _show_details(self) -> None:
        self.set_class(not self.model.details, "-no-details")

    @on(TokenTable.Toggled)
    def _row_toggled(self) -> None:
        self.select(stay=True)

    def _moved(self) -> None:
        row, context = self.table.row, self._display
        if self.pane.display:
            self.pane.show(context, row)
        else:
            self.pane.leave()
            lines = brief_lines(context, row) if row else ""
            self.query_one("#facts", Static).update(lines, layout=False)

    # -- order ----------------------------------------------------------------------------------

    def sort_by_next(self) -> None:
        """Sort by the next column."""
        order, sort = self.table.sorts, self.model.sort
        index = order.index(sort) if sort in order else -1
        self._order(order[(index + 1) % len(order)], descending=False)

    def reverse(self) -> None:
        """Turn the order round."""
        self._order(self.model.sort, descending=not self.model.descending)

    @on(TokenTable.SortWanted)
    def _title_clicked(self, event: TokenTable.SortWanted) -> None:
        self.sort_by(event.sort)

    def sort_by(self, sort: Sort) -> None:
        """Sort by a column; again, the other way round."""
        again = sort is self.model.sort
        self._order(sort, descending=again and not self.model.descending)

    def _order(self, sort: Sort, *, descending: bool) -> None:
        self.model.order(sort, descending=descending)
        self.loader.reload()

    # -- filter ---------------------------------------------------------------------------------

    def open_filter(self) -> None:
        """Open the field of the search."""
        self.add_class("-filtering")
        self.narrowed = True
        self._summarise()
        self.screen.set_focus(self.query_one("#filter"))
        self.loader.prepare_search()

    @on(Input.Changed, "#filter")
    def _filter_typed(self, event: Input.Changed) -> None:
        self.model.text = event.value
        self.loader.load(follow=self.table.token_id)

    @on(Input.Submitted, "#filter")
    def _filter_done(self) -> None:
        self.screen.set_focus(self.table)

    @property
    def typing(self) -> bool:
        """Whether keys go to the field."""
        return isinstance(self.screen.focused, FilterField)

    @property
    def _filtering(self) -> bool:
        return self.has_class("-filtering")

    def show_all(self) -> None:
        """Show all tokens again, without a filter."""
        self.model.text = ""
        with self.prevent(Input.Changed):
            self.query_one("#filter", Input).clear()
        self.remove_class("-filtering")
        self.screen.set_focus(self.table)
        self.model.account = None
        self.show_only(Filter.ALL)

    def show_only(self, shown: Filter) -> None:
        """Show other tokens; the cursor stays on its token if that is among them."""
        held = self.table.token_id
        if shown is not self.model.shown:
            self.table.cursor = 0
        self.model.show_only(shown)
        self.loader.load(follow=held)

    def show_account(self, account: str | None) -> None:
        """Show the tokens of one account alone; None for all."""
        self.model.account = account
        self.loader.load()

    def show_on(self, token: Token) -> None:
        """Put the cursor on a token that was made here, without the filter that may hide it."""
        self.loader.outdate()
        self.show_all()
        self.loader.load(follow=token.id)

    # -- selection ------------------------------------------------------------------------------

    def select(self, *, stay: bool = False) -> None:
        """Select the token under the cursor, or take it out; go on to the next, or `stay`."""
        if self.loader.selecting.locked() or self.loader.is_on_its_way:
            self._select_later(stay=stay)
        else:
            self._select(stay=stay)

    @work(group=_SELECTING)
    async def _select_later(self, *, stay: bool) -> None:
        if await self.loader.meant() is not None:
            self._select(stay=stay)

    def _select(self, *, stay: bool) -> None:
        if (token_id := self.table.token_id) is not None:
            self.selection.toggle(token_id)
            self._show_selection()
            if not stay:
                self.table.action_move(1)

    @work(group=_SELECTING)
    async def select_range(self) -> None:
        """Select all from the last one that was selected to the cursor."""
        row = await self.loader.meant()
        async with self.loader.selecting:
            ids = await self.loader.ids_shown()
            if row is not None and row.token.id in ids:
                self.selection.extend_to(row.token.id, ids)
                self._show_selection()

    @work(group=_SELECTING)
    async def select_all_or_none(self) -> None:
        """Select all tokens that are shown, or none where all are."""
        async with self.loader.selecting:
            self.selection.all_or_none(await self.loader.ids_shown())
            self._show_selection()

    @work(group=_SELECTING)
    async def invert_selection(self) -> None:
        """Select what is shown and not selected, and take out what is."""
        async with self.loader.selecting:
            self.selection.invert(await self.loader.ids_shown())
            self._show_selection()

    def clear_selection(self) -> bool:
        """Select none, unless somebody types into the field; say whether there was any."""
        if self.typing or not (self.selection or self.loader.selecting.locked()):
            return False
        self.workers.cancel_group(self, _SELECTING)
        self.selection.clear()
        self._show_selection()
        return True

    def _show_selection(self) -> None:
        self.table.show_selected(self.selection.ids)
        self._update_keys()

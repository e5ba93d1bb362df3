"""Browsing the tokens: what is shown, in which order, and what is marked."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress

from msgspec.structs import replace
from textual import events, on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.geometry import Size
from textual.reactive import reactive
from textual.screen import Screen
from textual.widgets import Input, Static

from tokentui import words
from tokentui.core.errors import TokenNotFound, TokentuiError
from tokentui.core.query import WINDOW, Filter, Sort
from tokentui.core.service import TokenService
from tokentui.core.token import Token, name_key
from tokentui.ui.marks import Marks
from tokentui.ui.messages import StoreChanged
from tokentui.ui.preferences import Preferences
from tokentui.ui.screens.choose_account import ChooseAccount
from tokentui.ui.screens.choose_filter import ChooseFilter
from tokentui.ui.view import View
from tokentui.ui.widgets.keys_below import KeysBelow
from tokentui.ui.widgets.masthead import Masthead
from tokentui.ui.widgets.pairs import pairs
from tokentui.ui.widgets.token_table import TokenTable


class FilterField(Input):
    """A field that is as wide as its line, so that nothing is laid out anew as one types."""

    virtual_size: reactive[Size] = reactive(Size(0, 0), layout=False)


class TokenBrowser(Screen[None]):
    """Shows the tokens, and keeps the cursor on its token whatever happens to the others.

    `key` tells which key an action has.
    """

    usable: reactive[bool] = reactive(False, repaint=False, bindings=True)
    """Whether there is anything to manage or sort."""
    filterable: reactive[bool] = reactive(False, repaint=False, bindings=True)
    """Whether there is anything to filter, or was before that was done."""
    several: reactive[bool] = reactive(False, repaint=False, bindings=True)
    """Whether tokens of several accounts are seen."""
    narrowed: reactive[bool] = reactive(False, repaint=False, bindings=True)
    """Whether there is anything for Esc to undo."""

    def __init__(
        self, service: TokenService, preferences: Preferences, key: Callable[[str], str]
    ) -> None:
        super().__init__()
        self._key = key
        self._service = service
        self._view = View(service, preferences, key)
        self._marks = Marks()
        self._failure = ""
        """Why what was tried last was not done; said until something else is begun."""

    def compose(self) -> ComposeResult:
        yield Masthead(service=self._service)
        yield Static(id="summary", markup=False)
        yield FilterField(id="filter", placeholder="Part of a name", compact=True)
        with Horizontal(id="tokens"):
            yield TokenTable(self._view.row, self._fetch)
            with Vertical(id="pane"):
                yield Static(id="details")
        with VerticalScroll(id="nothing", can_focus=False):
            yield Static(id="empty", markup=False)
        yield Static(id="facts", markup=False)
        yield Static(id="warning", markup=False)
        yield KeysBelow()

    def on_mount(self) -> None:
        self.set_focus(self._table)
        self.set_interval(60, self.reload)

    @property
    def service(self) -> TokenService:
        """What the list is of."""
        return self._service

    @property
    def _table(self) -> TokenTable:
        return self.query_one(TokenTable)

    # -- what is shown --------------------------------------------------------------------------

    @on(StoreChanged)
    def _follow(self) -> None:
        with suppress(TokentuiError):  # the reload says so
            self._marks.keep(self._is_alive)
        self.reload()

    @on(events.ScreenResume)
    def reload(self) -> None:
        """Ask the store again; the cursor stays on its token."""
        token = self._table.token
        self._load(self._table.window_start, follow=token.id if token else None)

    @on(events.ScreenSuspend)
    def _something_else_is_begun(self) -> None:
        self._failure = ""

    def _load(self, offset: int, *, follow: str | None) -> None:
        try:
            query = replace(self._view.query(), offset=offset, around=follow)
            page = self._service.find(query)
            several = self._service.rights.several
            warnings = self._service.warnings()
            nothing = "" if page.total else self._view.nothing()
        except TokentuiError as error:
            self._warn([f"{error} The list is as it was last read."])
            return
        self._warn([said for said in (self._failure, *warnings) if said])
        self.several = several
        self._table.show(page, query, self._marks.ids, accounts=several)
        self._summarise(page.total)
        self._show("#empty", nothing)

    def _summarise(self, total: int) -> None:
        self.usable = bool(total)
        self.filterable = bool(total) or self._view.narrowed
        self.narrowed = self._filtering or self._view.narrowed or bool(self._marks)
        said = self._view.summary(total)
        if self._marks:
            hidden = len(self._marks) - len(self._marked_here())
            not_shown = f", {hidden:,} not shown" if hidden else ""
            keys = f"{self._key('list.revoke')} revokes, Esc lets go"
            said = f"{len(self._marks):,} marked{not_shown}: {keys}; {said}"
        self.query_one("#summary", Static).update(said, layout=False)
        self.set_class(not total, "-empty")

    def _warn(self, warnings: Sequence[str]) -> None:
        more = f" (and {len(warnings) - 1} more: tokentui list)" if len(warnings) > 1 else ""
        self._show("#warning", warnings[0] + more if warnings else "")

    def _show(self, place: str, sentence: str) -> None:
        """Say something, or nothing, below the list; a place that has nothing to say is not there.

        What is said already is left alone: with each change there, all is laid out anew.
        """
        said = self.query_one(place, Static)
        if said.content != sentence:
            said.update(sentence)
        said.display = bool(sentence)

    @on(TokenTable.Moved)
    def _moved(self) -> None:
        token = self._table.token
        if self.query_one("#pane").display:
            facts = words.facts(self._service, token) if token else []
            self.query_one("#details", Static).update(pairs(facts, width=9), layout=False)
        else:
            line = self._line(token) if token else ""
            self.query_one("#facts", Static).update(line, layout=False)

    def _line(self, token: Token) -> str:
        said = f"{words.owned(self._service, token)}: {words.status(self._service, token)}"
        return f"{said}; {words.access(token)}" if token.read_only or token.networks else said

    @on(TokenTable.WindowWanted)
    def _window_wanted(self, event: TokenTable.WindowWanted) -> None:
        # Every row that is missing asks; the first one's window has the others.
        if self._table.at(event.offset) is None:
            self._fetch(event.offset)

    def _fetch(self, index: int) -> None:
        self._load(max(0, index - WINDOW // 2), follow=None)

    # -- order and filter -----------------------------------------------------------------------

    def action_sort(self) -> None:
        """Sort by the next column."""
        order = self._table.sorts
        place = order.index(self._view.sort) if self._view.sort in order else -1
        self._order(order[(place + 1) % len(order)], descending=False)

    def action_reverse(self) -> None:
        """Turn the order round."""
        self._order(self._view.sort, descending=not self._view.descending)

    @on(TokenTable.SortWanted)
    def _title_clicked(self, event: TokenTable.SortWanted) -> None:
        again = event.sort is self._view.sort
        self._order(event.sort, descending=again and not self._view.descending)

    def _order(self, sort: Sort, *, descending: bool) -> None:
        self._view.order(sort, descending=descending)
        self.reload()

    def action_filter(self) -> None:
        """Open the field whose text the names must hold."""
        self.add_class("-filtering")
        self.narrowed = True
        self.set_focus(self.query_one("#filter"))

    def action_show_all(self) -> None:
        """Let go of the marks, or else show all tokens again."""
        if self._marks and not self.typing:
            self._marks.clear()
            self.reload()
            return
        self._unfilter()
        self._view.account = None
        self._show_only(Filter.ALL)

    @property
    def typing(self) -> bool:
        """Whether keys go to the field."""
        return isinstance(self.focused, FilterField)

    @property
    def _filtering(self) -> bool:
        return self.has_class("-filtering")

    def _unfilter(self) -> None:
        self._view.text = ""
        with self.prevent(Input.Changed):
            self.query_one("#filter", Input).clear()
        self.remove_class("-filtering")
        self.set_focus(self._table)

    def action_show_only(self) -> None:
        """Choose which tokens are shown."""
        if not self._leaving:
            self._choose_filter()

    @work(group="flow")
    async def _choose_filter(self) -> None:
        shown = await self.app.push_screen_wait(ChooseFilter(self._view.shown))
        if shown is not None:
            self._show_only(shown)

    def action_account(self) -> None:
        """Choose whose tokens are shown."""
        if not self._leaving:
            self._choose_account()

    @work(group="flow")
    async def _choose_account(self) -> None:
        try:
            names = await asyncio.to_thread(self._service.owners)
        except TokentuiError as error:
            self._warn([str(error)])
            return
        chosen = await self.app.push_screen_wait(ChooseAccount(names, self._view.account))
        if chosen is not None:
            self._view.account = chosen or None
            self._load(0, follow=None)

    def _show_only(self, shown: Filter) -> None:
        held = self._table.token
        if shown is not self._view.shown:
            self._table.cursor = 0
        self._view.show_only(shown)
        self._load(0, follow=held.id if held else None)

    def _show_on(self, token: Token) -> None:
        """Put the cursor on `token`, without the filter that may hide it."""
        self._unfilter()
        self._view.account = None
        self._show_only(Filter.ALL)
        self._load(0, follow=token.id)

    @on(Input.Changed, "#filter")
    def _filter_typed(self, event: Input.Changed) -> None:
        self._view.text = event.value
        held = self._table.token
        self._load(0, follow=held.id if held else None)

    @on(Input.Submitted, "#filter")
    def _filter_done(self) -> None:
        self.set_focus(self._table)

    # -- marks ----------------------------------------------------------------------------------

    def action_mark(self) -> None:
        """Mark the token under the cursor, or let go of it, and go on to the next."""
        if (token := self._table.token) is not None:
            self._marks.toggle(token.id)
            self.reload()
            self._table.action_move(1)

    def action_mark_range(self) -> None:
        """Mark all from the last one that was marked to the cursor."""
        token, ids = self._table.token, self._ids_shown()
        if token is not None and token.id in ids:
            self._marks.reach(token.id, ids)
        self.reload()

    def action_mark_all(self) -> None:
        """Mark all tokens that are shown, or none where all are."""
        self._marks.all_or_none(self._ids_shown())
        self.reload()

    def action_invert_marks(self) -> None:
        """Mark what is shown and not marked, and let go of what is."""
        self._marks.invert(self._ids_shown())
        self.reload()

    def _ids_shown(self) -> list[str]:
        try:
            return self._view.ids()
        except TokentuiError as error:
            self._warn([str(error)])
            return []

    def _marked_here(self) -> set[str]:
        """Return the marks that count: those of tokens that a filter does not hide."""
        return self._marks.ids & set(self._ids_shown()) if self._marks else set()

    def _chosen(self) -> list[Token]:
        """Return the tokens marked here as they are now, or else the one under the cursor."""
        self._marks.keep(self._is_alive)
        if marked := self._marked_here():
            tokens = [self._service.get(token_id) for token_id in marked]
            return sorted(tokens, key=lambda token: name_key(token.name))
        return [] if self._table.token is None else [self._table.token]

    def _is_alive(self, token_id: str) -> bool:
        try:
            return self._service.get(token_id).revoked_at is None
        except TokenNotFound:
            return False

    @property
    def _leaving(self) -> bool:
        """Whether another screen is about to open, so that a second click opens no second one."""
        return any(w.group == "flow" and not w.is_finished for w in self.workers)

"""Manage API Tokens: the list, and the way to everything else."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import ClassVar

from msgspec.structs import replace
from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.reactive import reactive
from textual.screen import Screen
from textual.widgets import Footer, Input, Static

from tokentui import words
from tokentui.core.errors import AlreadyReplaced, StoreError, TokenNotFound, TokentuiError
from tokentui.core.query import WINDOW, Filter, Sort
from tokentui.core.service import TokenService
from tokentui.core.store import everything_of
from tokentui.core.text import printable
from tokentui.core.token import Token, name_key
from tokentui.ui.marks import Marks
from tokentui.ui.messages import StoreChanged
from tokentui.ui.preferences import Preferences
from tokentui.ui.screens.choose_filter import ChooseFilter
from tokentui.ui.screens.create_token import CreateToken
from tokentui.ui.screens.manage_token import ManageToken
from tokentui.ui.screens.questions import names, never_saved_question, revoke_question
from tokentui.ui.screens.rotate_token import rotate
from tokentui.ui.screens.saved_token import SavedToken
from tokentui.ui.screens.try_secret import TrySecret
from tokentui.ui.view import View
from tokentui.ui.widgets.masthead import Masthead
from tokentui.ui.widgets.pairs import pairs
from tokentui.ui.widgets.token_table import TokenTable

_CHANGES = {"rotate", "revoke", "mark", "mark_range", "mark_all", "invert_marks"}
"""Actions that change tokens, or mark them for a change."""


class TokenList(Screen[None]):
    """The home screen. Everything that is done elsewhere ends up here again."""

    BINDING_GROUP_TITLE = "Token list"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "create", "Create", id="list.create"),
        Binding("m,enter", "manage", "Manage", key_display="m", id="list.manage"),
        Binding(
            "r,delete",
            "revoke",
            "Revoke",
            key_display="r",
            tooltip="Revoke the token, or all that are marked, after a question",
            id="list.revoke",
        ),
        Binding(
            "t",
            "rotate",
            "Rotate",
            tooltip="Make a successor with a secret of its own",
            show=False,
            id="list.rotate",
        ),
        Binding(
            "slash", "filter", "Filter", tooltip="Filter by name as you type", id="list.filter"
        ),
        Binding(
            "f",
            "show_only",
            "Show",
            tooltip="Show only the active ones, for example, or those that were revoked",
            id="list.show-only",
        ),
        Binding("s", "sort", "Sort by the next column", show=False, id="list.sort"),
        Binding("S", "reverse", "Reverse the order", show=False, id="list.reverse"),
        Binding("space", "mark", "Mark, unmark", show=False, id="list.mark"),
        Binding(
            "v", "mark_range", "Mark from the last mark to here", show=False, id="list.mark-range"
        ),
        Binding("a", "mark_all", "Mark all, or none", show=False, id="list.mark-all"),
        Binding("i", "invert_marks", "Mark the others instead", show=False, id="list.invert-marks"),
        Binding("y", "try", "Try a secret", show=False, id="list.try"),
        Binding("u", "undo", "Undo the last renaming", show=False, id="list.undo"),
        Binding(
            "escape",
            "show_all",
            "Show all",
            tooltip="Let go of the marks, then show all tokens again",
            id="list.show-all",
        ),
        Binding("q", "app.quit", "Quit", id="list.quit"),
        Binding("question_mark", "app.help", "Help", id="list.help"),
    ]

    usable: reactive[bool] = reactive(False, repaint=False, bindings=True)
    """Whether there is anything to manage or sort."""
    filterable: reactive[bool] = reactive(False, repaint=False, bindings=True)
    """Whether there is anything to filter, or was before that was done."""
    narrowed: reactive[bool] = reactive(False, repaint=False, bindings=True)
    """Whether there is anything for Esc to undo."""

    def __init__(
        self,
        service: TokenService,
        preferences: Preferences,
        *,
        key: Callable[[str], str],
        first_weekday: int = 0,
    ) -> None:
        super().__init__()
        self._key = key
        self._service = service
        self._first_weekday = first_weekday
        self._view = View(service, preferences, key)
        self._marks = Marks()
        self._renamed: tuple[Token, str] | None = None

    def compose(self) -> ComposeResult:
        yield Masthead(service=self._service)
        yield Static(id="summary", markup=False)
        yield Input(id="filter", placeholder="Part of a name", compact=True)
        with Horizontal(id="tokens"):
            yield TokenTable(self._view.row, self._fetch)
            with Vertical(id="pane"):
                yield Static(id="details")
        with VerticalScroll(id="nothing", can_focus=False):
            yield Static(id="empty", markup=False)
        yield Static(id="facts", markup=False)
        yield Static(id="warning", markup=False)
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        self.set_focus(self._table)
        self.set_interval(60, self.reload)
        self._ask_about_never_saved()

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
        with suppress(StoreError):  # the reload says so
            self._marks.keep(self._is_alive)
        self.reload()

    @on(events.ScreenResume)
    def reload(self) -> None:
        """Ask the store again; the cursor stays on its token."""
        token = self._table.token
        self._load(self._table.window_start, follow=token.id if token else None)

    def _load(self, offset: int, *, follow: str | None) -> None:
        try:
            query = replace(self._view.query(), offset=offset, around=follow)
            page = self._service.find(query)
            warnings = self._service.warnings()
            nothing = "" if page.total else self._view.nothing()
        except TokentuiError as error:
            self._warn([f"{error} The list is as it was last read."])
            return
        self._warn(warnings)
        self._table.show(page, query, self._marks.ids)
        self._summarise(page.total)
        self.query_one("#empty", Static).update(nothing)

    def _summarise(self, total: int) -> None:
        self.usable = bool(total)
        self.filterable = bool(total) or self._view.narrowed
        self.narrowed = self._view.narrowed or bool(self._marks)
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
        warning = self.query_one("#warning", Static)
        warning.update(warnings[0] + more if warnings else "")
        warning.display = bool(warnings)

    @on(TokenTable.Moved)
    def _moved(self) -> None:
        token = self._table.token
        line = f"{printable(token.name)}: {words.status(self._service, token)}" if token else ""
        self.query_one("#facts", Static).update(line, layout=False)
        facts = words.facts(self._service, token) if token else []
        self.query_one("#details", Static).update(pairs(facts, width=9), layout=False)

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
        self.refresh_bindings()
        self.set_focus(self.query_one("#filter"))

    def action_show_all(self) -> None:
        """Let go of the marks, or else show all tokens again."""
        typing = self.focused is self.query_one("#filter")
        if self._marks and not typing:
            self._marks.clear()
            self.reload()
            return
        self._unfilter()
        self._show_only(Filter.ALL)

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

    def _show_only(self, shown: Filter) -> None:
        held = self._table.token
        if shown is not self._view.shown:
            self._table.cursor = 0
        self._view.show_only(shown)
        self._load(0, follow=held.id if held else None)

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

    # -- what is done ---------------------------------------------------------------------------

    def check_action(self, action: str, _: tuple[object, ...]) -> bool | None:
        """Grey out what can do nothing now."""
        if action == "show_all":
            return self.narrowed or self.has_class("-filtering")
        return not self._why_not(action) or None

    def _why_not(self, action: str) -> str:
        """Say why an action can do nothing now; nothing where it can."""
        changes = action in _CHANGES
        if self._service.store.read_only and (changes or action == "create"):
            return "The store was opened read-only."
        if self._view.history and (changes or action == "manage"):
            return "A revoked token stays as it is. Esc shows the others."
        if not (self.filterable if action == "filter" else self.usable) and (
            changes or action in {"filter", "manage", "sort"}
        ):
            return "There is no token here."
        return ""

    def on_key(self, event: events.Key) -> None:
        """Say why a key that is greyed out does nothing."""
        active = self.active_bindings.get(event.key)
        if active is not None and active.node is self and not active.enabled:
            self.app.clear_notifications()  # one is enough, however often the key is pressed
            self.notify(self._why_not(active.binding.action), timeout=3)

    @property
    def _leaving(self) -> bool:
        """Whether another screen is about to open, so that a second click opens no second one."""
        return any(w.group == "flow" and not w.is_finished for w in self.workers)

    def action_create(self) -> None:
        """Make tokens, one after the other while the person asks for another."""
        if not self._leaving:
            self._create()

    @work(group="flow")
    async def _create(self) -> None:
        another = True
        while another:
            new = await self.app.push_screen_wait(self._form())
            if new is None:
                return
            another = await self.app.push_screen_wait(SavedToken(self._service, new))
            self._show_on(new.token)

    def _form(self) -> CreateToken:
        return CreateToken(self._service, first_weekday=self._first_weekday)

    def _show_on(self, token: Token) -> None:
        """Put the cursor on `token`, without the filter that may hide it."""
        self._unfilter()
        self._show_only(Filter.ALL)
        self._load(0, follow=token.id)

    @on(TokenTable.Chosen)
    def action_manage(self) -> None:
        """Open the token under the cursor."""
        token = self._table.token
        if token is not None and token.revoked_at is None and not self._leaving:
            self.manage(token)

    @work(group="flow")
    async def manage(self, token: Token) -> None:
        """Open a token."""
        managed = await self.app.push_screen_wait(ManageToken(self._service, token))
        if managed.former_name is not None:
            self._renamed = managed.token, managed.former_name
        self._load(self._table.window_start, follow=managed.token.id)

    @work(exclusive=True, group="undo")
    async def action_undo(self) -> None:
        """Give the token that was renamed last its name back; once more, and it is undone."""
        if self._renamed is None:
            self.notify("Nothing to undo: of all changes, only a renaming can be.")
            return
        before, name = self._renamed
        try:
            token = await asyncio.to_thread(self._service.rename, before, name)
        except TokentuiError as error:
            self.notify(str(error), severity="error", markup=False)
            return
        self._renamed = token, before.name
        self.notify(f"{printable(before.name)} is {token.name} again.", markup=False)
        self.reload()

    def action_rotate(self) -> None:
        """Make a successor of the token under the cursor, with a secret of its own."""
        token = self._table.token
        if token is None or self._leaving:
            return
        if token.replaced_by is not None:
            self.notify(str(AlreadyReplaced(token.name)), severity="error", markup=False)
        else:
            self.ask_to_rotate(token)

    @work(group="flow")
    async def ask_to_rotate(self, token: Token) -> None:
        """Rotate a token once the person has said for how long the old secret still works."""
        successor = await rotate(self.app, self._service, token)
        if successor is not None:
            self._show_on(successor)

    def action_try(self) -> None:
        """Say which token a secret is of, and what it opens."""
        self.app.push_screen(TrySecret(self._service))

    def action_revoke(self) -> None:
        """Revoke the marked tokens, or the one under the cursor, once the person has said so."""
        if self._leaving:
            return
        try:
            tokens = self._chosen()
        except TokentuiError as error:
            self._warn([str(error)])
            return
        if tokens:
            self.ask_to_revoke(tokens)

    @work(group="flow")
    async def ask_to_revoke(self, tokens: Sequence[Token]) -> None:
        """Revoke tokens once the person has said so."""
        if await self.app.push_screen_wait(revoke_question(tokens)):
            await self._revoke(tokens)

    async def _revoke(self, tokens: Sequence[Token]) -> None:
        try:
            await asyncio.to_thread(self._service.revoke, tokens)
        except TokentuiError as error:
            self.notify(str(error), severity="error", markup=False)
        else:
            self._marks.ids -= {token.id for token in tokens}
            self.notify(f"Revoked {names(tokens)}.", markup=False)
        self.reload()

    @work(group="flow")
    async def _ask_about_never_saved(self) -> None:
        """Offer to revoke what was left behind when a connection dropped at the wrong moment."""
        try:
            tokens = everything_of(self._service.store, self._service.query(Filter.NEVER_SAVED))
        except TokentuiError:
            return  # the list says so
        if not tokens or self._service.store.read_only:
            return
        if await self.app.push_screen_wait(never_saved_question(tokens)):
            await self._revoke(tokens)

"""Manage API Tokens: the list, and the way to everything else."""

import asyncio
from collections.abc import Sequence
from typing import ClassVar

from msgspec.structs import replace
from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.reactive import reactive
from textual.screen import Screen
from textual.widgets import Footer, Input, Static

from tokentui import words
from tokentui.core.errors import TokentuiError
from tokentui.core.service import TokenService
from tokentui.core.store import Page, Query, Sort
from tokentui.core.text import printable
from tokentui.core.token import Status, Token
from tokentui.ui.messages import StoreChanged
from tokentui.ui.screens.confirm import Confirm
from tokentui.ui.screens.create_token import CreateToken
from tokentui.ui.screens.manage_token import ManageToken, revoke_question
from tokentui.ui.screens.saved_token import SavedToken
from tokentui.ui.widgets.masthead import Masthead
from tokentui.ui.widgets.token_table import Row, TokenTable

_GREETING = """\
No API tokens yet.

An API token lets an application or a vendor in
without anyone sharing a password.

Press c to create the first one, ? for help."""

_TONES = {Status.EXPIRES_SOON: "soon", Status.EXPIRED: "expired"}
_NAMES_SHOWN = 5


class TokenList(Screen[None]):
    """The home screen. Everything that is done elsewhere ends up here again."""

    BINDING_GROUP_TITLE = "Token list"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "create", "Create"),
        Binding("m,enter", "manage", "Manage", key_display="m"),
        Binding("r,delete", "revoke", "Revoke", key_display="r"),
        Binding("slash", "filter", "Filter"),
        Binding("s", "sort", "Sort"),
        Binding("S", "reverse", "Reverse the order", show=False),
        Binding("escape", "clear_filter", "Show all"),
        Binding("question_mark,f1", "app.help", "Help", key_display="?"),
        Binding("q", "app.quit", "Quit"),
    ]

    usable: reactive[bool] = reactive(False, repaint=False, bindings=True)
    """Whether there is anything to manage, sort or filter."""

    def __init__(self, service: TokenService) -> None:
        super().__init__()
        self._service = service
        self._text = ""
        self._sort = Sort.NAME
        self._descending = False

    def compose(self) -> ComposeResult:
        yield Masthead(service=self._service)
        yield Static(id="summary", markup=False)
        yield Input(id="filter", placeholder="Part of a name", compact=True)
        yield TokenTable(self._describe)
        yield Static(_GREETING, id="empty", markup=False)
        yield Static(id="facts", markup=False)
        yield Static(id="warning", markup=False)
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        self.set_focus(self._table)
        self.set_interval(60, self.reload)
        self._ask_about_never_saved()

    @property
    def _table(self) -> TokenTable:
        return self.query_one(TokenTable)

    # -- what is shown --------------------------------------------------------------------------

    @on(StoreChanged)
    @on(events.ScreenResume)
    def reload(self) -> None:
        """Ask the store again; the cursor stays on its token."""
        token = self._table.token
        self._load(self._table.window_start, follow=token.id if token else None)

    def _load(self, offset: int, *, follow: str | None) -> None:
        try:
            page = self._service.find(replace(self._query(), offset=offset, around=follow))
            warnings = self._service.warnings()
        except TokentuiError as error:
            self._warn([f"{error} The list is as it was last read."])
            return
        self._warn(warnings)
        self._table.show(page, self._sort, descending=self._descending, follow=follow)
        self._summarise(page)

    def _query(self) -> Query:
        return replace(
            self._service.query(), text=self._text, sort=self._sort, descending=self._descending
        )

    def _summarise(self, page: Page) -> None:
        self.usable = bool(page.total or self._text)
        tokens = "1 token" if page.total == 1 else f"{page.total} tokens"
        found = (
            f"{tokens} with {self._text!r} in the name. Esc shows all." if self._text else tokens
        )
        self.query_one("#summary", Static).update(found if page.total or self._text else "")
        self.set_class(not page.total, "-empty")
        empty = f"No token has {self._text!r} in its name." if self._text else _GREETING
        self.query_one("#empty", Static).update(empty)

    def _warn(self, warnings: Sequence[str]) -> None:
        more = f" (and {len(warnings) - 1} more: tokentui list)" if len(warnings) > 1 else ""
        warning = self.query_one("#warning", Static)
        warning.update(warnings[0] + more if warnings else "")
        warning.display = bool(warnings)

    def _describe(self, token: Token) -> Row:
        service = self._service
        now, zone = service.now(), service.zone
        status = service.status(token)
        return Row(
            printable(token.name),
            words.minute(token.created_at, zone),
            words.day(token.created_at, zone),
            words.expiry(token, now, zone),
            words.last_used(service.used(token), now, zone),
            words.status(service, token),
            words.brief_status(service, token),
            _TONES.get(status, "unsaved" if token.never_saved else ""),
        )

    @on(TokenTable.Moved)
    def _moved(self) -> None:
        token = self._table.token
        line = f"{printable(token.name)}: {words.status(self._service, token)}" if token else ""
        self.query_one("#facts", Static).update(line, layout=False)

    @on(TokenTable.WindowWanted)
    def _window_wanted(self, event: TokenTable.WindowWanted) -> None:
        # Every row that is missing asks; the first one's window has the others.
        if self._table.at(event.offset) is None:
            self._load(max(0, event.offset - self._query().size // 2), follow=None)

    # -- order and filter -----------------------------------------------------------------------

    def action_sort(self) -> None:
        """Sort by the next column."""
        order = list(Sort)
        self._order(order[(order.index(self._sort) + 1) % len(order)], descending=False)

    def action_reverse(self) -> None:
        """Turn the order round."""
        self._order(self._sort, descending=not self._descending)

    @on(TokenTable.SortWanted)
    def _title_clicked(self, event: TokenTable.SortWanted) -> None:
        again = event.sort is self._sort
        self._order(event.sort, descending=again and not self._descending)

    def _order(self, sort: Sort, *, descending: bool) -> None:
        self._sort, self._descending = sort, descending
        self.reload()

    def action_filter(self) -> None:
        """Open the field whose text the names must hold."""
        self.add_class("-filtering")
        self.refresh_bindings()
        self.set_focus(self.query_one("#filter"))

    def action_clear_filter(self) -> None:
        """Show all tokens again."""
        self.query_one("#filter", Input).clear()
        self.remove_class("-filtering")
        self.refresh_bindings()
        self.set_focus(self._table)

    @on(Input.Changed, "#filter")
    def _filter_typed(self, event: Input.Changed) -> None:
        self._text = event.value
        self.reload()

    @on(Input.Submitted, "#filter")
    def _filter_done(self) -> None:
        self.set_focus(self._table)

    # -- what is done ---------------------------------------------------------------------------

    def check_action(self, action: str, _: tuple[object, ...]) -> bool | None:
        """Grey out what needs a token while there is none."""
        if action == "clear_filter":
            return self.has_class("-filtering")
        if action in {"manage", "revoke", "filter", "sort"}:
            return self.usable or None
        return True

    @property
    def _leaving(self) -> bool:
        """Whether another screen is about to open, or is open.

        Keys typed ahead of it still arrive here, and must not be taken for commands.
        """
        return any(w.group == "flow" and not w.is_finished for w in self.workers)

    def action_create(self) -> None:
        """Make tokens, one after the other while the person asks for another."""
        if not self._leaving:
            self._create()

    @work(group="flow")
    async def _create(self) -> None:
        another = True
        while another:
            new = await self.app.push_screen_wait(CreateToken(self._service))
            if new is None:
                return
            another = await self.app.push_screen_wait(SavedToken(self._service, new))
            self._show_on(new.token)

    def _show_on(self, token: Token) -> None:
        """Put the cursor on `token`, without the filter that may hide it."""
        self.action_clear_filter()
        self._text = ""
        self._load(0, follow=token.id)

    @on(TokenTable.Chosen)
    def action_manage(self) -> None:
        """Open the token under the cursor."""
        if (token := self._table.token) is not None and not self._leaving:
            self._manage(token)

    @work(group="flow")
    async def _manage(self, token: Token) -> None:
        await self.app.push_screen_wait(ManageToken(self._service, token))

    def action_revoke(self) -> None:
        """Revoke the token under the cursor, once the person has said so."""
        if (token := self._table.token) is not None and not self._leaving:
            self._ask_to_revoke(token)

    @work(group="flow")
    async def _ask_to_revoke(self, token: Token) -> None:
        if await self.app.push_screen_wait(revoke_question(token)):
            await self._revoke([token])

    async def _revoke(self, tokens: Sequence[Token]) -> None:
        try:
            await asyncio.to_thread(self._service.revoke, tokens)
        except TokentuiError as error:
            self.notify(str(error), severity="error", markup=False)
        else:
            self.notify(f"Revoked {_names(tokens)}.", markup=False)
        self.reload()

    @work(group="flow")
    async def _ask_about_never_saved(self) -> None:
        """Offer to revoke what was left behind when a connection dropped at the wrong moment."""
        try:
            tokens = self._service.find(replace(self._service.query(), never_saved=True)).tokens
        except TokentuiError:
            return  # the list says so
        if not tokens:
            return
        if await self.app.push_screen_wait(_never_saved_question(tokens)):
            await self._revoke(tokens)


def _never_saved_question(tokens: Sequence[Token]) -> Confirm:
    one = len(tokens) == 1
    those, them, secrets = (
        ("token", "it", "its secret") if one else ("tokens", "them", "their secrets")
    )
    return Confirm(
        f"Never saved: {_names(tokens)}",
        f"Nobody confirmed having {secrets}, so most likely nobody can use the {those}. "
        f"Revoke {them}, unless somebody is saving {them} right now. "
        "If you do have a secret, say so under Manage.",
        yes=f"Revoke {them}" if one else f"Revoke all {len(tokens)}",
        no="Decide later",
    )


def _names(tokens: Sequence[Token]) -> str:
    shown = ", ".join(printable(token.name) for token in tokens[:_NAMES_SHOWN])
    more = len(tokens) - _NAMES_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown

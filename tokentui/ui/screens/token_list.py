"""Manage API Tokens: the list, and the way to everything else."""

import asyncio
from collections.abc import Callable, Sequence
from typing import ClassVar

from msgspec.structs import replace
from textual import events, on, work
from textual.binding import Binding, BindingType

from tokentui.core.audit import Action
from tokentui.core.errors import AlreadyReplaced, TokentuiError
from tokentui.core.query import Filter
from tokentui.core.service import TokenService
from tokentui.core.text import printable
from tokentui.core.token import Token
from tokentui.ui.preferences import Preferences
from tokentui.ui.screens.audit_trail import AuditTrail
from tokentui.ui.screens.create_token import CreateToken
from tokentui.ui.screens.manage_token import ManageToken
from tokentui.ui.screens.questions import names, never_saved_question, revoke_question
from tokentui.ui.screens.rotate_token import rotate
from tokentui.ui.screens.saved_token import SavedToken
from tokentui.ui.screens.token_browser import TokenBrowser
from tokentui.ui.screens.try_secret import TrySecret
from tokentui.ui.widgets.token_table import TokenTable

_OF_OWNERS = {"rotate": Action.ROTATE, "revoke": Action.REVOKE}
_CHANGES = {"rotate", "revoke", "mark", "mark_range", "mark_all", "invert_marks"}
"""Actions that change tokens, or mark them for a change."""


class TokenList(TokenBrowser):
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
        Binding("A", "account", "Show only one account", show=False, id="list.account"),
        Binding("h", "history", "History of the token", show=False, id="list.history"),
        Binding("H", "audit", "Audit trail", show=False, id="list.audit"),
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

    def __init__(
        self,
        service: TokenService,
        preferences: Preferences,
        *,
        key: Callable[[str], str],
        first_weekday: int = 0,
    ) -> None:
        super().__init__(service, preferences, key)
        self._first_weekday = first_weekday
        self._renamed: tuple[Token, str] | None = None

    def on_mount(self) -> None:
        self._ask_about_never_saved()

    def check_action(self, action: str, _: tuple[object, ...]) -> bool | None:
        """Grey out what can do nothing now."""
        if action == "show_all":
            return self.narrowed
        if action == "filter" and self.typing:
            return False
        return not self._why_not(action) or None

    def _why_not(self, action: str) -> str:
        """Say why an action can do nothing now; nothing where it can."""
        changes = action in _CHANGES
        if (changes or action == "create") and (obstacle := self._service.obstacle):
            return obstacle
        if action == "account" and not self.several:
            return "Here are only your own tokens."
        if self._view.history and (changes or action == "manage"):
            return "A revoked token stays as it is. Esc shows the others."
        if not (self.filterable if action == "filter" else self.usable) and (
            changes or action in {"filter", "history", "manage", "reverse", "sort"}
        ):
            return "There is no token here."
        token = self._table.token
        if action in _OF_OWNERS and token is not None and not self._marks:
            return self._service.rights.why_not(_OF_OWNERS[action], [token])
        return ""

    def on_key(self, event: events.Key) -> None:
        """Say why a key that is greyed out does nothing."""
        # Not `active_bindings`, which asks of every key whether it can do anything.
        chain = ((node, keys.key_to_bindings.get(event.key)) for node, keys in self._binding_chain)
        node, bindings = next(((node, found) for node, found in chain if found), (None, []))
        if node is self and (why := self._why_not(bindings[0].action)):
            self.app.clear_notifications()  # one is enough, however often the key is pressed
            self.notify(why, timeout=3)

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
        self._failure = ""
        before, name = self._renamed
        try:
            token = await asyncio.to_thread(self._service.rename, before, name)
        except TokentuiError as error:
            self._failure = str(error)
            self.reload()
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

    def action_history(self) -> None:
        """Show what was done with the token under the cursor."""
        if (token := self._table.token) is not None:
            self.app.push_screen(AuditTrail(self._service, token))

    def action_audit(self) -> None:
        """Show what was done, by whom."""
        self.app.push_screen(AuditTrail(self._service))

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
        if await self.app.push_screen_wait(revoke_question(self._service, tokens)):
            await self._revoke(tokens)

    async def _revoke(self, tokens: Sequence[Token]) -> None:
        try:
            await asyncio.to_thread(self._service.revoke, tokens)
        except TokentuiError as error:
            self._failure = str(error)
        else:
            self._marks.ids -= {token.id for token in tokens}
            self.notify(f"Revoked {names(self._service, tokens)}.", markup=False)
        self.reload()

    @work(group="flow")
    async def _ask_about_never_saved(self) -> None:
        """Offer to revoke what was left behind when a connection dropped at the wrong moment."""
        try:
            query = replace(self._service.query(Filter.NEVER_SAVED), account=self._service.own)
            tokens = self._service.everything(query)
            obstacle = self._service.obstacle
        except TokentuiError:
            return  # the list says so
        if not tokens or obstacle:
            return
        if await self.app.push_screen_wait(never_saved_question(self._service, tokens)):
            await self._revoke(tokens)

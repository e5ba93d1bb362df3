"""Manage API Tokens: the list, and the way to everything else."""

from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future
from functools import partial
from typing import ClassVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import BindingType

from tokentui import formatting
from tokentui.core.commands import TokenCommands
from tokentui.core.errors import AlreadyReplaced, TokentuiError
from tokentui.core.query import Sort, TokenRow
from tokentui.core.rights import Permissions
from tokentui.core.token import Token
from tokentui.ui import listing as listings
from tokentui.ui import screens
from tokentui.ui.first_look import FirstLook
from tokentui.ui.flow import flow
from tokentui.ui.handover import SecretHandover
from tokentui.ui.messages import StoreChanged
from tokentui.ui.preferences import Preferences
from tokentui.ui.screens import token_list_keys
from tokentui.ui.session import Session
from tokentui.ui.textual_compat import Page, bindings_of
from tokentui.ui.token_browser import TokenBrowser
from tokentui.ui.token_changes import TokenChanges
from tokentui.ui.widgets.key_footer import KeyFooter
from tokentui.ui.widgets.screen_header import ScreenHeader
from tokentui.ui.widgets.token_table import TokenTable


class TokenList(Page[None]):
    """The home screen. Everything that is done elsewhere ends up here again.

    `key` tells which key an action has, `first_look` what was read ahead.
    """

    BINDING_GROUP_TITLE = "Token list"
    BINDINGS: ClassVar[list[BindingType]] = token_list_keys.BINDINGS

    def __init__(
        self,
        service: TokenCommands,
        preferences: Preferences,
        *,
        key: Callable[[str], str],
        first_weekday: int = 0,
        first_look: Future[FirstLook] | None = None,
    ) -> None:
        super().__init__()
        self.service = service
        self._first_weekday = first_weekday
        self._browser = TokenBrowser(service.queries, preferences, key, first_look)
        self._changes = TokenChanges(self, service)
        self._was_left = False

    def compose(self) -> ComposeResult:
        yield ScreenHeader(account=self.service.account, location=self.service.queries.location)
        yield self._browser
        yield KeyFooter()

    def on_mount(self) -> None:
        self.watch(self._browser, "permissions", self._permissions_changed)
        self._look_for_never_saved()

    @property
    def permissions(self) -> Permissions:
        """What may be seen and done, as of the last load."""
        return self._browser.permissions

    def _permissions_changed(self, permissions: Permissions) -> None:
        self.query_one(ScreenHeader).read_only = bool(permissions.read_only_reason)

    @on(events.ScreenResume)
    def _resumed(self) -> None:
        if self._was_left:  # when it opens, its list is on the way, or there
            self.reload()

    @on(StoreChanged)
    def reload(self) -> None:
        """Ask the store again; the cursor stays on its token, or goes where it is to go."""
        self._browser.loader.reload()

    @on(events.ScreenSuspend)
    def _something_else_is_begun(self) -> None:
        self._was_left = True
        self._browser.failure = ""
        self._browser.pane.leave()

    def on_resize(self) -> None:
        self.refresh_bindings()  # the details may have room by now

    # -- keys -----------------------------------------------------------------------------------

    def check_action(self, action: str, _: tuple[object, ...]) -> bool | None:
        """Grey out what can do nothing now."""
        if action == "show_all":
            return self._browser.narrowed
        if action == "filter" and self._browser.typing:
            return False
        return not self._disabled_reason(action) or None

    def _disabled_reason(self, action: str) -> str:
        browser = self._browser
        return token_list_keys.disabled_reason(
            action,
            self.permissions,
            history=browser.model.history,
            empty=not (browser.filterable if action == "filter" else browser.usable),
            wide=self.has_class("-wide"),
            token=None if browser.selection else browser.table.token,
        )

    def on_key(self, event: events.Key) -> None:
        """Say why a key that is greyed out does nothing."""
        node, binding = next(bindings_of(self, event.key), (None, None))
        if node is self and binding and (reason := self._disabled_reason(binding.action)):
            self.app.clear_notifications()  # one is enough, however often the key is pressed
            self.notify(reason, timeout=3)

    # -- what is shown, and selected ------------------------------------------------------------

    def action_sort(self) -> None:
        """Sort by the next column."""
        self._browser.sort_by_next()

    def action_reverse(self) -> None:
        """Turn the order round."""
        self._browser.reverse()

    def action_sort_by(self, sort: str) -> None:
        """Sort by a column; again, the other way round."""
        self._browser.sort_by(Sort(sort))

    def action_show_beside(self, steps: int) -> None:
        """Show the tokens of the status that stands beside the current one."""
        self._browser.show_beside(steps)

    def action_details(self) -> None:
        """Show the details of the token beside the list, or no longer."""
        self._browser.toggle_details()

    def action_filter(self) -> None:
        """Open the field of the search."""
        self._browser.open_filter()

    @flow
    async def action_show_only(self) -> None:
        """Choose which tokens are shown."""
        model = self._browser.model
        menu = screens.choose_filter.ChooseFilter(self.service.queries, model.shown, model.account)
        shown = await self.app.push_screen_wait(menu)
        if shown is not None:
            self._browser.show_only(shown)

    @flow
    async def action_account(self) -> None:
        """Choose whose tokens are shown."""
        queries = self.service.queries
        try:
            owners = await Session.of(self).read((self, "owners"), lambda _: queries.owners())
        except TokentuiError as error:
            self._browser.warn(str(error))
            return
        account = self._browser.model.account
        chosen = await self.app.push_screen_wait(
            screens.choose_account.ChooseAccount(owners, account)
        )
        if chosen is not None:
            self._browser.show_account(chosen or None)

    def action_show_all(self) -> None:
        """Clear the selection, or else show all tokens again."""
        if not self._browser.clear_selection():
            self._browser.show_all()

    def action_mark(self) -> None:
        """Select the token under the cursor, or take it out, and go on to the next."""
        self._browser.select()

    def action_mark_range(self) -> None:
        """Select all from the last one that was selected to the cursor."""
        self._browser.select_range()

    def action_mark_all(self) -> None:
        """Select all tokens that are shown, or none where all are."""
        self._browser.select_all_or_none()

    def action_invert_marks(self) -> None:
        """Select what is shown and not selected, and take out what is."""
        self._browser.invert_selection()

    # -- one token ------------------------------------------------------------------------------

    @flow
    async def action_create(self) -> None:
        """Create tokens, one after the other while the person asks for another."""
        another = True
        while another:
            form = screens.create_token.CreateToken(self.service, first_weekday=self._first_weekday)
            issued = await SecretHandover.of(self).hand_out(form, self.service)
            if issued is None:
                return
            another = issued.another
            self._browser.show_on(issued.token)

    @on(TokenTable.Chosen)
    def _row_chosen(self) -> None:
        self.action_manage()

    @flow
    async def action_manage(self, row: TokenRow | None = None, *, renaming: bool = False) -> None:
        """Open a token, or else the one under the cursor; where `renaming`, at its name."""
        row = row or await self._browser.loader.meant()
        if row is None or row.token.revoked_at is not None:
            return
        managed = await self.app.push_screen_wait(
            screens.manage_token.ManageToken(self.service, self.permissions, row, renaming=renaming)
        )
        self._changes.history.add(*managed.changes)
        self._browser.loader.outdate()
        self._browser.loader.follow(managed.token.id)

    def action_rename(self) -> None:
        """Open the token under the cursor at its name."""
        self.action_manage(renaming=True)

    @flow
    async def action_rotate(self, token: Token | None = None) -> None:
        """Rotate a token, or else the one under the cursor."""
        if token is None:
            row = await self._browser.loader.meant()
            if row is None:
                return
            token = row.token
        if token.replaced_by is not None:
            self.notify(str(AlreadyReplaced(token.name)), severity="error", markup=False)
        elif successor := await screens.rotate_token.rotate(self, self.service, token):
            self._browser.show_on(successor)

    @flow
    async def action_copy_example(self) -> None:
        """Copy a request with the token under the cursor, without its secret."""
        await self._copy(
            "curl command", lambda _: formatting.EXAMPLE_REQUEST, " Set TOKEN to the secret."
        )

    @flow
    async def action_copy_id(self) -> None:
        """Copy the ID of the token under the cursor."""
        await self._copy("token ID", lambda token: token.id)

    @flow
    async def action_copy_name(self) -> None:
        """Copy the name of the token under the cursor."""
        await self._copy("name", lambda token: token.name)

    async def _copy(self, what: str, of: Callable[[Token], str], hint: str = "") -> None:
        if (row := await self._browser.loader.meant()) is not None:
            self.app.copy_to_clipboard(of(row.token))
            self.notify(f"Sent the {what} to the clipboard of your terminal.{hint}")

    @flow
    async def action_history(self) -> None:
        """Show what was done with the token under the cursor."""
        if (row := await self._browser.loader.meant()) is not None:
            self.app.push_screen(
                screens.audit_trail.AuditTrail(self.service, self.permissions, row.token)
            )

    def action_audit(self) -> None:
        """Show what was done, by whom."""
        self.app.push_screen(screens.audit_trail.AuditTrail(self.service, self.permissions))

    def action_accounts(self) -> None:
        """Show the accounts, to be managed."""
        self.app.push_screen(screens.accounts.Accounts(self.service))

    def action_try(self) -> None:
        """Say which token a secret is of, and what it opens."""
        self.app.push_screen(screens.try_secret.TrySecret(self.service))

    # -- changes --------------------------------------------------------------------------------

    @work(group="change")
    async def action_undo(self) -> None:
        """Undo the latest change of a name, a note or access; again, the one before, and so on."""
        try:
            undone = await self._changes.undo()
        except TokentuiError as error:
            self._browser.failure = str(error)
        else:
            if undone is None:
                self.notify(
                    "Nothing to undo. Only changes of names, notes and access can be undone."
                )
            else:
                self._browser.failure = ""
                self.notify(undone.undone, markup=False)
        self._browser.loader.outdate()
        self.reload()

    @flow
    async def action_revoke(self, tokens: Sequence[Token] = ()) -> None:
        """Ask, then revoke tokens, or else those that are selected, or the one under the cursor."""
        tokens = tokens or await self._chosen()
        if not tokens:
            return
        question = screens.questions.revoke_question(self.service, tokens, self._browser.table.row)
        if await self.app.push_screen_wait(question):
            self._revoke(tokens)

    @flow
    async def action_access(self) -> None:
        """Change the access of the selected tokens, or of the one under the cursor."""
        tokens = await self._chosen()
        if not tokens:
            return
        access = await screens.choose_access.choose_access(
            self, self.service, self.permissions, tokens
        )
        if access is not None:
            done = f"{screens.questions.names(self.service, tokens)}: {formatting.access(access)}."
            self._change(tokens, partial(self._changes.set_access, tokens, access), done)

    async def _chosen(self) -> Sequence[Token]:
        try:
            return await self._browser.loader.chosen()
        except TokentuiError as error:
            self._browser.warn(str(error))
            return ()

    def _revoke(self, tokens: Sequence[Token]) -> None:
        done = f"Revoked {screens.questions.names(self.service, tokens)}."
        self._change(tokens, partial(self._changes.revoke, tokens), done)

    @work(group="change")
    async def _change(
        self, tokens: Sequence[Token], change: Callable[[], Awaitable[None]], done: str
    ) -> None:
        """Make a change of tokens, which are selected no longer then, and say what was done."""
        try:
            await change()
        except TokentuiError as error:
            self._browser.failure = str(error)
        else:
            self._browser.selection.ids -= {token.id for token in tokens}
            self.notify(done, markup=False)
        self._browser.loader.outdate()
        self.reload()

    @work(group="never-saved")
    async def _look_for_never_saved(self) -> None:
        """Offer to revoke what was left behind when a connection dropped at the wrong moment.

        Nothing that is typed waits for that; who has gone on to another screen is asked nothing.
        """
        read = partial(listings.never_saved, self.service.queries)
        try:
            tokens = await Session.of(self).read((self, "not saved"), read)
        except TokentuiError:
            return  # the list says so
        if tokens and self.is_current:
            self._ask_about_never_saved(tokens)

    @flow
    async def _ask_about_never_saved(self, tokens: Sequence[Token]) -> None:
        if await self.app.push_screen_wait(
            screens.questions.never_saved_question(self.service, tokens)
        ):
            self._revoke(tokens)

"""Manage API Tokens: the list, and the way to everything else."""

from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future
from functools import partial
from typing import ClassVar

from textual import on, work
from textual.binding import BindingType

from tokentui import formatting
from tokentui.core.commands import TokenCommands
from tokentui.core.errors import AlreadyReplaced, TokentuiError
from tokentui.core.query import TokenRow
from tokentui.core.token import Token
from tokentui.ui import listing as listings
from tokentui.ui import screens
from tokentui.ui.browsing_screen import BrowsingScreen
from tokentui.ui.first_look import FirstLook
from tokentui.ui.flow import flow
from tokentui.ui.handover import SecretHandover
from tokentui.ui.preferences import Preferences
from tokentui.ui.screens import token_list_keys
from tokentui.ui.session import Session
from tokentui.ui.token_changes import TokenChanges
from tokentui.ui.widgets.token_table import TokenTable


class TokenList(BrowsingScreen):
    """The home screen. Everything that is done elsewhere ends up here again.

    `key` and `first_look` are as for `BrowsingScreen`.
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
        super().__init__(service, preferences, key=key, first_look=first_look)
        self._first_weekday = first_weekday
        self._changes = TokenChanges(self, service)

    def on_mount(self) -> None:
        self._look_for_never_saved()

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
    async def action_revoke(self, rows: Sequence[TokenRow] = ()) -> None:
        """Ask, then revoke tokens, or else those that are selected, or the one under the cursor."""
        rows = rows or await self._chosen()
        if not rows:
            return
        if await self.app.push_screen_wait(screens.questions.revoke_question(self.service, rows)):
            self._revoke(rows)

    @flow
    async def action_access(self) -> None:
        """Change the access of the selected tokens, or of the one under the cursor."""
        tokens = [row.token for row in await self._chosen()]
        if not tokens:
            return
        access = await screens.choose_access.choose_access(
            self, self.service, self.permissions, tokens
        )
        if access is not None:
            done = f"{screens.questions.names(self.service, tokens)}: {formatting.access(access)}."
            self._change(tokens, partial(self._changes.set_access, tokens, access), done)

    async def _chosen(self) -> Sequence[TokenRow]:
        try:
            return await self._browser.loader.chosen()
        except TokentuiError as error:
            self._browser.warn(str(error))
            return ()

    def _revoke(self, rows: Sequence[TokenRow]) -> None:
        tokens = [row.token for row in rows]
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
            rows = await Session.of(self).read((self, "not saved"), read)
        except TokentuiError:
            return  # the list says so
        if rows and self.is_current:
            self._ask_about_never_saved(rows)

    @flow
    async def _ask_about_never_saved(self, rows: Sequence[TokenRow]) -> None:
        if await self.app.push_screen_wait(
            screens.questions.never_saved_question(self.service, rows)
        ):
            self._revoke(rows)

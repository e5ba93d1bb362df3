"""Accounts: who can sign in and own tokens; for administrators."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, ClassVar, cast

from rich.text import Text
from textual import events, on, work
from textual.binding import Binding, BindingType
from textual.coordinate import Coordinate
from textual.widgets import Static

from tokentui.core.accounts import AccountService
from tokentui.core.authenticator import PASSWORD_COST
from tokentui.core.credential import BcryptHasher
from tokentui.core.errors import NotPermitted, TokentuiError
from tokentui.formatting.accounts import account_columns, account_facts
from tokentui.ui.entries import TRY_AGAIN
from tokentui.ui.flow import flow
from tokentui.ui.messages import StoreChanged
from tokentui.ui.screens.account_keys import AccountKeys
from tokentui.ui.screens.account_questions import delete_question, disable_question
from tokentui.ui.screens.choose_role import ChooseRole
from tokentui.ui.screens.new_account import NewAccount
from tokentui.ui.session import Session
from tokentui.ui.textual_compat import Page, bindings_of
from tokentui.ui.widgets.key_footer import KeyFooter
from tokentui.ui.widgets.screen_header import ScreenHeader

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual.app import ComposeResult
    from textual.widgets import DataTable

    from tokentui.core.account import Account, AccountRow, Role
    from tokentui.core.commands import TokenCommands

_CELL_PADDING = 1
_AROUND = 7
"""Cells that the table does not fill: the cursor sign, the edges and the scrollbar."""

_OF_ONE = {"keys", "role", "disable", "enable", "delete"}
"""Actions that need an account under the cursor."""


class Accounts(Page[None]):
    """Lists the accounts; adds, changes, disables and deletes them."""

    AUTO_FOCUS = ""
    CSS_PATH = "../forms.tcss"
    BINDING_GROUP_TITLE = "Accounts"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "enter", "keys", "Keys", key_display="Enter", tooltip="SSH keys", id="accounts.keys"
        ),
        Binding("a", "add", "Add", tooltip="Add an account", id="accounts.add"),
        Binding("r", "role", "Role", tooltip="Change the role", id="accounts.role"),
        Binding(
            "d", "disable", "Disable", tooltip="Disable, after a question", id="accounts.disable"
        ),
        Binding("e", "enable", "Enable", id="accounts.enable"),
        Binding(
            "D,delete",
            "delete",
            "Delete",
            key_display="D",
            tooltip="Delete the account and revoke its tokens, after a question",
            id="accounts.delete",
        ),
        Binding("escape", "back", "Back", id="accounts.back"),
        Binding("up,k", "move('cursor_up')", "Up", show=False, id="accounts.up"),
        Binding("down,j", "move('cursor_down')", "Down", show=False, id="accounts.down"),
        Binding("pageup", "move('page_up')", "Page up", show=False, id="accounts.page-up"),
        Binding("pagedown", "move('page_down')", "Page down", show=False, id="accounts.page-down"),
        Binding("f1", "app.help", "Help", id="app.help"),
    ]

    def __init__(self, service: TokenCommands) -> None:
        super().__init__()
        self._service = service
        self._accounts = accounts_of(service)
        self._rows: Sequence[AccountRow] = ()
        self._failure = ""
        """Why the last change was not made."""
        self._unread = ""
        """Why the list may be out of date."""
        self._follow = ""
        """The account that was just added, until it is shown."""
        self._marked = 0
        """The row with the cursor."""
        self._changes = asyncio.Lock()
        """Held by the change under way."""

    @property
    def _table(self) -> DataTable[Text]:
        return cast("DataTable[Text]", self.query_one("#entries"))

    @property
    def _row(self) -> AccountRow | None:
        """The account under the cursor."""
        place = self._table.cursor_row if self.is_mounted else -1
        return self._rows[place] if 0 <= place < len(self._rows) else None

    def compose(self) -> ComposeResult:
        from textual.widgets import DataTable  # slow to load, and seldom needed

        queries = self._service.queries
        yield ScreenHeader("Accounts", account=self._service.account, location=queries.location)
        yield DataTable[Text](id="entries", cursor_type="row", cell_padding=_CELL_PADDING)
        yield Static(id="more", markup=False)
        yield KeyFooter()

    def on_mount(self) -> None:
        self._table.can_focus = False
        self.reload()

    def check_action(self, action: str, _: tuple[object, ...]) -> bool | None:
        """Grey out what can do nothing with the account under the cursor."""
        return not self._disabled_reason(action) or None

    def _disabled_reason(self, action: str) -> str:
        """Return why an action can do nothing now; nothing where it can."""
        if action not in _OF_ONE:
            return ""
        if (row := self._row) is None:
            return "No account is selected."
        name, is_disabled = row.account.name, row.account.disabled_at is not None
        if action == "delete" and self._accounts.is_own(name):
            return "You cannot delete your own account."
        if action == "disable" and is_disabled:
            return f"{name} is disabled already."
        if action == "enable" and not is_disabled:
            return f"{name} is active already."
        return ""

    def on_key(self, event: events.Key) -> None:
        """Say why a key that is greyed out does nothing."""
        node, binding = next(bindings_of(self, event.key), (None, None))
        if node is self and binding and (reason := self._disabled_reason(binding.action)):
            self.app.clear_notifications()  # one is enough, however often the key is pressed
            self.notify(reason, timeout=3, markup=False)

    # -- what is shown --------------------------------------------------------------------------

    @on(StoreChanged)
    @on(events.ScreenResume)
    def reload(self) -> None:
        """Ask the store again; the cursor stays on its account."""
        self._load()

    @work(exclusive=True, group="load")
    async def _load(self) -> None:
        try:
            rows = await Session.of(self).read(self, lambda _: self._accounts.rows())
        except NotPermitted as error:
            self.notify(str(error), severity="error", markup=False)
            self.dismiss()
        except TokentuiError as error:
            self._unread = str(error)
            self._show_row()
            self.set_timer(TRY_AGAIN, self.reload)
        else:
            self._unread = ""
            self._show(rows)

    def _show(self, rows: Sequence[AccountRow]) -> None:
        table = self._table
        followed = self._follow or (self._row.account.name if self._row else "")
        place = max(0, table.cursor_row)
        table.clear(columns=True)
        self._rows, self._marked = rows, 0
        context = self._service.queries.display_context()
        columns = account_columns(context, rows, self.size.width - _AROUND, gap=2 * _CELL_PADDING)
        table.add_column("", width=1)
        for title, width, _ in columns:
            table.add_column(title, width=width)
        for cells in zip(*(cells for _, _, cells in columns), strict=True):
            table.add_row(Text(), *(Text(cell, no_wrap=True) for cell in cells))
        names = [row.account.name for row in rows]
        if names:
            at = names.index(followed) if followed in names else min(place, len(names) - 1)
            table.move_cursor(row=at)
            self._follow = "" if names[at] == self._follow else self._follow
        self._show_row()

    def on_resize(self) -> None:
        self._show(self._rows)

    def on_data_table_row_highlighted(self) -> None:
        self._show_row()

    def _show_row(self) -> None:
        """Move the cursor sign, and describe the role of the account, or the problem."""
        text = ""
        if (row := self._row) is not None:
            # Not by its colour alone.
            self._table.update_cell_at(Coordinate(self._marked, 0), Text())
            self._table.update_cell_at(Coordinate(self._table.cursor_row, 0), Text(">"))
            self._marked = self._table.cursor_row
            text = " ".join(account_facts(self._service.queries.display_context(), row))
        self.query_one("#more", Static).update(self._failure or self._unread or text)
        self.refresh_bindings()

    def action_move(self, how: str) -> None:
        """Move the cursor."""
        self._failure = ""
        getattr(self._table, f"action_{how}")()

    # -- changes --------------------------------------------------------------------------------

    @flow
    async def action_add(self) -> None:
        """Add an account."""
        added = await self.app.push_screen_wait(NewAccount(self._accounts))
        if added is not None:
            self.notify(f"Added {added.name} as {added.role}.", markup=False)
            self._follow = added.name
            self.reload()

    @flow
    async def action_keys(self) -> None:
        """Show the SSH keys of an account, to add and remove some."""
        if (row := self._row) is not None:
            await self.app.push_screen_wait(AccountKeys(self._accounts, row.account))

    @flow
    async def action_role(self) -> None:
        """Choose another role for an account."""
        if (row := self._row) is None:
            return
        account = row.account
        role = await self.app.push_screen_wait(ChooseRole(account))
        if role is not None and role is not account.role:
            self._change_role(account, role)

    def _change_role(self, account: Account, role: Role) -> None:
        done = f"Changed the role of {account.name} to {role}."
        self._change(partial(self._accounts.set_role, account.name, role), done)

    @flow
    async def action_disable(self) -> None:
        """Ask, then disable an account."""
        if (row := self._row) is None:
            return
        name = row.account.name
        if await self.app.push_screen_wait(disable_question(self._accounts, row)):
            done = f"Disabled {name}. All tokens of this account are refused."
            self._change(partial(self._accounts.disable, name), done)

    def action_enable(self) -> None:
        """Enable an account again."""
        if (row := self._row) is not None:
            name = row.account.name
            done = f"Enabled {name}. The tokens of this account are valid again."
            self._change(partial(self._accounts.enable, name), done)

    @flow
    async def action_delete(self) -> None:
        """Ask, then delete an account."""
        if (row := self._row) is None:
            return
        name = row.account.name
        if await self.app.push_screen_wait(delete_question(self._accounts, row)):
            done = f"Deleted {name}, and revoked all tokens of this account."
            self._change(partial(self._accounts.delete, name), done)

    @work(group="change")
    async def _change(self, verb: Callable[[], object], done: str) -> None:
        """Do `verb`, and say that it is `done`, or why not."""
        async with self._changes:
            try:
                await Session.of(self).commit(verb)
            except TokentuiError as error:
                self._failure = str(error)
            else:
                self._failure = ""
                self.notify(done, markup=False)
        self.reload()

    @flow
    async def action_back(self) -> None:
        """Return to the list once no change is under way."""
        async with self._changes:
            self.dismiss()


def accounts_of(service: TokenCommands) -> AccountService:
    """Return what manages accounts, as far as whoever uses `service` is permitted to."""
    queries = service.queries
    return AccountService(
        service.backend,
        queries.rights,
        queries.recorder,
        by=service.account,
        hasher=BcryptHasher(PASSWORD_COST),
        clock=queries.now,
    )

"""Browsing the tokens with keys: the part of the list that changes none."""

from collections.abc import Callable
from concurrent.futures import Future

from textual import events, on
from textual.app import ComposeResult

from tokentui.core.commands import TokenCommands
from tokentui.core.errors import TokentuiError
from tokentui.core.query import Sort
from tokentui.core.rights import Permissions
from tokentui.ui import screens
from tokentui.ui.first_look import FirstLook
from tokentui.ui.flow import flow
from tokentui.ui.messages import StoreChanged
from tokentui.ui.preferences import Preferences
from tokentui.ui.screens import token_list_keys
from tokentui.ui.session import Session
from tokentui.ui.textual_compat import Page, bindings_of
from tokentui.ui.token_browser import TokenBrowser
from tokentui.ui.widgets.key_footer import KeyFooter
from tokentui.ui.widgets.screen_header import ScreenHeader


class BrowsingScreen(Page[None]):
    """Shows the tokens; its keys choose which, in which order, and select some.

    `key` tells which key an action has, `first_look` what was read ahead.
    """

    def __init__(
        self,
        service: TokenCommands,
        preferences: Preferences,
        *,
        key: Callable[[str], str],
        first_look: Future[FirstLook] | None = None,
    ) -> None:
        super().__init__()
        self.service = service
        self._browser = TokenBrowser(service.queries, preferences, key, first_look)
        self._was_left = False

    def compose(self) -> ComposeResult:
        yield ScreenHeader(account=self.service.account, location=self.service.queries.location)
        yield self._browser
        yield KeyFooter()

    def on_mount(self) -> None:
        self.watch(self._browser, "permissions", self._permissions_changed)

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

    def is_permitted(self, action: str) -> bool:
        """Say whether this person may ever do an action of the list."""
        return token_list_keys.is_permitted(action, self.permissions)

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

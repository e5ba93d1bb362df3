"""What the list of tokens shows: which, in which order, and the words for it."""

from collections.abc import Callable, Collection

from tokentui import formatting
from tokentui.core.query import Count, Filter, Sort
from tokentui.core.text import printable
from tokentui.ui.listing import Listing, Wanted
from tokentui.ui.preferences import Preferences
from tokentui.ui.selection import Selection

_GREETING = """\
No API tokens yet.

An API token gives an application access without sharing your password.

1  Create: press {create}, name the token, choose an expiration date.
2  Save: copy the secret. It is shown only once.
3  Manage: {manage} renames or rotates the token, {revoke} revokes it.

{help} shows all keys and the guide."""


def wanted_at_start(preferences: Preferences) -> Wanted:
    """Return what the list asks for when it opens."""
    return Wanted(sort=preferences.sort, descending=preferences.descending)


class TokenListModel:
    """Which tokens are shown, and in which order; it begins as the preferences say.

    `key` tells which key an action has.
    """

    def __init__(self, preferences: Preferences, key: Callable[[str], str]) -> None:
        self._key = key
        self._preferences = preferences
        self.text = ""
        self.account: str | None = None
        """Whose tokens alone are shown; None for all."""
        self.shown = Filter.ALL
        self.sort = preferences.sort
        self.descending = preferences.descending

    @property
    def details(self) -> bool:
        """Whether the details of a token stand beside the list, where there is room."""
        return self._preferences.details

    @details.setter
    def details(self, shown: bool) -> None:
        self._preferences.details = shown

    @property
    def narrowed(self) -> bool:
        """Whether some tokens may be hidden."""
        return self.wanted().narrowed

    @property
    def history(self) -> bool:
        """Whether it is of what was revoked, where nothing can be changed."""
        return self.shown is Filter.REVOKED

    def wanted(
        self, offset: int = 0, *, around: str | None = None, selected: Collection[str] = ()
    ) -> Wanted:
        """Return what a load of the list asks for."""
        return Wanted(
            text=self.text,
            account=self.account,
            shown=self.shown,
            sort=self.sort,
            descending=self.descending,
            offset=offset,
            around=around,
            selected=frozenset(selected),
        )

    def order(self, sort: Sort, *, descending: bool) -> None:
        """Show the tokens in another order."""
        self.sort, self.descending = sort, descending
        self._keep_order()

    def show_only(self, shown: Filter) -> None:
        """Show other tokens; the list keeps its own order while the history is looked at."""
        if shown is Filter.REVOKED and not self.history:
            # What was revoked last is looked for most.
            self.sort, self.descending = Sort.REVOKED, True
        elif shown is not Filter.REVOKED and self.history:
            self.sort, self.descending = self._preferences.sort, self._preferences.descending
        self.shown = shown
        self._keep_order()

    def _keep_order(self) -> None:
        # History is where one looks something up, not where one starts.
        if not self.history:
            self._preferences.sort, self._preferences.descending = self.sort, self.descending

    def summary(self, total: Count, selection: Selection) -> str:
        """Return how many tokens are selected, or else found; nothing where all are shown."""
        if selection:
            hidden = len(selection.hidden)
            not_shown = f", {hidden:,} not shown" if hidden else ""
            revoke, access = self._key("list.revoke"), self._key("list.access")
            keys = f"{revoke} revoke, {access} access, Esc clear"
            return f"{len(selection):,} selected{not_shown}: {keys}"
        found = [f"matching {self.text!r}"] if self.text else []
        found += [f"owned by {printable(self.account)}"] if self.account else []
        return " ".join([formatting.found(total), *found]) if found else ""

    def nothing(self, listing: Listing) -> str:
        """Return what stands in the place of a list that is empty; nothing where it is not."""
        if listing.page.total.value:
            return ""
        if self.text:
            return f"{listing.explanation} Esc clears the filter."
        if self.shown is not Filter.ALL:
            return f"No token here: {formatting.FILTER[self.shown].lower()}. Esc shows all."
        if self.account:
            return f"No token here of {printable(self.account)}. Esc shows all."
        if reason := listing.permissions.read_only_reason:
            return f"No API tokens here. {reason}"
        if listing.any_revoked:
            return (
                f"No API tokens any more. Press {self._key('list.create')} to create one, "
                f"{self._key('list.show-only')} to see what was revoked."
            )
        actions = ("create", "manage", "revoke", "help")
        return _GREETING.format(**{each: self._key(f"list.{each}") for each in actions})

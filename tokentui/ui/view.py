"""What the list shows: which tokens, in which order, and the words for it."""

from collections.abc import Callable

from msgspec.structs import replace

from tokentui import words
from tokentui.core.query import Filter, Query, Sort
from tokentui.core.service import TokenService
from tokentui.core.text import printable
from tokentui.core.token import Status, Token
from tokentui.ui.preferences import Preferences
from tokentui.ui.widgets.token_table import Row

_GREETING = """\
No API tokens yet.

An API token lets an application or a vendor in without anyone sharing a password.

1  Press {create}: choose a name, a last day.
2  Save the secret: it is shown once.
3  Give the secret to the application.

Later, {manage} renames a token and {revoke} revokes it; {help} shows all keys."""

_TONES = {
    Status.EXPIRES_SOON: "soon",
    Status.EXPIRED: "expired",
    Status.REPLACED: "muted",
}


class View:
    """A look at the tokens of a service. It begins as the preferences say, and changes them.

    `key` tells which key an action has.
    """

    def __init__(
        self, service: TokenService, preferences: Preferences, key: Callable[[str], str]
    ) -> None:
        self._key = key
        self._service = service
        self._preferences = preferences
        self.text = ""
        self.account: str | None = None
        """Whose tokens alone are shown; None for all."""
        self.shown = preferences.shown
        self.sort = preferences.sort
        self.descending = preferences.descending

    @property
    def narrowed(self) -> bool:
        """Whether some tokens may be hidden."""
        return bool(self.text or self.account) or self.shown is not Filter.ALL

    @property
    def history(self) -> bool:
        """Whether it is of what was revoked, where nothing can be changed."""
        return self.shown is Filter.REVOKED

    def query(self) -> Query:
        """Return the query for what is shown; raise `StoreError` where uses cannot be read."""
        query = self._service.query(self.shown, self.sort, descending=self.descending)
        return replace(query, text=self.text, account=self.account)

    def ids(self) -> list[str]:
        """Return the ids of all tokens that are shown, in order; raise `StoreError`."""
        return [token.id for token in self._service.everything(self.query())]

    def order(self, sort: Sort, *, descending: bool) -> None:
        """Show the tokens in another order."""
        self.sort, self.descending = sort, descending
        self._remember()

    def show_only(self, shown: Filter) -> None:
        """Show other tokens; the list keeps its own order while the history is looked at."""
        if shown is Filter.REVOKED and not self.history:
            # What was revoked last is looked for most.
            self.sort, self.descending = Sort.REVOKED, True
        elif shown is not Filter.REVOKED and self.history:
            self.sort, self.descending = self._preferences.sort, self._preferences.descending
        self.shown = shown
        self._remember()

    def _remember(self) -> None:
        # History is where one looks something up, not where one starts.
        if not self.history:
            self._preferences.shown = self.shown
            self._preferences.sort, self._preferences.descending = self.sort, self.descending

    def summary(self, total: int) -> str:
        """Return how many tokens are shown, and why only these."""
        if not total and not self.narrowed:
            return ""
        said = words.tokens(total)
        if self.text:
            said += f" with {self.text!r} in the name"
        if self.shown is not Filter.ALL:
            said += f", only: {words.FILTER[self.shown].lower()}"
        if self.account:
            said += f", of {printable(self.account)}"
        return said

    def nothing(self) -> str:
        """Return what stands in the place of an empty list; raise `StoreError`."""
        if self.text:
            return f"No token has {self.text!r} in its name. Esc shows all."
        if self.shown is not Filter.ALL:
            return f"No token here: {words.FILTER[self.shown].lower()}. Esc shows all."
        if self.account:
            return f"No token here of {printable(self.account)}. Esc shows all."
        if obstacle := self._service.obstacle:
            return f"No API tokens here. {obstacle}"
        if self._service.find(replace(self._service.query(Filter.REVOKED), size=1)).total:
            return (
                f"No API tokens any more. Press {self._key('list.create')} to create one, "
                f"{self._key('list.show-only')} to see what was revoked."
            )
        actions = ("create", "manage", "revoke", "help")
        return _GREETING.format(**{each: self._key(f"list.{each}") for each in actions})

    def row(self, token: Token) -> Row:
        """Return `token` in words."""
        service = self._service
        use = printable(token.revoked_by or "")
        if token.revoked_at is None:
            use = words.last_used(service, token)
        return Row(
            printable(token.name),
            printable(token.account),
            words.minute(service, token.created_at),
            words.day(service, token.created_at),
            words.revocation(service, token) or words.expiry(service, token),
            use,
            words.status(service, token),
            words.brief_status(service, token),
            _TONES.get(service.status(token), "unsaved" if token.never_saved else ""),
        )

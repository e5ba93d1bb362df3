"""Which tokens a list shows, in which order, and what a window of them brings."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import msgspec
from msgspec.structs import replace

from tokentui.core.search import EVERYTHING, Context, Search, Term
from tokentui.core.token import DEFAULT_SOON, Status, Token, name_key
from tokentui.core.usage import Usage

_LIVE = frozenset(Status) - {Status.REVOKED}
_NEVER = datetime.max.replace(tzinfo=UTC)
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_URGENCY = (
    Status.EXPIRED,
    Status.EXPIRES_SOON,
    None,
    Status.ACTIVE,
    Status.REPLACED,
    Status.REVOKED,
)


class Sort(StrEnum):
    """What a list of tokens can be sorted by."""

    NAME = "name"
    ACCOUNT = "account"
    CREATED = "created"
    EXPIRES = "expires"
    USED = "used"
    STATUS = "status"
    REVOKED = "revoked"


class Filter(StrEnum):
    """Which tokens a list shows."""

    ALL = "all"
    ACTIVE = "active"
    EXPIRES_SOON = "expires-soon"
    EXPIRED = "expired"
    NEVER_SAVED = "never-saved"
    NEVER_USED = "never-used"
    UNUSED = "unused"
    """Neither made nor used within `UNUSED_FOR`."""
    REPLACED = "replaced"
    REVOKED = "revoked"


SortKey = tuple[Any, str]
Uses = Mapping[str, Usage]
"""How tokens were used, by ID, as far as they were."""
NO_USES: Uses = {}
UNUSED_FOR = timedelta(days=90)
WINDOW = 200
"""How many tokens are asked for at a time unless said otherwise."""


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """Which tokens are wanted, and in which order.

    `text` is looked for in names, letter case aside; `search` is what a person looks for.
    `account` is whose they are, None for all. Without `statuses`, tokens that were revoked are
    left out. `now` is the moment at which statuses are judged. With `idle_since`, tokens used or
    created later are left out.
    """

    now: datetime
    soon: timedelta = DEFAULT_SOON
    text: str = ""
    search: Search = EVERYTHING
    account: str | None = None
    statuses: frozenset[Status] = _LIVE
    never_saved: bool = False
    never_used: bool = False
    idle_since: datetime | None = None
    sort: Sort = Sort.NAME
    descending: bool = False

    @property
    def timeless(self) -> bool:
        """Whether the result is the same at any moment: only what was revoked is told apart."""
        return self.sort is not Sort.STATUS and self.by_revocation and self.search.timeless

    @property
    def by_use(self) -> bool:
        """Whether uses decide which tokens there are in the result."""
        return self.never_used or self.idle_since is not None or self.search.by_use

    @property
    def by_revocation(self) -> bool:
        """Whether of all statuses, only what was revoked is told apart."""
        return (self.statuses & _LIVE) in (_LIVE, frozenset())

    def showing(self, shown: Filter) -> "Query":
        """Return this query, narrowed to the tokens of a filter."""
        match shown:
            case Filter.ALL:
                return self
            case Filter.NEVER_SAVED:
                return replace(self, never_saved=True)
            case Filter.NEVER_USED:
                return replace(self, never_used=True)
            case Filter.UNUSED:
                return replace(self, idle_since=self.now - UNUSED_FOR)
            case status:
                return replace(self, statuses=frozenset({Status(status)}))

    def searching(self, search: Search) -> "Query":
        """Return this query, narrowed to what a person looks for.

        That may be revoked tokens, unless the statuses were chosen.
        """
        statuses = self.statuses
        if search.revoked and statuses == _LIVE:
            statuses |= {Status.REVOKED}
        return replace(self, search=search, statuses=statuses)

    def narrows(self, other: "Query") -> bool:
        """Whether what this asks for is a part of what `other` does, in the same order."""
        return (
            name_key(other.text) in name_key(self.text)
            and self.search.narrows(other.search)
            and self == replace(other, text=self.text, search=self.search)
        )

    def without(self, term: Term) -> "Query":
        """Return this query without a term of its search."""
        return replace(self, search=self.search.without(term))

    def narrow(self, tokens: Iterable[Token], uses: Uses = NO_USES) -> list[Token]:
        """Return the result, given that of a query which this one narrows."""
        text = name_key(self.text)
        found = [token for token in tokens if not text or text in name_key(token.name)]
        return self.search.select(found, self._context(uses))

    def _context(self, uses: Uses) -> Context:
        return Context(self.now, self.soon, uses)

    def select(self, tokens: Iterable[Token], uses: Uses = NO_USES) -> list[Token]:
        """Return those of `tokens` that are wanted, in order."""
        found = self.matching(tokens, uses)
        found.sort(key=self.sort_key(uses), reverse=self.descending)
        return found

    def sort_key(self, uses: Uses = NO_USES) -> Callable[[Token], SortKey]:
        """Return what tells the place of a token in the ascending order; no two have the same.

        What `rank` holds for equal goes by `by_name`.
        """
        rank = self.rank(uses)
        return lambda token: (rank(token), by_name(token))

    def rank(self, uses: Uses = NO_USES) -> Callable[[Token], Any]:
        """Return what tells where a token stands by what the query sorts by."""
        match self.sort:
            case Sort.NAME:
                return lambda token: name_key(token.name)
            case Sort.CREATED:
                return lambda token: token.created_at
            case Sort.ACCOUNT:
                return lambda token: token.account
            case Sort.EXPIRES:
                return lambda token: token.expires_at or _NEVER
            case Sort.REVOKED:
                return lambda token: token.revoked_at or _NEVER
            case Sort.USED:
                return lambda token: _last_used(token, uses)
            case Sort.STATUS:
                return self._urgency

    def matching(self, tokens: Iterable[Token], uses: Uses = NO_USES) -> list[Token]:
        """Return those of `tokens` that are wanted, in the order in which they come."""
        text = name_key(self.text)
        live, revoked = bool(self.statuses & _LIVE), Status.REVOKED in self.statuses
        found = [
            token
            for token in tokens
            if (live if token.revoked_at is None else revoked)
            and (not text or text in name_key(token.name))
        ]
        if self.search:
            found = self.search.select(found, self._context(uses))
        if self.account is not None:
            found = [token for token in found if token.account == self.account]
        if self.never_saved:
            found = [token for token in found if token.never_saved]
        if self.never_used:
            found = [token for token in found if token.id not in uses]
        if (since := self.idle_since) is not None:
            found = [
                token for token in found if max(token.created_at, _last_used(token, uses)) < since
            ]
        if not self.by_revocation:
            wanted, now, soon = self.statuses, self.now, self.soon
            found = [token for token in found if token.status(now, soon) in wanted]
        return found

    def _urgency(self, token: Token) -> int:
        """Return where a token stands by what there is to do about it: the most comes first."""
        status = token.status(self.now, self.soon)
        return _URGENCY.index(status) - (status is Status.ACTIVE and token.never_saved)


def by_name(token: Token) -> str:
    """Return what tells the place of a token by name, account and ID; no two have the same.

    Of one name and account, the replaced tokens come last. It is one text: that is compared faster
    than a tuple, and no work for the garbage collector.
    """
    last = "" if token.holds_name else "~"
    return f"{name_key(token.name)}\0{token.account}\0{last}{token.id}"


def _last_used(token: Token, uses: Uses) -> datetime:
    use = uses.get(token.id)
    return _LONG_AGO if use is None else use.last_used_at


class TokenRow(msgspec.Struct, frozen=True, gc=False):
    """All that a list tells of one token.

    `usage` is None where the token was never used, or where that is not known. `owner_disabled`
    says whether the account of the token is disabled, so that the token is refused.
    """

    token: Token
    usage: Usage | None = None
    owner_disabled: bool = False


class Count(msgspec.Struct, frozen=True):
    """How many tokens there are. Unless `exact`, there are at least this many."""

    value: int
    exact: bool = True


class TokenPage(msgspec.Struct, frozen=True, kw_only=True):
    """A window of a result: complete rows, the offset of the first, and the size of the result.

    Where a backend counts no rows before the window, `offset` is what it takes them for.
    """

    rows: Sequence[TokenRow] = ()
    offset: int = 0
    total: Count = Count(0)

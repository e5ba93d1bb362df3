"""Which tokens a list shows, in which order, and which window of them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import msgspec
from msgspec.structs import replace

from tokentui.core.token import DEFAULT_SOON, Status, Token, name_key

_LIVE = frozenset(Status) - {Status.REVOKED}
_NEVER = datetime.max.replace(tzinfo=UTC)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
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


UNUSED_FOR = timedelta(days=90)
WINDOW = 200
"""How many tokens are asked for at a time unless said otherwise."""


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """Which tokens are wanted, in which order, and which window of them.

    `text` is looked for in names, letter case aside. `account` is whose they are, None for all.
    Without `statuses`, tokens that were revoked are left out. `now` is the moment at which
    statuses are judged. `used` says when tokens were last used, as far as they were; with
    `idle_since`, those used or made later are left out. The window starts at `offset`, or, where
    `around` names a token of the result that it would miss, around that one.
    """

    now: datetime
    soon: timedelta = DEFAULT_SOON
    text: str = ""
    account: str | None = None
    statuses: frozenset[Status] = _LIVE
    never_saved: bool = False
    never_used: bool = False
    idle_since: datetime | None = None
    used: Mapping[str, datetime] = {}
    sort: Sort = Sort.NAME
    descending: bool = False
    offset: int = 0
    size: int = WINDOW
    around: str | None = None

    @property
    def timeless(self) -> bool:
        """Whether the result is the same at any moment: only what was revoked is told apart."""
        return self.sort is not Sort.STATUS and self._by_revocation

    @property
    def _by_revocation(self) -> bool:
        return (self.statuses & _LIVE) in (_LIVE, frozenset())

    def narrows(self, other: "Query") -> bool:
        """Whether what this asks for is a part of what `other` does, in the same order."""
        return name_key(other.text) in name_key(self.text) and self == replace(
            other, text=self.text
        )

    def narrow(self, tokens: Iterable[Token]) -> list[Token]:
        """Return the result, given that of a query which this one narrows."""
        text = name_key(self.text)
        return [token for token in tokens if text in name_key(token.name)]

    def select(self, tokens: Iterable[Token]) -> list[Token]:
        """Return those of `tokens` that are wanted, in order; equals go by name, account and id.

        Of one name and account, what was replaced follows its successor.
        """
        found = self._matching(tokens)
        found.sort(key=_place)
        match self.sort:
            case Sort.NAME:
                pass
            case Sort.CREATED:
                found.sort(key=lambda token: token.created_at)
            case Sort.ACCOUNT:
                found.sort(key=lambda token: token.account)
            case Sort.EXPIRES:
                found.sort(key=lambda token: token.expires_at or _NEVER)
            case Sort.REVOKED:
                found.sort(key=lambda token: token.revoked_at or _NEVER)
            case Sort.USED:
                found.sort(key=lambda token: self.used.get(token.id, _EPOCH))
            case Sort.STATUS:
                found.sort(key=self._urgency)
        if self.descending:
            found.reverse()
        return found

    def _matching(self, tokens: Iterable[Token]) -> list[Token]:
        text = name_key(self.text)
        live, revoked = bool(self.statuses & _LIVE), Status.REVOKED in self.statuses
        found = [
            token
            for token in tokens
            if (live if token.revoked_at is None else revoked) and text in name_key(token.name)
        ]
        if self.account is not None:
            found = [token for token in found if token.account == self.account]
        if self.never_saved:
            found = [token for token in found if token.never_saved]
        if self.never_used:
            found = [token for token in found if token.id not in self.used]
        if (since := self.idle_since) is not None:
            found = [
                token
                for token in found
                if max(token.created_at, self.used.get(token.id, _EPOCH)) < since
            ]
        if not self._by_revocation:
            wanted, now, soon = self.statuses, self.now, self.soon
            found = [token for token in found if token.status(now, soon) in wanted]
        return found

    def _urgency(self, token: Token) -> int:
        """Return where a token stands by what there is to do about it: the most comes first."""
        status = token.status(self.now, self.soon)
        return _URGENCY.index(status) - (status is Status.ACTIVE and token.never_saved)


def _place(token: Token) -> tuple[str, str, bool, str]:
    return name_key(token.name), token.account, not token.holds_name, token.id


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """A window of a result: its tokens, where it starts, and how many the whole result has."""

    tokens: Sequence[Token] = ()
    offset: int = 0
    total: int = 0

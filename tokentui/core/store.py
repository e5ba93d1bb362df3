"""What the core asks of a place where tokens live.

Small enough for one file and for a cluster: screens ask for windows, never for everything.
"""

import sys
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Protocol

import msgspec

from tokentui.core.token import DEFAULT_SOON, Moment, Status, Token, name_key

_LIVE = frozenset(Status) - {Status.REVOKED}
_NEVER = datetime.max.replace(tzinfo=UTC)


class Sort(StrEnum):
    """What a list of tokens can be sorted by."""

    NAME = "name"
    CREATED = "created"
    EXPIRES = "expires"


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """Which tokens are wanted, in which order, and which window of them.

    `text` is looked for in names, letter case aside. Without `statuses`, tokens that were
    revoked are left out. `now` is the moment at which statuses are judged. The window starts at
    `offset`, or, where `around` names a token of the result that it would miss, around that one.
    """

    now: datetime
    soon: timedelta = DEFAULT_SOON
    text: str = ""
    statuses: frozenset[Status] = _LIVE
    never_saved: bool = False
    sort: Sort = Sort.NAME
    descending: bool = False
    offset: int = 0
    size: int = 200
    around: str | None = None

    @property
    def timeless(self) -> bool:
        """Whether the result is the same at any moment: only what was revoked is told apart."""
        return (self.statuses & _LIVE) in (_LIVE, frozenset())

    def select(self, tokens: Iterable[Token]) -> list[Token]:
        """Return those of `tokens` that are wanted, in order; equals go by name, then by id."""
        found = self._matching(tokens)
        found.sort(key=lambda token: (name_key(token.name), token.id))
        match self.sort:
            case Sort.NAME:
                pass
            case Sort.CREATED:
                found.sort(key=lambda token: token.created_at)
            case Sort.EXPIRES:
                found.sort(key=lambda token: token.expires_at or _NEVER)
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
        if self.never_saved:
            found = [token for token in found if token.never_saved]
        if not self.timeless:
            wanted, now, soon = self.statuses, self.now, self.soon
            found = [token for token in found if token.status(now, soon) in wanted]
        return found


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """A window of a result: its tokens, where it starts, and how many the whole result has."""

    tokens: Sequence[Token] = ()
    offset: int = 0
    total: int = 0


class TokenStore(Protocol):
    """A place where tokens live. Every method may raise `StoreError`."""

    tell: Callable[[str], None]
    """Told in a sentence what a person should know of a change, such as that it has to wait.

    Does nothing unless set."""

    @property
    def location(self) -> str:
        """Where it is, in words for people."""
        ...

    def warnings(self) -> Sequence[str]:
        """Return what an administrator should know about its state, a sentence each."""
        ...

    def find(self, query: Query) -> Page:
        """Return the window of the tokens that `query` asks for."""
        ...

    def get(self, token_id: str) -> Token:
        """Return the token with this id, revoked or not; raise `TokenNotFound`."""
        ...

    def named(self, name: str) -> Sequence[Token]:
        """Return the tokens of this name, letter case aside, that are not revoked."""
        ...

    def add(self, token: Token) -> None:
        """Add a new token; raise `NameTaken` or `IdTaken`."""
        ...

    def replace(self, token: Token) -> None:
        """Put `token` where its previous revision is.

        Raises `TokenChanged` where another revision is there, `NameTaken` and `TokenNotFound`.
        """
        ...

    def apply(self, *, added: Sequence[Token] = (), replaced: Sequence[Token] = ()) -> None:
        """Add and replace all of these, in one step, or, where one of them cannot be, none."""
        ...

    def changed(self) -> Hashable:
        """Return a stamp that differs once anything was changed, by whomever. Cheap."""
        ...


def everything(store: TokenStore) -> Sequence[Token]:
    """Return all tokens of `store`, revoked ones as well, by name."""
    return store.find(Query(now=utc_now(), statuses=frozenset(Status), size=sys.maxsize)).tokens


class Backup(msgspec.Struct, frozen=True, kw_only=True):
    """A copy of a store as it was."""

    name: str
    made_at: Moment
    reason: str
    """One word: daily, bulk, migration, damaged, asked."""


class Archive(TokenStore, Protocol):
    """A store that copies itself before the first change of a day and before bulk changes."""

    def backups(self) -> Sequence[Backup]:
        """Return the copies, latest first."""
        ...

    def back_up(self) -> str:
        """Make a copy now and return where it is; it is never removed by itself."""
        ...

    def backup(self, name: str) -> TokenStore:
        """Return a copy, to be read; raise `BackupNotFound`."""
        ...

    def backup_problems(self) -> Iterable[str]:
        """Return what is wrong with the copies, or with making them, a sentence each."""
        ...

    def broken(self) -> Mapping[str, bool]:
        """Return the ids that only damaged records have, and whether these say "revoked"."""
        ...

    def recover(self, name: str, replaced: Sequence[Token]) -> None:
        """Put a copy, with `replaced` in it, in the place of a store that is damaged.

        The damaged one is kept among the backups. Raises `StoreMended` where it is sound again.
        """
        ...


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """How a token has been used so far."""

    last_used_at: Moment
    count: int = 1
    address: str | None = None
    """Where the last use came from, if that is known."""


class UsageStore(Protocol):
    """Where verifiers note uses. Apart from the tokens: they need no right to change those."""

    def of(self, token_id: str) -> Usage | None:
        """Return how the token has been used, or None where it never was."""
        ...

    def warnings(self) -> Sequence[str]:
        """Return what an administrator should know about its state, a sentence each."""
        ...

    def record(self, token_id: str, moment: datetime, address: str | None = None) -> None:
        """Note one use. It is kept in memory until the next `flush`."""
        ...

    def flush(self) -> None:
        """Write down what was noted; raise `StoreError` and keep it where that fails."""
        ...


Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Return the present moment in UTC, without microseconds: nobody reads or needs them."""
    return datetime.now(UTC).replace(microsecond=0)

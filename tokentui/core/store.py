"""What the core asks of a place where tokens live.

Small enough for one file and for a cluster: screens ask for windows, never for everything.
"""

import sys
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Protocol

import msgspec
from msgspec.structs import replace

from tokentui.core.query import Page, Query
from tokentui.core.token import Moment, Status, Token


def nothing() -> None:
    """Do nothing."""


class TokenSource(Protocol):
    """What verifiers need of a place where tokens live. Every method may raise `StoreError`."""

    def changed(self) -> Hashable:
        """Return a stamp that differs once anything was changed, by whomever. Cheap."""
        ...

    def snapshot(self) -> Mapping[str, Token]:
        """Return all tokens as they are now, by id, revoked ones as well. It changes no more."""
        ...


class TokenStore(TokenSource, Protocol):
    """A place where tokens live. Every method may raise `StoreError`."""

    tell: Callable[[str], None]
    """Told in a sentence what a person should know of a change, such as that it has to wait.

    Does nothing unless set."""

    read_only: bool
    """Whether every change is refused with `StoreReadOnly`."""

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
        """Return the tokens that hold this name, letter case aside."""
        ...

    def apply(
        self,
        *,
        added: Sequence[Token] = (),
        replaced: Sequence[Token] = (),
        note: Callable[[], None] = nothing,
    ) -> None:
        """Add new tokens and put others where their previous revisions are; all of them, or none.

        Raises `IdTaken`, `NameTaken`, `TokenNotFound`, and `TokenChanged` where another revision
        is there.

        `note` is called once nothing but the disk is in the way any more, while no other process
        can change anything: what it raises is raised, and nothing was changed.
        """
        ...


def everything(store: TokenStore) -> Sequence[Token]:
    """Return all tokens of `store`, revoked ones as well, by name."""
    return everything_of(store, Query(now=utc_now(), statuses=frozenset(Status)))


def everything_of(store: TokenStore, query: Query) -> Sequence[Token]:
    """Return the whole result of `query`, not just a window of it."""
    return store.find(replace(query, offset=0, size=sys.maxsize)).tokens


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

    def recover(
        self, name: str, replaced: Sequence[Token], note: Callable[[], None] = nothing
    ) -> None:
        """Put a copy, with `replaced` in it, in the place of a store that is damaged.

        The damaged one is kept among the backups. `note` is as in `apply`. Raises `StoreMended`
        where it is sound again.
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

    def everything(self) -> Mapping[str, Usage]:
        """Return how each token has been used that ever was, by its id; raise `StoreError`."""
        ...

    def changed(self) -> Hashable:
        """Return a stamp that differs once more uses are written down. Cheap; raises nothing."""
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

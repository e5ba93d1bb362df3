"""The ports of what a backend keeps: tokens, accounts and backups; see `core.backend`.

Every method may raise `StoreError` unless it says otherwise: what stands under Raises comes on top
of that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

from tokentui.core.account import AccountSource
from tokentui.core.cancel import NEVER, Cancel
from tokentui.core.clock import utc_now
from tokentui.core.query import WINDOW, Query, TokenPage, TokenRow
from tokentui.core.token import DEFAULT_SOON, Moment, Status, Token
from tokentui.core.window import FIRST, Position

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime, timedelta

    from tokentui.core.summary import Summary


class TokenSource(Protocol):
    """What a lookup that reads a store whole needs of it. All may raise `StoreError`."""

    def version(self) -> Hashable:
        """Ask for the present stamp: one cheap question.

        Returns:
            What differs once any token was changed, by whomever.
        """
        ...

    def snapshot(self) -> Mapping[str, Token]:
        """Read all tokens.

        Returns:
            All tokens as they are now, by ID, revoked ones as well. It changes no more.
        """
        ...


class TokenRepository(TokenSource, Protocol):
    """Where tokens are found."""

    def page(
        self,
        query: Query,
        at: Position = FIRST,
        limit: int = WINDOW,
        cancel: Cancel = NEVER,
    ) -> TokenPage:
        """Find a window of the result of a query (keyset pagination).

        Where uses or accounts cannot be read, rows come without them. But where uses decide which
        tokens there are, that is an error: a token must not count as unused because nobody knows.

        Args:
            query: Which tokens are wanted, and in which order.
            at: Where in the result the window begins, or which row it is put beside.
            limit: The most rows of a window.
            cancel: Looked at now and then; once it is requested, the answer is not needed.

        Returns:
            Complete rows, the offset of the first one, and the size of the whole result.

        Raises:
            Cancelled: `cancel` was requested.
        """
        ...

    def count(self, query: Query, cancel: Cancel = NEVER) -> int:
        """Count the tokens in the result of a query, however many they are.

        Args:
            query: Which tokens are wanted.
            cancel: Looked at now and then; once it is requested, the answer is not needed.

        Returns:
            How many there are: what the total of a `page` is where that is exact.

        Raises:
            Cancelled: `cancel` was requested.
        """
        ...

    def prepare_search(self, cancel: Cancel = NEVER) -> None:
        """Make ready what searches for words need, so that the first one is as fast as the next.

        It asks no server anything: a database has its indexes.

        Args:
            cancel: Looked at now and then; once it is requested, the rest is left to the search.

        Raises:
            Cancelled: `cancel` was requested.
        """
        ...

    def summary(
        self,
        now: datetime,
        soon: timedelta = DEFAULT_SOON,
        account: str | None = None,
        cancel: Cancel = NEVER,
    ) -> Summary:
        """Count the tokens under each filter of a list, up to `core.summary.CAP`: one question.

        Args:
            now: The moment at which statuses are judged.
            soon: With how much time left a token expires soon.
            account: The account that the tokens have to belong to; None for any.
            cancel: Looked at now and then; once it is requested, the answer is not needed.

        Returns:
            How many there are under each filter. Where uses cannot be read, all but `never_used`.

        Raises:
            Cancelled: `cancel` was requested.
        """
        ...

    def count_by_owner(self) -> Mapping[str, int]:
        """Count the tokens that were not revoked, by the account that owns them.

        Returns:
            How many there are of each account that has any.
        """
        ...

    def get_many(self, ids: Collection[str]) -> Mapping[str, Token]:
        """Find tokens by their IDs.

        Args:
            ids: The IDs of tokens, whether or not there are such.

        Returns:
            Those of the tokens that there are, revoked or not, by ID.
        """
        ...

    def by_name(self, name: str, owner: str | None = None) -> Sequence[Token]:
        """Find tokens by the name that they hold.

        Args:
            name: The name; letter case does not count.
            owner: The account that the tokens have to belong to; None for any.

        Returns:
            The tokens: at most one of an account, unless the store is damaged.
        """
        ...

    def scan(self, query: Query, cancel: Cancel = NEVER) -> Iterator[TokenRow]:
        """Yield the whole result of a query; a part of it at a time is in memory.

        Args:
            query: Which tokens are wanted, and in which order.
            cancel: Looked at between rows; once it is requested, the rest is not needed.

        Returns:
            Complete rows, in the order of the query; see `page`.

        Raises:
            Cancelled: `cancel` was requested.
        """
        ...

    def broken(self) -> Mapping[str, bool]:
        """Find what is left of damaged records.

        Returns:
            The IDs that only damaged records have, and whether one of those says "revoked".
        """
        ...

    def warnings(self) -> Sequence[str]:
        """Look at the state of the tokens.

        Returns:
            What an administrator should know, a sentence each.
        """
        ...


def every_token(tokens: TokenRepository) -> Iterator[Token]:
    """Yield all tokens; a part of them at a time is in memory.

    Args:
        tokens: Where they are found.

    Returns:
        All tokens, revoked ones as well, by name.
    """
    query = Query(now=utc_now(), statuses=frozenset(Status))
    return (row.token for row in tokens.scan(query))


class AccountRepository(AccountSource, Protocol):
    """Where accounts are found, and apart from them the hashes of their passwords."""

    def hash_of(self, name: str) -> str | None:
        """Find the password of an account.

        Args:
            name: The name of the account, whether or not there is one.

        Returns:
            The bcrypt hash of the password, or None where there is none.
        """
        ...


class Backup(msgspec.Struct, frozen=True, kw_only=True):
    """A copy of a store as it was."""

    name: str
    made_at: Moment
    reason: str
    """One word: daily, bulk, migration, damaged, asked."""


class Backups(Protocol):
    """Copies of all tokens as they were."""

    def listed(self) -> Sequence[Backup]:
        """List the copies.

        Returns:
            The copies, latest first.
        """
        ...

    def make(self) -> str:
        """Make a copy now, which is never removed by itself.

        Returns:
            Where the copy is, in words for people.
        """
        ...

    def open(self, name: str) -> TokenRepository:
        """Open a copy, to be read.

        Args:
            name: The name of the copy, as it is listed.

        Returns:
            The tokens as they were, with their uses and owners as they are now.

        Raises:
            BackupNotFound: There is no such copy.
        """
        ...

    def problems(self) -> Iterable[str]:
        """Look at all copies.

        Returns:
            What is wrong with the copies, or with making them, a sentence each.
        """
        ...

"""A `CredentialLookup` over a store that is read whole: all tokens are in memory."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tokentui.core.account import AccountSource, NoAccounts, disabled
from tokentui.core.freshness import GRACE, Freshness
from tokentui.core.lookup import (
    NOT_IN_MEMORY,
    LookupHealth,
    NotInMemory,
    StoredCredential,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

    from tokentui.core.repositories import TokenSource
    from tokentui.core.token import Token

_NOTHING = object()
_NEWS = 0.005
"""How many seconds after a look an unknown ID leads to the next one.

So a token counts at once, or some milliseconds after it was created, and made-up IDs cost 200
looks a second at most.
"""


class SnapshotLookup:
    """Answers from a snapshot of `tokens` and `accounts`, which is compared with them where due."""

    def __init__(
        self,
        tokens: TokenSource,
        accounts: AccountSource | None = None,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        grace: float = GRACE,
    ) -> None:
        self._tokens = tokens
        self._accounts = accounts or NoAccounts()
        self._monotonic = monotonic
        self._freshness = Freshness(self._look, monotonic=monotonic, grace=grace)
        self._version: Hashable = _NOTHING
        self._snapshot = _Snapshot(0, {}, frozenset())

    @property
    def generation(self) -> int:
        return self._snapshot.generation

    @property
    def due(self) -> bool:
        return self._freshness.due

    def refresh(self) -> None:
        self._freshness.refresh()

    def peek(self, token_id: str) -> StoredCredential | NotInMemory | None:
        if self._monotonic() > self._freshness.valid_until:
            return NOT_IN_MEMORY
        if (stored := self._snapshot[token_id]) is not None:
            return stored
        if self._freshness.may_look_again(_NEWS):
            return NOT_IN_MEMORY  # it may have been created since then
        return self._snapshot[token_id]  # once more: a look may have ended just now

    def find(self, token_id: str) -> StoredCredential | None:
        self._freshness.refresh()
        if (stored := self._snapshot[token_id]) is not None:
            return stored
        self._freshness.look_again(_NEWS)
        return self._snapshot[token_id]

    def health(self) -> LookupHealth:
        return LookupHealth(
            self._freshness.age, len(self._snapshot.tokens), self._freshness.last_error
        )

    def close(self) -> None:
        """Do nothing: the store belongs to whoever opened it."""

    def _look(self) -> None:
        version = self._tokens.version(), self._accounts.version()
        if version != self._version:
            tokens, shut = self._tokens.snapshot(), disabled(self._accounts.list_all())
            # One assignment, so that no other thread sees a generation without its tokens.
            self._snapshot = _Snapshot(self._snapshot.generation + 1, tokens, shut)
            self._version = version


class _Snapshot(dict[str, StoredCredential | None]):
    """The credentials of one generation, each built when it is first asked for.

    An unknown ID is not kept: anybody can make up any number of them.
    """

    def __init__(
        self, generation: int, tokens: Mapping[str, Token], disabled_accounts: frozenset[str]
    ) -> None:
        super().__init__()
        self.generation = generation
        self.tokens = tokens
        self._disabled = disabled_accounts

    def __missing__(self, token_id: str) -> StoredCredential | None:
        token = self.tokens.get(token_id)
        if token is None:
            return None
        built = self[token_id] = _credential(token, owner_disabled=token.account in self._disabled)
        return built


def _credential(token: Token, *, owner_disabled: bool) -> StoredCredential:
    hashed = token.hash if token.revoked_at is None else None
    return StoredCredential(
        id=token.id,
        name=token.name,
        account=token.account,
        hash=hashed or "",
        expires_at=token.expires_at,
        read_only=token.read_only,
        networks=token.networks,
        revoked=hashed is None,
        owner_disabled=owner_disabled,
    )

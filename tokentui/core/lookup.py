"""What a verifier asks about tokens: one token ID at a time, never all tokens."""

from datetime import datetime
from enum import Enum
from typing import Final, NamedTuple, Protocol

import msgspec


class StoredCredential(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One token as a verifier needs it: built once when it is loaded, not once a call."""

    id: str
    name: str
    account: str
    hash: str
    """The bcrypt hash of the secret; empty where the token is revoked."""
    expires_at: datetime | None
    read_only: bool
    networks: tuple[str, ...]
    scopes: tuple[str, ...] = ()
    """What the token may be used for; a verifier refuses a token that has any."""
    revoked: bool
    owner_disabled: bool


class NotInMemory(Enum):
    """The answer of `CredentialLookup.peek` where only `CredentialLookup.find` knows."""

    NOT_IN_MEMORY = "not in memory"


NOT_IN_MEMORY: Final = NotInMemory.NOT_IN_MEMORY


class LookupHealth(NamedTuple):
    """How a lookup is doing."""

    age: float
    """How many seconds ago its answers were last compared with the store."""
    tokens: int
    """How many tokens it knows, including revoked ones."""
    last_error: str | None
    """Why the store cannot be read, if so, in a sentence."""


class CredentialLookup(Protocol):
    """Everything that a verifier asks. Safe to use from any number of threads.

    A caller refreshes where that is due, then peeks, then finds what is not in memory.
    """

    @property
    def generation(self) -> int:
        """A number that grows no later than a change elsewhere becomes visible here.

        `find` answers with what the store held at some moment of the call. Whoever keeps such an
        answer, or something that rests on it, compares the generations before and after it, and
        keeps nothing if they differ: a revocation may have arrived meanwhile.
        """
        ...

    @property
    def due(self) -> bool:
        """Whether `refresh` may block."""
        ...

    def refresh(self) -> None:
        """Learn about changes where that is due. May block.

        Raises:
            StoreOutOfDate: The store could not be read for so long that nothing that is in memory
                counts any more.
        """
        ...

    def peek(self, token_id: str) -> StoredCredential | NotInMemory | None:
        """Find a token in memory. Never blocks; raises nothing.

        Args:
            token_id: Any text, whether or not it is an ID.

        Returns:
            The token; None where there is no such token; `NOT_IN_MEMORY` where only `find` knows,
            also because what is in memory is too old to count.
        """
        ...

    def find(self, token_id: str) -> StoredCredential | None:
        """Find a token. May block.

        Args:
            token_id: The ID of a token, whether or not there is one.

        Returns:
            The token, or None where there is no such token.

        Raises:
            StoreError: The token cannot be looked up, so a verifier refuses; `StoreOutOfDate`
                where nothing that is in memory counts any more.
        """
        ...

    def health(self) -> LookupHealth:
        """Say how the lookup is doing. Never blocks; raises nothing.

        Returns:
            How old what is in memory is, how much it is, and why the store cannot be read.
        """
        ...

    def close(self) -> None:
        """Close what belongs to the lookup alone, such as connections. Raises nothing.

        May be called more than once, by the verifier and by the backend that has the lookup.
        """
        ...

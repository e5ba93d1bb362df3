"""The ports: all that the program asks of where tokens live (hexagonal architecture).

Synchronous and safe among threads; the caller decides which thread waits. A new backend implements
these in a folder of its own below `stores`, and joins the contract tests by one line. Every method
may raise `StoreError` unless it says otherwise: what stands under Raises comes on top of that.
"""

from __future__ import annotations

import time
import uuid
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol, TypeAlias

import msgspec

from tokentui.core.errors import OutcomeUnknown, StoreError, StoreUnconfirmed

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence

    from tokentui.core.account import Account
    from tokentui.core.account_change import AccountChange
    from tokentui.core.attempts import SignInAttempts
    from tokentui.core.audit import AuditLog
    from tokentui.core.change import TokenChange
    from tokentui.core.lookup import CredentialLookup
    from tokentui.core.repositories import AccountRepository, Backups, TokenRepository
    from tokentui.core.token import Token
    from tokentui.core.usage import UsageLog

Change: TypeAlias = "TokenChange | AccountChange"


def new_key() -> str:
    """Make an idempotency key.

    Returns:
        A random UUID (RFC 9562) in 32 hexadecimal digits: what no other change has as its key.
    """
    return uuid.uuid4().hex


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """What a backend can do."""

    atomic: bool = True
    """Whether a change of several tokens is made as a whole or not at all."""
    mints_here: bool = True
    """Whether secrets are made here, rather than by a server."""
    rotates: bool = True
    """Whether a token can be replaced by a new one, with an overlap."""
    read_only: bool = True
    """Whether a token can be limited to GET, HEAD and OPTIONS."""
    networks: bool = True
    """Whether a token can be limited to networks."""
    scopes: bool = False
    """Whether scopes of a token are kept, and enforced."""
    usage: bool = True
    """Whether it is known when tokens were used."""
    history: bool = True
    """Whether there is an audit log that can be read."""
    accounts: bool = True
    """Whether several people can have accounts, with roles."""
    backups: bool = True
    """Whether copies can be made and restored."""
    verifies: bool = True
    """Whether secrets can be verified."""
    denial_reasons: Mapping[str, str] = {}
    """A sentence by the name of each capability that is missing."""


class Versions(msgspec.Struct, frozen=True, kw_only=True):
    """Stamps of the parts of a backend; each differs once that part was changed, by whomever.

    They can be compared with stamps of the same part, and with nothing else.
    """

    tokens: Hashable
    accounts: Hashable
    usage: Hashable
    audit: Hashable


class Committed(msgspec.Struct, frozen=True, kw_only=True):
    """A change that was made.

    Asked for once more under its key, tokens and account are as they are then.
    """

    tokens: Mapping[str, Token] = {}
    """All tokens that the change needs, as they are after it, by ID."""
    account: Account | None = None
    """The account of a change of accounts, as it is after it."""
    unconfirmed: str | None = None
    """A sentence where the disk did not confirm that the change will last."""

    def confirmed(self) -> Committed:
        """Check that the change will last.

        Returns:
            This.

        Raises:
            StoreUnconfirmed: The change is made, but may not survive a power cut.
        """
        if self.unconfirmed is not None:
            raise StoreUnconfirmed(self.unconfirmed)
        return self


_PAUSES = (0.0, 0.5, 1.0, *14 * (2.0,))
"""Seconds between one question for an unknown outcome and the next."""
_LONGEST = 30.0
"""Seconds after the first answer that was lost in which it is asked for again."""


def committed(
    backend: Backend,
    change: Change,
    account: str,
    pause: Callable[[float], None] = time.sleep,
    monotonic: Callable[[], float] = time.monotonic,
) -> Committed:
    """Commit a change, and ask again under the same key for half a minute if its answer is lost.

    A store that cannot be reached, or refuses for a reason of its own, does not say what became of
    the change: it is asked again. A refusal of the change itself is an answer.

    Args:
        backend: What makes the change.
        change: What is wanted.
        account: Who asks for it, as the audit log says it.
        pause: Waits for a number of seconds.
        monotonic: A clock that only goes forward, in seconds.

    Returns:
        The tokens of the change, or its account, after it.

    Raises:
        TokentuiError: What `Backend.commit` raises.
        OutcomeUnknown: No answer came in that time: whether the change is made is not known.
    """
    key = new_key()
    try:
        return backend.commit(change, account, key)
    except OutcomeUnknown as error:
        unknown = error
    end = monotonic() + _LONGEST
    for seconds in _PAUSES:
        if monotonic() + seconds > end:
            break
        pause(seconds)
        with suppress(StoreError):
            return backend.commit(change, account, key)
    raise unknown


class Backend(Protocol):
    """What keeps tokens, whatever is behind its URL."""

    url: str
    """Where it is, as people write it."""
    read_only: bool
    """Whether every change is refused with `StoreReadOnly`."""

    @property
    def capabilities(self) -> Capabilities:
        """What it can do. It stays the same while it is open.

        Raises `StoreError` where it depends on a store that does not answer.
        """
        ...

    on_notice: Callable[[str], None]
    """Called with a sentence that a person should read, such as that a change has to wait.

    From any thread; does nothing unless set."""

    @property
    def tokens(self) -> TokenRepository:
        """Where tokens are found."""
        ...

    @property
    def usage(self) -> UsageLog:
        """Where uses are recorded."""
        ...

    @property
    def audit(self) -> AuditLog:
        """The log of all changes, and of what was refused."""
        ...

    @property
    def accounts(self) -> AccountRepository:
        """Where accounts are found."""
        ...

    @property
    def attempts(self) -> SignInAttempts:
        """The counters of wrong passwords and of refusals."""
        ...

    @property
    def backups(self) -> Backups:
        """The copies of all tokens."""
        ...

    @property
    def lookup(self) -> CredentialLookup:
        """All that a verifier may ask."""
        ...

    def commit(self, change: Change, account: str, key: str) -> Committed:
        """Make a change as one unit with what the audit log says of it.

        Args:
            change: What is wanted of the tokens or accounts that somebody has seen.
            account: Who asks for it, as the audit log says it.
            key: The idempotency key: under one key, a change is made once, however often it is
                asked for. Keys are kept for at least an hour.

        Returns:
            The tokens that the change needs, or its account, after it.

        Raises:
            TokentuiError: What `carry_out` raises for this change; nothing was changed.
            StoreReadOnly: The backend was opened read-only.
            StoreUnavailable: The store cannot be reached; nothing was changed.
            OutcomeUnknown: The answer was lost. Ask again under the same key.
        """
        ...

    def versions(self) -> Versions:
        """Ask for the present stamps: one cheap question.

        Returns:
            A stamp of each part; of one that cannot be read, it differs once the reason does.

        Raises:
            StoreUnavailable: The store cannot be reached. No other `StoreError` is raised.
        """
        ...

    def warnings(self) -> Sequence[str]:
        """Look at the state of all parts.

        Returns:
            What an administrator should know, a sentence each.
        """
        ...

    def close(self) -> None:
        """Write what is kept in memory, and close everything, the `lookup` as well.

        May be called more than once.
        """
        ...

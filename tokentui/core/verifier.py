"""From a presented secret to the token that it belongs to, or to the reason why not."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn, Self

import msgspec

from tokentui.core import access, credential
from tokentui.core.clock import utc_now
from tokentui.core.credential import BcryptHasher, Credential, Hasher, Secret
from tokentui.core.errors import StoreError
from tokentui.core.lookup import NOT_IN_MEMORY, StoredCredential
from tokentui.core.lookup_threads import LookupThreads
from tokentui.core.public_token import PublicToken, public
from tokentui.core.secret_checker import SecretChecker
from tokentui.core.text import printable
from tokentui.core.token import has_expired
from tokentui.core.verdicts import (
    AddressNotAllowed,
    OwnerDisabled,
    ScopesNotEnforced,
    TokenExpired,
    TokenReadOnly,
    TokenRevoked,
    UnknownToken,
    WrongSecret,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from tokentui.core.clock import Clock
    from tokentui.core.flight import Flight
    from tokentui.core.lookup import CredentialLookup
    from tokentui.core.usage import UsageLog

MAX_CONCURRENT_HASHES = 2
"""How many slow hashes are checked at the same time."""


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """How a verifier is doing."""

    serving: bool
    """Whether secrets can be verified: not where the tokens could not be read for too long."""
    age: float
    """How many seconds ago its tokens were those of the store."""
    tokens: int
    """How many are in memory, revoked ones as well."""
    problems: list[str]
    """What an administrator should know, a sentence each."""


class Verifier:
    """Checks presented secrets against the tokens that a lookup knows.

    Any number of threads may use it, and coroutines by `averify`. A secret that was right is known
    again without the slow hash, but its token is judged anew each time.

    Args:
        lookup: Where tokens are found by their IDs. `close` closes it.
        usage: Where each success is recorded; None records none.
        hasher: What compares a secret with a hash; bcrypt unless given.
        clock: Returns the present moment in UTC, by which tokens expire.
        monotonic: Returns seconds that never go back, by which wrong secrets are limited.
        prefix: What secrets begin with, as in the settings of whoever issued them.
        max_concurrent_hashes: How many slow hashes are checked at the same time, in threads.
    """

    def __init__(
        self,
        lookup: CredentialLookup,
        *,
        usage: UsageLog | None = None,
        hasher: Hasher | None = None,
        clock: Clock = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
        prefix: str = credential.PREFIX,
        max_concurrent_hashes: int = MAX_CONCURRENT_HASHES,
    ) -> None:
        self._lookup = lookup
        self._usage = usage
        self._now = clock
        self._prefix = prefix
        self._id_part = credential.id_part(prefix)
        self._checker = SecretChecker(hasher or BcryptHasher(), monotonic, max_concurrent_hashes)
        self._threads = LookupThreads(lookup)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def verify(
        self,
        presented: Secret | str | bytes,
        method: str | None = None,
        address: str | None = None,
        account: str | None = None,
    ) -> PublicToken:
        """Return the valid token of a secret, and record that it was used. May block.

        Args:
            presented: The whole secret as its holder has it; bytes are read as Latin-1.
            method: The method of the request: CONNECT where it asks for an upgrade, as
                `access.effective_method` says. Without one, a read-only token is refused.
            address: The IP address that the request came from. Without one, a token that is
                limited to networks is refused.
            account: The account that the token has to belong to; None for any.

        Returns:
            What a service may know of the token.

        Raises:
            Refused: The secret is not that of a valid token, or the token does not allow the
                request. The class says why; `public` is what the caller may be told.
            StoreOutOfDate: The tokens could not be read for too long.
        """
        token = self.verify_at_once(presented, method, address, account)
        if token is None:
            stored = self._credential_of(presented, address)
            token = self._authorized(stored, method, address, account)
        return token

    def verify_at_once(
        self,
        presented: Secret | str | bytes,
        method: str | None = None,
        address: str | None = None,
        account: str | None = None,
    ) -> PublicToken | None:
        """Do what `verify` does where the secret was seen before. Never blocks.

        Args:
            presented: As for `verify`.
            method: As for `verify`.
            address: As for `verify`.
            account: As for `verify`.

        Returns:
            What a service may know of the token; None where only `verify` and `averify` can tell.

        Raises:
            Refused: The token is not valid any more, or does not allow the request.
        """
        if self._lookup.due:
            return None
        text = _text(presented)
        stored = self._lookup.peek(text[self._id_part])
        if isinstance(stored, StoredCredential) and self._checker.knows(text, stored):
            return self._authorized(stored, method, address, account)
        return None

    async def averify(
        self,
        presented: Secret | str | bytes,
        method: str | None = None,
        address: str | None = None,
        account: str | None = None,
    ) -> PublicToken:
        """Return the valid token of a secret, without blocking the event loop.

        Args:
            presented: As for `verify`.
            method: As for `verify`.
            address: As for `verify`.
            account: As for `verify`.

        Returns:
            What a service may know of the token.

        Raises:
            Refused: As `verify` does.
            StoreOutOfDate: The tokens could not be read for too long.
        """
        token = self.verify_at_once(presented, method, address, account)
        if token is not None:
            return token
        if self._lookup.due:
            await self._threads.refresh()
        text = _text(presented)
        stored = self._lookup.peek(text[self._id_part])
        if stored is NOT_IN_MEMORY:
            stored = await self._threads.afind(self._claimed(text).id)
        if stored is None:
            self._refuse_unknown(text)
        if not self._checker.knows(text, stored):
            await self._check(text, stored, address).aresult()
            if self._lookup.due:
                await self._threads.refresh()
            generation = self._lookup.generation
            now = self._lookup.peek(stored.id)
            if now is NOT_IN_MEMORY:
                now = await self._threads.afind(stored.id)
            stored = self._confirmed(text, stored, now, generation)
        return self._authorized(stored, method, address, account)

    def identify(self, presented: Secret | str | bytes) -> PublicToken:
        """Return the token of a secret, whatever it may be used for. Records no use; may block.

        Args:
            presented: The whole secret as its holder has it; bytes are read as Latin-1.

        Returns:
            What a service may know of the token.

        Raises:
            Refused: The secret is not that of a token, or the token is revoked, has expired, or
                its account is disabled.
            StoreOutOfDate: The tokens could not be read for too long.
        """
        stored = self._credential_of(presented, None)
        _refuse_disabled(stored)
        _refuse_expired(stored, self._now())
        return public(stored)

    def refresh(self) -> None:
        """Compare what is in memory with the store, where that is due. May block.

        Raises:
            StoreOutOfDate: The tokens could not be read for too long.
        """
        self._lookup.refresh()

    def health(self) -> Health:
        """Return how the verifier is doing, as of now. May block; raises nothing.

        Returns:
            Whether it serves, how old its tokens are, and what an administrator should know.
        """
        problems = list(self._usage.warnings()) if self._usage else []
        try:
            self._lookup.refresh()
            serving = True
        except StoreError:
            serving = False
        age, tokens, last_error = self._lookup.health()
        if last_error is not None:
            problems.append(last_error)
        return Health(serving=serving, age=age, tokens=tokens, problems=problems)

    def close(self) -> None:
        """Write down the uses so far, and close the lookup. Raises nothing; may be called twice.

        `health` tells where the uses could not be written.
        """
        if self._usage is not None:
            with suppress(StoreError):
                self._usage.flush()
        self._lookup.close()

    def _credential_of(
        self, presented: Secret | str | bytes, address: str | None
    ) -> StoredCredential:
        """Do what `averify` does before it judges the token; may block."""
        self._lookup.refresh()
        text = _text(presented)
        stored = self._lookup.peek(text[self._id_part])
        if stored is NOT_IN_MEMORY:
            stored = self._threads.find(self._claimed(text).id)
        if stored is None:
            self._refuse_unknown(text)
        if self._checker.knows(text, stored):
            return stored
        self._check(text, stored, address).result()
        self._lookup.refresh()
        generation = self._lookup.generation
        now = self._lookup.peek(stored.id)
        if now is NOT_IN_MEMORY:
            now = self._threads.find(stored.id)
        return self._confirmed(text, stored, now, generation)

    def _claimed(self, text: str) -> Credential:
        return credential.parse(Secret(text), self._prefix)

    def _refuse_unknown(self, text: str) -> NoReturn:
        raise UnknownToken("There is no token with this secret.", self._claimed(text).id)

    def _check(self, text: str, stored: StoredCredential, address: str | None) -> Flight[None]:
        """Have a secret checked that is not known yet, unless it is refused without."""
        secret = self._claimed(text).secret
        _refuse_revoked(stored)
        caller = access.client_key(address) if address is not None else ""
        return self._checker.check(text, secret, stored, caller)

    def _confirmed(
        self, text: str, checked: StoredCredential, now: StoredCredential | None, generation: int
    ) -> StoredCredential:
        """Return a token as it is once its slow hash was checked, which takes its time.

        The secret is known from then on, unless the store changed after `generation`: a revocation
        may have arrived since `now` was looked up.
        """
        if now is None:
            self._refuse_unknown(text)
        _refuse_revoked(now)
        if now.hash != checked.hash:
            raise WrongSecret("This token was just given a new secret.", now.id)
        if generation == self._lookup.generation:
            self._checker.remember(text, now)
        return now

    def _authorized(
        self, stored: StoredCredential, method: str | None, address: str | None, account: str | None
    ) -> PublicToken:
        if account is not None and account != stored.account:
            raise WrongSecret("This secret belongs to a token of another account.", stored.id)
        _refuse_disabled(stored)
        now = self._now()
        _refuse_expired(stored, now)
        if stored.scopes:
            raise ScopesNotEnforced("This token has scopes, which cannot be enforced.", stored.id)
        if stored.networks and not access.is_within(stored.networks, address or ""):
            raise AddressNotAllowed("This token is not allowed from this address.", stored.id)
        if stored.read_only and method not in access.READ_ONLY_METHODS:
            raise TokenReadOnly("This token is read-only (GET, HEAD, OPTIONS).", stored.id)
        if self._usage is not None:
            came_from = address and printable(address[: access.LONGEST_ADDRESS])
            self._usage.record(stored.id, now, came_from)
        return public(stored)


def _text(presented: Secret | str | bytes) -> str:
    """Return what was presented as text, cut where it is too long to be a secret anyway."""
    text = presented.reveal() if isinstance(presented, Secret) else presented
    text = text[: credential.LONGEST + 1]
    return text.decode("latin-1") if isinstance(text, bytes) else text


def _refuse_revoked(stored: StoredCredential) -> None:
    if stored.revoked:
        raise TokenRevoked("This token was revoked.", stored.id)


def _refuse_disabled(stored: StoredCredential) -> None:
    if stored.owner_disabled:
        raise OwnerDisabled("The account that owns this token is disabled.", stored.id)


def _refuse_expired(stored: StoredCredential, now: datetime) -> None:
    if has_expired(stored.expires_at, now):
        raise TokenExpired("This token has expired.", stored.id)

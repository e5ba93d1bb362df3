"""From a presented secret to the token that it belongs to, or to the reason why not."""

from __future__ import annotations

import time
from contextlib import suppress
from functools import cached_property
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Self

import msgspec

from tokentui.core import access, credential
from tokentui.core.credential import BcryptHasher, Credential, Hasher, Secret
from tokentui.core.errors import StoreError
from tokentui.core.fresh import GRACE, FreshTokens, Snapshot
from tokentui.core.limits import FailureLimit
from tokentui.core.seen import Seen, SeenSecrets
from tokentui.core.store import utc_now
from tokentui.core.text import printable
from tokentui.core.verdicts import (
    AddressNotAllowed,
    DamagedHash,
    OwnerDisabled,
    TokenExpired,
    TokenReadOnly,
    TokenRevoked,
    TooManyFailures,
    UnknownToken,
    WrongSecret,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import ThreadPoolExecutor
    from datetime import datetime

    from tokentui.core.account import AccountSource
    from tokentui.core.store import Clock, TokenSource, UsageStore
    from tokentui.core.token import Token

AT_ONCE = 2
"""How many slow hashes are checked at the same time."""
_WRONG = "This is not the secret of the token that it names."
# So many wrong secrets are checked at once, and after that one every so many seconds. Nobody
# shuts the holder of a token out, who calls from another place, but by calling from many.
_BY_ONE_CALLER = 3, 10.0
_FOR_ONE_TOKEN = 10, 2.0
_FROM_ONE_PLACE = 20, 1.0
_WRONG_KEPT = 4096


class PublicToken(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a service may know of the token that lets its caller in."""

    id: str
    account: str
    name: str
    expires_at: datetime | None
    read_only: bool
    networks: tuple[str, ...]


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """How a verifier is doing."""

    serving: bool
    """Whether it lets anybody in: not where the tokens could not be read for too long."""
    age: float
    """How many seconds ago its tokens were those of the store."""
    tokens: int
    """How many it knows, revoked ones as well."""
    problems: list[str]
    """What an administrator should know, a sentence each."""


class Verifier:
    """Checks presented secrets against a store, which is looked at ten times a second at most.

    Any number of threads may use it, and coroutines by `averify`. Tokens of those `accounts` that
    are disabled let nobody in. With `usage`, each success is
    noted there. A secret that was right is known again without the slow hash, but its token is
    judged anew each time. While the store cannot be read, what was read last counts for `grace`
    seconds. `at_once` is how many slow hashes are checked at the same time.
    """

    def __init__(
        self,
        store: TokenSource,
        *,
        accounts: AccountSource | None = None,
        usage: UsageStore | None = None,
        hasher: Hasher | None = None,
        clock: Clock = utc_now,
        ticks: Callable[[], float] = time.monotonic,
        prefix: str = credential.PREFIX,
        grace: float = GRACE,
        at_once: int = AT_ONCE,
    ) -> None:
        self._usage = usage
        self._hasher = hasher or BcryptHasher()
        self._now = clock
        self._prefix = prefix
        self._id_part = credential.id_part(prefix)
        self._seen = SeenSecrets()
        # A client that goes on with an old secret must cost nothing, nor keep out the new one.
        self._wrong = SeenSecrets(_WRONG_KEPT)
        self._fresh = FreshTokens(
            store, accounts, ticks=ticks, grace=grace, advance=self._seen.advance
        )
        self._by_one_caller = FailureLimit(*_BY_ONE_CALLER, ticks)
        self._for_one_token = FailureLimit(*_FOR_ONE_TOKEN, ticks)
        self._from_one_place = FailureLimit(*_FROM_ONE_PLACE, ticks)
        self._at_once = at_once
        self._hashing = BoundedSemaphore(at_once)

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
        """Return the token that `presented` opens the door for; raise a kind of `Refused`.

        `method` is the one of the request and `address` where it came from: a token that is for
        reading, or bound to networks, is refused where these are not told. With `account`, no
        token of another account will do. Raises `StoreOutOfDate` where the tokens could not be
        read for too long.
        """
        return self._let_in(self._token_of(presented, address), method, address, account)

    async def averify(
        self,
        presented: Secret | str | bytes,
        method: str | None = None,
        address: str | None = None,
        account: str | None = None,
    ) -> PublicToken:
        """Do what `verify` does, without keeping the event loop from other work."""
        import asyncio

        if self._fresh.due:
            await asyncio.to_thread(self._fresh.refresh)
        else:
            self._fresh.refuse_outdated()
        text = _text(presented)
        self._refuse_unknown(text)
        digest = self._seen.digest(text)
        token = self._known(digest)
        if token is None:
            claimed = self._claimed(text, digest, address)
            loop = asyncio.get_running_loop()
            token = await loop.run_in_executor(self._pool, self._checked, claimed, digest, address)
        return self._let_in(token, method, address, account)

    def identify(self, presented: Secret | str | bytes) -> PublicToken:
        """Return the token that `presented` is the secret of, whatever it is allowed to do.

        Raises a kind of `Refused`. It is not noted as a use.
        """
        token = self._token_of(presented, None)
        self._refuse_disabled(token)
        _refuse_expired(token, self._now())
        return _public(token)

    def refresh(self) -> None:
        """Look at the store where that is due; raise `StoreOutOfDate` as `verify` would."""
        self._fresh.refresh()

    def health(self) -> Health:
        """Look at the store where that is due, and say how things are."""
        problems = list(self._usage.warnings()) if self._usage else []
        try:
            self._fresh.refresh()
            serving = True
        except StoreError:
            serving = False
        if self._fresh.trouble is not None:
            problems.append(self._fresh.trouble)
        known = len(self._fresh.current.tokens)
        return Health(serving=serving, age=self._fresh.age, tokens=known, problems=problems)

    def close(self) -> None:
        """End the threads, and write down the uses so far. `health` tells if that fails."""
        if "_pool" in self.__dict__:
            self._pool.shutdown()
        if self._usage is not None:
            with suppress(StoreError):
                self._usage.flush()

    def _token_of(self, presented: Secret | str | bytes, address: str | None) -> Token:
        self._fresh.refresh()
        text = _text(presented)
        self._refuse_unknown(text)
        digest = self._seen.digest(text)
        token = self._known(digest)
        return token or self._checked(self._claimed(text, digest, address), digest, address)

    def _refuse_unknown(self, text: str) -> None:
        """Refuse what is no secret of any token, which needs no digest."""
        if text[self._id_part] not in self._fresh.current.tokens:
            _living(self._fresh.current, credential.parse(Secret(text), self._prefix).id)

    def _known(self, digest: bytes) -> Token | None:
        """Return the token, as it is now, of a secret that was right before and still is."""
        seen = self._seen.get(digest)
        if seen is None:
            return None
        token = self._fresh.current.tokens.get(seen.id)
        if token is None or token.revoked_at is not None or token.hash != seen.hash:
            self._seen.drop(digest)
            return None
        return token

    def _claimed(self, text: str, digest: bytes, address: str | None) -> Credential:
        """Return what a text says, unless it is refused without a look at its secret part."""
        claimed = credential.parse(Secret(text), self._prefix)
        self._hash_to_check(claimed.id, digest, address)
        return claimed

    def _hash_to_check(self, token_id: str, digest: bytes, address: str | None) -> str:
        """Return the hash of a token, unless it is known that it need not be checked."""
        _, hashed = _living(self._fresh.current, token_id)
        if (wrong := self._wrong.get(digest)) is not None and wrong.hash == hashed:
            raise WrongSecret(_WRONG, token_id)
        self._refuse_flood(token_id, address)
        return hashed

    def _checked(self, claimed: Credential, digest: bytes, address: str | None) -> Token:
        """Return the token once its slow hash is checked, as it is after that."""
        with self._hashing:
            # While this thread waited, another one may have checked the same secret, or failed.
            self._fresh.refresh()
            if (token := self._known(digest)) is not None:
                return token
            hashed = self._hash_to_check(claimed.id, digest, address)
            if not self._is_right(claimed, hashed):
                self._note_failure(Seen(claimed.id, hashed), digest, address)
                raise WrongSecret(_WRONG, claimed.id)
        self._fresh.refresh()
        snapshot = self._fresh.current
        token, hash_now = _living(snapshot, claimed.id)
        if hash_now != hashed:
            raise WrongSecret("The secret of this token was replaced just now.", claimed.id)
        self._seen.put(digest, Seen(token.id, hashed), snapshot.generation)
        return token

    def _is_right(self, claimed: Credential, hashed: str) -> bool:
        try:
            return self._hasher.check(claimed.secret, hashed)
        except DamagedHash as error:
            error.token_id = claimed.id
            raise

    def _note_failure(self, wrong: Seen, digest: bytes, address: str | None) -> None:
        self._wrong.put(digest, wrong, 0)
        for limit, key in self._limits(wrong.id, address):
            limit.note(key)

    def _refuse_flood(self, token_id: str, address: str | None) -> None:
        if any(limit.reached(key) for limit, key in self._limits(token_id, address)):
            raise TooManyFailures(
                "Too many wrong secrets came for this token, or from this address.", token_id
            )

    def _limits(self, token_id: str, address: str | None) -> Iterator[tuple[FailureLimit, str]]:
        place = access.origin(address) if address is not None else ""
        yield self._by_one_caller, f"{token_id} {place}"
        yield self._for_one_token, token_id
        if place:
            yield self._from_one_place, place

    def _let_in(
        self, token: Token, method: str | None, address: str | None, account: str | None
    ) -> PublicToken:
        if account is not None and account != token.account:
            raise WrongSecret("This is not the secret of a token of that account.", token.id)
        self._refuse_disabled(token)
        now = self._now()
        _refuse_expired(token, now)
        if token.networks and not access.is_within(token.networks, address or ""):
            raise AddressNotAllowed("This token may not be used from this address.", token.id)
        if token.read_only and method not in access.READING:
            raise TokenReadOnly("This token may only be used for reading.", token.id)
        if self._usage is not None:
            came_from = address and printable(address[: access.LONGEST_ADDRESS])
            self._usage.record(token.id, now, came_from)
        return _public(token)

    def _refuse_disabled(self, token: Token) -> None:
        if token.account in self._fresh.current.disabled:
            raise OwnerDisabled("The account of this token is disabled.", token.id)

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        from concurrent.futures import ThreadPoolExecutor

        return ThreadPoolExecutor(self._at_once, thread_name_prefix="tokentui")


def _text(presented: Secret | str | bytes) -> str:
    """Return what was presented as text, cut where it is too long to be a secret anyway."""
    text = presented.reveal() if isinstance(presented, Secret) else presented
    text = text[: credential.LONGEST + 1]
    return text.decode("latin-1") if isinstance(text, bytes) else text


def _living(snapshot: Snapshot, token_id: str) -> tuple[Token, str]:
    """Return a token and its hash; raise `UnknownToken` or `TokenRevoked`."""
    token = snapshot.tokens.get(token_id)
    if token is None:
        raise UnknownToken("No token has this secret.", token_id)
    if token.revoked_at is not None or token.hash is None:
        raise TokenRevoked("The token of this secret was revoked.", token_id)
    return token, token.hash


def _refuse_expired(token: Token, now: datetime) -> None:
    if token.expired(now):
        raise TokenExpired("The token of this secret has expired.", token.id)


def _public(token: Token) -> PublicToken:
    return PublicToken(
        id=token.id,
        account=token.account,
        name=token.name,
        expires_at=token.expires_at,
        read_only=token.read_only,
        networks=token.networks,
    )

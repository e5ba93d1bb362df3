"""Log-in: from a name and a password to an account, as slowly as guessing deserves."""

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from math import ceil
from typing import Protocol

import msgspec
from msgspec.structs import replace

from tokentui.core.access import origin
from tokentui.core.account import Account, AccountStore, admitted, hashable, prepared
from tokentui.core.audit import Action, Event, Outcome, Recorder
from tokentui.core.credential import Hasher, Secret
from tokentui.core.errors import (
    AccountDisabled,
    AccountNotFound,
    TooManyLogIns,
    WrongLogIn,
)
from tokentui.core.store import Clock, utc_now
from tokentui.core.token import Moment
from tokentui.core.verdicts import DamagedHash

PASSWORD_COST = 12
"""The cost of bcrypt for passwords: a quarter of a second of a core."""

_FOR_ONE_NAME, _FROM_ONE_PLACE = 5, 20
"""How many wrong passwords in a row cost nothing but the time that each takes."""
_LONGEST_DELAY = timedelta(minutes=5)
_FORGOTTEN_AFTER = timedelta(hours=1)
_SLOTS = 4096
"""How many names and places are told apart: more failures than that cannot fill a disk."""

# What a name without an account is checked against, so that it takes as long. Of a random text.
_NOBODY = "$2b$12$HAXI.ZQOFUferKw9tEGTVO4uRgHTuNIp.3KCrL6BIfcv/LUlr0azO"


class Failures(msgspec.Struct, frozen=True, kw_only=True):
    """How many wrong passwords came in a row, and when the last one did."""

    count: int
    last_at: Moment


class FailureStore(Protocol):
    """Where failures are kept. Every method may raise `StoreError`."""

    def held(self) -> AbstractContextManager[Mapping[str, Failures]]:
        """Give what is known, and keep all other log-ins waiting for the block."""
        ...

    def write(self, failures: Mapping[str, Failures]) -> None:
        """Keep `failures` instead. Call it within `held`."""
        ...


class Door:
    """Lets people in, one at a time on the whole machine: a flood of guesses costs one core.

    After some wrong passwords for a name, or from an address, the next one is not looked at for a
    time that doubles with each. Names without an account are treated the same way.
    """

    def __init__(
        self,
        accounts: AccountStore,
        failures: FailureStore,
        trail: Recorder,
        hasher: Hasher,
        clock: Clock = utc_now,
    ) -> None:
        self._accounts = accounts
        self._failures = failures
        self._trail = trail
        self._hasher = hasher
        self._now = clock

    def enter(
        self, name: str, password: Secret, address: str | None = None, *, unlocking: bool = False
    ) -> Account:
        """Return the account; raise `WrongLogIn`, `TooManyLogIns` or `StoreError`.

        `unlocking` is what is written down in the trail instead of a log-in.
        """
        action = Action.UNLOCK if unlocking else Action.LOG_IN
        account = self.check(name, password, action, address)
        self._trail.record(Event(account=account.name, action=action))
        return account

    def check(
        self, name: str, password: Secret, action: Action, address: str | None = None
    ) -> Account:
        """Return the account whose password it is; write down only where it is wrong.

        `action` is what it was asked for. Raises what `enter` does.
        """
        own = _slot("name", name)
        place = _slot("place", origin(address) if address else "here")
        with self._failures.held() as known:
            now = self._now()
            if wait := _wait(known, own, place, now):
                raise TooManyLogIns(wait)
            # Counted before it is looked at: where that cannot be written, nothing is tried.
            counted = _counted(known, (own, place), now)
            self._failures.write(counted)
            account = self._checked(name, password)
            if account is None:
                self._note_failure(_wait(counted, own, place, now), name, action)
                raise WrongLogIn
            # Not the place's earlier ones: own log-ins would give guesses at others' for free.
            kept = {slot: each for slot, each in counted.items() if slot not in (own, place)}
            if place in known:
                kept[place] = known[place]
            self._failures.write(kept)
        return account

    def has_password(self, name: str) -> bool:
        """Say whether an account can be entered by a password at all; raise `StoreError`."""
        return self._accounts.hash_of(name) is not None

    def admit(self, name: str, about: str) -> Account:
        """Return the account of somebody who has proved to be that in another way.

        Raises `AccountNotFound`, `AccountDisabled` or `StoreError`.
        """
        event = Event(account=name, action=Action.LOG_IN, about=about)
        try:
            account = admitted(self._accounts, name)
        except (AccountNotFound, AccountDisabled) as error:
            self._trail.record(replace(event, outcome=Outcome.REFUSED, about=str(error)))
            raise
        self._trail.record(event)
        return account

    def _checked(self, name: str, password: Secret) -> Account | None:
        """Return the account that name and password belong to, after one slow hash in any case."""
        account = self._accounts.everything().get(name)
        hashed = self._accounts.hash_of(name)
        if account is None or account.disabled_at is not None:
            hashed = None
        password = prepared(password)
        fits = hashable(password)
        try:
            right = self._hasher.check(password if fits else Secret("?"), hashed or _NOBODY)
        except DamagedHash:
            right = False
        return account if right and fits and hashed else None

    def _note_failure(self, wait: int, name: str, action: Action) -> None:
        delay = f" Seconds until the next one is looked at: {wait}." if wait else ""
        # What is no account's name may be a password, typed into the wrong field.
        named = name if name in self._accounts.everything() else ""
        self._trail.record(
            Event(
                account=named,
                action=action,
                outcome=Outcome.REFUSED,
                about=f"Wrong name or password.{delay}",
            )
        )


def _slot(kind: str, what: str) -> str:
    digest = hashlib.sha256(f"{kind} {what}".encode(errors="replace")).digest()
    return f"{kind} {int.from_bytes(digest[:8], 'big') % (_SLOTS // 2)}"


def _counted(
    known: Mapping[str, Failures], slots: Sequence[str], now: datetime
) -> dict[str, Failures]:
    """Return `known` with one failure more in each of `slots`, and without what is forgotten."""
    kept = {slot: each for slot, each in known.items() if now - each.last_at < _FORGOTTEN_AFTER}
    for slot in slots:
        count = kept[slot].count + 1 if slot in kept else 1
        kept[slot] = Failures(count=count, last_at=now)
    return kept


def _wait(known: Mapping[str, Failures], own: str, place: str, now: datetime) -> int:
    """Return how many seconds have to pass before the next password is looked at."""
    return max(
        _left(known.get(own), _FOR_ONE_NAME, now), _left(known.get(place), _FROM_ONE_PLACE, now)
    )


def _left(failures: Failures | None, free: int, now: datetime) -> int:
    if failures is None or failures.count < free:
        return 0
    doublings = min(failures.count - free, 20)
    delay = min(timedelta(seconds=2**doublings), _LONGEST_DELAY)
    passed = now - failures.last_at
    # A clock that was set back must shut nobody out until it has caught up.
    if passed < timedelta():
        return 0
    return max(0, ceil((delay - passed).total_seconds()))

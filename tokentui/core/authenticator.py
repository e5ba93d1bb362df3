"""Sign-in: from a name and a password to an account, as slowly as guessing deserves."""

import hashlib
from collections.abc import Hashable, Mapping
from datetime import datetime, timedelta
from math import ceil

from msgspec.structs import replace

from tokentui.core.access import client_key
from tokentui.core.account import Account, find_enabled, hashable, prepared
from tokentui.core.attempts import (
    FORGOTTEN_AFTER,
    BoundedRecorder,
    Failures,
    SignInAttempts,
)
from tokentui.core.audit import Action, Event, Outcome, Recorder
from tokentui.core.clock import Clock, utc_now
from tokentui.core.credential import Hasher, Secret
from tokentui.core.errors import (
    AccountDisabled,
    AccountNotFound,
    TooManyLogIns,
    WrongLogIn,
)
from tokentui.core.repositories import AccountRepository
from tokentui.core.verdicts import DamagedHash

PASSWORD_COST = 12
"""The cost of bcrypt for passwords: a quarter of a second of a core."""

_FOR_ONE_NAME, _FROM_ONE_CLIENT = 5, 20
"""How many wrong passwords in a row cost nothing but the time that each takes."""
_LONGEST_DELAY = timedelta(minutes=5)
_SLOTS = 4096
"""How many names and clients are told apart: more failures than that cannot fill a disk."""

_Counters = Mapping[str, Failures]

# What a name without an account is checked against, so that it takes as long. Of a random text.
_NOBODY = "$2b$12$HAXI.ZQOFUferKw9tEGTVO4uRgHTuNIp.3KCrL6BIfcv/LUlr0azO"


class Authenticator:
    """Checks passwords, one at a time on the whole machine: a flood of guesses costs one core.

    After some wrong passwords for a name, or from an address, the next one is not looked at for a
    time that doubles with each. Names without an account are treated the same way.
    """

    def __init__(
        self,
        accounts: AccountRepository,
        attempts: SignInAttempts,
        recorder: Recorder,
        hasher: Hasher,
        clock: Clock = utc_now,
    ) -> None:
        self._accounts = accounts
        self._attempts = attempts
        self._recorder = recorder
        self._hasher = hasher
        self._now = clock

    def authenticate(
        self, name: str, password: Secret, address: str | None = None, *, unlocking: bool = False
    ) -> Account:
        """Return the account; raise `WrongLogIn`, `TooManyLogIns` or `StoreError`.

        `unlocking` is what is written into the audit log instead of a sign-in.
        """
        action = Action.UNLOCK if unlocking else Action.LOG_IN
        account = self.check(name, password, action, address)
        self._recorder.record(Event(account=account.name, action=action))
        return account

    def check(
        self, name: str, password: Secret, action: Action, address: str | None = None
    ) -> Account:
        """Return the account whose password it is; write down only where it is wrong.

        `action` is what it was asked for. Raises what `authenticate` does.
        """
        own = _slot("name", name)
        client = _slot("place", client_key(address) if address else "here")
        with self._attempts.turn():
            now = self._now()
            # Counted before it is looked at: where that cannot be written, nothing is tried.
            known, counted = self._count(own, client, now)
            account = self._checked(name, password)
            if account is None:
                self._note_failure(_wait(counted, own, client, now), name, action)
                raise WrongLogIn
            # Not the client's earlier ones: own sign-ins would give guesses at others' for free.
            # Where another attempt came between, its count stands.
            self._attempts.put(counted, {own: None, client: known.get(client)})
        return account

    def _count(self, own: str, client: str, now: datetime) -> tuple[_Counters, _Counters]:
        """Count a failure, and return the counters as they were and as they are.

        Raises `TooManyLogIns`.
        """
        while True:
            known = self._attempts.get((own, client))
            if wait := _wait(known, own, client, now):
                raise TooManyLogIns(wait)
            counted = {slot: _one_more(known.get(slot), now) for slot in (own, client)}
            if self._attempts.put({slot: known.get(slot) for slot in counted}, counted):
                return known, counted

    def has_password(self, name: str) -> bool:
        """Say whether an account has a password at all; raise `StoreError`."""
        return self._accounts.hash_of(name) is not None

    def password_version(self, name: str) -> Hashable:
        """Return what differs once the password is another one; raise `StoreError`."""
        hashed = self._accounts.hash_of(name)
        return hashed and hashlib.sha256(hashed.encode()).digest()

    def authenticate_by_key(self, name: str, about: str) -> Account:
        """Return the account of somebody whom `sshd` has authenticated by a key.

        Raises `AccountNotFound`, `AccountDisabled` or `StoreError`.
        """
        event = Event(account=name, action=Action.LOG_IN, about=about)
        try:
            account = find_enabled(self._accounts, name)
        except (AccountNotFound, AccountDisabled) as error:
            refused = replace(event, outcome=Outcome.REFUSED, about=str(error))
            BoundedRecorder(self._recorder, self._attempts, self._now).record(refused)
            raise
        self._recorder.record(event)
        return account

    def _checked(self, name: str, password: Secret) -> Account | None:
        """Return the account that name and password belong to, after one slow hash in any case."""
        account = self._accounts.list_all().get(name)
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
        delay = f" Seconds until the next attempt: {wait}." if wait else ""
        # What is no account's name may be a password, typed into the wrong field.
        named = name if name in self._accounts.list_all() else ""
        self._recorder.record(
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


def _one_more(known: Failures | None, now: datetime) -> Failures:
    forgotten = known is None or now - known.last_at >= FORGOTTEN_AFTER
    return Failures(count=1 if known is None or forgotten else known.count + 1, last_at=now)


def _wait(known: Mapping[str, Failures], own: str, client: str, now: datetime) -> int:
    """Return how many seconds have to pass before the next password is looked at."""
    return max(
        _left(known.get(own), _FOR_ONE_NAME, now), _left(known.get(client), _FROM_ONE_CLIENT, now)
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

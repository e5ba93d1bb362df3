"""The verbs for accounts: what administrators do, and whoever has the files."""

from collections.abc import Sequence
from contextlib import suppress
from itertools import islice

from msgspec.structs import replace

from tokentui.core.account import (
    Account,
    AccountRow,
    Role,
    check_account_name,
    check_name_free,
    check_password,
    find,
    parse_key,
    prepared,
    without_deleted,
)
from tokentui.core.account_change import (
    AccountChange,
    AddAccount,
    AddKey,
    DeleteAccount,
    DisableAccount,
    EnableAccount,
    RemoveKey,
    SetPassword,
    SetRole,
)
from tokentui.core.audit import Action, Event, Outcome, Recorder
from tokentui.core.backend import Backend, committed
from tokentui.core.change import Revoke
from tokentui.core.clock import Clock, utc_now
from tokentui.core.credential import Hasher, Secret
from tokentui.core.errors import AccountChanged, NotPermitted, StoreError
from tokentui.core.query import Query
from tokentui.core.rights import Rights

_REVOKED_TOGETHER = 10_000
"""The most tokens that one change revokes: between two, others can change the store."""


class AccountService:
    """Adds, disables, deletes and changes accounts, as far as `by` may.

    Every verb may raise `NotPermitted`, `StoreError` and, but for a new one, `AccountNotFound`.
    """

    def __init__(
        self,
        backend: Backend,
        rights: Rights,
        recorder: Recorder,
        *,
        by: str,
        hasher: Hasher,
        clock: Clock = utc_now,
    ) -> None:
        self._backend = backend
        self._rights = rights
        self._recorder = recorder
        self._by = by
        self._hasher = hasher
        self._now = clock

    def list_all(self) -> Sequence[Account]:
        """Return the accounts by name; one whose record is damaged is left out."""
        self._rights.check_administrator()
        accounts = without_deleted(self._backend.accounts.list_all())
        return [account for _, account in sorted(accounts.items()) if account is not None]

    def rows(self) -> Sequence[AccountRow]:
        """Return the accounts as `list_all` does, each with the number of its tokens."""
        accounts = self.list_all()
        counts = self._backend.tokens.count_by_owner()
        return [AccountRow(each, counts.get(each.name, 0)) for each in accounts]

    def warnings(self) -> Sequence[str]:
        """Return what an administrator should know about the accounts, a sentence each."""
        return self._backend.accounts.warnings()

    def has_password(self, account: Account) -> bool:
        """Say whether an account has a password."""
        return self.hash_of(account) is not None

    def check_new_name(self, name: str) -> None:
        """Raise `InvalidAccount` or `AccountTaken` unless an account may be added by this name."""
        self._permit(Action.ACCOUNT, name)
        check_account_name(name)
        check_name_free(self._backend.accounts.list_all(), name)

    def get(self, name: str) -> Account:
        """Return an account; its own is for everybody to see who may do anything."""
        if name == self._by:
            self._rights.check_enabled()
        else:
            self._permit(Action.ACCOUNT, name)
        return find(self._backend.accounts.list_all(), name)

    def is_own(self, name: str) -> bool:
        """Say whether an account is the one that somebody acts as."""
        return name == self._acting_as

    def check_unchanged(self, account: Account) -> None:
        """Raise `AccountChanged` where an account is no longer as it was last seen."""
        if self.get(account.name) != account:
            raise AccountChanged(account.name)

    def hash_of(self, account: Account) -> str | None:
        """Return the hash of the password of an account, or None where it has none."""
        return self._backend.accounts.hash_of(account.name)

    def add(self, name: str, role: Role | None, password: Secret | None) -> Account:
        """Add an account; the first one is an administrator unless told otherwise, others members.

        Without a password, only a key signs in as it. Raises `InvalidAccount`, `InvalidPassword`,
        `AccountTaken`. Slow by design: it hashes.
        """
        self.check_new_name(name)
        hashed = None if password is None else self._hashed(password, name)
        return self._change(
            AddAccount(
                name=name, role=role, password=hashed, at=self._now(), acting_as=self._acting_as
            )
        )

    def set_role(self, name: str, role: Role) -> Account:
        """Give an account another role; raise `LastAdministrator`."""
        self._permit(Action.ACCOUNT, name)
        return self._change(SetRole(name=name, role=role, acting_as=self._acting_as))

    def disable(self, name: str) -> Account:
        """Disable an account, and with it all its tokens; raise `LastAdministrator`."""
        self._permit(Action.ACCOUNT, name)
        return self._change(DisableAccount(name=name, at=self._now(), acting_as=self._acting_as))

    def enable(self, name: str) -> Account:
        """Enable an account again, and with it its tokens."""
        self._permit(Action.ACCOUNT, name)
        return self._change(EnableAccount(name=name, acting_as=self._acting_as))

    def delete(self, name: str) -> None:
        """Delete an account: it is disabled, then its tokens are revoked, then it is deleted.

        Each step is a change of its own: after a failure in between, or a kill, the account is
        disabled, and deleting it again does the rest. Its events stay in the audit log, and its
        name is never given again.
        Raises `LastAdministrator`, `NotPermitted` also for the own account, and `AccountChanged` or
        `TokenChanged` where somebody else changed the account or a token of it meanwhile.
        """
        self._permit(Action.ACCOUNT, name, deletes=True)
        at = self._now()
        self._change(DisableAccount(name=name, at=at, acting_as=self._acting_as))
        query = Query(now=at, account=name)
        while rows := list(islice(self._backend.tokens.scan(query), _REVOKED_TOGETHER)):
            revoke = Revoke(seen=tuple(row.token for row in rows), at=self._now(), by=self._by)
            committed(self._backend, revoke, self._by).confirmed()
        change = DeleteAccount(name=name, at=self._now(), acting_as=self._acting_as)
        committed(self._backend, change, self._by).confirmed()

    def add_key(self, name: str, line: str) -> tuple[Account, str]:
        """Let a public SSH key sign in as an account; return both as they are kept.

        Raises `InvalidAccount` where it is no key, or another account's.
        """
        self._permit(Action.KEY, name)
        find(self._backend.accounts.list_all(), name)
        key = parse_key(line)
        return self._change(AddKey(name=name, key=key, acting_as=self._acting_as)), key

    def remove_key(self, name: str, fingerprint: str) -> Account:
        """Remove a key from an account; raise `InvalidAccount` if the account does not have it."""
        self._permit(Action.KEY, name)
        return self._change(
            RemoveKey(name=name, fingerprint=fingerprint, acting_as=self._acting_as)
        )

    def set_password(self, name: str, password: Secret, *, instead_of: str | None = None) -> None:
        """Give an account another password; its own is for everybody to change.

        `instead_of` is the hash of the one that was checked: where it is another one by now,
        `AccountChanged` is raised (compare-and-swap). Raises `InvalidPassword`. Slow by design: it
        hashes.
        """
        self.get(name)
        hashed = self._hashed(password, name)
        self._change(
            SetPassword(
                name=name, password=hashed, instead_of=instead_of, acting_as=self._acting_as
            )
        )

    def _hashed(self, password: Secret, name: str) -> str:
        password = prepared(password)
        check_password(password, name)
        return self._hasher.hash(password)

    @property
    def _acting_as(self) -> str | None:
        return self._rights.acting_as

    def _change(self, change: AccountChange) -> Account:
        made = committed(self._backend, change, self._by).confirmed()
        return find({change.name: made.account}, change.name)

    def _permit(self, action: Action, name: str, *, deletes: bool = False) -> None:
        """Raise `NotPermitted`, and write that down, unless this account may be changed."""
        try:
            self._rights.check_administrator(deletes=name if deletes else None)
        except NotPermitted as error:
            # What is no account's name may be a password, typed in the wrong place.
            named = f"{name}: " if name in self._backend.accounts.list_all() else ""
            event = self._event(action, f"{named}{error}")
            with suppress(StoreError):  # refused it is in any case
                self._recorder.record(replace(event, outcome=Outcome.REFUSED))
            raise

    def _event(self, action: Action, about: str) -> Event:
        return Event(account=self._by, action=action, about=about)

"""The verbs for accounts: what administrators do, and whoever has the files."""

from collections.abc import Collection, Sequence
from contextlib import suppress

from msgspec.structs import replace

from tokentui.core.account import (
    Account,
    AccountStore,
    Role,
    administrators,
    check_account_name,
    check_password,
    find,
    fingerprint,
    parse_key,
    prepared,
)
from tokentui.core.audit import Action, Event, Outcome, Recorder, noted
from tokentui.core.credential import Hasher, Secret
from tokentui.core.errors import (
    AccountTaken,
    InvalidAccount,
    LastAdministrator,
    NotPermitted,
    StoreError,
    StoreUnconfirmed,
)
from tokentui.core.rights import Rights
from tokentui.core.store import Clock, nothing, utc_now


class AccountService:
    """Adds, disables and changes accounts, as far as `by` may.

    Every verb may raise `NotPermitted`, `StoreError` and, but for a new one, `AccountNotFound`.
    """

    def __init__(
        self,
        store: AccountStore,
        rights: Rights,
        trail: Recorder,
        *,
        by: str,
        hasher: Hasher,
        clock: Clock = utc_now,
    ) -> None:
        self._store = store
        self._rights = rights
        self._trail = trail
        self._by = by
        self._hasher = hasher
        self._now = clock

    def everything(self) -> Sequence[Account]:
        """Return the accounts by name; one whose record is damaged is left out."""
        self._rights.check_administrator()
        accounts = self._store.everything()
        return [account for _, account in sorted(accounts.items()) if account is not None]

    def warnings(self) -> Sequence[str]:
        """Return what an administrator should know about the accounts, a sentence each."""
        return self._store.warnings()

    def has_password(self, account: Account) -> bool:
        """Say whether an account can be entered by a password."""
        return self._store.hash_of(account.name) is not None

    def check_new_name(self, name: str) -> None:
        """Raise `InvalidAccount` or `AccountTaken` unless an account may be added by this name."""
        self._permit(Action.ACCOUNT, name)
        check_account_name(name)
        if name in self._store.everything():
            raise AccountTaken(name)

    def get(self, name: str) -> Account:
        """Return an account."""
        if name != self._by:
            self._permit(Action.ACCOUNT, name)
        return find(self._store.everything(), name)

    def add(self, name: str, role: Role | None, password: Secret | None) -> Account:
        """Add an account; the first one is an administrator unless told otherwise, others members.

        Without a password, only a key logs in as it. Raises `InvalidAccount`, `InvalidPassword`,
        `AccountTaken`. Slow by design: it hashes.
        """
        self.check_new_name(name)
        if role is None:
            role = Role.MEMBER if self._store.everything() else Role.ADMINISTRATOR
        account = Account(name=name, role=role, created_at=self._now())
        hashed = None if password is None else self._hashed(password, name)
        # One that was left behind by an account that is lost must not open the new one.
        self._store.set_hash(name, None, nothing)
        self._put(account, Action.ACCOUNT, f"{name} was added as {role}.")
        if hashed is not None:
            try:
                self._store.set_hash(name, hashed, nothing)
            except StoreUnconfirmed:
                raise
            except StoreError as error:
                raise StoreError(
                    f"{name} was added, but has no password yet: tokentui account passwd {name}. "
                    f"{error}"
                ) from None
        return account

    def set_role(self, name: str, role: Role) -> Account:
        """Give an account another role; raise `LastAdministrator`."""
        return self._change(name, Action.ACCOUNT, f"{name} is {role} now.", role=role)

    def disable(self, name: str) -> Account:
        """Shut an account, and with it all its tokens; raise `LastAdministrator`."""
        self._permit(Action.ACCOUNT, name)
        since = find(self._store.everything(), name).disabled_at or self._now()
        return self._change(name, Action.ACCOUNT, f"{name} was disabled.", disabled_at=since)

    def enable(self, name: str) -> Account:
        """Open an account again, and with it its tokens."""
        return self._change(name, Action.ACCOUNT, f"{name} was enabled.", disabled_at=None)

    def add_key(self, name: str, line: str) -> tuple[Account, str]:
        """Let a public SSH key log in as an account; return both as they are kept.

        Raises `InvalidAccount` where it is no key, or another account's.
        """
        self._permit(Action.KEY, name)
        account = self.get(name)
        key = parse_key(line)
        for other in self._store.everything().values():
            if other and key in other.keys and other.name != name:
                raise InvalidAccount(f"That is a key of {other.name}; nothing was changed.")
        if key not in account.keys:
            said = f"{name} has the key {fingerprint(key)} as well."
            account = self._change(name, Action.KEY, said, keys=(*account.keys, key))
        return account, key

    def remove_key(self, name: str, print_: str) -> Account:
        """Let a key, by its fingerprint, log in no more; raise `InvalidAccount` if it is none."""
        self._permit(Action.KEY, name)
        account = self.get(name)
        left = tuple(key for key in account.keys if fingerprint(key) != print_)
        if left == account.keys:
            raise InvalidAccount(f"{name} has no key {print_}; nothing was changed.")
        return self._change(name, Action.KEY, f"{name} has the key {print_} no more.", keys=left)

    def set_password(self, name: str, password: Secret) -> None:
        """Give an account another password; its own is for everybody to change.

        Raises `InvalidPassword`. Slow by design: it hashes.
        """
        self.get(name)
        hashed = self._hashed(password, name)
        event = self._event(Action.PASSWORD, f"The password of {name} was changed.")
        noted(self._trail, [event], lambda note: self._store.set_hash(name, hashed, note))

    def _hashed(self, password: Secret, name: str) -> str:
        password = prepared(password)
        check_password(password, name)
        return self._hasher.hash(password)

    def _change(self, name: str, action: Action, said: str, **changes: object) -> Account:
        self._permit(action, name)
        before = find(self._store.everything(), name)
        after = replace(before, **changes)
        if after == before:
            return before
        after = replace(after, revision=before.revision + 1)
        self._put(after, action, said)
        return after

    def _put(self, account: Account, action: Action, said: str) -> None:
        def check(accounts: Collection[Account | None]) -> None:
            if not administrators(accounts) and account.revision == 1:
                raise InvalidAccount(
                    "The first account has to be an administrator; nothing was changed."
                )
            if not administrators(accounts):
                raise LastAdministrator(account.name)

        events = [self._event(action, said)]
        noted(self._trail, events, lambda note: self._store.put(account, check, note))

    def _permit(self, action: Action, name: str) -> None:
        try:
            self._rights.check_administrator()
        except NotPermitted as error:
            event = self._event(action, f"{name}: {error}")
            with suppress(StoreError):  # refused it is in any case
                self._trail.record(replace(event, outcome=Outcome.REFUSED))
            raise

    def _event(self, action: Action, about: str) -> Event:
        return Event(account=self._by, action=action, about=about)

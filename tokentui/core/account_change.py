"""Changes of accounts as data; see `core.change`. Who asks is checked where the change is made."""

from collections.abc import Iterator, Mapping
from datetime import datetime

import msgspec
from msgspec.structs import replace

from tokentui.core.account import (
    Account,
    Role,
    administrators,
    check_name_free,
    find,
    find_own,
    fingerprint,
)
from tokentui.core.audit import Action, Event
from tokentui.core.errors import (
    AccountChanged,
    AccountDisabled,
    InvalidAccount,
    LastAdministrator,
    NotPermitted,
)


class AccountRecords(msgspec.Struct, frozen=True, kw_only=True):
    """The accounts by name as they are now, and the hash of the password that is in question."""

    accounts: Mapping[str, Account | None]
    password: str | None = None


class AccountEdit(msgspec.Struct, frozen=True, kw_only=True):
    """What a change makes of the records: an account as it becomes, and hashes of passwords.

    A hash of None removes the password.
    """

    account: Account | None = None
    passwords: Mapping[str, str | None] = {}

    def __bool__(self) -> bool:
        return self.account is not None or bool(self.passwords)


def carry_out(change: "AccountChange", records: AccountRecords) -> AccountEdit:
    """Return what `change` makes of `records`.

    Raises `NotPermitted`, `AccountNotFound`, `AccountTaken`, `AccountChanged`, `InvalidAccount`
    and `LastAdministrator`.
    """
    _check_permitted(change, records.accounts)
    edit = change.edit(records)
    if edit.account is not None:
        _check_administrated(edit.account, records.accounts)
    return edit


def _check_permitted(change: "AccountChange", accounts: Mapping[str, Account | None]) -> None:
    if change.acting_as is None:
        return
    acting = find_own(accounts, change.acting_as)
    if acting.disabled_at is not None:
        raise AccountDisabled(acting.name)
    own_password = isinstance(change, SetPassword) and change.name == acting.name
    if acting.role is not Role.ADMINISTRATOR and not own_password:
        raise NotPermitted("Only administrators can do this. Nothing was changed.")


def _check_administrated(account: Account, accounts: Mapping[str, Account | None]) -> None:
    """Raise unless somebody is an administrator once `account` is as it becomes."""
    if administrators({**accounts, account.name: account}.values()):
        return
    if account.revision == 1:
        raise InvalidAccount("The first account must be an administrator. Nothing was changed.")
    raise LastAdministrator(account.name)


class AddAccount(msgspec.Struct, frozen=True, kw_only=True):
    """Add an account; without a role, the first one is an administrator and others are members.

    Without the hash of a password, only a key signs in as it.
    """

    name: str
    role: Role | None
    password: str | None
    at: datetime
    acting_as: str | None = None

    def edit(self, records: AccountRecords) -> AccountEdit:
        check_name_free(records.accounts, self.name)
        role = self.role or (Role.MEMBER if records.accounts else Role.ADMINISTRATOR)
        account = Account(name=self.name, role=role, created_at=self.at)
        # Also none is written: what an account that is lost left behind must not open this one.
        return AccountEdit(account=account, passwords={self.name: self.password})

    def events(self, account: str, edit: AccountEdit) -> Iterator[Event]:
        role = edit.account.role if edit.account else self.role
        yield _event(account, Action.ACCOUNT, f"Added {self.name} as {role}.")


class SetRole(msgspec.Struct, frozen=True, kw_only=True):
    """Give an account another role."""

    name: str
    role: Role
    acting_as: str | None = None

    def edit(self, records: AccountRecords) -> AccountEdit:
        return _changed(find(records.accounts, self.name), role=self.role)

    def events(self, account: str, edit: AccountEdit) -> Iterator[Event]:  # noqa: ARG002
        yield _event(account, Action.ACCOUNT, f"Changed the role of {self.name} to {self.role}.")


class DisableAccount(msgspec.Struct, frozen=True, kw_only=True):
    """Disable an account, and with it all its tokens."""

    name: str
    at: datetime
    acting_as: str | None = None

    def edit(self, records: AccountRecords) -> AccountEdit:
        account = find(records.accounts, self.name)
        return _changed(account, disabled_at=account.disabled_at or self.at)

    def events(self, account: str, edit: AccountEdit) -> Iterator[Event]:  # noqa: ARG002
        yield _event(account, Action.ACCOUNT, f"Disabled {self.name}.")


class EnableAccount(msgspec.Struct, frozen=True, kw_only=True):
    """Enable an account again, and with it its tokens."""

    name: str
    acting_as: str | None = None

    def edit(self, records: AccountRecords) -> AccountEdit:
        return _changed(find(records.accounts, self.name), disabled_at=None)

    def events(self, account: str, edit: AccountEdit) -> Iterator[Event]:  # noqa: ARG002
        yield _event(account, Action.ACCOUNT, f"Enabled {self.name}.")


class DeleteAccount(msgspec.Struct, frozen=True, kw_only=True):
    """Leave a tombstone of a disabled account: no password, no key, and its name for nobody.

    Where it was enabled again meanwhile, that is no change to make (compare-and-swap).
    """

    name: str
    at: datetime
    acting_as: str | None = None

    def edit(self, records: AccountRecords) -> AccountEdit:
        account = find(records.accounts, self.name)
        if account.disabled_at is None:
            raise AccountChanged(self.name)
        edit = _changed(account, deleted_at=self.at, keys=())
        return replace(edit, passwords={self.name: None})

    def events(self, account: str, edit: AccountEdit) -> Iterator[Event]:  # noqa: ARG002
        yield _event(account, Action.ACCOUNT, f"Deleted {self.name}.")


class AddKey(msgspec.Struct, frozen=True, kw_only=True):
    """Let a public SSH key, as `account.parse_key` returns it, sign in as an account."""

    name: str
    key: str
    acting_as: str | None = None

    def edit(self, records: AccountRecords) -> AccountEdit:
        account = find(records.accounts, self.name)
        for other in records.accounts.values():
            if other and self.key in other.keys and other.name != self.name:
                raise InvalidAccount(
                    f"This key already belongs to {other.name}. Nothing was changed."
                )
        if self.key in account.keys:
            return AccountEdit()
        return _changed(account, keys=(*account.keys, self.key))

    def events(self, account: str, edit: AccountEdit) -> Iterator[Event]:  # noqa: ARG002
        about = f"Added the key {fingerprint(self.key)} to {self.name}."
        yield _event(account, Action.KEY, about)


class RemoveKey(msgspec.Struct, frozen=True, kw_only=True):
    """Let a key, by its fingerprint, sign in no more."""

    name: str
    fingerprint: str
    acting_as: str | None = None

    def edit(self, records: AccountRecords) -> AccountEdit:
        account = find(records.accounts, self.name)
        left = tuple(key for key in account.keys if fingerprint(key) != self.fingerprint)
        if left == account.keys:
            raise InvalidAccount(f"{self.name} has no key {self.fingerprint}. Nothing was changed.")
        return _changed(account, keys=left)

    def events(self, account: str, edit: AccountEdit) -> Iterator[Event]:  # noqa: ARG002
        yield _event(account, Action.KEY, f"Removed the key {self.fingerprint} from {self.name}.")


class SetPassword(msgspec.Struct, frozen=True, kw_only=True):
    """Give an account another password; everybody may change their own.

    `instead_of` is the hash of the one that was checked, if one was: another one by now is not
    overwritten (compare-and-swap).
    """

    name: str
    password: str
    instead_of: str | None = None
    acting_as: str | None = None

    def edit(self, records: AccountRecords) -> AccountEdit:
        find(records.accounts, self.name)
        if self.instead_of not in (None, records.password):
            raise AccountChanged(self.name)
        return AccountEdit(passwords={self.name: self.password})

    def events(self, account: str, edit: AccountEdit) -> Iterator[Event]:  # noqa: ARG002
        yield _event(account, Action.PASSWORD, f"Changed the password of {self.name}.")


AccountChange = (
    AddAccount
    | SetRole
    | DisableAccount
    | EnableAccount
    | DeleteAccount
    | AddKey
    | RemoveKey
    | SetPassword
)
"""A change of the account `name` (a sum type), asked for by the account `acting_as`.

That is None for whoever has the files. All methods are pure: `edit(records)` returns what becomes
of the records, and `events(account, edit)` what the audit log says of it.
"""


def _changed(account: Account, **changes: object) -> AccountEdit:
    after = replace(account, **changes)
    if after == account:
        return AccountEdit()
    return AccountEdit(account=replace(after, revision=account.revision + 1))


def _event(account: str, action: Action, about: str) -> Event:
    return Event(account=account, action=action, about=about)

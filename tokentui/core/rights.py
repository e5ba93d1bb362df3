"""What somebody may see and do."""

from collections.abc import Collection, Iterable

import msgspec
from msgspec.structs import replace

from tokentui.core.account import Account, AccountSource, NoAccounts, Role, find_enabled
from tokentui.core.audit import Action
from tokentui.core.errors import (
    KeyRemoved,
    NotPermitted,
    StoreError,
    StoreUnavailable,
    TokentuiError,
)
from tokentui.core.text import printable
from tokentui.core.token import Token

_OF_OTHERS = {Action.REVOKE, Action.RETIRE}
"""What administrators may do with tokens that are not theirs: what shuts doors, opens none."""
_ONLY_LOOKS = "Auditors cannot change anything."


class Permissions(msgspec.Struct, frozen=True, kw_only=True):
    """What an account may see and do, as of one version of the accounts.

    `role` is None for whoever has the files. `multi_account` says whether tokens of several
    accounts may be seen. `read_only_reason` says in a sentence why nothing can be changed at all;
    it is empty where something can.
    """

    account: str
    role: Role | None = None
    multi_account: bool = False
    read_only_reason: str = ""

    @property
    def owner_filter(self) -> str | None:
        """The account whose tokens alone are visible, or None where all are."""
        return self.account if self.role is Role.MEMBER else None

    def visible(self, tokens: Iterable[Token]) -> list[Token]:
        """Return those of `tokens` that may be seen."""
        only = self.owner_filter
        return [token for token in tokens if only in (None, token.account)]

    def denial_reason(self, action: Action, tokens: Iterable[Token] = ()) -> str:
        """Return why `action` is not permitted with all of `tokens`; nothing where it is."""
        if self.role is None or self.read_only_reason:
            return self.read_only_reason
        others = [token for token in tokens if token.account != self.account]
        if not others or (self.role is Role.ADMINISTRATOR and action in _OF_OTHERS):
            return ""
        first = printable(others[0].name), printable(others[0].account)
        return "{} is owned by {}. You can only revoke it.".format(*first)


class Rights:
    """The rights of an account, looked up each time: what is changed elsewhere counts at once.

    With `signed_in`, those of its role; without, those of whoever runs the program and so has the
    files: everything. `opened_by` are the SSH keys of which one opened the session: it ends once
    the account loses any of them.
    """

    def __init__(
        self,
        account: str,
        accounts: AccountSource | None = None,
        *,
        signed_in: bool = False,
        opened_by: Collection[str] = (),
    ) -> None:
        self._name = account
        self._accounts = accounts or NoAccounts()
        self._signed_in = signed_in
        self._opened_by = frozenset(opened_by)

    @property
    def acting_as(self) -> str | None:
        """The name of the account, or None where nobody signed in. It may be no more."""
        return self._name if self._signed_in else None

    @property
    def account(self) -> Account | None:
        """The account, or None where nobody signed in.

        Raises `AccountNotFound`, `AccountDisabled`, `KeyRemoved`.
        """
        if not self._signed_in:
            return None
        account = find_enabled(self._accounts, self._name)
        if not self._opened_by.issubset(account.keys):
            raise KeyRemoved(self._name)
        return account

    def permissions(self) -> Permissions:
        """Return what the account may see and do now. Raises what `account` does."""
        known = self._known
        return replace(known, multi_account=self._any_accounts()) if known.role is None else known

    @property
    def _known(self) -> Permissions:
        """The permissions; of whoever has the files, without a question to the accounts."""
        account = self.account
        if account is None:
            return Permissions(account=self._name)
        return Permissions(
            account=self._name,
            role=account.role,
            multi_account=account.role is not Role.MEMBER,
            read_only_reason=_ONLY_LOOKS if account.role is Role.AUDITOR else "",
        )

    def _any_accounts(self) -> bool:
        try:
            return bool(self._accounts.list_all())
        except StoreUnavailable:
            raise
        except StoreError:
            return True

    @property
    def owner_filter(self) -> str | None:
        """The account whose tokens alone are visible, or None where all are."""
        return self._known.owner_filter

    @property
    def all_seen(self) -> bool:
        """Whether everything is visible, and so may be numbered: gaps tell what others do."""
        try:
            return self.owner_filter is None
        except TokentuiError:
            return False

    def visible(self, tokens: Iterable[Token]) -> list[Token]:
        """Return those of `tokens` that may be seen."""
        return self._known.visible(tokens)

    def check(self, action: Action, tokens: Iterable[Token] = ()) -> None:
        """Raise `NotPermitted` unless `action` may be done with all of `tokens`."""
        if why := self._known.denial_reason(action, tokens):
            raise NotPermitted(f"{why} Nothing was changed.")

    def check_enabled(self) -> None:
        """Raise what `account` does where the account may do nothing."""
        _ = self.account

    def check_all_seen(self) -> None:
        """Raise `NotPermitted` where only some tokens are seen."""
        if self.owner_filter is not None:
            raise NotPermitted("Only administrators and auditors can do this.")

    def check_administrator(self, *, deletes: str | None = None) -> None:
        """Raise `NotPermitted` unless accounts may be managed, and the one of a name deleted."""
        if self._known.role not in (None, Role.ADMINISTRATOR):
            raise NotPermitted("Only administrators can do this. Nothing was changed.")
        if deletes is not None and deletes == self.acting_as:
            raise NotPermitted("You cannot delete your own account. Nothing was changed.")

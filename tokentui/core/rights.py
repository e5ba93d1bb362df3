"""What somebody may see and do."""

from collections.abc import Iterable

from tokentui.core.account import Account, AccountSource, NoAccounts, Role, admitted
from tokentui.core.audit import Action
from tokentui.core.errors import NotPermitted, StoreError, TokentuiError
from tokentui.core.text import printable
from tokentui.core.token import Token

_OF_OTHERS = {Action.REVOKE, Action.RETIRE}
"""What administrators may do with tokens that are not theirs: what shuts doors, opens none."""


class Rights:
    """The rights of an account, looked up each time: what is changed elsewhere counts at once.

    Without `bound`, of whoever runs the program and so has the files: everything.
    """

    def __init__(
        self, account: str, accounts: AccountSource | None = None, *, bound: bool = False
    ) -> None:
        self._name = account
        self._accounts = accounts or NoAccounts()
        self._bound = bound

    @property
    def account(self) -> Account | None:
        """The account, or None where nothing is bound to one.

        Raises `AccountNotFound`, `AccountDisabled`.
        """
        return admitted(self._accounts, self._name) if self._bound else None

    @property
    def only_of(self) -> str | None:
        """The account whose tokens alone are seen, or None where all are."""
        account = self.account
        return self._name if account and account.role is Role.MEMBER else None

    @property
    def several(self) -> bool:
        """Whether tokens of several accounts may be seen, where there are accounts."""
        try:
            return self.only_of is None and bool(self._accounts.everything())
        except StoreError:
            return True

    def sees(self, tokens: Iterable[Token]) -> list[Token]:
        """Return those of `tokens` that may be seen."""
        only = self.only_of
        return [token for token in tokens if only in (None, token.account)]

    def why_not(self, action: Action, tokens: Iterable[Token] = ()) -> str:
        """Say why `action` may not be done with all of `tokens`; nothing where it may."""
        try:
            return self._why_not(action, tokens)
        except TokentuiError as error:
            return str(error)

    def _why_not(self, action: Action, tokens: Iterable[Token]) -> str:
        account = self.account
        if account is None:
            return ""
        if account.role is Role.AUDITOR:
            return "An auditor may only look."
        others = [token for token in tokens if token.account != account.name]
        if not others or (account.role is Role.ADMINISTRATOR and action in _OF_OTHERS):
            return ""
        first = printable(others[0].name), printable(others[0].account)
        return "{} belongs to {}: nothing but revoking it is possible here.".format(*first)

    def check(self, action: Action, tokens: Iterable[Token] = ()) -> None:
        """Raise `NotPermitted` unless `action` may be done with all of `tokens`."""
        if why := self._why_not(action, tokens):
            raise NotPermitted(f"{why} Nothing was changed.")

    def check_all_seen(self) -> None:
        """Raise `NotPermitted` where only some tokens are seen."""
        if self.only_of is not None:
            raise NotPermitted("That is for administrators and auditors; nothing was changed.")

    def check_administrator(self) -> None:
        """Raise `NotPermitted` unless accounts may be looked after."""
        account = self.account
        if account is not None and account.role is not Role.ADMINISTRATOR:
            raise NotPermitted("That is for administrators; nothing was changed.")

"""How people sign in: what the app is given where there are accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from tokentui.core.account import Account
    from tokentui.core.authenticator import Authenticator
    from tokentui.core.commands import TokenCommands
    from tokentui.core.credential import Secret


class SignIn(NamedTuple):
    """What checks passwords, the service of each account, and the address that people come from."""

    authenticator: Authenticator
    service_of: Callable[[str], TokenCommands]
    address: str | None = None

    def authenticate(self, name: str, password: Secret, *, unlocking: bool) -> SignedIn:
        """Do what `Authenticator.authenticate` does.

        Unless `unlocking`, open the service of the account as well.
        """
        # Looked up first: a password that is changed meanwhile counts as changed afterwards.
        version = self.authenticator.password_version(name)
        account = self.authenticator.authenticate(name, password, self.address, unlocking=unlocking)
        return SignedIn(account, version, None if unlocking else self.service_of(account.name))


class SignedIn(NamedTuple):
    """An account that somebody signed in to, the version of its password, and its service.

    The service is None for whoever unlocks, since the app has it already.
    """

    account: Account
    password_version: Hashable
    service: TokenCommands | None

"""Several people, and the app as one of them."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from tokentui.core.account import Role
from tokentui.core.accounts import AccountService
from tokentui.core.audit import Origin
from tokentui.core.credential import Secret
from tokentui.core.login import Door
from tokentui.core.rights import Rights
from tokentui.core.service import TokenService
from tokentui.stores import open_accounts, open_failures, open_store, open_trail, open_usage
from tokentui.ui.entrance import Entrance

from ..conftest import CHEAPEST, NOW

PASSWORD = "correct horse battery"


class Office:
    """Ann is an administrator, bob a member, eye an auditor; kay has only a key."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)
        self.ticks = 0.0
        self.accounts = AccountService(
            open_accounts(self.path), Rights("root"), self.trail, by="root", hasher=CHEAPEST
        )
        self.accounts.add("ann", None, Secret(PASSWORD))
        self.accounts.add("bob", None, Secret(PASSWORD))
        self.accounts.add("eye", Role.AUDITOR, Secret(PASSWORD))
        self.accounts.add("kay", None, None)

    @property
    def trail(self) -> Any:
        trail: Any = open_trail(self.path, origin=Origin("tokens", "192.0.2.7"))
        trail._now = lambda: NOW
        return trail

    def service(self, account: str | None = None) -> TokenService:
        return TokenService(
            open_store(self.path),
            open_usage(self.path),
            account=account or "root",
            accounts=open_accounts(self.path),
            bound=account is not None,
            trail=self.trail,
            hasher=CHEAPEST,
            clock=lambda: NOW,
        )

    def stock(self) -> None:
        """Let ann and bob have a token each."""
        for name, account in (("backup", "ann"), ("deploy", "bob")):
            service = self.service(account)
            service.confirm_saved(service.create(name, None).token.id)

    def choices(self, account: str | None = None, **more: Any) -> dict[str, Any]:
        """Return what the app is given, with somebody logged in by a key or nobody yet."""
        door = Door(
            open_accounts(self.path),
            open_failures(self.path),
            self.trail,
            CHEAPEST,
            lambda: NOW,
        )
        return {
            "entrance": Entrance(door, self.service),
            "logged_in": account is not None,
            "lock_after": timedelta(minutes=15),
            "ticks": lambda: self.ticks,
            **more,
        }

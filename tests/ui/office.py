"""Several people, and the app as one of them."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.opening import (
    open_files,
)
from tokentui.core.account import Role
from tokentui.core.accounts import AccountService
from tokentui.core.audit import Actor
from tokentui.core.authenticator import Authenticator
from tokentui.core.commands import TokenCommands
from tokentui.core.credential import Secret
from tokentui.core.rights import Rights
from tokentui.stores.file.audit_log import AuditLogFile
from tokentui.stores.file.backend import FileBackend
from tokentui.ui.sign_in import SignIn

from ..conftest import CHEAPEST, NOW

PASSWORD = "correct horse battery"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICROj42RD8YcYiXVQVW5szkT+UAuUR4YJR/0WB2vQKuR"


class Office:
    """Ann is an administrator, bob a member, eye an auditor; kay has only a key."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)
        self.monotonic = 0.0
        backend = self.open()
        self.accounts = AccountService(
            backend,
            Rights("root"),
            backend.audit,
            by="root",
            hasher=CHEAPEST,
            clock=lambda: NOW,
        )
        self.accounts.add("ann", None, Secret(PASSWORD))
        self.accounts.add("bob", None, Secret(PASSWORD))
        self.accounts.add("eye", Role.AUDITOR, Secret(PASSWORD))
        self.accounts.add("kay", None, None)

    def open(self) -> FileBackend:
        return open_files(self.path, Actor("tokens", "192.0.2.7"), clock=lambda: NOW)

    @property
    def trail(self) -> AuditLogFile:
        return self.open().audit

    def service(self, account: str | None = None, **more: Any) -> TokenCommands:
        return TokenCommands(
            self.open(),
            account=account or "root",
            signed_in=account is not None,
            hasher=CHEAPEST,
            clock=lambda: NOW,
            **more,
        )

    def stock(self) -> None:
        """Let ann and bob have a token each."""
        for name, account in (("backup", "ann"), ("deploy", "bob")):
            service = self.service(account)
            service.confirm_saved(service.create(name, None).token.id)

    def choices(self, account: str | None = None, **more: Any) -> dict[str, Any]:
        """Return what the app is given, with somebody logged in by a key or nobody yet."""
        backend = self.open()
        authenticator = Authenticator(
            backend.accounts,
            backend.attempts,
            backend.audit,
            CHEAPEST,
            lambda: NOW,
        )
        return {
            "sign_in": SignIn(authenticator, self.service),
            "signed_in": account is not None,
            "lock_after": timedelta(minutes=15),
            "monotonic": lambda: self.monotonic,
            **more,
        }

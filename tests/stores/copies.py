"""Stores of one host, which tests copy to each other."""

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tokentui.core.account_change import AddAccount, DeleteAccount, DisableAccount
from tokentui.core.audit import Actor
from tokentui.core.backend import Backend
from tokentui.core.chain import Link
from tokentui.core.commands import TokenCommands
from tokentui.stores import AuditOptions, administration, contents, open_backend

from ..conftest import CHEAPEST, NOW
from ..contracts import test_accounts as accounts
from ..contracts.samples import add, commit, token
from ..postgresql.stores import fresh_store

FILE, DATABASE = "file", "database"
WAYS = [(FILE, DATABASE), (DATABASE, FILE), (DATABASE, DATABASE)]
every_way = pytest.mark.parametrize(("before", "after"), WAYS)


class Office:
    """Stores of one host."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.keys = folder / "keys"
        self._number = 0

    def new(self, kind: str) -> str:
        """Return where a store can be copied to."""
        self._number += 1
        if kind == FILE:
            return str(self.folder / f"store{self._number}" / "tokens.json")
        return fresh_store(self.keys)

    def open(self, url: str) -> Backend:
        options = AuditOptions(Actor("ada"), keys=str(self.keys))
        return open_backend(url, audit=options, clock=lambda: NOW)

    def state(self, url: str) -> dict[str, Any]:
        """Return all that a store holds."""
        with closing(self.open(url)) as backend:
            people = backend.accounts.list_all()
            tokens = backend.tokens.snapshot()
            return {
                "tokens": tokens,
                "accounts": people,
                "passwords": {name: backend.accounts.hash_of(name) for name in people},
                "uses": dict(backend.usage.get_many(tokens)),
                "log": list(backend.audit.newest()),
                "end": backend.audit.verify(),
            }

    def copy(self, source: str, target: str) -> contents.Copied:
        return administration.copy(source, target, who="ada on host", keys=str(self.keys))

    def filled(self, kind: str) -> str:
        """Return a store with one of everything."""
        url = self.new(kind)
        with closing(self.open(url)) as backend:
            service = self.service(backend)
            kept = service.create("kept", None).token
            gone = service.create("gone", None).token
            service.revoke([gone])
            add(backend, token(1, networks=("192.0.2.0/24", "2001:db8::/32"), read_only=True))
            commit(backend, accounts.CHANGES["add"])
            commit(backend, AddAccount(name="eve", role=None, password="her hash", at=NOW))
            commit(backend, DisableAccount(name="eve", at=NOW))
            commit(backend, DeleteAccount(name="eve", at=NOW))
            backend.usage.record(kept.id, NOW, "192.0.2.7")
        return url

    def service(self, backend: Backend) -> TokenCommands:
        return TokenCommands(backend, account="ada", hasher=CHEAPEST, clock=lambda: NOW)


def line_count(backend: Backend) -> int:
    """Return the number of the last line of an audit log that is whole."""
    end = backend.audit.verify()
    assert isinstance(end, Link)
    return end.seq

"""Verifiers of a store in a database, each as if it were a process of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tokentui.core import credential
from tokentui.core.audit import Actor
from tokentui.core.backend import Backend
from tokentui.core.change import Revoke
from tokentui.core.credential import Secret
from tokentui.core.freshness import EVERY
from tokentui.core.token import Token
from tokentui.core.verifier import Verifier
from tokentui.stores import AuditOptions, open_backend
from tokentui.stores.postgresql import feed, lookup, pulse
from tokentui.stores.postgresql.connections import Connections
from tokentui.stores.postgresql.lookup import DatabaseLookup
from tokentui.stores.postgresql.url import conninfo_of

from ..conftest import CHEAPEST, NOW
from ..contracts.samples import add, commit, token
from ..core.test_limits import Ticks
from .processes import PATIENCE


@contextmanager
def writer(url: str, keys: Path) -> Iterator[Backend]:
    """Open a store whose key is in `keys`, to change it."""
    audit = AuditOptions(Actor("ada"), keys=str(keys))
    backend = open_backend(url, audit=audit, clock=lambda: NOW)
    try:
        yield backend
    finally:
        backend.close()


def be_patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let lookups wait for an answer even where the machine is very busy."""
    for module, constant in ((lookup, "_PATIENCE"), (feed, "PATIENCE"), (pulse, "_PATIENCE")):
        monkeypatch.setattr(module, constant, PATIENCE)


class Lookups:
    """Opens lookups that share a clock, which stands still until it is moved."""

    def __init__(self) -> None:
        self.ticks = Ticks()
        self._opened: list[DatabaseLookup] = []

    def open(self, url: str, **options: Any) -> DatabaseLookup:
        connections = Connections(url, conninfo_of(url))
        lookup = DatabaseLookup(connections, monotonic=self.ticks, **options)
        self._opened.append(lookup)
        return lookup

    def verifier(self, url: str, **options: Any) -> Verifier:
        return Verifier(
            self.open(url, **options), hasher=CHEAPEST, clock=lambda: NOW, monotonic=self.ticks
        )

    def refreshed(self, lookup: DatabaseLookup, after: float = EVERY) -> DatabaseLookup:
        """Let a lookup learn, so many seconds later, about every change that was made before."""
        self.ticks.now += after
        lookup.refresh()
        return lookup

    def close(self) -> None:
        for each in self._opened:
            each.close()
            each._connections.close()


def create(backend: Backend, number: int = 1) -> tuple[Token, Secret]:
    """Create a token, and return its secret as well."""
    minted = credential.mint()
    created = token(number, id=minted.id, hash=CHEAPEST.hash(minted.secret))
    add(backend, created)
    return created, minted.encode()


def revoke(backend: Backend, *tokens: Token) -> None:
    commit(backend, Revoke(seen=tokens, at=NOW, by="ada"))

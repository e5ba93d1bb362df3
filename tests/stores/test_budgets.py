"""How many system calls and threads work with a file takes: counts, not times."""

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.opening import open_files
from tokentui.core import credential
from tokentui.core.audit import Actor
from tokentui.core.commands import TokenCommands
from tokentui.core.freshness import EVERY
from tokentui.core.snapshot_lookup import SnapshotLookup
from tokentui.core.verifier import Verifier

from ..conftest import CHEAPEST, NOW
from ..core.test_limits import Ticks
from .samples import after, put, token

_MANY = 1000
_CALLS = (
    *("stat", "fstat", "open", "read", "pread", "write", "writev", "pwrite", "fsync", "replace"),
    *("unlink", "fchmod", "ftruncate"),
)


class Counted:
    """Counts calls that reach the system."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._counts: dict[str, int] = {}
        for of, name in (*((os, call) for call in _CALLS), (Thread, "start")):
            monkeypatch.setattr(of, name, self._counting(name, getattr(of, name)))

    def _counting(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **more: Any) -> Any:
            self._counts[name] = self._counts.get(name, 0) + 1
            return call(*arguments, **more)

        return counted

    def of(self, work: Callable[[], object]) -> dict[str, int]:
        self._counts.clear()
        work()
        return dict(self._counts)


def test_a_thousand_verifications(store_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ticks, minted = Ticks(), credential.mint()
    made = token(1, id=minted.id, hash=CHEAPEST.hash(minted.secret))
    writer, backend = open_files(str(store_path)), open_files(str(store_path), read_only=True)
    put(writer, added=[made])
    lookup = SnapshotLookup(backend.tokens, backend.accounts, monotonic=ticks)
    verifier = Verifier(lookup, hasher=CHEAPEST, clock=lambda: NOW)
    verifier.verify(minted.encode())
    counted = Counted(monkeypatch)

    def thousand() -> None:
        for _ in range(_MANY):
            verifier.verify(minted.encode())

    assert counted.of(thousand) == {}
    ticks.now += EVERY
    assert counted.of(thousand) == {"stat": 3}, "one of each file that may have changed"
    put(writer, replaced=[after(made, note="x")])
    ticks.now += EVERY
    assert counted.of(thousand)["open"] == 1
    verifier.close()


_REPLACED = {"open": 2, "fstat": 1, "writev": 1, "fsync": 2, "replace": 1}
"""What replaces a file durably at the least; its folder is opened and synced as well."""
_LOCKED = {"open": 1, "fstat": 1, "stat": 2 if os.geteuid() == 0 else 0}
"""What a lock that is free takes; root looks whose the file is that is locked."""
_LOOKED_AT = {"stat": 8, "fstat": 2}
"""The tokens when they are looked up, locked, before and while they are replaced, and afterwards;
their folder; the audit log before and after; and the new file twice, for its owner and its mode."""
_LOGGED = {"open": 3, "fstat": 4, "pread": 3, "write": 1, "fsync": 1, "pwrite": 1}
"""The key, the anchor and the end of the log are read; a line and the anchor are written."""


@pytest.mark.parametrize("kept", [False, True], ids=["no audit log", "with its audit log"])
def test_a_change(store_path: Path, monkeypatch: pytest.MonkeyPatch, kept: bool) -> None:
    backend = open_files(str(store_path), Actor("tokens") if kept else None)
    put(backend, added=[token(1), token(2)])
    commands = TokenCommands(backend, account=token(1).account)
    renamed = commands.queries.get(token(1).id)
    for name in ("first", "second"):  # which read the files, and make today's backup
        renamed = commands.rename(renamed, name)
    counted = Counted(monkeypatch)
    budget = Counter(_REPLACED) + Counter(_LOOKED_AT) + Counter(_LOCKED)
    if kept:
        budget += Counter(_LOGGED) + Counter(_LOCKED)
    assert counted.of(lambda: commands.rename(renamed, "third")) == budget

"""How many system calls and threads verifications of a file take: counts, not times."""

import os
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.opening import open_files
from tokentui.core import credential
from tokentui.core.freshness import EVERY
from tokentui.core.snapshot_lookup import SnapshotLookup
from tokentui.core.verifier import Verifier

from ..conftest import CHEAPEST, NOW
from ..core.test_limits import Ticks
from .samples import after, put, token

_MANY = 1000


class Counted:
    """Counts calls that reach the system."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._counts: dict[str, int] = {}
        for of, name in ((os, "stat"), (os, "open"), (Thread, "start")):
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

"""What a change asks of the system: counts, not times."""

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.bench.samples import fill, sample
from tests.opening import open_files
from tokentui.core.audit import Actor
from tokentui.core.commands import TokenCommands

_COUNTED = ("open", "stat", "fstat", "fsync", "rename", "replace", "unlink")


@pytest.mark.parametrize(
    ("actor", "most"),
    [
        # The new file and its folder.
        (None, {"fsync": 2, "open": 3, "stat": 12, "fstat": 3, "unlink": 1, "replace": 1}),
        # The lines of the audit log as well.
        (Actor("ada"), {"fsync": 3, "open": 8, "stat": 15, "fstat": 11, "unlink": 1, "replace": 1}),
    ],
    ids=["alone", "with the audit log"],
)
def test_calls_of_a_change(
    store_path: Path, monkeypatch: pytest.MonkeyPatch, actor: Actor | None, most: dict[str, int]
) -> None:
    fill(store_path, [sample(number, "") for number in range(100)])
    service = TokenCommands(open_files(str(store_path), actor), account="ada")
    token = service.rename(service.queries.get(sample(1, "").id), "first")
    calls: Counter[str] = Counter()

    def counted(name: str) -> Callable[..., Any]:
        call = getattr(os, name)

        def count(*args: Any, **more: Any) -> Any:
            calls[name] += 1
            return call(*args, **more)

        return count

    with monkeypatch.context() as patch:
        for name in _COUNTED:
            patch.setattr(os, name, counted(name))
        service.rename(token, "second")
    assert calls["fsync"] == most["fsync"], "one less loses what was acknowledged"
    assert not {name: count for name, count in calls.items() if count > most.get(name, 0)}, calls

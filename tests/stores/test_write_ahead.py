"""What is written ahead of a change, and of one that does not come about."""

import os
from pathlib import Path

import pytest

from tokentui.core.errors import StoreUnwritable
from tokentui.core.token import Token
from tokentui.stores.file.durable import DurableJSON
from tokentui.stores.file.write_ahead import WriteAhead


class Told(WriteAhead):
    """Notes what it is told."""

    def __init__(self) -> None:
        self.of: list[str] = []

    def begin(self) -> None:
        self.of.append("begins")

    def fail(self, _: BaseException) -> None:
        self.of.append("failed")


@pytest.mark.parametrize("mode", [0o600, 0o640])
def test_a_change_that_failed_is_told_although_others_touched_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int
) -> None:
    file, told = DurableJSON(tmp_path / "tokens.json", "tokens", Token), Told()
    with file.lock(), file.change(key="first"):
        pass

    def broken(*_: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "replace", broken)
    with file.lock(), pytest.raises(StoreUnwritable), file.change(key="second", ahead=told):
        file.path.chmod(mode)  # the lock does not keep a tool for backups, or a person, from it
    assert told.of == ["begins", "failed"]

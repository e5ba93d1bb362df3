"""What was chosen in the app, kept and lost."""

import stat
from pathlib import Path

import pytest

from tokentui import memory
from tokentui.core.query import Filter, Sort
from tokentui.ui.preferences import Preferences


@pytest.fixture(autouse=True)
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return memory.memory_path()


def test_what_was_kept_comes_back(path: Path) -> None:
    chosen = Preferences(theme="nord", sort=Sort.USED, descending=True, shown=Filter.EXPIRED)
    memory.remember(chosen)
    assert memory.recall(Preferences) == chosen
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "content", ["", "{", '{"sort": "colour"}', '{"x":' + "[" * 60_000, "[]", "x" * 100_000]
)
def test_what_cannot_be_read_is_forgotten(path: Path, content: str) -> None:
    assert memory.recall(Preferences) == Preferences()
    path.parent.mkdir(parents=True)
    path.write_text(content)
    assert memory.recall(Preferences) == Preferences()


def test_a_disk_that_takes_nothing_is_no_obstacle(path: Path) -> None:
    path.parent.parent.parent.mkdir(parents=True, exist_ok=True)
    path.parent.parent.write_text("a file where the folder should be")
    memory.remember(Preferences(theme="nord"))
    assert memory.recall(Preferences) == Preferences()

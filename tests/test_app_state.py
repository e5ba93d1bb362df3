"""What was chosen in the app, kept and lost."""

import stat
from pathlib import Path

import pytest

from tokentui import app_state
from tokentui.core.query import Sort
from tokentui.ui.preferences import Preferences


@pytest.fixture(autouse=True)
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    path = app_state.state_path()
    assert path is not None
    return path


def test_what_was_kept_comes_back(path: Path) -> None:
    chosen = Preferences(theme="nord", sort=Sort.USED, descending=True)
    app_state.save(chosen)
    assert app_state.load(Preferences) == chosen
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "content", ["", "{", '{"sort": "colour"}', '{"x":' + "[" * 60_000, "[]", "x" * 100_000]
)
def test_what_cannot_be_read_is_forgotten(path: Path, content: str) -> None:
    assert app_state.load(Preferences) == Preferences()
    path.parent.mkdir(parents=True)
    path.write_text(content)
    assert app_state.load(Preferences) == Preferences()


def test_a_disk_that_takes_nothing_is_no_obstacle(path: Path) -> None:
    path.parent.parent.parent.mkdir(parents=True, exist_ok=True)
    path.parent.parent.write_text("a file where the folder should be")
    app_state.save(Preferences(theme="nord"))
    assert app_state.load(Preferences) == Preferences()

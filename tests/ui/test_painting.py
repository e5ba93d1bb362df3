"""What the terminal shows is what painting all of it anew would show, whatever was pressed."""

from random import Random
from typing import Any

import pytest
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.app import App
from textual.screen import Screen
from textual.widget import Widget

from tokentui.core.commands import TokenCommands
from tokentui.ui.terminal.screen_buffer import Run as Cells
from tokentui.ui.terminal.screen_buffer import ScreenBuffer

from .conftest import Run, until

_SIZES = [(120, 36), (80, 24), (60, 20), (40, 12)]
_KEYS = (
    *("down", "up", "pagedown", "end", "home", "left", "right", "tab", "enter", "backspace"),
    *("escape", "escape", "escape", "f1", "ctrl+p", "slash", "question_mark", "space"),
    *("1", "2", "6", "a", "c", "d", "e", "m", "n", "r", "s", "t", "u", "x", "A", "o", "S"),
)
_PRESSED = 60
_TOKENS = 12
"""So many more that some sizes have a scroll bar."""


@pytest.mark.parametrize("seed", range(12))
async def test_nothing_is_left_unpainted(
    saved: TokenCommands, run: Run, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    chance, terminal, display = Random(seed), ScreenBuffer(), App._display

    def differing(app: App[Any], update: LayoutUpdate | ChopsUpdate) -> list[Cells]:
        painted = update.__rich_console__(app.console, app.console.options)
        return list(terminal.changes(painted))  # type: ignore[arg-type]

    def displayed(app: App[Any], screen: Screen[Any], update: Any) -> None:
        if isinstance(update, (LayoutUpdate, ChopsUpdate)):
            differing(app, update)
        display(app, screen, update)

    monkeypatch.setattr(App, "_display", displayed)
    for number in range(_TOKENS):
        saved.confirm_saved(saved.create(f"t{number:02}", None).token.id)
    async with run(saved, size=chance.choice(_SIZES)) as pilot:
        for number in range(_PRESSED):
            key = chance.choice(_KEYS)
            await pilot.press(key)
            await until(pilot, lambda: not _unfinished(pilot.app.screen))
            screen = pilot.app.screen
            for widget in screen.walk_children(Widget, with_self=True):
                widget._set_dirty()
            anew = screen._compositor.render_update(
                full=True, screen_stack=pilot.app._background_screens
            )
            assert isinstance(anew, LayoutUpdate)
            assert not differing(pilot.app, anew), f"key {number}, {key}, on {screen}"


def _unfinished(screen: Screen[Any]) -> bool:
    """Say whether anything is still to be painted."""
    return bool(
        screen._dirty_widgets or screen._layout_required or screen._compositor._dirty_regions
    )

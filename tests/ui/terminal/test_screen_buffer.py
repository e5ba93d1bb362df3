"""What is written is what differs, and the terminal shows all that was painted."""

from collections.abc import Sequence
from typing import NamedTuple

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from rich.control import Control
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tokentui.ui.terminal.screen_buffer import Run, ScreenBuffer

_COLUMNS, _LINES = 12, 3
_CONSOLE = Console(force_terminal=True, color_system="truecolor")
_BOLD, _BLUE = Style(bold=True), Style(color="blue", bgcolor="white")


class Piece(NamedTuple):
    """A text and where it is painted."""

    x: int
    y: int
    segments: Sequence[Segment]

    @property
    def painted(self) -> list[Segment]:
        return [Control.move_to(self.x, self.y).segment, *self.segments]


def piece(x: int, text: str, style: Style | None = None) -> Piece:
    return Piece(x, 0, [Segment(text, style)])


def written(buffer: ScreenBuffer, *pieces: Piece) -> list[tuple[int, str]]:
    """Return what is written of pieces in the first line, each with its column."""
    runs = buffer.changes(segment for each in pieces for segment in each.painted)
    return [(run.x, "".join(segment.text for segment in run.segments)) for run in runs]


@pytest.fixture
def buffer() -> ScreenBuffer:
    return ScreenBuffer()


def test_what_is_shown_already_is_not_written(buffer: ScreenBuffer) -> None:
    assert written(buffer, piece(2, "token")) == [(2, "token")]
    assert written(buffer, piece(2, "token")) == []


def test_what_differs_is_written_and_no_more(buffer: ScreenBuffer) -> None:
    written(buffer, piece(2, "svc-000003"))
    assert written(buffer, piece(2, "svc-000004")) == [(11, "4")]
    assert written(buffer, piece(0, "> svc-010004")) == [(0, "> svc-01")]


def test_another_style_is_another_look(buffer: ScreenBuffer) -> None:
    written(buffer, piece(0, "token"))
    assert written(buffer, piece(0, "token", _BOLD)) == [(0, "token")]


def test_what_is_wide_is_written_as_a_whole(buffer: ScreenBuffer) -> None:
    written(buffer, piece(0, "a鍵b"))
    assert written(buffer, piece(0, "a鍵b")) == []
    assert written(buffer, piece(0, "a鍵c")) == [(0, "a鍵c")]
    assert written(buffer, piece(0, "abcd")) == [(0, "abcd")]


def test_what_was_forgotten_is_written_again(buffer: ScreenBuffer) -> None:
    written(buffer, piece(0, "token"))
    buffer.forget()
    assert written(buffer, piece(0, "token")) == [(0, "token")]


_TEXTS = st.text(st.sampled_from("ab -•━"), min_size=1, max_size=6)


def _placed(drawn: tuple[int, int, list[tuple[str, Style | None]]]) -> Piece:
    x, y, parts = drawn
    return Piece(x, y, [Segment(text, style) for text, style in parts])


_PIECES = st.tuples(
    st.integers(0, _COLUMNS - 1),
    st.integers(0, _LINES - 1),
    st.lists(
        st.tuples(_TEXTS, st.sampled_from([None, _BOLD, _BLUE])),
        min_size=1,
        max_size=3,
    ),
).map(_placed)


def _fits(each: Piece) -> bool:
    return each.x + sum(cell_len(segment.text) for segment in each.segments) <= _COLUMNS


@given(st.lists(st.lists(_PIECES.filter(_fits), max_size=4), max_size=8))
def test_a_terminal_shows_the_same(updates: list[list[Piece]]) -> None:
    buffer, ours, plain = ScreenBuffer(), _Shown(), _Shown()
    for update in updates:
        painted = [segment for each in update for segment in each.painted]
        ours.write(list(buffer.changes(painted)))
        plain.write([Run(each.x, each.y, list(each.segments)) for each in update])
        assert ours.cells == plain.cells


class _Shown:
    """A terminal, and what it shows."""

    def __init__(self) -> None:
        self._screen = pyte.Screen(_COLUMNS, _LINES)
        self._stream = pyte.Stream(self._screen)

    def write(self, runs: Sequence[Run]) -> None:
        for run in runs:
            text = Strip(run.segments).render(_CONSOLE)
            self._stream.feed(f"\x1b[{run.y + 1};{run.x + 1}H{text}")

    @property
    def cells(self) -> list[list[pyte.screens.Char]]:
        buffer = self._screen.buffer
        return [[buffer[line][column] for column in range(_COLUMNS)] for line in range(_LINES)]

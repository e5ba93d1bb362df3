"""What the terminal shows, cell by cell, so that only what differs is written to it.

Double buffering, as in curses: over a slow line each byte is time, and a terminal that is told
nothing cannot flicker.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from itertools import groupby
from operator import itemgetter, ne
from typing import Any, NamedTuple

from rich.cells import cell_len
from rich.segment import Segment

_Cell = tuple[Any, Any]
"""A character and its style; or what is wider or narrower than one cell, and the cell's place."""


_CHARACTER, _STYLE = itemgetter(0), itemgetter(1)


class Run(NamedTuple):
    """Cells to write, from a column and a line on, both counted from 0."""

    x: int
    y: int
    segments: list[Segment]


class ScreenBuffer:
    """Knows what was written last to each cell."""

    def __init__(self) -> None:
        self._lines: dict[int, list[_Cell | None]] = {}

    def forget(self) -> None:
        """Take nothing for known: somebody else may have written to the terminal."""
        self._lines.clear()

    def changes(self, painted: Iterable[Segment]) -> Iterator[Run]:
        """Take what is painted, as segments between moves of the cursor; yield what differs."""
        for x, y, segments in _pieces(painted):
            cells = _cells(segments)
            line = self._lines.setdefault(y, [])
            end = x + len(cells)
            line.extend([None] * (end - len(line)))
            if (before := line[x:end]) != cells:
                line[x:end] = cells
                yield _between(x, y, segments, cells, before)


def _pieces(painted: Iterable[Segment]) -> Iterator[tuple[int, int, list[Segment]]]:
    """Yield what stands together, with its place."""
    x = y = 0
    piece: list[Segment] = []
    for segment in painted:
        if segment.control:
            if piece:
                yield x, y, piece
            piece = []
            [(_, x, y)] = segment.control  # type: ignore[misc] # to a column and a line
        elif segment.text != "\n":
            piece.append(segment)
    if piece:
        yield x, y, piece


def _cells(segments: list[Segment]) -> list[_Cell]:
    """Return a cell for each character; what is not one cell wide makes the piece a whole."""
    text = "".join(segment.text for segment in segments)
    if _is_narrow(text):
        return [(each, segment.style) for segment in segments for each in segment.text]
    whole = tuple((segment.text, segment.style) for segment in segments)
    return [(whole, column) for column in range(cell_len(text))]


def _is_narrow(text: str) -> bool:
    """Whether each character takes one cell; about others, terminals differ."""
    return text.isascii() or all(map(_takes_one_cell, set(text)))


_takes_one_cell: Callable[[str], bool] = lru_cache(1024)(lambda character: cell_len(character) == 1)


def _between(
    x: int, y: int, segments: list[Segment], cells: list[_Cell], before: list[_Cell | None]
) -> Run:
    """Return what stands between the first and the last cell that differ."""
    if not isinstance(cells[0][0], str):
        return Run(x, y, segments)
    differs = list(map(ne, cells, before))
    first, end = differs.index(True), len(differs) - differs[::-1].index(True)
    styled = groupby(cells[first:end], _STYLE)
    return Run(
        x + first, y, [Segment("".join(map(_CHARACTER, run)), style) for style, run in styled]
    )

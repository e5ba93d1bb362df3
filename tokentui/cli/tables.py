"""Tables on stdout, of any number of rows."""

from collections.abc import Iterable, Iterator, Sequence

from tokentui.console import write
from tokentui.core.batches import batches

Row = Sequence[str]


def write_table(rows: Iterable[Row], widths: Sequence[int] = ()) -> None:
    """Write rows of cells, the first one with the titles, or raise `Unwritten`.

    A batch of rows at a time is in memory. Each column is as wide as `widths` says, or as its
    widest cell so far where that is wider: `column_widths` of all rows keep all of them aligned.
    """
    for batch in batches(rows):
        widths = _wider(widths, batch)
        write("\n".join(_lines(batch, widths)))


def column_widths(rows: Iterable[Row]) -> Sequence[int]:
    """Return the width of the widest cell of each column; nothing without rows."""
    widths: Sequence[int] = ()
    for batch in batches(rows):
        widths = _wider(widths, batch)
    return widths


def _wider(widths: Sequence[int], batch: Sequence[Row]) -> Sequence[int]:
    found = [_widest(column) for column in zip(*batch, strict=True)]
    return list(map(max, widths, found)) if widths else found


def _widest(column: Sequence[str]) -> int:
    if all(map(str.isascii, column)):
        return max(map(len, column))
    from rich.cells import cell_len  # slow to load, and seldom needed

    return max(map(cell_len, column))


def _lines(batch: Sequence[Row], widths: Sequence[int]) -> Iterator[str]:
    padded = "  ".join(f"%-{width}s" for width in widths)
    for row in batch:
        line = padded % tuple(row)
        yield (line if line.isascii() else _wide_line(row, widths)).rstrip()


def _wide_line(row: Row, widths: Sequence[int]) -> str:
    """Return a line with characters that may take two columns of a terminal, or none."""
    from rich.cells import cell_len

    cells = (cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True))
    return "  ".join(cells)

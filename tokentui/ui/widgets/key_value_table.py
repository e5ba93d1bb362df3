"""Names and what is said of each, in two columns."""

from collections.abc import Iterable

from rich.table import Table
from rich.text import Text


def key_value_table(
    rows: Iterable[tuple[str, str]], *, width: int, name_style: str = "bold"
) -> Table:
    """Return `rows` with the names at the left, `width` cells wide; long texts wrap beside them."""
    table = Table.grid(padding=(0, 2))
    table.add_column(width=width)
    table.add_column(overflow="fold")
    for left, right in rows:
        table.add_row(Text(left, name_style), Text(right))
    return table

"""Names and what is said of each, in two columns."""

from collections.abc import Iterable

from rich.table import Table
from rich.text import Text


def key_value_table(rows: Iterable[tuple[str, str]], *, width: int) -> Table:
    """Return `rows` with the names at the left, `width` cells wide."""
    table = Table.grid(padding=(0, 2))
    table.add_column(width=width)
    table.add_column()
    for left, right in rows:
        table.add_row(Text(left, "bold"), Text(right))
    return table

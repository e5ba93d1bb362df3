"""Entries of the audit trail as a table that fits."""

from collections.abc import Sequence
from typing import NamedTuple

from rich.cells import cell_len

from tokentui import formatting
from tokentui.core.audit import Entry
from tokentui.core.display import DisplayContext

_TITLES = ("When", "Who", "What", "Token", "From", "More")
_WHEN, _WHO, _WHAT, _TOKEN, _FROM, _MORE = range(len(_TITLES))
_SOME, _FULL = 48, 70
_LAST = 12
"""The cells that long names leave to the last column."""

TRY_AGAIN = 2.0
"""Seconds after which a log that could not be read is read again."""


class Table(NamedTuple):
    """Titles, the width of each column in cells, and rows, whose cells may be wider."""

    titles: list[str]
    widths: list[int]
    rows: list[list[str]]


def table(
    context: DisplayContext, entries: Sequence[Entry], width: int, *, gap: int, one_token: bool
) -> Table:
    """Return `entries` in at most `width` cells, with `gap` cells between two columns.

    Those columns are there that matter most. Which token it was is left out for `one_token`.
    """
    fields = _fields(width, one_token=one_token)
    titles = [_TITLES[field] for field in fields]
    cells = [formatting.entry_cells(context, entry) for entry in entries]
    rows = [[each[field] for field in fields] for each in cells]
    widths = [max(map(cell_len, column)) for column in zip(titles, *rows, strict=True)]
    room = max(len(widths), width - gap * (len(widths) - 1))
    widths[-1] = min(widths[-1], max(_LAST, room - sum(widths[:-1])))
    while sum(widths) > room:
        widths[widths.index(max(widths))] -= 1
    return Table(titles, widths, rows)


def _fields(width: int, *, one_token: bool) -> list[int]:
    if width < _SOME:
        return [_WHAT, _WHO, _WHEN]
    which = [] if one_token else [_TOKEN]
    more = [_FROM, _MORE] if width >= _FULL else []
    return [_WHEN, _WHO, _WHAT, *which, *more]

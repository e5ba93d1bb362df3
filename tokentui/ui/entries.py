"""Entries of the audit log as a table that fits; those of one change are one row."""

from collections.abc import Hashable, Sequence
from itertools import groupby
from typing import NamedTuple

from msgspec import UNSET
from rich.cells import cell_len

from tokentui.core.audit import Entry, Outcome
from tokentui.core.display import DisplayContext
from tokentui.formatting.audit import change_cells, entry_cells

Cells = tuple[str, str, str, str, str, str]

_TITLES = ("Time", "Account", "Event", "Token", "Address", "Details")
_TIME, _ACCOUNT, _EVENT, _TOKEN, _ADDRESS, _DETAILS = range(len(_TITLES))
_SOME, _FULL, _WIDE = 48, 70, 100
_LEAST = 6
"""The cells that a column keeps before the time is cut."""
_LAST = 12
"""The cells that long names leave to the last column."""

TRY_AGAIN = 2.0
"""Seconds after which a log that could not be read is read again."""


class Row(NamedTuple):
    """An entry, or the entries of one change, latest first, as they are folded into one row."""

    entries: tuple[Entry, ...]
    opened: bool = False
    """Whether the entries of the change have rows of their own below this one."""
    inside: bool = False
    """Whether this is one of these rows."""

    @property
    def change(self) -> Hashable:
        """What the entries of one change have in common."""
        return _change(self.entries[0])

    @property
    def folds(self) -> bool:
        """Whether it stands for several entries."""
        return len(self.entries) > 1

    @property
    def denied(self) -> bool:
        """Whether it was not done."""
        return self.entries[0].outcome != Outcome.DONE

    @property
    def key(self) -> tuple[int, bool]:
        """What tells it from other rows, for as long as nothing else is in the change."""
        return self.entries[-1].seq, self.folds

    def cells(self, context: DisplayContext) -> Cells:
        """Return its cells, column by column."""
        if self.folds:
            return change_cells(context, self.entries)
        return entry_cells(context, self.entries[0])


def rows(entries: Sequence[Entry], opened: set[Hashable]) -> list[Row]:
    """Return the rows of entries, latest first; changes in `opened` are not folded."""
    found: list[Row] = []
    for change, each in groupby(entries, _change):
        together = tuple(each)
        is_open = len(together) > 1 and change in opened
        found.append(Row(together, opened=is_open))
        if is_open:
            found += (Row((entry,), inside=True) for entry in together)
    return found


def _change(entry: Entry) -> Hashable:
    # Entries of version 0.1 have no key: those of one change have the same time.
    if entry.change is not UNSET and entry.change:
        return entry.change
    if entry.token is None:
        return entry.seq
    return entry.time, entry.account, entry.action, entry.outcome


class Table(NamedTuple):
    """Titles, the width of each column in cells, rows, whose cells may be wider, and the events."""

    titles: list[str]
    widths: list[int]
    rows: list[list[str]]
    event: int
    """The column of what was done."""


def table(cells: Sequence[Cells], width: int, *, gap: int, one_token: bool) -> Table:
    """Return the cells of entries in at most `width` cells, with `gap` between two columns.

    Those columns are there that matter most. Which token it was is left out for `one_token`.
    """
    fields = _fields(width, one_token=one_token)
    titles = [_TITLES[field] for field in fields]
    shown = [[each[field] for field in fields] for each in cells]
    widths = [max(map(cell_len, column)) for column in zip(titles, *shown, strict=True)]
    room = max(len(widths), width - gap * (len(widths) - 1))
    widths[-1] = min(widths[-1], max(_LAST, room - sum(widths[:-1])))
    time = fields.index(_TIME)
    while sum(widths) > room:
        # A time that is cut says nothing: it goes last.
        others = [0 if column == time else each for column, each in enumerate(widths)]
        widths[others.index(max(others)) if max(others) > _LEAST else time] -= 1
    return Table(titles, widths, shown, fields.index(_EVENT))


def _fields(width: int, *, one_token: bool) -> list[int]:
    if width < _SOME:
        return [_EVENT, _ACCOUNT, _TIME]
    which = [] if one_token else [_TOKEN]
    more = [_DETAILS] if width >= _FULL else []
    where = [_ADDRESS] if width >= _WIDE else []
    return [_TIME, _ACCOUNT, _EVENT, *which, *where, *more]

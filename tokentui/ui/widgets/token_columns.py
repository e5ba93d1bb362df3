"""The columns of the list of tokens, and how what is too long for them is cut."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import groupby
from types import MappingProxyType
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size

from tokentui import formatting
from tokentui.core.query import Sort
from tokentui.core.token import NAME_LIMIT
from tokentui.ui.widgets.token_row import RowText

GUTTER = 4
"""Cells at the left: for the cursor, for a selection, for the status, and an empty one."""
GAP = 2
"""Cells between two columns."""
_EDGE = 1
_NO_NAMES: Mapping[str, str] = MappingProxyType({})
_LEAST = 8
_FULL = 76
"""Cells from which on the last use and the status are always there."""
_SOME = 48


class Column(NamedTuple):
    """A title, its width in cells, the field of a `RowText` below it, and what it sorts by."""

    title: str
    width: int
    field: str
    sort: Sort | None = None


_OWNER = Column("Owner", 10, "owner", Sort.ACCOUNT)
_CREATED = Column("Created", 10, "created", Sort.CREATED)
_ENDS = Column("Expires", 11, "ends", Sort.EXPIRES)
_ENDS_BRIEF = Column("Ends", 5, "ends_brief", Sort.EXPIRES)
_ON = Column("On", 10, "expires_on")
_USE = Column("Last used", 9, "use", Sort.USED)
_ADDRESS = Column("Address", 15, "address")
_ACCESS = Column("Access", 9, "access")
_STATUS = Column("Status", 12, "status", Sort.STATUS)
_REVOKED = Column("Revoked", 11, "ends", Sort.REVOKED)
_BY = Column("By", 10, "use")

_WELCOME = _STATUS, _USE, _CREATED, _ON, _ACCESS, _ADDRESS
"""The columns that come while there is room, the most welcome first."""
_WELCOME_IN_HISTORY = _CREATED, _ADDRESS
_FROM_LEFT = (
    _OWNER,
    _CREATED,
    _REVOKED,
    _ENDS,
    _ENDS_BRIEF,
    _ON,
    _USE,
    _BY,
    _ADDRESS,
    _ACCESS,
    _STATUS,
)


def columns(
    width: int, longest: int = 0, *, history: bool = False, accounts: bool = False
) -> list[Column]:
    """Return the columns that fill `width` cells.

    The name has what the longest one needs, in cells; the others follow while there is room. With
    `accounts`, the owner is one of those that stay.
    """
    name = max(_LEAST, min(longest, NAME_LIMIT))
    shown = _staying(width, history=history, accounts=accounts)
    for column in _WELCOME_IN_HISTORY if history else _WELCOME:
        if column not in shown and _room(width, [*shown, column]) >= name:
            shown.append(column)
    room = max(_LEAST, _room(width, shown))
    others = sorted(shown, key=_FROM_LEFT.index)
    return [Column("Name", min(room, NAME_LIMIT), "name", Sort.NAME), *others]


def _staying(width: int, *, history: bool, accounts: bool) -> list[Column]:
    """Return the columns that are there even where they cut names."""
    owner = [_OWNER] if accounts and width >= _SOME else []
    if history:
        return [_REVOKED, *(owner or [_BY])] if width >= _SOME else [_REVOKED]
    if width < _SOME:
        return [_ENDS_BRIEF]
    if width < _FULL:
        return [_ENDS, *owner]
    return [_ENDS, _STATUS, *(owner or [_USE])]


def _room(width: int, others: Iterable[Column]) -> int:
    return width - GUTTER - _EDGE - sum(GAP + column.width for column in others)


class Layout:
    """The columns for rows with the names `names`, by token ID, and what stands in them."""

    def __init__(
        self,
        width: int,
        names: Mapping[str, str] = _NO_NAMES,
        *,
        history: bool = False,
        accounts: bool = False,
    ) -> None:
        longest = max(map(cell_len, names.values()), default=0)
        self._columns = columns(width, longest, history=history, accounts=accounts)
        self._cut = cut_apart(names, self._columns[0].width)

    @property
    def sorts(self) -> list[Sort]:
        """What the columns can be sorted by, from left to right."""
        return [column.sort for column in self._columns if column.sort is not None]

    def sort_at(self, x: int) -> Sort | None:
        """Return what the column sorts by that has the cell `x`; None where none does."""
        start = GUTTER
        for column in self._columns:
            if start <= x < start + column.width:
                return column.sort
            start += column.width + GAP
        return None

    def titles(self, sort: Sort, *, descending: bool) -> str:
        """Return the titles; they say as well what is sorted by where its column has no room."""
        arrow = "▼" if descending else "▲"
        titles = [
            _sorted_title(column, arrow) if column.sort is sort else column.title
            for column in self._columns
        ]
        if sort not in self.sorts:
            titles[0] += f" (by {formatting.SORT[sort]} {arrow})"
        return "".join(
            fit(title, column.width + GAP - 1) + " "
            for title, column in zip(titles, self._columns, strict=True)
        )

    def runs(self, row: RowText, token_id: str) -> Iterator[tuple[str, str]]:
        """Yield the tones of a row and their texts; neighbours of one tone are one text.

        A gap has the tone of what is before it: each change is sent to the terminal.
        """
        for tone, group in groupby(self._columns, key=lambda column: row.tone_of(column.field)):
            yield (
                tone,
                "".join(
                    fit(self._cell(row, token_id, column.field), column.width) + " " * GAP
                    for column in group
                ),
            )

    def _cell(self, row: RowText, token_id: str, field: str) -> str:
        if field == "name":
            return self._cut.get(token_id, row.name)
        return str(getattr(row, field))


def _sorted_title(column: Column, arrow: str) -> str:
    """Return the title with the arrow, which goes close to it where the column is narrow."""
    spaced = f"{column.title} {arrow}"
    return spaced if cell_len(spaced) <= column.width + GAP - 1 else f"{column.title}{arrow}"


def fit(text: str, width: int) -> str:
    """Return `text` as wide as its column, with an ellipsis where something is missing."""
    fitted = set_cell_size(text, width)
    return fitted if fitted.startswith(text) else set_cell_size(text, width - 1) + "…"


def cut(text: str, width: int, head: int | None = None) -> str:
    """Return `text` in at most `width` cells: the middle goes, or what is behind `head` cells."""
    if cell_len(text) <= width:
        return text
    if head is None:
        head = width // 2
    tail = width - 1 - head
    return f"{set_cell_size(text, head)}…{_last_cells(text, tail)}"


def _last_cells(text: str, cells: int) -> str:
    return set_cell_size(text[::-1], cells)[::-1] if cells else ""


def cut_apart(names: Mapping[str, str], width: int) -> dict[str, str]:
    """Return names in at most `width` cells, by ID, so that no two different ones look the same.

    The middle of a name goes. Where that makes two equal, the cut moves to where they differ; where
    no cut does, the ID of the token takes the place of the end.
    """
    shown = {key: cut(name, width) for key, name in names.items() if cell_len(name) > width}
    for group in _alike(shown, names):
        heads = sorted(range(width), key=lambda head: abs(head - width // 2))
        tried = ({key: cut(names[key], width, head) for key in group} for head in heads)
        apart = next((each for each in tried if not _alike(each, names)), None)
        shown |= apart or {key: cut(f"{names[key]} {key}", width, width - 11) for key in group}
    return shown


def _alike(shown: Mapping[str, str], names: Mapping[str, str]) -> list[Collection[str]]:
    """Return the IDs of different names that are shown as the same, a group each."""
    groups: dict[str, list[str]] = {}
    for key, text in shown.items():
        groups.setdefault(text, []).append(key)
    return [keys for keys in groups.values() if len({names[key] for key in keys}) > 1]

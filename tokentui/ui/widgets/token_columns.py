"""The columns of the list of tokens, and its rows in words."""

from collections.abc import Sequence
from typing import NamedTuple

from rich.cells import set_cell_size

from tokentui import formatting
from tokentui.core.display import DisplayContext
from tokentui.core.query import Sort, TokenRow
from tokentui.core.text import printable
from tokentui.core.token import NAME_LIMIT, Status

GUTTER = 2
"""Cells for the cursor and a mark, at the left."""
GAP = 2
"""Cells between two columns."""
_EDGE = 1
_ROOMY = 110
_FULL = 76
_SOME = 54

_TONES = {
    Status.EXPIRES_SOON: "soon",
    Status.EXPIRED: "expired",
    Status.REPLACED: "muted",
}


class RowText(NamedTuple):
    """A row in words, and their tone: soon, expired, unsaved, muted or none.

    `created_day` and `brief_status` stand in for the longer ones where there is little room.
    `ends` is when it expires or was revoked, `use` when it was last used or who revoked it.
    """

    name: str
    account: str
    created: str
    created_day: str
    ends: str
    use: str
    status: str
    brief_status: str
    tone: str = ""


def row_text(context: DisplayContext, row: TokenRow) -> RowText:
    """Return `row` in words."""
    token = row.token
    use = printable(token.revoked_by or "")
    if token.revoked_at is None:
        use = formatting.last_used(context, row.usage)
    return RowText(
        printable(token.name),
        printable(token.account),
        formatting.minute(context, token.created_at),
        formatting.day(context, token.created_at),
        formatting.revocation(context, token) or formatting.expiry(context, token),
        use,
        formatting.status(context, token),
        formatting.brief_status(context, token),
        _TONES.get(context.status(token), "unsaved" if token.never_saved else ""),
    )


def brief_line(context: DisplayContext, row: TokenRow) -> str:
    """Return `row` in one line, for where no pane has room beside the list."""
    token = row.token
    line = f"{formatting.owned(context, token)}: {formatting.status(context, token)}"
    return f"{line}; {formatting.access(token)}" if token.read_only or token.networks else line


class Column(NamedTuple):
    """A title, its width in cells, the field of a `RowText` below it, and what it sorts by."""

    title: str
    width: int
    field: str
    sort: Sort | None = None


def columns(width: int, *, history: bool = False, accounts: bool = False) -> list[Column]:
    """Return the columns that fill `width` cells; the name takes what the others leave.

    With `accounts`, whose they are is one. Where there is little room, those that matter most stay.
    """
    account = Column("Account", 12, "account", Sort.ACCOUNT)
    created = Column("Created", 10, "created_day", Sort.CREATED)
    ends = Column("Expires", 23, "ends", Sort.EXPIRES)
    use = Column("Last used", 11, "use", Sort.USED)
    status = Column("Status", 12, "brief_status", Sort.STATUS)
    if width >= _ROOMY:
        created = Column("Created", 16, "created", Sort.CREATED)
        status = Column("Status", 25, "status", Sort.STATUS)
    if history:
        ends = Column("Revoked", 23, "ends", Sort.REVOKED)
        use = Column("By", 11, "use")
        status = status._replace(sort=None)
    if accounts and width >= _ROOMY:
        others = [account, created, ends, use, status]
    elif accounts and width >= _SOME:
        last = use if history else status
        others = [account, ends, last] if width >= _FULL else [account, last]
    elif width >= _FULL:
        others = [created, ends, use, status]
    elif history:
        others = [ends, use] if width >= _SOME else [ends]
    else:
        others = [ends, status] if width >= _SOME else [status]
    left = width - GUTTER - _EDGE - sum(GAP + column.width for column in others)
    return [Column("Name", max(8, min(left, NAME_LIMIT)), "name", Sort.NAME), *others]


def sort_at(columns: Sequence[Column], x: int) -> Sort | None:
    """Return what the column sorts by that has the cell `x`; None where none does."""
    start = GUTTER
    for column in columns:
        if start <= x < start + column.width:
            return column.sort
        start += column.width + GAP
    return None


def fit(text: str, width: int) -> str:
    """Return `text` as wide as its column, with an ellipsis where something is missing."""
    fitted = set_cell_size(text, width)
    return fitted if fitted.startswith(text) else set_cell_size(text, width - 1) + "…"

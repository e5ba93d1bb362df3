"""Accounts as people read them."""

from collections.abc import Iterator, Sequence

from rich.cells import cell_len

from tokentui.core.account import Account, AccountRow, Role
from tokentui.core.dates import local
from tokentui.core.display import DisplayContext
from tokentui.core.text import printable

ROLE = {
    Role.MEMBER: "Member: own tokens",
    Role.ADMINISTRATOR: "Administrator: all tokens, and accounts",
    Role.AUDITOR: "Auditor: sees everything, changes nothing",
}
"""What is said of a role where one is chosen."""

_TITLES = ("Name", "Role", "State", "Tokens", "Keys", "Created")


def state(account: Account) -> str:
    """Return whether an account can be used, in a word."""
    return "disabled" if account.disabled_at else "active"


def account_facts(context: DisplayContext, row: AccountRow) -> Iterator[str]:
    """Yield what is known of an account, in sentences."""
    account = row.account
    yield f"{ROLE[account.role]}."
    if account.disabled_at:
        yield f"Disabled since {local(account.disabled_at, context.zone):%Y-%m-%d %H:%M}."
        yield "All tokens of this account are refused."


def account_columns(
    context: DisplayContext, rows: Sequence[AccountRow], width: int, *, gap: int
) -> list[tuple[str, int, list[str]]]:
    """Return the columns that `width` cells have room for, with `gap` between two.

    Each is a title, a width, and a cell a row; the one that matters least goes first.
    """
    cells = [_cells(context, row) for row in rows]
    columns: list[tuple[str, int, list[str]]] = []
    for title, *column in zip(_TITLES, *cells, strict=True):
        wide = max(map(cell_len, [title, *column]))
        width -= wide + (gap if columns else 0)
        if columns and width < 0:
            break
        columns.append((title, wide, column))
    return columns


def _cells(context: DisplayContext, row: AccountRow) -> tuple[str, ...]:
    account = row.account
    return (
        printable(account.name),
        account.role.value,
        state(account),
        f"{row.tokens:,}",
        str(len(account.keys)),
        f"{local(account.created_at, context.zone):%Y-%m-%d}",
    )

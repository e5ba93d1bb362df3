"""Commands that list tokens and show one."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

import click
from msgspec.structs import replace

from tokentui import formatting
from tokentui.cli.common import (
    json_option,
    name_argument,
    open_service,
    store_option,
    to_public_dict,
    to_public_dicts,
)
from tokentui.cli.renamed import RenamedChoice, RenamedOption
from tokentui.cli.tables import Row, column_widths, write_table
from tokentui.console import echo_error, write, write_json, write_parts
from tokentui.core.commands import TokenCommands
from tokentui.core.query import Query, TokenRow
from tokentui.core.search_hints import explain
from tokentui.core.store_url import is_database
from tokentui.core.text import ascii_json_list, printable
from tokentui.core.token import Status

_MOMENT = "2026-11-24 20:15"
_STATUS_WORDS = [*(status.value for status in Status), "never-saved"]


@click.command("list")
@store_option
@click.option(
    "--status",
    "wanted",
    type=RenamedChoice(_STATUS_WORDS, stored={"not-saved": "never-saved"}),
    multiple=True,
    help="Only tokens with this status. Can be repeated; not-saved narrows the others.",
)
@click.option(
    "--owner",
    cls=RenamedOption,
    old=["--of"],
    metavar="ACCOUNT",
    help="Only tokens of this account.",
)
@click.option(
    "--search",
    "-q",
    "text",
    metavar="TEXT",
    default="",
    help="Only tokens with this in the name, ID, owner or note; also owner:bob, note:billing and "
    "more: see tokentui guide commands.",
)
@json_option
def list_tokens(wanted: tuple[str, ...], owner: str | None, text: str, as_json: bool) -> None:
    """List tokens."""
    service = open_service()
    query = replace(service.queries.query(), never_saved="never-saved" in wanted, account=owner)
    if statuses := frozenset(Status(word) for word in wanted if word != "never-saved"):
        query = replace(query, statuses=statuses)
    query = query.searching(service.queries.search(text))
    rows = service.queries.scan(query)
    if as_json:
        write_parts(ascii_json_list(to_public_dicts(service, rows)))
    elif (first := next(rows, None)) is not None:
        lines = _lines(service, chain([first], rows))
        # A file is in memory: all columns are as wide as they have to be. A database is read once.
        write_table(lines, () if is_database(service.backend.url) else _widths(service, query))
    elif query.search:
        echo_error(printable(explain(service.queries, query)))
    elif wanted or owner is not None:
        chosen = [f"--status {word}" for word in wanted] + (
            [] if owner is None else [f"--owner {owner}"]
        )
        echo_error(f"No tokens match {printable(' '.join(chosen))}.")
    else:
        echo_error("No tokens. Create one: tokentui create NAME")


@click.command()
@store_option
@name_argument
@json_option
def show(name: str, as_json: bool) -> None:
    """Show a token, by name or token ID. Revoked tokens need the token ID."""
    service = open_service()
    token = service.queries.look_up(name)
    if as_json:
        write_json(to_public_dict(service, token))
    else:
        [row] = service.queries.rows([token])
        for label, value in formatting.details(service.queries.display_context(), row):
            write(f"{label + ':':<12} {value}")


def _widths(service: TokenCommands, query: Query) -> Sequence[int]:
    """Return how wide the columns of all rows are: the last one has no end, moments one size."""
    context, owned = service.queries.display_context(), _has_owners(service)
    cells = (
        (
            *_name_cells(row, owned=owned),
            _MOMENT,
            formatting.expiry(context, row.token),
            formatting.last_used(context, row.usage),
            "",
        )
        for row in service.queries.scan(query)
    )
    return column_widths(cells)


def _lines(service: TokenCommands, rows: Iterable[TokenRow]) -> Iterator[Row]:
    """Yield the titles of the table, and the cells of each row."""
    context, owned = service.queries.display_context(), _has_owners(service)
    yield *(["OWNER"] if owned else []), "NAME", "CREATED", "EXPIRES", "LAST USED", "STATUS"
    for row in rows:
        yield (
            *_name_cells(row, owned=owned),
            formatting.minute(context, row.token.created_at),
            formatting.expiry(context, row.token),
            formatting.last_used(context, row.usage),
            formatting.status(context, row.token),
        )


def _has_owners(service: TokenCommands) -> bool:
    return service.queries.permissions().multi_account


def _name_cells(row: TokenRow, *, owned: bool) -> Row:
    name = printable(row.token.name)
    return (printable(row.token.account), name) if owned else (name,)

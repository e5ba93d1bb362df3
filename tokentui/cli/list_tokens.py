"""Commands that list tokens and show one."""

from collections.abc import Sequence

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
from tokentui.console import echo_error, write, write_json, write_table
from tokentui.core.commands import TokenCommands
from tokentui.core.query import TokenRow
from tokentui.core.search_hints import explain
from tokentui.core.text import printable
from tokentui.core.token import Status

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
    rows = list(service.queries.scan(query))
    if as_json:
        write_json(to_public_dicts(service, rows))
    elif rows:
        _print_table(service, rows)
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


def _print_table(service: TokenCommands, rows: Sequence[TokenRow]) -> None:
    context, several = (
        service.queries.display_context(),
        service.queries.permissions().multi_account,
    )
    lines = [(*(["OWNER"] if several else []), "NAME", "CREATED", "EXPIRES", "LAST USED", "STATUS")]
    lines += [
        (
            *([printable(row.token.account)] if several else []),
            printable(row.token.name),
            formatting.minute(context, row.token.created_at),
            formatting.expiry(context, row.token),
            formatting.last_used(context, row.usage),
            formatting.status(context, row.token),
        )
        for row in rows
    ]
    write_table(lines)

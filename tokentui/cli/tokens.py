"""Commands that change tokens."""

from collections.abc import Sequence

import click

from tokentui.cli.common import (
    ask,
    name_argument,
    names_argument,
    open_service,
    store_option,
    yes_option,
)
from tokentui.cli.networks import networks_option
from tokentui.cli.renamed import RenamedOption
from tokentui.console import ExitCode, Failure, echo_error, harmless, write
from tokentui.core import errors
from tokentui.core.commands import TokenCommands
from tokentui.core.text import printable
from tokentui.core.token import Token


@click.command()
@store_option
@name_argument
@click.argument("new_name")
def rename(name: str, new_name: str) -> None:
    """Rename a token. Token ID and secret stay the same."""
    service = open_service()
    token = service.queries.look_up(name)
    service.rename(token, new_name)
    echo_error(f"Renamed {printable(token.name)} to {new_name}.")


@click.command()
@store_option
@names_argument
@click.option(
    "--read-only/--all-requests",
    cls=RenamedOption,
    old=["--for-reading/--for-anything"],
    default=None,
    help="Read-only (GET, HEAD, OPTIONS), or all requests.",
)
@networks_option
@click.option(
    "--any-network",
    cls=RenamedOption,
    old=["--from-anywhere"],
    is_flag=True,
    help="Allow any network.",
)
def access(
    names: tuple[str, ...], read_only: bool | None, networks: tuple[str, ...], any_network: bool
) -> None:
    """Show or change the access of tokens: all of them or none."""
    if networks and any_network:
        raise click.UsageError("Use only one of --network and --any-network. Nothing was changed.")
    service = open_service()
    tokens = service.change_access(
        _look_up_all(service, names, "No token was changed."),
        read_only=read_only,
        networks=() if any_network else networks or None,
    )
    from tokentui import formatting  # the other commands here show no values

    for token in tokens:
        named = f"{printable(token.name)}: " if len(tokens) > 1 else ""
        write(f"{named}{formatting.access(token)}")


@click.command()
@store_option
@name_argument
@click.argument("text", required=False)
def note(name: str, text: str | None) -> None:
    """Show or change the note of a token. A note says what the token is for and whom to ask.

    TEXT is one line of at most 200 characters. An empty TEXT ("") removes the note.
    """
    service = open_service()
    token = service.queries.look_up(name)
    if text is not None:
        token = service.set_note(token, text)
    write(printable(token.note))


@click.command()
@store_option
@names_argument
@yes_option
def revoke(names: tuple[str, ...], yes: bool) -> None:
    """Revoke tokens: all of them or none. This cannot be undone."""
    service = open_service()
    tokens = _look_up_all(service, names, "No token was revoked.")
    listed = ", ".join(printable(token.name) for token in tokens)
    ask(f"This permanently blocks every client that uses {listed}. Revoke?", yes=yes)
    service.revoke(tokens)
    echo_error(f"Revoked {listed}.")


def _look_up_all(service: TokenCommands, names: Sequence[str], otherwise: str) -> list[Token]:
    """Return tokens by name or ID, each once. Where one of several is unknown, say `otherwise`."""
    try:
        return list({token.id: token for token in map(service.queries.look_up, names)}.values())
    except errors.TokenNotFound as error:
        rest = f" {otherwise}" if len(names) > 1 else ""
        raise Failure(f"{harmless(str(error))}{rest}", ExitCode.NOT_FOUND) from None

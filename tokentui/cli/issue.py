"""Commands that issue secrets: they create tokens and rotate them."""

from datetime import date, timedelta
from functools import partial
from pathlib import Path

import click

from tokentui import formatting
from tokentui.cli.common import (
    ask,
    json_option,
    name_argument,
    open_service,
    read_option,
    store_option,
    to_public_dict,
    yes_option,
)
from tokentui.cli.networks import networks_option
from tokentui.cli.renamed import RenamedOption
from tokentui.cli.secret_output import destination, hand_out, to_file_option
from tokentui.console import echo_error, write_json
from tokentui.core import errors
from tokentui.core.commands import TokenCommands
from tokentui.core.dates import LAST_DAY
from tokentui.core.note import parse_note
from tokentui.core.rotation import DEFAULT_OVERLAP, OVERLAPS
from tokentui.core.text import printable
from tokentui.core.token import Token, parse_day, parse_life


@click.command()
@store_option
@click.argument("name")
@click.option(
    "--expires",
    metavar="DATE",
    callback=read_option(parse_day),
    help="Expiration date, YYYY-MM-DD.",
)
@click.option(
    "--expires-in",
    metavar="LIFETIME",
    callback=read_option(parse_life),
    help="Lifetime, such as 90d, 12w or 1y.",
)
@click.option(
    "--no-expiration",
    cls=RenamedOption,
    old=["--never"],
    is_flag=True,
    help="No expiration (not recommended).",
)
@click.option(
    "--read-only",
    cls=RenamedOption,
    old=["--for-reading"],
    is_flag=True,
    help="Read-only (GET, HEAD, OPTIONS).",
)
@networks_option
@click.option(
    "--note",
    metavar="TEXT",
    default="",
    callback=read_option(parse_note),
    help="What the token is for and whom to ask: one line of at most 200 characters.",
)
@to_file_option
@json_option
def create(
    name: str,
    expires: date | None,
    expires_in: timedelta | None,
    no_expiration: bool,
    read_only: bool,
    networks: tuple[str, ...],
    note: str,
    to_file: Path | None,
    as_json: bool,
) -> None:
    """Create a token and print its secret once.

    The default lifetime is 365 days; the setting default_life changes it.
    """
    if sum((expires is not None, expires_in is not None, no_expiration)) > 1:
        raise click.UsageError("Use only one of --expires, --expires-in and --no-expiration.")
    service = open_service()
    last_day = (
        None
        if no_expiration
        else expires or _day_in(service, expires_in or service.queries.policy.default_life)
    )
    new = hand_out(
        service,
        lambda write_ahead: service.create(
            name,
            last_day,
            read_only=read_only,
            networks=networks,
            note=note,
            write_ahead=write_ahead,
        ),
        to_file,
        as_json,
    )
    echo_error(
        f"Created {new.token.name}. {formatting.life(new.token, service.queries.policy.zone)}"
    )
    if read_only or networks:
        echo_error(f"Access: {formatting.access(new.token)}.")
    echo_error(destination(to_file))


@click.command()
@store_option
@name_argument
@click.option(
    "--overlap",
    type=click.Choice(list(OVERLAPS)),
    default=DEFAULT_OVERLAP,
    show_default=True,
    help="How long the old secret keeps working.",
)
@click.option(
    "--undo",
    is_flag=True,
    help="Undo the last rotation: revoke the new token and keep the old one.",
)
@to_file_option
@yes_option
@json_option
def rotate(
    name: str, overlap: str, undo: bool, to_file: Path | None, yes: bool, as_json: bool
) -> None:
    """Issue a new secret for a token and print it once.

    Creates a new token with the same name, access and lifetime. The old token is revoked when the
    overlap ends.
    """
    service = open_service()
    token = service.queries.look_up(name)
    if undo:
        if to_file is not None:
            raise click.UsageError("--undo creates no secret. Leave out --to-file.")
        _undo_rotation(service, token, yes=yes, as_json=as_json)
        return
    if not OVERLAPS[overlap]:
        ask(
            "This permanently blocks every client that uses the old secret of "
            f"{printable(token.name)}. Rotate?",
            yes=yes,
        )
    new = hand_out(service, partial(service.rotate, token, OVERLAPS[overlap]), to_file, as_json)
    zone = service.queries.policy.zone
    echo_error(f"Rotated {printable(token.name)}. {formatting.life(new.token, zone)}")
    if new.replaces is not None:
        echo_error(formatting.replaced(new.replaces, zone))
    echo_error(destination(to_file))


def _undo_rotation(service: TokenCommands, token: Token, *, yes: bool, as_json: bool) -> None:
    old = token if token.replaced_by is not None else service.replaced_by(token)
    shown = printable(old.name)
    ask(
        f"This permanently blocks every client that uses the new secret of {shown}. "
        "Undo the rotation?",
        yes=yes,
    )
    back = service.undo_rotation(old)
    if as_json:
        write_json(to_public_dict(service, back))
    zone = service.queries.policy.zone
    echo_error(f"{shown} is {back.id} again, with the old secret. {formatting.life(back, zone)}")


def _day_in(service: TokenCommands, life: timedelta) -> date:
    try:
        return service.queries.today() + life
    except OverflowError:
        raise errors.InvalidExpiry(f"The latest possible date is {LAST_DAY}.") from None

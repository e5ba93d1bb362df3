"""Commands about single tokens."""

import sys
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import click
from msgspec.structs import replace

from tokentui import words
from tokentui.cli.common import (
    ask,
    facts,
    json_option,
    name_argument,
    name_completion,
    open_service,
    read_option,
    store_option,
    yes_option,
)
from tokentui.cli.handing_out import hand_out, place, to_file_option
from tokentui.console import ExitCode, Failure, is_terminal, say, write, write_json, write_table
from tokentui.core import errors
from tokentui.core.access import parse_networks, plain_address
from tokentui.core.credential import Secret
from tokentui.core.service import DEFAULT_OVERLAP, OVERLAPS, TokenService
from tokentui.core.text import printable
from tokentui.core.token import LAST_DAY, Status, Token, parse_day, parse_life
from tokentui.core.verdicts import Refused

_networks_option = click.option(
    "--from",
    "networks",
    metavar="NETWORK",
    multiple=True,
    callback=read_option(parse_networks),
    help="For use from there alone, such as 192.0.2.0/24. May be given more than once.",
)
_STATUS_CHOICES = [*(status.value for status in Status), "never-saved"]


@click.command("list")
@store_option
@click.option(
    "--status",
    "wanted",
    type=click.Choice(_STATUS_CHOICES),
    multiple=True,
    help="Only tokens of this status; may be repeated. never-saved narrows the others.",
)
@click.option("--of", "owner", metavar="ACCOUNT", help="Only the tokens of this account.")
@json_option
def list_tokens(wanted: tuple[str, ...], owner: str | None, as_json: bool) -> None:
    """List the tokens."""
    service = open_service()
    query = replace(service.query(), never_saved="never-saved" in wanted, account=owner)
    if statuses := frozenset(Status(word) for word in wanted if word != "never-saved"):
        query = replace(query, statuses=statuses)
    tokens = service.everything(query)
    if as_json:
        write_json([facts(service, token) for token in tokens])
    elif tokens:
        _print_table(service, tokens)
    else:
        say("No tokens. Make one: tokentui create NAME")


@click.command()
@store_option
@name_argument
@json_option
def show(name: str, as_json: bool) -> None:
    """Show one token, by name or by id; by id also a revoked one."""
    service = open_service()
    token = service.look_up(name)
    if as_json:
        write_json(facts(service, token))
    else:
        for label, value in words.facts(service, token):
            write(f"{label + ':':<11} {value}")


@click.command()
@store_option
@click.argument("name")
@click.option(
    "--expires",
    metavar="DATE",
    callback=read_option(parse_day),
    help="Last day of its life, YYYY-MM-DD.",
)
@click.option(
    "--expires-in", metavar="LIFE", callback=read_option(parse_life), help="Such as 90d, 12w or 1y."
)
@click.option("--never", is_flag=True, help="Never expires. Better not: a leak lasts for ever.")
@click.option("--for-reading", is_flag=True, help="For requests that change nothing.")
@_networks_option
@to_file_option
@json_option
def create(
    name: str,
    expires: date | None,
    expires_in: timedelta | None,
    never: bool,
    for_reading: bool,
    networks: tuple[str, ...],
    to_file: Path | None,
    as_json: bool,
) -> None:
    """Create a token and print its secret, once.

    It expires in 365 days, or as the setting default_life says, unless told otherwise.
    """
    if sum((expires is not None, expires_in is not None, never)) > 1:
        raise click.UsageError("Give one of --expires, --expires-in and --never.")
    service = open_service()
    last_day = None if never else expires or _day_in(service, expires_in or service.default_life)
    new = hand_out(
        service,
        lambda: service.create(name, last_day, read_only=for_reading, networks=networks),
        to_file,
        as_json,
    )
    say(f"Created {new.token.name}. {words.life(new.token, service.zone)}")
    if for_reading or networks:
        say(f"Access: {words.access(new.token)}.")
    say(place(to_file))


@click.command()
@store_option
@name_argument
@click.option(
    "--overlap",
    type=click.Choice(list(OVERLAPS)),
    default=DEFAULT_OVERLAP,
    show_default=True,
    help="For how long the old secret still works.",
)
@to_file_option
@yes_option
@json_option
def rotate(name: str, overlap: str, to_file: Path | None, yes: bool, as_json: bool) -> None:
    """Make a successor of a token and print its secret, once.

    It has the same name, access and length of life. The old token dies by itself once the overlap
    is over.
    """
    service = open_service()
    token = service.look_up(name)
    if not OVERLAPS[overlap]:
        ask(f"Whatever uses {printable(token.name)} stops working at once. Rotate?", yes=yes)
    new = hand_out(service, lambda: service.rotate(token, OVERLAPS[overlap]), to_file, as_json)
    say(f"Rotated {printable(token.name)}. {words.life(new.token, service.zone)}")
    if new.replaces is not None:
        say(words.replaced(new.replaces, service.zone))
    say(place(to_file))


def _day_in(service: TokenService, life: timedelta) -> date:
    try:
        return service.today() + life
    except OverflowError:
        raise errors.InvalidExpiry(f"{LAST_DAY} is the last day that can be chosen.") from None


@click.command()
@store_option
@name_argument
@click.argument("new_name")
def rename(name: str, new_name: str) -> None:
    """Give a token another name. Its id and its secret stay."""
    service = open_service()
    token = service.look_up(name)
    service.rename(token, new_name)
    say(f"Renamed {printable(token.name)} to {new_name}.")


@click.command()
@store_option
@name_argument
@click.option(
    "--for-reading/--for-anything", default=None, help="Requests that change nothing, or all."
)
@_networks_option
@click.option("--from-anywhere", is_flag=True, help="For use from anywhere.")
def access(
    name: str, for_reading: bool | None, networks: tuple[str, ...], from_anywhere: bool
) -> None:
    """Change what a token may be used for, and from where; or print it."""
    if networks and from_anywhere:
        raise click.UsageError("Give --from or --from-anywhere. Nothing was changed.")
    service = open_service()
    token = service.look_up(name)
    token = service.set_access(
        token,
        read_only=token.read_only if for_reading is None else for_reading,
        networks=() if from_anywhere else networks or token.networks,
    )
    write(words.access(token))


@click.command()
@store_option
@click.argument("names", metavar="NAME...", nargs=-1, required=True, shell_complete=name_completion)
@yes_option
def revoke(names: tuple[str, ...], yes: bool) -> None:
    """Revoke tokens, all of those named or none. This cannot be undone."""
    service = open_service()
    tokens = list({token.id: token for token in map(service.look_up, names)}.values())
    listed = ", ".join(printable(token.name) for token in tokens)
    ask(f"Whatever uses {listed} stops working at once. Revoke?", yes=yes)
    service.revoke(tokens)
    say(f"Revoked {listed}.")


def _address(_: click.Context, param: click.Parameter, value: str | None) -> str | None:
    if value is not None and plain_address(value) is None:
        raise click.BadParameter(
            f"{value!a} is not an address: write 192.0.2.7 or 2001:db8::7.", param=param
        )
    return value


@click.command()
@store_option
@click.option(
    "--method", metavar="METHOD", type=str.upper, help="Whether it allows such a request, as GET."
)
@click.option(
    "--address",
    metavar="ADDRESS",
    callback=_address,
    help="Whether it allows a request from there.",
)
@json_option
def verify(method: str | None, address: str | None, as_json: bool) -> None:
    """Say which token a secret opens the door for, and for what. It is read from stdin."""
    service = open_service()
    try:
        token = _let_in(service, _read_secret(), method, address)
    except Refused as refused:
        raise Failure(words.refusal(service, refused), ExitCode.REFUSED) from None
    if as_json:
        write_json(facts(service, token))
    else:
        write(f"{printable(token.name)}  {token.id}  {words.status(service, token)}")
        say(f"It allows {words.access(token)}.")


def _let_in(
    service: TokenService, secret: Secret, method: str | None, address: str | None
) -> Token:
    """Return the token of a secret; raise `Refused`, also where it does not allow what is asked."""
    verifier = service.verifier()
    token = service.get(verifier.identify(secret).id)
    if method is not None or address is not None:
        # What was not asked about stands in no way.
        somewhere, _, _ = next(iter(token.networks), "").partition("/")
        verifier.verify(secret, method or "GET", address or somewhere)
    return token


def _read_secret() -> Secret:
    if sys.stdin is None:
        return Secret("")
    if is_terminal(sys.stdin):
        return Secret(click.prompt("Secret", hide_input=True, err=True).strip())
    # A secret has some 52 characters: whatever is much longer is read no further.
    return Secret(sys.stdin.buffer.readline(1024).decode("ascii", "replace").strip())


def _print_table(service: TokenService, tokens: Sequence[Token]) -> None:
    several = service.rights.several
    rows = [
        (*(["ACCOUNT"] if several else []), "NAME", "CREATED", "EXPIRES", "LAST USED", "STATUS")
    ]
    rows += [
        (
            *([printable(token.account)] if several else []),
            printable(token.name),
            words.minute(service, token.created_at),
            words.expiry(service, token),
            words.last_used(service, token),
            words.status(service, token),
        )
        for token in tokens
    ]
    write_table(rows)


COMMANDS = (list_tokens, show, create, rename, access, rotate, revoke, verify)

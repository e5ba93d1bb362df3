"""The command that verifies a secret."""

import sys

import click

from tokentui import formatting
from tokentui.cli.common import json_option, open_service, store_option, to_public_dict
from tokentui.console import (
    ExitCode,
    Failure,
    echo_error,
    is_terminal,
    read_line,
    write,
    write_json,
)
from tokentui.core.access import plain_address
from tokentui.core.commands import TokenCommands
from tokentui.core.credential import Secret
from tokentui.core.text import printable
from tokentui.core.token import Token
from tokentui.core.verdicts import Refused


def _address(_: click.Context, param: click.Parameter, value: str | None) -> str | None:
    if value is not None and plain_address(value) is None:
        raise click.BadParameter(
            f"{value!a} is not an IP address. Write it as 192.0.2.7 or 2001:db8::7.", param=param
        )
    return value


@click.command()
@store_option
@click.option(
    "--method",
    metavar="METHOD",
    type=str.upper,
    help="Check whether the token allows this method, such as GET.",
)
@click.option(
    "--address",
    metavar="ADDRESS",
    callback=_address,
    help="Check whether the token allows requests from this address.",
)
@json_option
def verify(method: str | None, address: str | None, as_json: bool) -> None:
    """Verify a secret, read from stdin, and show its token."""
    service = open_service()
    try:
        token = _verified(service, _read_secret(), method, address)
    except Refused as refused:
        raise Failure(service.queries.refusal(refused), ExitCode.REFUSED) from None
    if as_json:
        write_json(to_public_dict(service, token))
    else:
        status = formatting.status(service.queries.display_context(), token)
        write(f"{printable(token.name)}  {token.id}  {status}")
        echo_error(f"Valid for {formatting.access(token)}.")


def _verified(
    service: TokenCommands, secret: Secret, method: str | None, address: str | None
) -> Token:
    """Return the token of a secret; raise `Refused`, also where it does not allow what is asked."""
    verifier = service.queries.verifier()
    token = service.queries.token_of(verifier, secret)
    if method is not None or address is not None:
        # What was not asked about stands in no way.
        somewhere, _, _ = next(iter(token.networks), "").partition("/")
        verifier.verify(secret, method or "GET", address or somewhere)
    return token


def _read_secret() -> Secret:
    if is_terminal(sys.stdin):
        return Secret(click.prompt("Secret", hide_input=True, err=True).strip())
    # A secret has some 52 characters: whatever is much longer is read no further.
    text = read_line(1024).decode("utf-8-sig", "replace").strip()
    if not text:
        raise Failure(
            "Stdin is empty. Run tokentui verify < FILE, with the secret in FILE.", ExitCode.REFUSED
        )
    return Secret(text)

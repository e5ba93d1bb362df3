"""How a command hands out a secret: once, and to nobody by accident."""

from collections.abc import Callable
from pathlib import Path

import click
from msgspec.structs import replace

from tokentui import files, words
from tokentui.cli.common import facts, refuse_gated
from tokentui.console import ExitCode, Failure, Unwritten, say, write, write_json
from tokentui.core import errors
from tokentui.core.service import NewToken, TokenService
from tokentui.core.text import printable
from tokentui.core.token import Token

to_file_option = click.option(
    "--to-file",
    type=click.Path(path_type=Path),
    callback=refuse_gated,
    help="Write the secret to a new file.",
)


def hand_out(
    service: TokenService, make: Callable[[], NewToken], to_file: Path | None, as_json: bool
) -> NewToken:
    """Make a token and print its secret, or write it to a file; note that somebody has it."""
    if to_file is None:
        new = make()
        _print_secret(service, new, as_json)
    else:
        new = _make_to_file(make, to_file)
    saved = _confirm(service, new.token)
    if as_json and to_file is not None:
        write_json(facts(service, saved) | {"file": str(to_file)})
    return new


def place(to_file: Path | None) -> str:
    """Say where the secret is by now."""
    if to_file is None:
        return "The secret is not shown again."
    return f"Its secret is in {printable(str(to_file))}."


def _confirm(service: TokenService, token: Token) -> Token:
    """Note that the secret is out; that this cannot be noted is no failed creation."""
    try:
        return service.confirm_saved(token.id)
    except errors.StoreError as error:
        say(f"Warning: {error} {token.name} was made, but stays listed as never saved.")
        return token


def _print_secret(service: TokenService, new: NewToken, as_json: bool) -> None:
    """Print the secret; where nobody reads it, the token stays never saved."""
    secret = new.secret.reveal()
    handed_out = replace(new.token, saved_at=service.now())
    try:
        if as_json:
            write_json(facts(service, handed_out) | {"secret": secret})
        else:
            write(secret)
    except Unwritten as error:
        raise Failure(f"{error.message} {_nobody_has(new.token)}", ExitCode.FILE) from None


def _make_to_file(make: Callable[[], NewToken], path: Path) -> NewToken:
    """Make the file first: a token whose secret has no place to go is not made."""
    new = None
    try:
        with files.new_private(path) as file:
            new = make()
            file.write(f"{new.secret.reveal()}\n".encode())
    except OSError as error:
        made = f" {_nobody_has(new.token)}" if new else " No token was made."
        raise Failure(words.not_written(path, error) + made, ExitCode.FILE) from None
    return new


def _nobody_has(token: Token) -> str:
    return f"Nobody has the secret of {token.name}: it is listed as never saved. Revoke it."

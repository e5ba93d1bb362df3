"""How a command hands out a secret: once, and to nobody by accident."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from msgspec.structs import replace

from tokentui import files, formatting
from tokentui.cli.common import refuse_gated, to_public_dict
from tokentui.console import (
    ExitCode,
    Failure,
    Unwritten,
    echo_error,
    expect_stdout,
    write,
    write_json,
)
from tokentui.core import errors
from tokentui.core.commands import TokenCommands
from tokentui.core.credential import Secret
from tokentui.core.new_token import NewToken, WriteAhead
from tokentui.core.text import printable
from tokentui.core.token import Token

to_file_option = click.option(
    "--to-file",
    type=click.Path(path_type=Path),
    callback=refuse_gated,
    help="Write the secret to a new file that only you can read.",
)
_LONGEST = 4096
"""The bytes that stdout has to have room for: a secret with all details of its token."""


def hand_out(
    service: TokenCommands,
    make: Callable[[WriteAhead], NewToken],
    to_file: Path | None,
    as_json: bool,
) -> NewToken:
    """Make a token and print its secret, or write it to a file; note that somebody has it.

    Write-ahead: a file has the secret, on disk, before the token is made, and stdout is looked at.
    Once the token is made, its secret is handed out whatever else fails.
    """
    ahead: list[NewToken] = []

    def write_ahead(new: NewToken) -> None:
        if to_file is None or as_json:
            _expect_stdout()
        if to_file is not None:
            _write(to_file, new.secret)
        ahead.append(new)

    try:
        with _signals_raise():
            new = make(write_ahead)
    except BaseException as error:
        for new in ahead:
            _hand_out_if_made(service, new, error, to_file, as_json)
        raise
    if to_file is None:
        _print_secret(service, new, as_json)
    if new.unconfirmed:
        echo_error(f"Warning: {new.unconfirmed}")
    saved = _confirm(service, new.token)
    if as_json and to_file is not None:
        _print_details(service, saved, to_file)
    return new


def destination(to_file: Path | None) -> str:
    """Say where the secret is by now."""
    if to_file is None:
        return "The secret is not shown again."
    return f"The secret was saved to {printable(str(to_file))}."


@contextmanager
def _signals_raise() -> Iterator[None]:
    """Let the signals that would end the process raise instead, as Ctrl+C does."""

    def end(number: int, _: object) -> None:
        raise SystemExit(128 + number)

    ending = [signal.SIGTERM, signal.SIGHUP]
    # One that is ignored, as by nohup, stays so.
    changed = [each for each in ending if signal.getsignal(each) is signal.SIG_DFL]
    for each in changed:
        signal.signal(each, end)
    try:
        yield
    finally:
        for each in changed:
            signal.signal(each, signal.SIG_DFL)


def _expect_stdout() -> None:
    try:
        expect_stdout(_LONGEST)
    except Unwritten as error:
        raise Failure(f"{error.message} No token was created.", ExitCode.FILE) from None


def _write(path: Path, secret: Secret) -> None:
    try:
        with files.new_private(path) as file:
            file.write(f"{secret.reveal()}\n".encode())
    except OSError as error:
        raise Failure(
            f"{formatting.not_written(path, error)} No token was created.", ExitCode.FILE
        ) from None


def _hand_out_if_made(
    service: TokenCommands, new: NewToken, error: BaseException, to_file: Path | None, as_json: bool
) -> None:
    """Hand out the secret of a token whose making was cut short, such as by Ctrl+C, if it is there.

    An error of ours says that nothing was changed.
    """
    if isinstance(error, errors.TokentuiError) or not _may_be_there(service, new.token):
        if to_file is not None:
            to_file.unlink(missing_ok=True)
    elif to_file is None:
        _print_secret(service, new, as_json)
    else:
        echo_error(f"{new.token.name} was created. {destination(to_file)}")


def _may_be_there(service: TokenCommands, token: Token) -> bool:
    try:
        return token.id in service.backend.tokens.get_many([token.id])
    except errors.StoreError:
        return True  # a secret that opens nothing does less harm than one that is lost


def _confirm(service: TokenCommands, token: Token) -> Token:
    """Note that the secret is out; that this cannot be noted is no failed creation."""
    try:
        return service.confirm_saved(token.id)
    except errors.TokentuiError as error:
        echo_error(f"Warning: {error} {token.name} was created, but is listed as not saved.")
        return token


def _print_secret(service: TokenCommands, new: NewToken, as_json: bool) -> None:
    """Print the secret; if stdout fails after all, to stderr, and the token stays never saved."""
    secret = new.secret.reveal()
    handed_out = replace(new.token, saved_at=service.queries.now())
    try:
        if as_json:
            write_json(to_public_dict(service, handed_out) | {"secret": secret})
        else:
            write(secret)
    except Unwritten as error:
        raise Failure(
            f"{error.message} {new.token.name} was created and is listed as not saved. This "
            f"is the only time its secret is shown:\n{secret}",
            ExitCode.FILE,
        ) from None


def _print_details(service: TokenCommands, token: Token, to_file: Path) -> None:
    try:
        write_json(to_public_dict(service, token) | {"file": str(to_file)})
    except Unwritten as error:
        raise Failure(
            f"{error.message} {token.name} was created. {destination(to_file)}", ExitCode.FILE
        ) from None

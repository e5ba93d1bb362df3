"""The commands: a thin shell over the core."""

import os
import sys
from collections.abc import MutableMapping, Sequence
from contextlib import suppress
from io import TextIOWrapper
from typing import cast

import click

from tokentui.cli.commands import Commands, listed
from tokentui.cli.common import ACCOUNT, FLAGS, store_option
from tokentui.config.clock import check_clock
from tokentui.console import (
    ExitCode,
    Program,
    echo_error,
    flush_streams,
    open_closed_streams,
)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the program with `arguments` (None: those of the process) and return its exit code."""
    open_closed_streams()
    if isinstance(sys.stdout, TextIOWrapper):
        # A name that the terminal has no characters for is written out, not refused half-way.
        sys.stdout.reconfigure(errors="backslashreplace")
    if len(sys.argv if arguments is None else arguments) > 1:
        # A shell asks for completions without arguments. With some, whoever could set the variable
        # would learn what the command does not tell.
        os.environ.pop("_TOKENTUI_COMPLETE", None)
    code = _run(arguments)
    flush_streams()
    return code


def _run(arguments: Sequence[str] | None) -> int:
    """Run the program; say what went wrong, where anybody can be told, and return its exit code."""
    try:
        code = main.main(arguments, prog_name="tokentui", standalone_mode=False)
    except click.ClickException as error:
        with suppress(OSError):  # the exit code says it, too
            error.show()
        return error.exit_code
    except click.Abort:
        return ExitCode.CANCELLED
    except SystemExit as leaving:
        code = leaving.code
    except Exception as error:  # noqa: BLE001 - the last line of defence against tracebacks
        from tokentui import formatting

        echo_error(f"Error: {formatting.internal_error(error)}")
        return ExitCode.INTERNAL
    # A command that ends early returns its code; others return nothing.
    return code if isinstance(code, int) else ExitCode.OK


class _Main(Program):
    """The program: it loads no command to list them all."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        listed().format_commands(ctx, formatter)


@click.group(
    cls=_Main,
    commands=cast("MutableMapping[str, click.Command]", Commands()),  # click only looks them up
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=(
        "Exit codes: 0 success, 1 internal error, 2 invalid input, 3 not found, 4 "
        "conflict, 5 store problem, 6 secret refused, 7 no terminal, 8 cancelled, 9 "
        "secret not written, 10 report has findings, 11 not permitted."
    ),
)
@store_option
@click.option(
    "--account",
    metavar="NAME",
    help="Act as this account. Without a command, open a restricted app.",
)
@click.option("--read-only", is_flag=True, default=None, help="Open the store without changing it.")
@click.option("--theme", metavar="NAME", help="Use this theme in the app.")
@click.option(
    "--no-mouse",
    "mouse",
    flag_value=False,
    type=bool,
    default=None,
    help="Leave mouse selection to the terminal.",
)
@click.version_option(package_name="tokentui", message="%(prog)s %(version)s")
@click.pass_context
def main(ctx: click.Context, /, account: str | None, **flags: object) -> None:
    """Manage API tokens. Without a command, open the app."""
    check_clock()
    ctx.meta[FLAGS] = flags
    if ctx.invoked_subcommand is not None:
        ctx.meta[ACCOUNT] = account
    elif account is not None:
        from tokentui.cli.gate import run_gated
        from tokentui.config import client_address

        how = "Signed in over SSH." if client_address() else "Signed in from a shell."
        run_gated(ctx, account, how)
    else:
        from tokentui.cli.app import run_app

        run_app()

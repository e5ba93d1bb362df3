"""The commands: a thin shell over the core."""

import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper

import click
from click.shell_completion import get_completion_class

from tokentui import memory, words
from tokentui.cli import tokens, upkeep
from tokentui.cli.common import FLAGS, service_for, settings, store_option
from tokentui.cli.report import report
from tokentui.cli.serve import serve
from tokentui.console import ExitCode, Failure, Program, is_terminal, say, write
from tokentui.core import errors
from tokentui.loading import loading


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the program with `arguments` (None: those of the process) and return its exit code."""
    if isinstance(sys.stdout, TextIOWrapper):
        # A name that the terminal has no characters for is written out, not refused half-way.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        main.main(arguments, prog_name="tokentui")
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else ExitCode.INTERNAL
    except Exception as error:  # noqa: BLE001 - the last line of defence against tracebacks
        say(f"Error: {words.internal_error(error)}")
    return ExitCode.INTERNAL


@click.group(
    cls=Program,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done, 1 internal error, 2 bad input, 3 no such token, 4 conflict, "
    "5 store trouble, 6 secret refused, 7 no terminal, 8 cancelled, 9 secret not written, "
    "10 something reported.",
)
@store_option
@click.option(
    "--read-only", is_flag=True, default=None, help="Open the store to look at; change nothing."
)
@click.option("--theme", metavar="NAME", help="The colours of the app.")
@click.option(
    "--no-mouse",
    "mouse",
    flag_value=False,
    type=bool,
    default=None,
    help="Leave the mouse to the terminal.",
)
@click.version_option(package_name="tokentui", message="%(prog)s %(version)s")
@click.pass_context
def main(ctx: click.Context, /, **flags: object) -> None:
    """Manage API tokens. Without a command, the app opens."""
    ctx.meta[FLAGS] = flags
    if ctx.invoked_subcommand is None:
        _run_app()


def _run_app() -> None:
    if not is_terminal(sys.stdin, sys.stdout, sys.stderr):
        raise Failure(
            "The app needs a terminal, and this is none. Use the commands instead: "
            "tokentui --help lists them.",
            ExitCode.NO_TERMINAL,
        )
    if os.environ.get("TERM", "dumb") in {"dumb", ""}:
        raise Failure(
            "The app needs a terminal that can move its cursor; TERM names none that can. "
            "Set TERM, or use the commands: tokentui --help lists them.",
            ExitCode.NO_TERMINAL,
        )
    chosen = settings()
    service = service_for(chosen)
    service.warnings()  # a store that cannot be read is reported before the screen is taken over
    # Textual paints at most this often, and only what changed: a key is answered in the next
    # slot, so at 60 a second many a one waits for longer than it takes. Moving pictures cost a
    # line over SSH more than they tell.
    os.environ.setdefault("TEXTUAL_FPS", "1000")
    os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    with loading():
        from tokentui.ui import keys
        from tokentui.ui.app import TokentuiApp
        from tokentui.ui.preferences import Preferences

    preferences = memory.recall(Preferences)
    app = TokentuiApp(
        service,
        preferences,
        theme=chosen.theme,
        first_weekday=chosen.first_weekday,
        keymap=keys.keymap(chosen.keys, chosen.sources),
        encoding=sys.stderr.encoding,  # it is there that Textual writes
    )
    if chosen.theme is not None and chosen.theme not in app.available_themes:
        raise errors.InvalidSetting(
            f"There is no theme {chosen.theme} ({chosen.sources['theme']}). "
            f"There are {', '.join(sorted(app.available_themes))}."
        )
    app.run(mouse=chosen.mouse)
    memory.remember(preferences)
    if app.crash is not None:
        raise Failure(words.internal_error(app.crash), ExitCode.INTERNAL)


@main.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print a completion script, for example: eval "$(tokentui completion bash)"."""
    kind = get_completion_class(shell)
    if kind is not None:
        write(kind(main, {}, "tokentui", "_TOKENTUI_COMPLETE").source())


for command in (*tokens.COMMANDS, report, serve, *upkeep.COMMANDS):
    main.add_command(command)

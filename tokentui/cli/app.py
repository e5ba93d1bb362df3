"""Starting the app."""

import os
import sys
from functools import partial

import click

from tokentui import config, memory, words
from tokentui.cli.common import GATED, acting, door_for, service_for, settings
from tokentui.console import ExitCode, Failure, is_terminal
from tokentui.core import errors
from tokentui.core.service import TokenService
from tokentui.loading import loading


def run_app() -> None:
    """Run the app until it ends, as the account that the session acts as, or behind a log-in."""
    _refuse_no_terminal()
    chosen = settings()
    service = service_for(chosen, account=acting())
    gated = bool(click.get_current_context().meta.get(GATED))
    # What cannot be read is reported before the screen is taken over.
    service.warnings()
    accounts = service.accounts.everything()
    # Textual paints at most this often, and only what changed: a key is answered in the next
    # slot, so at 60 a second many a one waits for longer than it takes. Moving pictures cost a
    # line over SSH more than they tell.
    os.environ.setdefault("TEXTUAL_FPS", "1000")
    os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    with loading():
        from tokentui.ui import keys
        from tokentui.ui.app import TokentuiApp
        from tokentui.ui.entrance import Entrance
        from tokentui.ui.preferences import Preferences

    # What one person likes is not kept for the next one.
    preferences = Preferences() if gated else memory.recall(Preferences)
    app = TokentuiApp(
        service,
        preferences,
        entrance=Entrance(door_for(chosen), partial(_as, chosen), config.client_address())
        if accounts
        else None,
        logged_in=acting() is not None,
        gated=gated,
        lock_after=chosen.lock_after,
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
    if not gated:
        memory.remember(preferences)
    if app.crash is not None:
        raise Failure(words.internal_error(app.crash), ExitCode.INTERNAL)
    if app.farewell:
        raise Failure(app.farewell, ExitCode.NOT_PERMITTED)


def _as(chosen: config.Settings, account: str) -> TokenService:
    return service_for(chosen, account=account)


def _refuse_no_terminal() -> None:
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

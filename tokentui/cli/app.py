"""Starting the app."""

import os
import sys
from functools import partial
from typing import TYPE_CHECKING

import click

from tokentui import app_state, config, formatting
from tokentui.cli.common import GATED, acting, authenticator_for, opened_by, service_for, settings
from tokentui.console import ExitCode, Failure, is_terminal
from tokentui.core import errors
from tokentui.core.commands import TokenCommands
from tokentui.loading import loading

if TYPE_CHECKING:
    from tokentui.ui.app import TokentuiApp
    from tokentui.ui.first_look import Ahead
    from tokentui.ui.preferences import Preferences


def run_app() -> None:
    """Run the app until it ends, as the account that the session acts as, or behind a log-in."""
    _refuse_no_terminal()
    chosen = settings()
    service = service_for(chosen, account=acting(), opened_by=opened_by())
    # What cannot be read is reported before the screen is taken over.
    service.queries.warnings()
    has_accounts = bool(service.backend.accounts.list_all())
    _prepare_environment()
    with loading():
        from tokentui.ui.first_look import read_ahead
        from tokentui.ui.preferences import Preferences

        # What one person likes is not kept for the next one.
        preferences = Preferences() if _restricted() else app_state.load(Preferences)
        signed_in = acting() is not None or not has_accounts
        with read_ahead(service.queries, preferences, signed_in=signed_in) as ahead:
            app = _load_app(chosen, service, preferences, ahead, has_accounts=has_accounts)
    with app.signals.served():
        app.run(mouse=chosen.mouse)
    known = app.handover.await_outcome()
    if not _restricted():
        app_state.save(preferences)
    _refuse_bad_end(app, known=known)


def _restricted() -> bool:
    return bool(click.get_current_context().meta.get(GATED))


def _prepare_environment() -> None:
    """Tell Textual how to paint; it reads that while it is loaded."""
    # It paints at most this often, and only what changed: a key is answered in the next slot, so
    # at 60 a second many a one waits for longer than it takes. Moving pictures cost a line over
    # SSH more than they tell.
    os.environ.setdefault("TEXTUAL_FPS", "1000")
    os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    # Its console would take them for the size, and never follow the window.
    for name in ("COLUMNS", "LINES"):
        os.environ.pop(name, None)


def _load_app(
    chosen: config.Settings,
    service: TokenCommands,
    preferences: "Preferences",
    ahead: "Ahead | None",
    *,
    has_accounts: bool,
) -> "TokentuiApp":
    """Load the app, which takes longer than all before; raise `InvalidSetting`."""
    from tokentui.ui import keys
    from tokentui.ui.app import TokentuiApp
    from tokentui.ui.sign_in import SignIn

    context = click.get_current_context()
    app = TokentuiApp(
        service,
        preferences,
        sign_in=SignIn(
            authenticator_for(chosen), partial(_as, context, chosen), config.client_address()
        )
        if has_accounts
        else None,
        signed_in=acting() is not None,
        restricted=_restricted(),
        lock_after=chosen.lock_after,
        theme=chosen.theme,
        first_weekday=chosen.first_weekday,
        keymap=keys.keymap(chosen.keys, chosen.sources),
        ahead=ahead,
        encoding=sys.stderr.encoding,  # it is there that Textual writes
    )
    if chosen.theme is not None and chosen.theme not in app.available_themes:
        raise errors.InvalidSetting(
            f"There is no theme {chosen.theme} ({chosen.sources['theme']}). Choose one of "
            f"{', '.join(sorted(app.available_themes))}."
        )
    return app


def _refuse_bad_end(app: "TokentuiApp", *, known: bool) -> None:
    """Raise `Failure` where the app ended by itself, or before it was known what became of it."""
    if app.crash is not None:
        raise Failure(formatting.internal_error(app.crash), ExitCode.INTERNAL)
    if not known:
        raise Failure(
            "A change was still in progress when the app ended. Run tokentui list to see "
            "whether it was made.",
            ExitCode.STORE,
        )
    if app.session_lock.exit_reason:
        raise Failure(app.session_lock.exit_reason, ExitCode.NOT_PERMITTED)


def _as(command: click.Context, chosen: config.Settings, account: str) -> TokenCommands:
    # Threads of the app are in no command; what is opened here ends with the one that runs it.
    with command.scope(cleanup=False):
        return service_for(chosen, account=account)


def _refuse_no_terminal() -> None:
    if not is_terminal(sys.stdin, sys.stdout, sys.stderr):
        raise Failure(
            "No terminal found. Run tokentui --help for the commands that need none.",
            ExitCode.NO_TERMINAL,
        )
    if os.environ.get("TERM", "dumb") in {"dumb", ""}:
        raise Failure(
            "TERM names no terminal that can move its cursor. Set TERM, or run tokentui "
            "--help for the commands that need no terminal.",
            ExitCode.NO_TERMINAL,
        )

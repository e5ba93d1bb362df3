"""Every way in which the app ends or cannot start: the terminal as before, the store whole."""

import json
import re
import shlex
import signal
import sys
from collections.abc import Callable

import pytest

from .conftest import PROGRAM, Sandbox
from .terminal import Terminal
from .walk import NONE_LEFT, SECRET, save, to_form, to_list, to_secret

_SIGNALS = [signal.SIGTERM, signal.SIGHUP, signal.SIGINT]
_PLACES = [to_list, to_form, to_secret]

Walk = Callable[[Terminal], object]


def _listed(sandbox: Sandbox) -> dict[str, bool]:
    """Return the names that another process finds, and whether each was never saved."""
    listed = sandbox.run("list", "--json")
    assert listed.returncode == 0
    return {token["name"]: token["never_saved"] for token in json.loads(listed.stdout)}


def _expected(place: Walk) -> dict[str, bool]:
    return {"deploy": True} if place is to_secret else {}


# -- told to end ------------------------------------------------------------------------------


_SIGNALLED = [
    *((number, place) for number in _SIGNALS for place in (to_list, to_form)),
    (signal.SIGHUP, to_secret),  # the others leave time to save the secret
]


@pytest.mark.parametrize(("number", "place"), _SIGNALLED)
def test_a_signal_ends_it_in_good_order(
    sandbox: Sandbox, number: signal.Signals, place: Walk
) -> None:
    with sandbox.app() as app:
        place(app)
        app.send_signal(number)
        assert app.wait_exit() == 0
        assert app.left_changed() == []
        assert app.last_words() == ""
    assert _listed(sandbox) == _expected(place)


@pytest.mark.parametrize("place", _PLACES)
def test_a_lost_connection_ends_it(sandbox: Sandbox, place: Walk) -> None:
    with sandbox.app() as app:
        place(app)
        app.hang_up()
        assert app.wait_exit() >= 0, "it was ended, rather than ended itself"
    assert _listed(sandbox) == _expected(place)


_FORM = ("c", "API Token Name")
_MANAGE = ("m", "New API Token Name")
_SCREENS = {
    "list": [("", "> • deploy")],
    "filter": [("/", "Name, note, ID")],
    "show-only": [("f", "Expires soon")],
    "calendar": [_FORM, ("tab tab", "Expiration Date")],
    "access": [_FORM, ("f9", "Allowed networks")],
    "manage": [_MANAGE],
    "rename": [_MANAGE, ("f2 r e l", "rel")],
    "rotate": [_MANAGE, ("f7", "The old secret keeps working for:")],
    "revoke": [("r", "Revoke deploy?")],
    "try": [("y", "Verify a secret")],
    "help": [("?", "Token list")],
    "palette": [("ctrl+p", "Search for commands")],
}
"""The way to each screen: keys, and what is seen before the next ones."""


@pytest.mark.parametrize("screen", _SCREENS)
def test_a_lost_connection_changes_nothing(sandbox: Sandbox, screen: str) -> None:
    sandbox.run("create", "deploy")
    before = sandbox.store.read_bytes()
    with sandbox.app() as app:
        app.wait_for("> • deploy")
        for keys, seen in _SCREENS[screen]:
            app.press(*keys.split())
            app.wait_for(seen)
        app.hang_up()
        assert app.wait_exit() >= 0, "it was ended, rather than ended itself"
    assert sandbox.store.read_bytes() == before


def test_a_lost_connection_ends_it_below_a_shell_that_stays(sandbox: Sandbox) -> None:
    # Such a shell keeps the signal to itself: all that the app gets is the end of its input.
    script = f"trap : HUP; {shlex.join(PROGRAM)}; exit $?"
    with Terminal(["/bin/sh", "-c", script], sandbox.environment()) as app:
        to_list(app)
        app.hang_up()
        assert app.wait_exit() < 128, "it was ended, rather than ended itself"


def test_what_a_lost_connection_left_is_offered_for_revocation(sandbox: Sandbox) -> None:
    with sandbox.app() as app:
        to_secret(app)
        app.hang_up()
        app.wait_exit()
    left = sandbox.store.read_bytes()
    with sandbox.app() as app:
        app.wait_for("deploy was not saved")
        app.press("enter")
        app.wait_until_gone("deploy was not saved")
        app.wait_for("> ? deploy")
        assert sandbox.store.read_bytes() == left, "a stray Enter decides nothing"
        app.press("q")
        app.wait_exit()
    with sandbox.app() as app:
        app.wait_for("deploy was not saved")
        app.press("tab", "enter")
        app.wait_for("Revoked deploy.")
        app.wait_for(NONE_LEFT)
    record = sandbox.record()
    assert record["revoked_at"] is not None
    assert record["hash"] is None


# -- another size -----------------------------------------------------------------------------


def test_a_small_window_and_back(sandbox: Sandbox) -> None:
    with sandbox.app() as app:
        to_form(app)
        app.resize(40, 12)
        app.wait_for("API Token Name")
        app.resize(80, 24)
        app.wait_for("Expiration Date")
        app.press("ctrl+s")
        secret = app.wait_for(SECRET)
        app.resize(40, 12)
        app.wait_for("shown only once")
        app.resize(80, 24)
        app.wait_for(secret)
        save(app)
        app.resize(40, 12)
        app.wait_for("> • deploy")
        app.resize(80, 24)
        app.wait_for("> • deploy")
        app.press("q")
        assert app.wait_exit() == 0


def test_the_secret_can_be_saved_in_a_small_window(sandbox: Sandbox) -> None:
    with sandbox.app() as app:
        secret = to_secret(app)
        app.resize(40, 12)
        app.wait_for("shown only once")
        app.press("tab", "shift+tab")
        # The secret takes two lines.
        app.wait_until(lambda: secret in re.sub(r"[^\w]", "", app.text()), "the whole secret")
        app.press("c")
        app.wait_for("(OSC 52)")
        app.press("enter")
        app.wait_for("> • deploy")
        assert sandbox.record()["saved_at"] is not None


# -- no terminal ------------------------------------------------------------------------------


@pytest.mark.parametrize("stream", ["<'in'", ">'out'", "2>'out'"])
def test_every_stream_has_to_be_a_terminal(sandbox: Sandbox, stream: str) -> None:
    (sandbox.home / "in").touch()
    line = f"cd && exec '{sys.executable}' -m tokentui {stream}"
    with Terminal(["/bin/sh", "-c", line], sandbox.environment()) as shell:
        assert shell.wait_exit() == 7
        said = shell.last_words()
    out = sandbox.home / "out"
    _is_one_sentence(said + (out.read_text() if out.exists() else ""), "No terminal found")


def test_no_terminal_at_all(sandbox: Sandbox) -> None:
    ended = sandbox.run()
    assert (ended.returncode, ended.stdout) == (7, "")
    _is_one_sentence(ended.stderr, "No terminal found")


@pytest.mark.parametrize("term", ["dumb", ""])
def test_a_terminal_that_cannot_move_its_cursor(sandbox: Sandbox, term: str) -> None:
    with Terminal(PROGRAM, sandbox.environment(TERM=term)) as app:
        assert app.wait_exit() == 7
        assert b"\x1b" not in app.written
        _is_one_sentence(app.last_words(), "no terminal that can move its cursor")


def _is_one_sentence(said: str, sentence: str) -> None:
    assert sentence in said
    assert said.startswith("Error: ")
    assert said.count("\n") == 1


# -- a crash ----------------------------------------------------------------------------------

_CRASHING = """
import sys
from tokentui import cli
from tokentui.core.commands import TokenCommands
from tokentui.ui.screens.saved_token import SavedToken
from tokentui.ui.screens.token_list import TokenList

def crash(self, *_):
    plain = self._new.secret.reveal() if isinstance(self, SavedToken) else "tt_plain"
    raise RuntimeError("cannot " + plain)

{place} = crash
sys.exit(cli.run([]))
"""


def _press_copy(app: Terminal) -> str:
    secret = to_secret(app)
    app.press("c")
    return secret


def _press_saved(app: Terminal) -> str:
    secret = to_secret(app)
    app.press("c", "enter")
    return secret


@pytest.mark.parametrize(
    ("place", "walk"),
    [
        ("TokenList.on_mount", lambda _: "tt_plain"),
        ("SavedToken.action_copy", _press_copy),
        ("TokenCommands.confirm_saved", _press_saved),
    ],
    ids=["at the start", "at a key", "in a thread"],
)
def test_a_crash_shows_one_sentence_and_no_secret(
    sandbox: Sandbox, place: str, walk: Callable[[Terminal], str]
) -> None:
    driver = sandbox.home / "crashing.py"
    driver.write_text(_CRASHING.format(place=place))
    with Terminal([sys.executable, str(driver)], sandbox.environment()) as app:
        secret = walk(app)
        assert app.wait_exit() == 1
        assert app.left_changed() == []
        said = app.last_words()
    _is_one_sentence(said, "tokentui failed with an internal error (")
    assert "Traceback" not in said
    assert secret not in said

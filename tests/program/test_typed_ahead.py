"""Keys that come together, as a line that stalls delivers them, and pastes without brackets."""

import sys
from pathlib import Path

import pytest

from tokentui.stores.lock import Lock

from .conftest import Sandbox
from .terminal import Terminal

PRESS_AGAIN = "Press again"

_PATIENT = """
import sys
from tokentui import cli
from tokentui.stores import lock
from tokentui.ui import type_ahead
from tokentui.ui.terminal import sequences

lock.LOCK_TIMEOUT = type_ahead._PATIENCE = sequences.KEY_WAIT = 600.0
sys.exit(cli.run([]))
"""
"""The app, which on a slow machine hands on no key early, splits none, and gives up no change."""


class Patient(Sandbox):
    """A sandbox whose app has patience."""

    def app(self, **more: str) -> Terminal:
        driver = self.home / "patient.py"
        driver.write_text(_PATIENT)
        return Terminal([sys.executable, str(driver)], self.environment(**more))


@pytest.fixture
def deploy(tmp_path: Path) -> Sandbox:
    """Return a sandbox with a token."""
    sandbox = Patient(tmp_path)
    sandbox.run("create", "deploy", "--never")
    return sandbox


def _settle(app: Terminal) -> None:
    """Wait until every key before was dealt with, by way of a screen that opens from the list.

    By a key that sends a sequence: a letter would be the end of a paste that is not read yet.
    """
    app.press("f1")
    app.wait_for("Search in help")


# -- Esc ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["\x1b", "\x1b[27u"], ids=["plain", "protocol"])
def test_esc_and_enter_at_once_revoke_nothing(deploy: Sandbox, form: str) -> None:
    before = deploy.store.read_bytes()
    with deploy.app() as app:
        app.wait_for("> • deploy")
        app.press("r")
        app.wait_for("Revoke deploy?")
        app.press("tab")
        app.paste(f"{form}\r")
        app.wait_for("New API Token Name")  # Enter is for the list by then
        assert deploy.store.read_bytes() == before


def test_esc_and_ctrl_s_at_once_rotate_nothing(deploy: Sandbox) -> None:
    before = deploy.store.read_bytes()
    with deploy.app() as app:
        app.wait_for("> • deploy")
        app.press("t")
        app.wait_for("Rotate deploy")
        app.paste("\x1b\x13")
        app.wait_until_gone("Rotate deploy")
        _settle(app)
        assert deploy.store.read_bytes() == before


@pytest.mark.parametrize("key", ["\r", "x"])
def test_esc_and_a_key_at_once_rename_nothing(deploy: Sandbox, key: str) -> None:
    before = deploy.store.read_bytes()
    with deploy.app() as app:
        app.wait_for("> • deploy")
        app.press("m")
        app.wait_for("New API Token Name")
        app.press("f2")
        app.type("other")
        app.wait_for("other")
        app.paste(f"\x1b{key}")
        app.wait_for("Discard your input?")
        assert deploy.store.read_bytes() == before


def test_an_arrow_that_the_line_splits_is_an_arrow(deploy: Sandbox) -> None:
    deploy.run("create", "second", "--never")
    with deploy.app() as app:
        app.wait_for("> • deploy")
        for part in "\x1b[B":
            app.paste(part)
        app.wait_for("> • second")


# -- what nobody has seen yet ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "shown"),
    [
        ("r\t\r", "Revoke deploy?"),
        ("ry", "Revoke deploy?"),
        ("t\r\r", "Rotate deploy"),
        ("t\x13", "Rotate deploy"),
        ("m\x12\t\r", "Revoke deploy?"),
        ("cx\x13", "Create"),
    ],
)
def test_no_key_answers_what_was_not_seen(deploy: Sandbox, keys: str, shown: str) -> None:
    before = deploy.store.read_bytes()
    with deploy.app() as app:
        app.wait_for("> • deploy")
        app.paste(keys)
        app.wait_for(PRESS_AGAIN)
        app.wait_for(shown)
        assert deploy.store.read_bytes() == before


def test_the_key_counts_once_it_was_seen(deploy: Sandbox) -> None:
    with deploy.app() as app:
        app.wait_for("> • deploy")
        app.paste("r\t\r")
        app.wait_for(PRESS_AGAIN)
        app.press("enter")
        app.wait_for("Revoked deploy.")


def test_what_follows_a_key_that_came_too_early_is_for_nothing(deploy: Sandbox) -> None:
    before = deploy.store.read_bytes()
    with deploy.app() as app:
        app.wait_for("> • deploy")
        app.paste("cx\x13yz")
        app.wait_for(PRESS_AGAIN)
        app.press("ctrl+s")
        app.wait_for("The API token x was created.")
        assert deploy.store.read_bytes() != before


def test_text_and_navigation_may_be_typed_ahead(deploy: Sandbox) -> None:
    with deploy.app() as app:
        app.wait_for("> • deploy")
        app.paste("crelease")
        app.wait_for("release")
        app.press("ctrl+s")
        app.wait_for("The API token release was created.")


# -- pastes without brackets ----------------------------------------------------------------------


@pytest.mark.parametrize("times", [1, 500])
def test_a_paste_is_never_keys(deploy: Sandbox, times: int) -> None:
    before = deploy.store.read_bytes()
    with deploy.app() as app:
        app.wait_for("> • deploy")
        app.paste("report\tand\rmore\r" * times)
        app.wait_for("What was pasted is ignored")
        _settle(app)
        assert deploy.store.read_bytes() == before


def test_a_paste_into_a_field_is_typed_there(deploy: Sandbox) -> None:
    with deploy.app() as app:
        app.wait_for("> • deploy")
        app.press("/")
        app.wait_for("Name, note, ID")
        app.paste("depl\r")
        app.wait_for("> • deploy")
        app.press("m")
        app.wait_for("New API Token Name")


# -- while something else has the store -----------------------------------------------------------


def test_no_key_waits_for_a_change_under_way(deploy: Sandbox) -> None:
    before = deploy.store.read_bytes()
    with deploy.app() as app:
        app.wait_for("> • deploy")
        with Lock(deploy.store).held():
            app.press("r")
            app.wait_for("Revoke deploy?")
            app.press("tab", "enter")
            app.wait_until_gone("Revoke deploy?")
            app.press("/")
            app.type("abcdefgh")
            app.wait_for("abcdefgh")
            assert deploy.store.read_bytes() == before

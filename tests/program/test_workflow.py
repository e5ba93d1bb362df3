"""The whole of what the program is for, by keyboard alone, in a terminal of 80 x 24 cells."""

import base64
import re
import stat
from datetime import date, timedelta

import bcrypt

from .conftest import Sandbox
from .terminal import Terminal
from .walk import NONE_LEFT, SECRET, STAY, save, to_form, to_list, to_secret

BACKSPACE = "\x7f"
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def test_a_token_from_its_making_to_its_end(sandbox: Sandbox) -> None:
    with sandbox.app() as app:
        to_form(app)
        assert not sandbox.store.exists(), "looking around writes nothing"
        day = _next_day(app)
        app.press("ctrl+s")
        secret = app.wait_for(SECRET)
        app.wait_for("The API token deploy was created.")
        _is_on_disk_but_not_its_secret(sandbox, secret)
        made = sandbox.record()
        assert made["expires_at"] == f"{day}T23:59:59Z"
        assert made["saved_at"] is None

        save(app)
        app.wait_for(re.compile(rf"> • deploy .* {day} "))
        assert SECRET.search(app.text()) is None
        saved = sandbox.record()
        assert saved == made | {"saved_at": saved["saved_at"], "revision": 2}
        assert saved["saved_at"] is not None

        app.press("m")
        app.wait_for("New API Token Name")
        app.press("f2")
        app.type("release")
        app.press("enter")
        app.wait_for("Renamed deploy to release.")
        renamed = sandbox.record()
        assert renamed == saved | {"name": "release", "revision": 3}
        _is_on_disk_but_not_its_secret(sandbox, secret)
        app.press("escape")
        app.wait_until_gone("REVOKE API TOKEN")
        app.wait_for("> • release")

        app.press("r")
        app.wait_for("Revoke release?")
        app.press("tab", "enter")
        app.wait_for("Revoked release.")
        app.wait_for(NONE_LEFT)
        revoked = sandbox.record()
        assert revoked == renamed | {
            "revoked_at": revoked["revoked_at"],
            "revoked_by": made["account"],
            "hash": None,
            "revision": 4,
        }
        assert revoked["revoked_at"] is not None

        app.press("q")
        assert app.wait_exit() == 0
        assert app.left_changed() == []
        assert app.last_words() == ""


def _next_day(app: Terminal) -> date:
    """Choose, in the calendar, the day after the one that the form proposes; return it."""
    day = date.fromisoformat(app.wait_for(_DAY)) + timedelta(days=1)
    app.press("tab", "tab", "right")
    app.wait_for(str(day))
    app.wait_for(f"[{day.day:2}]")
    return day


def _is_on_disk_but_not_its_secret(sandbox: Sandbox, secret: str) -> None:
    random_part = secret.split("_")[2][:32]
    assert bcrypt.checkpw(random_part.encode(), sandbox.record()["hash"].encode())
    assert sandbox.files_with(random_part) == []
    assert stat.S_IMODE(sandbox.store.stat().st_mode) == 0o600
    assert stat.S_IMODE(sandbox.store.parent.stat().st_mode) == 0o700


def test_only_its_button_leaves_the_secret(sandbox: Sandbox) -> None:
    with sandbox.app() as app:
        secret = to_secret(app)
        app.press("enter", "ctrl+s", "escape")
        app.wait_for(STAY)
        for keys in (["escape"], ["ctrl+s", "escape"], ["q", "ctrl+q"], ["ctrl+p", "escape"]):
            # What c says takes the place of what the last key said: each has to say it anew.
            app.press("c")
            app.wait_for("Sent to your terminal's clipboard")
            app.press(*keys)
            app.wait_for(STAY)
            assert secret in app.text()
            assert sandbox.record()["saved_at"] is None
        save(app)
        assert sandbox.record()["saved_at"] is not None


def test_copy_sends_the_secret_to_the_terminal(sandbox: Sandbox) -> None:
    with sandbox.app() as app:
        secret = to_secret(app)
        assert b"\x1b]52;" not in app.written, "nothing is copied unasked"
        app.press("c")
        app.wait_for("Sent to your terminal's clipboard")
        sent = base64.b64encode(secret.encode())
        app.wait_until(lambda: b"\x1b]52;c;" + sent in app.written, "the secret in OSC 52")


def test_the_secret_can_be_written_to_a_file(sandbox: Sandbox) -> None:
    with sandbox.app() as app:
        secret = to_secret(app)
        app.press("w", "enter")  # typed ahead: Enter is for the field that w leads to
        app.wait_for("Only you can read the file")
        file = sandbox.home / "deploy.token"
        assert file.read_text() == f"{secret}\n"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        file.write_text("mine")
        app.press("w", "enter")
        app.wait_for("exists already and was not changed")
        assert file.read_text() == "mine"


def test_a_stray_enter_revokes_nothing(sandbox: Sandbox) -> None:
    assert sandbox.run("create", "deploy").returncode == 0
    before = sandbox.store.read_bytes()
    with sandbox.app() as app:
        app.wait_for("> • deploy")
        for answer in ("enter", "escape"):
            app.press("r")
            app.wait_for("Revoke deploy?")
            app.press(answer)
            app.wait_until_gone("Revoke deploy?")
            assert sandbox.store.read_bytes() == before


def test_a_token_that_is_not_made_leaves_nothing(sandbox: Sandbox) -> None:
    with sandbox.app() as app:
        to_form(app)
        app.press("escape")
        app.wait_for("Discard your input?")
        app.press("y")
        app.wait_until_gone("API Token Name")
        to_list(app)
        assert not sandbox.store.exists()


def test_what_was_chosen_is_remembered(sandbox: Sandbox) -> None:
    for name in ("aaa", "zzz"):
        assert sandbox.run("create", name, "--never").returncode == 0
    with sandbox.app() as app:
        app.wait_for("> • aaa")
        app.press("S")
        app.wait_for("Name ▼")
        app.press("q")
        assert app.wait_exit() == 0
    with sandbox.app() as app:
        app.wait_for("> • zzz")
        assert "Name ▼" in app.text()
        app.press("q")
        assert app.wait_exit() == 0


def test_500_keys_at_once_lose_none(sandbox: Sandbox) -> None:
    name = "abcdefghijklmnopqrstuvwxyz-0123456789-ABCDEFGHIJKL"
    keys = f"c{(name + len(name) * BACKSPACE) * 5}{name}"
    assert len(keys) > 500
    with sandbox.app() as app:
        to_list(app)
        app.paste(keys)
        app.wait_for(name[-10:])
        app.press("ctrl+s")
        app.wait_for(SECRET)
    assert sandbox.record()["name"] == name

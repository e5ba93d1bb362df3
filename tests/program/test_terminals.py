"""The app in the terminals that an SSH session may come from."""

import json
import re
from pathlib import Path

import pytest
from rich.cells import cell_len

from .conftest import Sandbox
from .terminal import Terminal
from .walk import SECRET, save, to_form, to_secret

TERMS = ["xterm-256color", "screen-256color", "tmux-256color", "linux", "vt100"]
# Without these two, Python takes a locale that knows ASCII alone for one that knows all.
ASCII = {"LANG": "C", "LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def quit_in_good_order(app: Terminal) -> None:
    app.press("q")
    assert app.wait_exit() == 0
    assert app.left_changed() == []
    assert app.last_words() == ""


@pytest.mark.parametrize("junk", ["\xff", "\xe9x", "\x9b", "\x1b[200~\xff\x1b[201~"])
def test_bytes_that_are_no_text_lose_no_secret(sandbox: Sandbox, junk: str) -> None:
    with sandbox.app() as app:
        secret = to_secret(app)
        app.paste(junk.encode("latin-1"))
        app.press("ctrl+p")  # does nothing here
        app.press("escape")  # says so, and comes after
        app.wait_for("Choose Yes, I Saved My Token")
        assert secret in app.text()
        save(app)
        app.wait_for("> • deploy")
        quit_in_good_order(app)


def test_what_another_program_wrote_over_is_painted_anew(sandbox: Sandbox) -> None:
    with sandbox.app() as app:
        to_secret(app)
        save(app)
        app.wait_for("> • deploy")
        app.wipe()
        app.press("f3")
        app.wait_for("> • deploy")
        app.wait_for("Manage API Tokens")
        app.wait_for("? Help")
        quit_in_good_order(app)


_NO_KEYS = {
    "a release": "\x1b[97;1:3u\x1b[1;1:3A",
    "no code point": "\x1b[1114112u\x1b[55296u",
    "sizes": "\x1b[?2048;2$y\x1b[48;24;80;0;0t\x1b[<0;3;3M\x1b[<0;3;3m\x1b[8;24;80t",
    "late answers": "\x1b[?62;22c\x1b[>1;10;0c\x1b]11;rgb:0/0/0\x07\x1bP1+r61=62\x1b\\",
}


@pytest.mark.parametrize("sent", _NO_KEYS.values(), ids=_NO_KEYS)
def test_what_is_no_key_does_nothing(sandbox: Sandbox, sent: str) -> None:
    with sandbox.app() as app:
        app.wait_for("No API tokens yet.")
        app.paste(sent)
        app.press("c")
        app.wait_for("API Token Name")
        app.type("deploy")
        app.paste(sent)
        app.press("ctrl+s")
        secret = app.wait_for(SECRET)
        app.paste(sent)
        app.press("escape")
        app.wait_for("Choose Yes, I Saved My Token")
        assert secret in app.text()
        save(app)
        app.wait_for("> • deploy")
        quit_in_good_order(app)


@pytest.mark.parametrize("term", TERMS)
def test_a_token_is_made(sandbox: Sandbox, term: str) -> None:
    with sandbox.app(TERM=term) as app:
        secret = to_secret(app)
        save(app)
        app.wait_for("> • deploy")
        quit_in_good_order(app)
    assert sandbox.run("verify", stdin=secret).returncode == 0


# -- characters -----------------------------------------------------------------------------------


@pytest.mark.parametrize("locale", [{"LANG": "C"}, {"LANG": "C", "LC_ALL": "POSIX"}], ids=str)
def test_a_locale_that_says_nothing_is_written_to_in_utf_8(
    sandbox: Sandbox, locale: dict[str, str]
) -> None:
    with sandbox.app(**locale) as app:
        to_form(app)
        app.wait_for("▐●▌")
        app.press("escape")
        app.wait_for("Discard your input?")
        app.press("y")
        app.wait_until_gone("API Token Name")
        quit_in_good_order(app)


def test_a_terminal_that_knows_ascii_alone_gets_nothing_else(sandbox: Sandbox) -> None:
    sandbox.run("create", "deploy", "--never")
    sandbox.plant(name="東京-é")
    with sandbox.app(**ASCII) as app:
        app.wait_for(re.compile(r"^> \* \?\?\?\?-\? +\d{4}-\d\d-\d\d  never ", re.MULTILINE))
        app.press("c")
        app.wait_for("API Token Name")
        app.type("other")
        app.press("ctrl+s")
        app.wait_for(SECRET)
        app.wait_for(re.compile(r"^ *\+-+\+ *$", re.MULTILINE))
        app.press("c", "enter")
        app.wait_for("2 tokens")
        quit_in_good_order(app)
        assert app.written.isascii()
        assert b"\\u" not in app.written


_NAMES = ["東京サーバー", "cafe\u0301-deploy", "שלום-עולם", "🚀-launch", "a\u202eb", "x\x1b[31m"]


@pytest.mark.parametrize("columns", [80, 120])
def test_columns_stay_where_they_are_beside_any_name(sandbox: Sandbox, columns: int) -> None:
    for number in range(len(_NAMES)):
        sandbox.run("create", f"n{number}", "--never")
    tables = json.loads(sandbox.store.read_text())
    for record, name in zip(tables["tokens"].values(), _NAMES, strict=True):
        record["name"] = name
    sandbox.store.write_text(json.dumps(tables))
    day = re.compile(r"(.*?)\d{4}-\d\d-\d\d.* active", re.MULTILINE)
    with sandbox.app() as app:
        app.resize(columns, 24)
        app.wait_until(lambda: len(day.findall(app.text())) == len(_NAMES), "all rows")
        [title] = re.findall(r"(.* )Created .*Expires ", app.text())
        assert {cell_len(before) for before in day.findall(app.text())} == {cell_len(title)}
        assert r"a\u202eb" in app.text()
        assert r"x\x1b[31m" in app.text()
        quit_in_good_order(app)


# -- modes ----------------------------------------------------------------------------------------

_MOUSE = re.compile(rb"\x1b\[\?100[0236]\d?h")


@pytest.mark.parametrize("mouse", ["true", "false"])
def test_the_mouse_is_left_to_the_terminal_where_that_is_wanted(
    sandbox: Sandbox, mouse: str
) -> None:
    with sandbox.app(TOKENTUI_MOUSE=mouse) as app:
        to_form(app)
        assert bool(_MOUSE.search(app.written)) is (mouse == "true")


_COLOUR = re.compile(rb"\x1b\[[\d;]*[34]8;(?:2;(?!(\d+);\1;\1[;m])|5;)[\d;]*m")


@pytest.mark.parametrize("wanted", [{}, {"NO_COLOR": "1"}], ids=str)
def test_no_colours_where_none_are_wanted(sandbox: Sandbox, wanted: dict[str, str]) -> None:
    with sandbox.app(COLORTERM="truecolor", **wanted) as app:
        to_form(app)
        assert bool(_COLOUR.search(app.written)) is not bool(wanted)


def test_a_storm_of_resizes_loses_no_key(sandbox: Sandbox) -> None:
    name = "abcdefghijklmnopqrstuvwxyz-0123456789-ABCDEFGHIJKL"
    with sandbox.app() as app:
        app.wait_for("No API tokens yet.")
        app.press("c")
        app.wait_for("API Token Name")
        for number, char in enumerate(name):
            app.resize(40 + number * 2, 12 + number % 20)
            app.type(char)
        app.resize(80, 24)
        app.wait_for("Expiration Date")
        app.press("ctrl+s")
        app.wait_for(SECRET)
        app.wait_for("Yes, I Saved My Token")
    assert sandbox.record()["name"] == name


# -- sizes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("named", [("40", "10"), ("500", "5"), ("0", "0"), ("x", "y")])
def test_the_window_counts_and_not_what_the_environment_says(
    sandbox: Sandbox, named: tuple[str, str]
) -> None:
    columns, lines = named
    with sandbox.app(COLUMNS=columns, LINES=lines) as app:
        footer = re.compile(r"^  c Create .* \? Help *$")
        app.wait_until(lambda: footer.match(app.text().splitlines()[-1]), "the footer below")
        app.resize(100, 30)
        app.wait_until(lambda: footer.match(app.text().splitlines()[-1]), "the footer below")
        quit_in_good_order(app)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the memory is read in /proc")
def test_a_terminal_that_claims_a_size_that_no_screen_has(sandbox: Sandbox) -> None:
    with sandbox.app() as app:
        app.wait_for("No API tokens yet.")
        app.claim_size(20_000, 20_000)
        app.press("c")
        app.wait_until(lambda: b"API Token Name" in app.written, "the form")
        assert app.memory < 200 << 20
        app.press("ctrl+q")  # a signal would not wait until so much is painted
        assert app.wait_exit() == 0

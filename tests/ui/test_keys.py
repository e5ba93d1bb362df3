"""Keys that a person chose: which are taken, which are refused, and where they show."""

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from functools import partial
from unittest import mock

import pytest
from textual.binding import Binding
from textual.dom import DOMNode
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

import tokentui.ui
from tokentui.core.commands import TokenCommands
from tokentui.core.errors import InvalidSetting
from tokentui.ui import keys
from tokentui.ui.app import TokentuiApp
from tokentui.ui.screens.choose_filter import ChooseFilter
from tokentui.ui.screens.create_token import CreateToken
from tokentui.ui.screens.help import Help
from tokentui.ui.screens.manage_token import ManageToken
from tokentui.ui.screens.token_list import TokenList
from tokentui.ui.widgets.key_footer import KeyFooter

from .conftest import Run, arrive, said, until


def chosen(wanted: Mapping[str, str]) -> dict[str, str]:
    return keys.keymap(wanted, {f"keys.{name}": f"config.toml, line {name}" for name in wanted})


def ours(kind: type[DOMNode]) -> Iterator[type[DOMNode]]:
    for each in kind.__subclasses__():
        if each.__module__.startswith("tokentui.") and each.BINDINGS:
            yield each
        yield from ours(each)


def footer(pilot: Pilot[None]) -> dict[str, str]:
    return pilot.app.screen.query_one(KeyFooter).keys


def test_every_binding_can_be_named() -> None:
    for module in pkgutil.walk_packages(tokentui.ui.__path__, "tokentui.ui."):
        importlib.import_module(module.name)
    known = {kind for kinds in keys.scopes() for kind in kinds}
    declaring = {kind for kind in {*ours(Widget), *ours(Screen)} if "BINDINGS" in vars(kind)}
    assert declaring == known
    everything = [each for kind in known for each in kind.BINDINGS] + TokentuiApp.BINDINGS
    assert all(isinstance(each, Binding) and each.id for each in everything)


def test_what_commits_can_be_named() -> None:
    assert keys.actions().keys() >= keys.COMMITS


def test_no_key_is_for_two_actions() -> None:
    for kinds in keys.scopes():
        taken: dict[str, str | None] = {}
        for binding in (*(b for kind in kinds for b in keys.declared(kind)), *keys.APP_BINDINGS):
            for key in keys.effective_keys(binding, {}):
                assert taken.setdefault(key, binding.id) == binding.id, key


def test_every_action_can_have_another_key() -> None:
    for name, binding in keys.actions().items():
        new = chosen({name: "f20"})[name].split(",")
        assert new[0] == "f20"
        assert set(new[1:]) == set(keys.effective_keys(binding, {})) & set(keys.FIXED)


@pytest.mark.parametrize(
    ("written", "named"),
    [
        ("?", "question_mark"),
        ("b", "b"),
        ("N", "N"),
        ("x, Insert", "x,insert"),
        ("Ctrl+N", "ctrl+n"),
        ("comma", "comma"),
        ("/", "slash"),
        ("é", "é"),
    ],
)
def test_keys_are_taken_as_people_write_them(written: str, named: str) -> None:
    freed = {"list.filter": "f11", "list.help": "f6"}
    assert chosen(freed | {"list.create": written})["list.create"] == named


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"lst.create": "n"}, "there is no action lst.create; did you mean list.create?"),
        ({"zzz": "n"}, "there is no action zzz; tokentui guide app"),
        ({"list.create": "spcae"}, "keys are written as"),
        ({"list.create": "n,"}, "keys are written as"),
        ({"list.create": "shift+n"}, "keys are written as"),
        ({"list.create": "foo+n"}, "keys are written as"),
        ({"list.create": "ctrl+m"}, "keys are written as"),
        ({"list.create": "escape"}, "escape keeps what it does"),
        ({"list.create": "alt+x"}, "alt\\+x is Esc and then another key"),
        ({"create.create": "ctrl+alt+s"}, "ctrl\\+alt\\+s is Esc and then another key"),
        ({"create.create": "n"}, "n is for the field that is typed in"),
        ({"manage.revoke": "ctrl+k"}, "ctrl\\+k is for the field"),
        ({"app.help": "?"}, "question_mark is for the field"),
        ({"list.create": "m"}, "m would be for both list.manage and list.create"),
        ({"list.create": "j"}, "j would be for both list.create and table.down"),
        ({"calendar.today": "f1"}, "f1 would be for both app.help and calendar.today"),
        ({"list.create": "ctrl+q"}, "ctrl\\+q keeps what it does"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(wanted: dict[str, str], said: str) -> None:
    with pytest.raises(InvalidSetting, match=f"config.toml, line {next(iter(wanted))}: .*{said}"):
        chosen(wanted)


def test_two_keys_can_change_places() -> None:
    assert chosen({"list.create": "m", "list.manage": "c"}) == {
        "list.create": "m",
        "list.manage": "c,enter",
    }


class TestInTheApp:
    async def test_the_new_key_works_and_shows_and_the_old_one_is_free(
        self, saved: TokenCommands, run: Run
    ) -> None:
        keymap = chosen({"list.create": "b", "list.revoke": "x,delete", "list.help": "z"})
        async with run(saved, keymap=keymap) as pilot:
            await until(pilot, partial(footer, pilot))
            assert list(footer(pilot).items())[:3] == [
                ("Manage", "m"),
                ("Create", "b"),
                ("Revoke", "x"),
            ]
            await pilot.press("space")
            assert "1 selected: x revoke" in said(pilot, "#summary")
            await pilot.press("escape", "c")
            assert isinstance(pilot.app.screen, TokenList)
            await pilot.press("z")
            await arrive(pilot, Help)
            drawn = pilot.app.export_screenshot().replace("&#160;", " ")
            assert "x, Del" in drawn
            await pilot.press("escape")
            await arrive(pilot, TokenList)
            await pilot.press("b")
            await arrive(pilot, CreateToken)

    async def test_keys_change_places(self, saved: TokenCommands, run: Run) -> None:
        keymap = chosen({"list.create": "m", "list.manage": "c"})
        async with run(saved, keymap=keymap) as pilot:
            await pilot.press("m")
            await arrive(pilot, CreateToken)

    async def test_escape_goes_back_whatever_was_chosen(
        self, saved: TokenCommands, run: Run
    ) -> None:
        async with run(saved, keymap=chosen({"show-only.back": "x"})) as pilot:
            for key in ("escape", "x"):
                await pilot.press("f")
                await arrive(pilot, ChooseFilter)
                await pilot.press(key)
                await arrive(pilot, TokenList)

    async def test_the_footer_is_painted_anew_only_where_it_says_something_else(
        self, service: TokenCommands, run: Run
    ) -> None:
        async with run(service) as pilot:
            await until(pilot, lambda: "Create" in footer(pilot) and "Manage" not in footer(pilot))
            await pilot.press("c")
            await arrive(pilot, CreateToken)
            await until(pilot, partial(footer, pilot))
            with mock.patch.object(KeyFooter, "refresh") as refreshed:
                for _ in pilot.app.screen.focus_chain:
                    await pilot.press("tab")
            assert not refreshed.called
            service.create("ci-deploy", None)
            await pilot.press("escape")
            await arrive(pilot, TokenList)
            await until(pilot, lambda: "Manage" in footer(pilot))

    @pytest.mark.parametrize("width", range(40, 121, 8))
    async def test_the_way_out_and_help_stay(
        self, saved: TokenCommands, run: Run, width: int
    ) -> None:
        async with run(saved, (width, 24)) as pilot:
            await pilot.press("m")
            await arrive(pilot, ManageToken)
            await until(pilot, partial(footer, pilot))
            assert list(footer(pilot))[-2:] == ["Back", "Help"]

    async def test_dots_say_that_help_has_more_keys(self, saved: TokenCommands, run: Run) -> None:
        async with run(saved, (300, 24)) as pilot:
            line = pilot.app.screen.query_one(KeyFooter)
            await until(pilot, lambda: "Audit log" in line.render_line(0).text)
            assert "…" not in line.render_line(0).text
            await pilot.resize_terminal(80, 24)
            await until(pilot, lambda: "Sort" not in footer(pilot))
            await pilot.click(KeyFooter, offset=(line.render_line(0).text.index("…"), 0))
            await arrive(pilot, Help)

    async def test_what_manage_can_do_is_there_at_80_columns(
        self, saved: TokenCommands, run: Run
    ) -> None:
        async with run(saved) as pilot:
            await pilot.press("m")
            await arrive(pilot, ManageToken)
            await pilot.press("f4", "x", "enter")
            await until(pilot, lambda: "Undo" in footer(pilot))
            assert footer(pilot).keys() >= {"Rename", "Rotate", "Revoke", "History"}

    async def test_a_letter_is_not_named_while_it_would_be_typed(
        self, saved: TokenCommands, run: Run
    ) -> None:
        async with run(saved) as pilot:
            await pilot.press("m")
            await arrive(pilot, ManageToken)
            await pilot.press("f9", "space", "ctrl+s")
            await until(pilot, lambda: footer(pilot).get("Undo") == "u")
            await pilot.press("f2")
            await until(pilot, lambda: footer(pilot)["Undo"] == "F5")

    async def test_a_click_does_what_the_key_does(self, saved: TokenCommands, run: Run) -> None:
        async with run(saved) as pilot:
            await until(pilot, partial(footer, pilot))
            line = pilot.app.screen.query_one(KeyFooter).render_line(0).text
            await pilot.click(KeyFooter, offset=(line.index("Create") + 2, 0))
            await arrive(pilot, CreateToken)

    async def test_the_greeting_names_the_keys_in_force(
        self, service: TokenCommands, run: Run
    ) -> None:
        async with run(service, keymap=chosen({"list.create": "b", "list.help": "f11"})) as pilot:
            empty = str(pilot.app.screen.query_one("#empty", Static).content)
            assert "press b, name the token" in empty
            assert "F11 shows all keys" in empty

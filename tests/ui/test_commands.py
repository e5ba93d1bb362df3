"""The command palette: what it offers where, and what comes of it."""

from pathlib import Path

import pytest
from textual.command import Command, CommandList, CommandPalette
from textual.pilot import Pilot
from textual.widgets import Input, OptionList

from tokentui.core.cancel import Cancel
from tokentui.core.commands import TokenCommands
from tokentui.core.query import Query, TokenPage
from tokentui.ui.preferences import Preferences
from tokentui.ui.screens.choose_theme import ChooseTheme
from tokentui.ui.screens.confirm import Confirm
from tokentui.ui.screens.create_token import CreateToken
from tokentui.ui.screens.manage_token import ManageToken
from tokentui.ui.screens.rotate_token import RotateToken
from tokentui.ui.screens.token_list import TokenList
from tokentui.ui.widgets.token_table import TokenTable

from .conftest import Run, arrive, said, until, write


def offered(pilot: Pilot[None]) -> list[str]:
    options = pilot.app.screen.query_one(CommandList).options
    return [option.hit.text or "" for option in options if isinstance(option, Command)]


async def search(pilot: Pilot[None], text: str, first: str) -> None:
    """Open the palette, type, and wait until `first` is the best that was found."""
    await pilot.press("ctrl+p")
    await arrive(pilot, CommandPalette)
    await write(pilot, text)
    await until(pilot, lambda: offered(pilot)[:1] == [first])


async def test_it_offers_what_can_be_done_here(saved: TokenCommands, run: Run) -> None:
    async with run(saved) as pilot:
        await search(pilot, "", "Manage")
        here = offered(pilot)
        assert {"Create", "Revoke", "Filter", "Reverse the order", "Suspend (fg resumes)"} < {*here}
        assert len(here) == len(set(here))
        assert "Clear" not in here, "nothing is hidden"
        await pilot.press("escape")
        await arrive(pilot, TokenList)
        await search(pilot, "select all", "Select all or none")
        await pilot.press("enter")
        await until(pilot, lambda: "6 selected" in said(pilot, "#summary"))


async def test_a_colon_opens_it_in_the_list_and_is_typed_into_fields(
    saved: TokenCommands, run: Run
) -> None:
    async with run(saved) as pilot:
        await pilot.press("colon", "q")
        await arrive(pilot, CommandPalette)
        await until(pilot, lambda: offered(pilot)[:1] == ["Quit"])
        await pilot.press("escape")
        await arrive(pilot, TokenList)
        for key, field in (("slash", "#filter"), ("c", "#name"), ("f1", "Search")):
            await pilot.press(key, "colon")
            assert pilot.app.screen.query_one(field, Input).value == ":"
            if key == "slash":
                await pilot.press("escape")


async def test_what_a_read_only_store_does_not_let_be_done_is_not_offered(
    saved: TokenCommands, run: Run, store_path: Path
) -> None:
    saved.backend.read_only = True
    async with run(saved) as pilot:
        await search(pilot, "", "Manage")
        assert not {"Create", "Revoke", "Mark all, or none"} & {*offered(pilot)}
        await pilot.press("escape")
        await arrive(pilot, TokenList)
        await search(pilot, "ci-d", "Manage ci-deploy")
        assert offered(pilot) == ["Manage ci-deploy"]


@pytest.mark.parametrize(
    ("key", "screen"), [("r", Confirm), ("t", RotateToken), ("c", CreateToken)]
)
async def test_what_a_screen_asks_for_is_not_committed_where_it_is_hidden(
    saved: TokenCommands, run: Run, key: str, screen: type
) -> None:
    async with run(saved) as pilot:
        await pilot.press(key)
        await arrive(pilot, screen)
        await pilot.press("ctrl+p")
        await arrive(pilot, CommandPalette)
        await until(pilot, lambda: "Theme" in offered(pilot))
        assert not {"Yes", "Rotate", "Create"} & {*offered(pilot)}


async def test_a_token_is_managed_by_its_name(saved: TokenCommands, run: Run) -> None:
    async with run(saved) as pilot:
        await search(pilot, "github", "Manage github-actions-production")
        await pilot.press("enter")
        await arrive(pilot, ManageToken)
        assert "github-actions-production" in said(pilot, "#facts")
        await search(pilot, "evok", "Revoke")
        assert offered(pilot) == ["Revoke"], "screens would pile up"


async def test_a_verb_and_a_name_revoke_that_token_whatever_is_marked(
    saved: TokenCommands, run: Run
) -> None:
    async with run(saved) as pilot:
        await pilot.press("space", "space")
        await search(pilot, "rev vendor", "Revoke vendor_acme")
        assert offered(pilot) == ["Revoke vendor_acme"]
        await pilot.press("enter")
        await arrive(pilot, Confirm)
        assert said(pilot, "#title") == "Revoke vendor_acme?"


async def test_a_name_is_no_markup(saved: TokenCommands, run: Run, store_path: Path) -> None:
    store_path.write_text(store_path.read_text().replace("ci-deploy", "[red]ci[/] \\u001b[2J"))
    async with run(saved) as pilot:
        await search(pilot, "[red", r"Manage [red]ci[/] \x1b[2J")
        await pilot.press("enter")
        await arrive(pilot, ManageToken)


async def test_of_many_tokens_only_a_window_is_asked_for(
    saved: TokenCommands, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits: list[int] = []
    find = saved.queries.find

    def noting(query: Query, limit: int, cancel: Cancel) -> TokenPage:
        limits.append(limit)
        return find(query, limit=limit, cancel=cancel)

    async with run(saved) as pilot:
        monkeypatch.setattr(saved.queries, "find", noting)
        await search(pilot, "monit", "Manage monitoring")
        assert set(limits) == {10}


async def test_a_theme_is_chosen_by_its_name(saved: TokenCommands, run: Run) -> None:
    async with run(saved) as pilot:
        await search(pilot, "nord", "Theme nord")
        await pilot.press("enter")
        await until(pilot, lambda: pilot.app.theme == "nord")


def colours(pilot: Pilot[None]) -> tuple[str, str]:
    """Return the theme, and the background that the list has in it."""
    listed = pilot.app.screen_stack[0].query_one(TokenTable)
    return pilot.app.theme, listed.background_colors[1].hex6


async def to_themes(pilot: Pilot[None]) -> OptionList:
    await search(pilot, "theme", "Theme")
    await pilot.press("enter")
    await arrive(pilot, ChooseTheme)
    return pilot.app.screen.query_one(OptionList)


class TestThemes:
    @pytest.mark.parametrize("steps", [("down",), ("k", "up", "down", "j", "j"), ("end", "home")])
    async def test_each_is_previewed_and_escape_restores_the_one_before(
        self, saved: TokenCommands, run: Run, steps: tuple[str, ...]
    ) -> None:
        preferences = Preferences(theme="nord")
        async with run(saved, preferences=preferences) as pilot:
            before = colours(pilot)
            options = await to_themes(pilot)
            assert options.highlighted_option is not None
            assert str(options.highlighted_option.prompt) == "nord"
            assert colours(pilot) == before
            await pilot.press(*steps)
            shown = str(options.highlighted_option.prompt)
            assert pilot.app.theme == shown != "nord"
            assert colours(pilot)[1] != before[1]
            await pilot.press("escape")
            await arrive(pilot, TokenList)
            assert colours(pilot) == before
        assert preferences.theme == "nord"

    async def test_enter_keeps_the_theme_and_it_is_remembered(
        self, saved: TokenCommands, run: Run
    ) -> None:
        preferences = Preferences()
        async with run(saved, preferences=preferences, theme="nord") as pilot:
            await to_themes(pilot)
            await pilot.press("down")
            assert preferences.theme is None
            await pilot.press("enter")
            await arrive(pilot, TokenList)
            assert pilot.app.theme == "rose-pine"
        assert preferences.theme == "rose-pine"

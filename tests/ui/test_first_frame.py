"""The first frame of the app: complete, and made once. Counts, not times."""

from typing import Any

import pytest
from msgspec.structs import replace
from textual.app import App
from textual.screen import Screen
from textual.widget import Widget

from tokentui.core.commands import TokenCommands
from tokentui.core.query import Count
from tokentui.ui import listing as listings
from tokentui.ui.first_look import Ahead, read_ahead
from tokentui.ui.listing import Listing
from tokentui.ui.preferences import Preferences
from tokentui.ui.screens.create_token import CreateToken
from tokentui.ui.widgets.screen_header import ScreenHeader
from tokentui.ui.widgets.token_table import TokenTable

from .conftest import Run, until
from .distance import move_away

_WIDGETS = 16
_PAINTS = 2
"""The whole screen, and the scroll bar once it is known how long the list is."""


@pytest.fixture
def frames(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return how many tokens the list had in each frame that is painted from now on."""
    found: list[int] = []

    def display(_: App[None], screen: Screen[Any], update: object) -> None:
        if update is not None:
            found.append(screen.query_one(TokenTable).total.value)

    monkeypatch.setattr(App, "_display", display)
    return found


def ahead_of(service: TokenCommands) -> Ahead:
    """Read ahead as the program does, to the end."""
    ahead = begun(service)
    ahead.first_look.result(10)
    return ahead


def begun(service: TokenCommands) -> Ahead:
    """Begin to read ahead."""
    with read_ahead(service.queries, Preferences()) as ahead:
        assert ahead is not None
        return ahead


async def test_the_first_frame_has_the_list(
    saved: TokenCommands, run: Run, frames: list[int]
) -> None:
    async with run(saved, ahead=ahead_of(saved)) as pilot:
        await until(pilot, lambda: not pilot.app.screen._dirty_widgets)
        total = saved.queries.find(saved.queries.query()).total.value
        assert 1 <= len(frames) <= _PAINTS
        assert set(frames) == {total}
        assert len(pilot.app.screen.query(Widget)) <= _WIDGETS


async def test_what_opens_is_styled_once(
    saved: TokenCommands, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    children: list[int] = []
    update = Screen.update_node_styles

    def counted(screen: Screen[Any], **how: Any) -> None:
        children.append(len(screen.children))
        update(screen, **how)

    monkeypatch.setattr(Screen, "update_node_styles", counted)
    async with run(saved) as pilot:
        await pilot.press("c")
        assert isinstance(pilot.app.screen, CreateToken)
        assert children == [0, 0]  # of both screens, before anything was in them


async def test_what_was_read_ahead_is_not_read_again(saved: TokenCommands, run: Run) -> None:
    ahead = ahead_of(saved)
    backend = move_away(saved)
    async with run(saved, ahead=ahead) as pilot:
        looks = sum(call.method == "versions" for call in backend.calls)
        await until(
            pilot,
            lambda: sum(call.method == "versions" for call in backend.calls) > looks,
        )
        await pilot.pause()
        assert "tokens.page" not in {call.method for call in backend.calls}


async def test_the_list_waits_for_no_long_count(
    saved: TokenCommands, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = listings.load

    def many(*asked: Any) -> Listing:
        found = load(*asked)
        return found._replace(page=replace(found.page, total=Count(5, exact=False)))

    monkeypatch.setattr(listings, "load", many)
    ahead = ahead_of(saved)
    assert ahead.first_look.result().summary is None
    backend = move_away(saved)
    async with run(saved, ahead=ahead) as pilot:
        await until(pilot, lambda: "tokens.summary" in {call.method for call in backend.calls})


async def test_what_was_changed_meanwhile_is_read(saved: TokenCommands, run: Run) -> None:
    ahead = ahead_of(saved)
    saved.confirm_saved(saved.create("meanwhile", None).token.id)
    async with run(saved, ahead=ahead) as pilot:
        table = pilot.app.screen.query_one(TokenTable)
        before = ahead.first_look.result().listing.page.total.value
        await until(pilot, lambda: table.total.value == before + 1)


@pytest.mark.usefixtures("unwatched")
class TestLate:
    """What is read ahead may take longer than the app takes to load."""

    async def test_it_is_shown_once_it_is_there(self, saved: TokenCommands, run: Run) -> None:
        far = move_away(saved)
        with far.held():
            async with run(saved, ahead=begun(saved)) as pilot:
                table = pilot.app.screen.query_one(TokenTable)
                assert table.total.value == 0
                far.release()
                await until(pilot, lambda: table.total.value > 0)
        assert [call.method for call in far.calls].count("tokens.page") == 1

    async def test_where_it_fails_the_list_says_so(self, saved: TokenCommands, run: Run) -> None:
        far = move_away(saved)
        with far.held():
            async with run(saved, ahead=begun(saved)) as pilot:
                far.away = True
                far.release()
                header = pilot.app.screen.query_one(ScreenHeader)
                await until(pilot, lambda: "does not answer" in header.notice)

    async def test_where_it_failed_the_list_is_asked_for(
        self, saved: TokenCommands, run: Run
    ) -> None:
        far = move_away(saved)
        far.away = True
        ahead = begun(saved)
        assert ahead.first_look.exception(10) is not None
        far.away = False
        async with run(saved, ahead=ahead) as pilot:
            assert pilot.app.screen.query_one(TokenTable).total.value > 0

    async def test_who_filters_does_not_wait_for_it(self, saved: TokenCommands, run: Run) -> None:
        far = move_away(saved)
        with far.held():
            ahead = begun(saved)
            async with run(saved, ahead=ahead) as pilot:
                await pilot.press("slash", "c")
                assert ahead.first_look.cancelled()
                far.release()
                table = pilot.app.screen.query_one(TokenTable)
                await until(pilot, lambda: table.total.value > 0)


def test_where_the_app_is_not_loaded_nothing_is_read_on(saved: TokenCommands) -> None:
    asked: list[Ahead | None] = []
    far = move_away(saved)
    ahead = read_ahead(saved.queries, Preferences())
    with far.held(), pytest.raises(ZeroDivisionError), ahead as begun:
        asked.append(begun)
        raise ZeroDivisionError
    assert [each and each.first_look.cancelled() for each in asked] == [True]


def test_who_is_not_signed_in_reads_nothing(saved: TokenCommands) -> None:
    far = move_away(saved)
    with read_ahead(saved.queries, Preferences(), signed_in=False) as ahead:
        assert ahead is None
    assert far.calls == []

"""Small and wide windows: nothing that matters is cut, and room is used where there is some."""

import re
from functools import partial

import pytest
from textual.pilot import Pilot
from textual.widget import Widget
from textual.widgets import Button, Input

from tokentui.core.commands import TokenCommands
from tokentui.ui.screens.choose_access import ChooseAccess
from tokentui.ui.screens.create_token import CreateToken
from tokentui.ui.screens.manage_token import ManageToken
from tokentui.ui.screens.saved_token import SavedToken
from tokentui.ui.screens.token_list import TokenList
from tokentui.ui.widgets.tile import Tile
from tokentui.ui.widgets.token_table import TokenTable

from ..conftest import NOW
from .conftest import Run, arrive, cursor_name, said, until, write
from .test_pictures import SCREENS

SMALL = pytest.mark.parametrize("size", [(40, 12), (60, 20), (80, 24)], ids=str)


def seen_whole(widget: Widget) -> bool:
    place = widget.screen.find_widget(widget)
    return place.region.area > 0 and place.visible_region == place.region


def shown(pilot: Pilot[None], text: str) -> bool:
    return text in seen(pilot)


def seen(pilot: Pilot[None]) -> str:
    """Return what stands on the screen."""
    return "\n".join(strip.text for strip in pilot.app.screen._compositor.render_strips())


@SMALL
@pytest.mark.parametrize("name", SCREENS)
async def test_what_has_the_cursor_is_seen_whole(
    stocked: TokenCommands, run: Run, name: str, size: tuple[int, int]
) -> None:
    async with run(stocked, size) as pilot:
        await SCREENS[name](pilot)
        for _ in pilot.app.screen.focus_chain:
            await pilot.press("tab")
            focused = pilot.app.screen.focused
            assert focused is not None
            await until(pilot, partial(seen_whole, focused))


@SMALL
async def test_what_was_done_with_a_secret_is_not_cut(
    stocked: TokenCommands, run: Run, size: tuple[int, int]
) -> None:
    async with run(stocked, size) as pilot:
        await SCREENS["save"](pilot)
        await pilot.press("c")
        copy = pilot.app.screen.query_one("#copy", Tile)
        await until(pilot, lambda: copy.has_class("-done"))
        width = copy.content_size.width
        assert max(len(line) for line in copy.render().plain.split("\n")) <= width


@SMALL
@pytest.mark.parametrize(
    "name", ["create", "access", "never-saved", "revoke", "revoke-many", "rotate", "try"]
)
async def test_the_buttons_are_always_there(
    stocked: TokenCommands, run: Run, name: str, size: tuple[int, int]
) -> None:
    async with run(stocked, size) as pilot:
        await SCREENS[name](pilot)
        buttons = pilot.app.screen.query("#buttons Button").results(Button)
        assert [button.id for button in buttons if not seen_whole(button)] == []


@SMALL
@pytest.mark.parametrize(("keys", "labels"), [("m", 13), ("r", 11)], ids=["manage", "revoke"])
async def test_long_values_wrap_beside_their_labels(
    service: TokenCommands, run: Run, keys: str, labels: int, size: tuple[int, int]
) -> None:
    name = "n" * 50
    token = service.confirm_saved(service.create(name, None, note="why " * 40).token.id)
    service.backend.usage.record(token.id, NOW, "2001:db8:1111:2222:3333:4444:5555:6666")
    async with run(service, size) as pilot:
        await pilot.press(keys)
        await until(pilot, lambda: said(pilot, "#facts"))
        facts = pilot.app.screen.query_one("#facts")
        lines = [facts.render_line(y).text for y in range(facts.size.height)]
        assert [line for line in lines if line[labels - 2 : labels].strip()] == []
        if keys == "m":
            assert "".join(line[labels:].strip() for line in lines).startswith(name)


_LONG = "n" * 50
FAULTS = {
    "name": ("#name", _LONG, "#name-reason"),
    "networks": ("#networks", "1.2.3.4.5.6.7.8.9.10.11.12.13.14/24", "#networks-problem"),
    "date": ("DatePicker Input", "2020-01-01", "#meaning"),
}
"""What is wrong with a field, in several lines: the field, what is typed, and who says so."""


@SMALL
@pytest.mark.parametrize("start", ["#name", "#networks"])
@pytest.mark.parametrize(
    ("key", "fault"),
    [*(("c", fault) for fault in FAULTS), ("m", "name"), ("m", "networks"), ("e", "networks")],
)
async def test_a_field_and_what_is_wrong_with_it_are_seen_together(
    saved: TokenCommands, run: Run, size: tuple[int, int], key: str, fault: str, start: str
) -> None:
    saved.confirm_saved(saved.create(_LONG, None).token.id)
    selector, typed, reason = FAULTS[fault]
    async with run(saved, size) as pilot:
        await pilot.press(key)
        await arrive(pilot, {"c": CreateToken, "m": ManageToken, "e": ChooseAccess}[key])
        screen = pilot.app.screen
        for name in screen.query("#name").results(Input):
            name.value = "fresh"
        screen.query_one(selector, Input).value = typed
        screen.set_focus(screen.query(f"{start}, #networks").first())
        await pilot.pause()
        await pilot.press("ctrl+s")
        await until(pilot, partial(seen_whole, screen.query_one(selector)))
        await until(pilot, partial(seen_whole, screen.query_one(reason)))
        assert said(pilot, reason)
        if key == "c" and size == (80, 24):
            assert seen_whole(screen.query_one("#name"))


@pytest.mark.parametrize("size", [(80, 24), (40, 12), (30, 6)], ids=str)
async def test_the_secret_and_its_button_fit_any_window(
    saved: TokenCommands, run: Run, size: tuple[int, int]
) -> None:
    async with run(saved, size) as pilot:
        await pilot.press("c")
        await arrive(pilot, CreateToken)
        await write(pilot, "grafana")
        await pilot.press("ctrl+s")
        await arrive(pilot, SavedToken)
        screen = pilot.app.screen
        assert isinstance(screen, SavedToken)
        assert screen._new.secret.reveal() in re.sub(r"\W", "", seen(pilot))
        await pilot.press("c")
        await until(pilot, partial(seen_whole, screen.query_one("#saved")))
        await pilot.press("enter")
        await arrive(pilot, TokenList)


async def test_a_window_that_shrinks_behind_a_question(saved: TokenCommands, run: Run) -> None:
    async with run(saved) as pilot:
        await pilot.press("r")
        await until(pilot, lambda: "Revoke backup-nightly?" in seen(pilot))
        await pilot.resize_terminal(40, 12)
        await pilot.press("escape")
        await arrive(pilot, TokenList)
        await until(pilot, lambda: "? Help" in seen(pilot))


@pytest.mark.parametrize("size", [(40, 12), (60, 20), (80, 24), (120, 36), (200, 50)], ids=str)
async def test_messages_hide_nothing_of_the_list_that_is_used_next(
    saved: TokenCommands, run: Run, size: tuple[int, int]
) -> None:
    for number in range(60):
        saved.confirm_saved(saved.create(f"zz-{number}", None).token.id)
    async with run(saved, size, notifications=True) as pilot:
        await pilot.press("C", "Y")
        messages = list(pilot.app.screen.query("Toast"))
        await until(pilot, lambda: messages[-1].region.area)
        screen = pilot.app.screen
        kept = ["ScreenHeader", "StatusStrip", "#summary", "KeyFooter"]
        if size >= (80, 24):
            kept.append("TokenTable")
        covered = [
            each
            for each in kept
            for message in messages
            if screen.query_one(each).region.overlaps(screen.find_widget(message).visible_region)
        ]
        assert covered == []
        assert seen_whole(messages[-1])


class TestDetails:
    async def test_they_follow_the_cursor(self, saved: TokenCommands, run: Run) -> None:
        async with run(saved, (120, 24)) as pilot:
            for _ in range(3):
                token = saved.queries.look_up(cursor_name(pilot))
                await until(pilot, partial(shown, pilot, token.id))
                await pilot.press("down")

    async def test_they_take_no_room_where_there_is_none(
        self, saved: TokenCommands, run: Run
    ) -> None:
        async with run(saved, (119, 24)) as pilot:
            assert not pilot.app.screen.query_one("#pane").display
            assert pilot.app.screen.query_one(TokenTable).size.width == 119
            await pilot.resize_terminal(120, 24)
            await until(pilot, lambda: pilot.app.screen.query_one("#pane").display)

    async def test_a_line_below_the_list_stands_in_for_them(
        self, saved: TokenCommands, run: Run
    ) -> None:
        async with run(saved, (120, 24)) as pilot:
            await pilot.press("down")
            await pilot.resize_terminal(80, 24)
            await until(pilot, lambda: said(pilot, "#facts").startswith("ci-deploy  active"))

    async def test_they_never_take_the_cursor(self, saved: TokenCommands, run: Run) -> None:
        async with run(saved, (120, 24)) as pilot:
            assert pilot.app.screen.focus_chain == [pilot.app.screen.query_one(TokenTable)]

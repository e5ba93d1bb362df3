"""The themes that leave all colours to the terminal."""

import pytest
from textual.color import Color

from tokentui.core.commands import TokenCommands
from tokentui.ui.screens.create_token import CreateToken
from tokentui.ui.widgets.date_picker import DatePicker
from tokentui.ui.widgets.month_calendar import MonthCalendar
from tokentui.ui.widgets.token_table import TokenTable

from .conftest import Run, arrive

# What may be the background, and so what nothing on it can be drawn in.
BACKGROUNDS = {"ansi-dark": "ansi_black", "ansi-light": "ansi_bright_white"}


@pytest.mark.parametrize("theme", BACKGROUNDS)
async def test_what_is_under_the_cursor_can_be_read(
    saved: TokenCommands, run: Run, theme: str
) -> None:
    async with run(saved, theme=theme) as pilot:
        table = pilot.app.screen.query_one(TokenTable)
        cursor = table.get_component_rich_style("token-table--cursor")
        await pilot.press("c")
        await arrive(pilot, CreateToken)
        calendar = pilot.app.screen.query_one(MonthCalendar)
        chosen = calendar.get_component_rich_style("month-calendar--chosen")
        for style in (cursor, chosen):
            assert style.color is not None
            assert style.bgcolor is not None
            # The terminal's default is made for its own background, and for no other.
            assert not style.color.is_default
            assert not style.bgcolor.is_default


@pytest.mark.parametrize("size", [(80, 24), (60, 20)], ids=str)
@pytest.mark.parametrize("theme", BACKGROUNDS)
async def test_fields_are_told_from_the_background(
    saved: TokenCommands, run: Run, theme: str, size: tuple[int, int]
) -> None:
    async with run(saved, size, theme=theme) as pilot:
        await pilot.press("c")
        await arrive(pilot, CreateToken)
        kind, colour = pilot.app.screen.query_one(DatePicker).query_one("Input").styles.border_left
        assert kind
        assert colour != Color.parse(BACKGROUNDS[theme])

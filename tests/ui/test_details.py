"""The details beside the list: what they say of a token, and that nothing waits for its events."""

from collections.abc import Iterator
from datetime import date
from typing import Any
from unittest import mock
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace
from textual.app import App
from textual.pilot import Pilot
from textual.widgets import Static

from tokentui import formatting
from tokentui.core import audit_queries
from tokentui.core.cancel import Cancel
from tokentui.core.commands import TokenCommands
from tokentui.core.dates import DateFormat
from tokentui.ui import details_pane
from tokentui.ui.details_pane import DetailsPane
from tokentui.ui.preferences import Preferences
from tokentui.ui.widgets.token_details import TokenDetails

from ..doubles.gate import Gate
from .conftest import Run, app_of, cursor_name, said, toasts, until
from .office import Office
from .settling import settled
from .test_far_away import tap

_WIDE = (120, 36)
_SOON = 0.001
_LATE = "Reading the events takes long. Press h to see them."


@pytest.fixture
def ann(office: Office) -> TokenCommands:
    """Return the service of an administrator, who sees the tokens backup and deploy."""
    return office.service("ann")


@pytest.fixture
def at_rest(never_at_rest: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the cursor have rested as soon as it is on a token."""
    monkeypatch.setattr(details_pane, "REST", _SOON)


class Reading:
    """Events that are being read: each reading is held, and can be cancelled."""

    def __init__(self) -> None:
        self.gate = Gate()
        self.cancels: list[Cancel] = []

    def history(self, queries: Any, token: Any, *, cancel: Cancel) -> Iterator[Any]:
        self.cancels.append(cancel)
        while not self.gate.wait(_SOON):  # as a log that is read line by line
            cancel.check()
        return iter(())

    async def under_way(self, pilot: Pilot[None]) -> Cancel:
        """Wait until events are being read; return what cancels that."""
        await until(pilot, lambda: self.cancels and not self.cancels[-1].requested)
        return self.cancels[-1]


@pytest.fixture
def reading(at_rest: None, unwatched: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reading]:
    made = Reading()
    monkeypatch.setattr(audit_queries, "history", made.history)
    yield made
    made.gate.set()


def shown(pilot: Pilot[None]) -> str:
    return said(pilot, "#details")


async def test_the_latest_events_are_shown_once_the_cursor_rests(
    office: Office, ann: TokenCommands, run: Run, at_rest: None
) -> None:
    token = ann.queries.look_up("backup")
    for note in ("one", "two", "three", "four"):
        token = ann.set_note(token, note)
    async with run(ann, _WIDE, **office.choices("ann")) as pilot:
        await until(pilot, lambda: shown(pilot).count("Change note") == 4)
        assert shown(pilot).count("2026-11-24 20:15  ") == 5
        assert "Save token" in shown(pilot)
        assert "Create token" not in shown(pilot), "the sixth"
        await pilot.press("down")
        await until(pilot, lambda: "Create token" in shown(pilot))
        assert "Change note" not in shown(pilot)


@pytest.mark.parametrize("size", [_WIDE, (80, 24)])
async def test_nothing_is_read_while_the_cursor_moves_or_nothing_shows_it(
    office: Office,
    ann: TokenCommands,
    run: Run,
    reading: Reading,
    monkeypatch: pytest.MonkeyPatch,
    size: tuple[int, int],
) -> None:
    if size == _WIDE:
        monkeypatch.setattr(details_pane, "REST", 3600)
    async with run(ann, size, **office.choices("ann")) as pilot:
        await pilot.press("down", "up", "down")
        assert reading.cancels == []


async def test_a_token_that_is_left_cancels_its_question(
    office: Office, ann: TokenCommands, run: Run, reading: Reading
) -> None:
    async with run(ann, _WIDE, **office.choices("ann")) as pilot:
        cancel = await reading.under_way(pilot)
        await tap(pilot, "down")
        await until(pilot, lambda: cursor_name(pilot) == "deploy")
        await until(pilot, lambda: cancel.requested)
        reading.gate.set()
        await until(pilot, lambda: "No events yet." in shown(pilot))


@pytest.mark.parametrize("keys", [("slash", "d"), ("m",), ("s",), ("d",)], ids=" ".join)
async def test_what_is_asked_for_next_does_not_wait_nor_what_is_hidden(
    office: Office, ann: TokenCommands, run: Run, reading: Reading, keys: tuple[str, ...]
) -> None:
    async with run(ann, _WIDE, **office.choices("ann")) as pilot:
        cancel = await reading.under_way(pilot)
        await tap(pilot, *keys)
        await until(pilot, lambda: cancel.requested)


async def test_what_takes_long_names_the_key_that_shows_more(
    office: Office,
    ann: TokenCommands,
    run: Run,
    reading: Reading,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(details_pane, "LIMIT", _SOON)
    async with run(ann, _WIDE, **office.choices("ann")) as pilot:
        await until(pilot, lambda: _LATE in " ".join(shown(pilot).split()))
        await until(pilot, lambda: all(cancel.requested for cancel in reading.cancels))
        await tap(pilot, "down")
        await until(pilot, lambda: cursor_name(pilot) == "deploy")


async def test_a_log_that_cannot_be_read_is_said(
    office: Office, ann: TokenCommands, run: Run, at_rest: None
) -> None:
    trail = office.trail.path
    trail.unlink()
    trail.mkdir()
    async with run(ann, _WIDE, **office.choices("ann")) as pilot:
        await until(pilot, lambda: "cannot be read" in " ".join(shown(pilot).split()))


@pytest.mark.parametrize("size", [_WIDE, (40, 12)])
async def test_an_example_request_is_copied_without_a_secret(
    saved: TokenCommands, run: Run, size: tuple[int, int]
) -> None:
    async with run(saved, size) as pilot:
        with mock.patch.object(App, "copy_to_clipboard") as copy:
            await pilot.press("E")
        copy.assert_called_once_with(
            'curl https://api.example.com/ -H "Authorization: Bearer $TOKEN"'
        )
        assert "Set TOKEN to the secret" in toasts(pilot)[0]
        if size == _WIDE:
            assert 'https://api.example.com/ \\\n  -H "Authorization: Bearer $TOKEN"' in shown(
                pilot
            )


async def test_the_keys_that_are_named_are_those_in_force(saved: TokenCommands, run: Run) -> None:
    chosen = {"list.history": "f5", "list.copy-example": "f6"}
    async with run(saved, _WIDE, keymap=chosen) as pilot:
        titles = [line.split() for line in shown(pilot).splitlines()]
        assert ["History", "F5", "all"] in titles
        assert ["Example", "F6", "copy"] in titles


@pytest.mark.parametrize(("columns", "width"), [(120, 41), (160, 44), (200, 56), (300, 56)])
async def test_the_pane_has_a_width_of_its_own(
    saved: TokenCommands, run: Run, columns: int, width: int
) -> None:
    async with run(saved, (columns, 36)) as pilot:
        assert pilot.app.screen.query_one(DetailsPane).outer_size.width == width


async def test_only_lines_that_differ_are_painted_again(saved: TokenCommands, run: Run) -> None:
    async with run(saved, _WIDE) as pilot:
        await pilot.press("end")
        before = shown(pilot).splitlines()
        with mock.patch.object(TokenDetails, "render_line", autospec=True) as paint:
            paint.side_effect = Static.render_line
            await pilot.press("up")
        after = shown(pilot).splitlines()
        painted = {call.args[1] for call in paint.call_args_list}
        assert len(after) == len(before)
        assert painted >= {y for y, line in enumerate(after) if line != before[y]} > {0, 1}
        assert not painted & {after.index(line) for line in after[-2:]}, "the example"


async def test_what_has_no_room_is_left_out_whole(saved: TokenCommands, run: Run) -> None:
    async with run(saved, (120, 20)) as pilot:
        assert "History" in shown(pilot)
        assert "Example" not in shown(pilot)
        await pilot.resize_terminal(120, 36)
        await until(pilot, lambda: "Example" in shown(pilot))


async def test_the_pane_is_hidden_by_a_key_and_that_is_remembered(
    saved: TokenCommands, run: Run
) -> None:
    preferences = Preferences()
    async with run(saved, _WIDE, preferences=preferences) as pilot:
        pane = pilot.app.screen.query_one(DetailsPane)
        assert pane.display
        await pilot.press("d")
        await until(pilot, lambda: not pane.display)
    async with run(saved, _WIDE, preferences=preferences) as pilot:
        assert not pilot.app.screen.query_one(DetailsPane).display
        await pilot.press("d")
    assert preferences.details


async def test_without_room_the_key_says_so(saved: TokenCommands, run: Run) -> None:
    preferences = Preferences()
    async with run(saved, preferences=preferences) as pilot:
        await pilot.press("d")
        assert toasts(pilot) == ["Details beside the list need a window of at least 120 columns."]
        assert preferences == Preferences()
        await pilot.resize_terminal(120, 36)
        await settled(app_of(pilot))
        await pilot.press("d")
        assert preferences == Preferences(details=False)


@pytest.mark.parametrize(
    ("size", "keys", "where"),
    [
        ((200, 50), (), "#details"),
        (_WIDE, ("m",), "#history"),
        (_WIDE, ("h", "down"), "#more"),
        (_WIDE, ("h", "down", "enter"), "#dialog Static"),
    ],
    ids=["details", "manage", "history", "entry"],
)
async def test_events_say_moments_as_the_rest_does(
    office: Office,
    ann: TokenCommands,
    run: Run,
    at_rest: None,
    size: tuple[int, int],
    keys: tuple[str, ...],
    where: str,
) -> None:
    ann.queries.policy = replace(
        ann.queries.policy, zone=ZoneInfo("America/New_York"), date_format=DateFormat.EUROPEAN
    )
    new = ann.create("aaa", date(2026, 12, 28))
    ann.confirm_saved(new.token.id)

    def drawn() -> str:
        place = pilot.app.screen.query_one(where, Static)
        return " ".join(place.render_line(y).text for y in range(place.size.height))

    async with run(ann, size, **office.choices("ann")) as pilot:
        for key in keys:
            await pilot.press(key)
        await until(pilot, lambda: "Expires 28.12.2026" in drawn())
        assert "+00:00" not in drawn()
    assert "Expires 2026-12-29 04:59:59+00:00." in {each.about for each in office.trail.newest()}


def test_dates_have_one_form(saved: TokenCommands) -> None:
    [row] = saved.queries.rows([saved.queries.look_up("ci-deploy")])
    known = dict(formatting.details(saved.queries.display_context(), row))
    assert known["Created"] == "2026-11-24 20:15"
    assert known["Expires"] == "2027-11-24 23:59, in 365 days"
    assert known["Last used"].startswith("2026-11-23 20:15, yesterday")

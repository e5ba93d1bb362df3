"""What a person does, from key to key, and what the store holds afterwards."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from rich.table import Table
from textual.command import CommandPalette
from textual.events import Paste
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Button, Input, Label, Static

from tests.opening import raw, used
from tokentui.core.commands import TokenCommands
from tokentui.core.credential import Secret
from tokentui.core.dates import DateFormat
from tokentui.core.errors import StoreUnwritable
from tokentui.core.new_token import NewToken
from tokentui.core.token import Status, Token
from tokentui.ui.app import TokentuiApp
from tokentui.ui.messages import StoreChanged
from tokentui.ui.screens.confirm import Confirm
from tokentui.ui.screens.create_token import CreateToken
from tokentui.ui.screens.help import Help
from tokentui.ui.screens.manage_token import ManageToken
from tokentui.ui.screens.rotate_token import RotateToken
from tokentui.ui.screens.saved_token import SavedToken, SecretLine
from tokentui.ui.screens.token_list import TokenList
from tokentui.ui.screens.try_secret import TrySecret
from tokentui.ui.widgets.date_picker import DatePicker
from tokentui.ui.widgets.key_footer import KeyFooter
from tokentui.ui.widgets.month_calendar import MonthCalendar
from tokentui.ui.widgets.token_table import TokenTable

from ..conftest import NOW, folders_that_do_not_sync
from ..doubles.gate import Gate
from .conftest import Run, arrive, counts, cursor_name, said, toasts, until, write

Open = Callable[[], TokenCommands]


async def to_form(pilot: Pilot[None]) -> None:
    await pilot.press("c")
    await arrive(pilot, CreateToken)


class TestCreate:
    async def test_a_name_and_enter_make_a_token_for_a_year(
        self, saved: TokenCommands, run: Run
    ) -> None:
        async with run(saved) as pilot:
            await to_form(pilot)
            await write(pilot, "grafana")
            await pilot.press("enter")
            await arrive(pilot, SavedToken)
            assert saved.queries.look_up("grafana").never_saved
            await pilot.press("c", "enter")
            await arrive(pilot, TokenList)
            assert cursor_name(pilot) == "grafana"
            token = saved.queries.look_up("grafana")
            assert not token.never_saved
            assert token.expires_at is not None
            assert token.expires_at.isoformat() == "2027-11-24T23:59:59+00:00"

    @pytest.mark.parametrize("network", ["10.0.0.0/8", "fe80::/10"])
    async def test_a_network_is_never_dropped(
        self, saved: TokenCommands, run: Run, network: str
    ) -> None:
        async with run(saved) as pilot:
            await to_form(pilot)
            await write(pilot, "grafana")
            await pilot.press("f9", *network, "ctrl+s")
            await arrive(pilot, SavedToken)
            token = saved.queries.look_up("grafana")
            assert (token.networks, token.read_only) == ((network,), False)

    async def test_the_reason_stands_beside_the_name_while_it_is_typed(
        self, saved: TokenCommands, run: Run
    ) -> None:
        async with run(saved) as pilot:
            await to_form(pilot)
            for typed, reason in (
                ("CI-Deploy", "already in use"),
                ("a b", "a space is not allowed"),
                ("x" * 51, "has 51"),
                ("fine", "1 to 50"),
            ):
                pilot.app.screen.query_one("#name", Input).value = typed
                await pilot.pause()
                assert reason in said(pilot, "#name-reason")

    async def test_what_is_wrong_is_not_sent(self, saved: TokenCommands, run: Run) -> None:
        async with run(saved) as pilot:
            await to_form(pilot)
            await pilot.press("enter")
            assert "Enter a name" in said(pilot, "#name-reason")
            await write(pilot, "grafana")
            pilot.app.screen.query_one(DatePicker).query_one(Input).value = "2026-11-23"
            await pilot.pause()
            assert "in the past" in said(pilot, "#meaning")
            await pilot.press("ctrl+s")
            assert pilot.app.screen.focused is pilot.app.screen.query_one(DatePicker).query_one(
                Input
            )
            assert saved.queries.find(saved.queries.query()).total.value == 6

    async def test_a_token_may_live_until_tonight(self, saved: TokenCommands, run: Run) -> None:
        async with run(saved) as pilot:
            await to_form(pilot)
            await write(pilot, "visitor")
            pilot.app.screen.query_one(MonthCalendar).focus()
            await pilot.press("t", "ctrl+s")
            await arrive(pilot, SavedToken)
            token = saved.queries.look_up("visitor")
            assert str(token.expires_at) == "2026-11-24 23:59:59+00:00"
            assert saved.queries.status(token) is Status.EXPIRES_SOON

    async def test_never_expiring_comes_with_advice(self, saved: TokenCommands, run: Run) -> None:
        async with run(saved) as pilot:
            await to_form(pilot)
            await write(pilot, "forever")
            await pilot.press("tab", "down")
            await until(pilot, lambda: pilot.app.screen.query_one("#advice").display)
            assert not pilot.app.screen.query_one("#date-line").display
            await pilot.press("f10")
            await arrive(pilot, SavedToken)
            assert saved.queries.look_up("forever").expires_at is None

    async def test_a_token_can_be_bound(self, saved: TokenCommands, run: Run) -> None:
        async with run(saved) as pilot:
            await to_form(pilot)
            await write(pilot, "probe")
            await pilot.press("f9", "space", "tab")
            await write(pilot, "192.0.2.7/24")
            await pilot.press("enter")
            await until(
                pilot, lambda: "the network 192.0.2.0/24" in said(pilot, "#networks-problem")
            )
            await pilot.press("ctrl+u")
            assert said(pilot, "#networks-problem") == ""
            await write(pilot, "192.0.2.0/24, 192.0.2.0/24")
            await pilot.press("enter")
            await arrive(pilot, SavedToken)
            token = saved.queries.look_up("probe")
            assert (token.read_only, token.networks) == (True, ("192.0.2.0/24",))

    @pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 50)], ids=str)
    async def test_it_is_one_card_in_the_middle(
        self, saved: TokenCommands, run: Run, size: tuple[int, int]
    ) -> None:
        async with run(saved, size) as pilot:
            await to_form(pilot)
            card = pilot.app.screen.query_one("#card")
            assert abs(card.region.x - (size[0] - card.region.right)) <= 1
            assert abs(card.region.y - (size[1] - card.region.bottom)) <= 1
            last, buttons = (
                pilot.app.screen.query_one(f"#{each}") for each in ("networks", "buttons")
            )
            assert buttons.region.y - last.region.bottom == 1
            assert card.max_scroll_y == 0

    async def test_enter_in_the_calendar_creates(self, saved: TokenCommands, run: Run) -> None:
        async with run(saved) as pilot:
            await to_form(pilot)
            await write(pilot, "grafana")
            pilot.app.screen.query_one(MonthCalendar).focus()
            await pilot.press("left", "enter")
            await arrive(pilot, SavedToken)
            assert str(saved.queries.look_up("grafana").expires_at).startswith("2027-11-23")

    async def test_no_key_is_lost_where_keys_come_faster_than_the_screen(
        self, saved: TokenCommands, run: Run
    ) -> None:
        async with run(saved) as pilot:
            await to_form(pilot)
            picker = pilot.app.screen.query_one(DatePicker)
            for _ in range(10):
                picker.query_one(MonthCalendar).action_days(-1)
            assert picker.day == date(2027, 11, 14)
            await until(pilot, lambda: "14 November 2027" in said(pilot, "#meaning"))
            assert picker.day == picker.query_one(MonthCalendar).day == date(2027, 11, 14)

    async def test_the_day_counts_at_once(self, saved: TokenCommands, run: Run) -> None:
        async with run(saved) as pilot:
            await to_form(pilot)
            await write(pilot, "grafana")
            screen = pilot.app.screen
            assert isinstance(screen, CreateToken)
            screen.query_one(MonthCalendar).action_days(-1)
            screen.action_create()
            await arrive(pilot, SavedToken)
            assert str(saved.queries.look_up("grafana").expires_at).startswith("2027-11-23")

    async def test_escape_makes_nothing(self, saved: TokenCommands, run: Run) -> None:
        async with run(saved) as pilot:
            await to_form(pilot)
            await write(pilot, "grafana")
            await pilot.press("escape")
            await arrive(pilot, Confirm)
            await pilot.press("enter")
            await arrive(pilot, CreateToken)
            assert pilot.app.screen.query_one("#name", Input).value == "grafana"
            await pilot.press("escape")
            await arrive(pilot, Confirm)
            await pilot.press("right", "enter")
            await arrive(pilot, TokenList)
            assert saved.queries.find(saved.queries.query()).total.value == 6

    async def test_an_untouched_form_is_left_at_once(self, saved: TokenCommands, run: Run) -> None:
        async with run(saved) as pilot:
            await to_form(pilot)
            await pilot.press("escape")
            await arrive(pilot, TokenList)

    async def test_the_form_is_sent_once(
        self, saved: TokenCommands, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        calls: list[str] = []
        create = saved.create

        def counting(name: str, last_day: date | None, **access: Any) -> NewToken:
            calls.append(name)
            return create(name, last_day, **access)

        monkeypatch.setattr(saved, "create", counting)
        async with run(saved) as pilot:
            await to_form(pilot)
            await write(pilot, "grafana")
            screen = pilot.app.screen
            assert isinstance(screen, CreateToken)
            for _ in range(3):
                screen.action_create()
            screen.action_cancel()
            await arrive(pilot, SavedToken)
            assert len(calls) == 1

    async def test_a_full_disk_is_said_and_the_form_kept(
        self, saved: TokenCommands, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(**_: object) -> None:
            raise StoreUnwritable("The disk is full. Nothing was changed.")

        monkeypatch.setattr(saved.backend.tokens, "apply", refuse)
        async with run(saved) as pilot:
            await to_form(pilot)
            await write(pilot, "grafana")
            await pilot.press("enter")
            await until(pilot, lambda: "disk is full" in said(pilot, "#problem"))
            assert pilot.app.screen.query_one("#name", Input).value == "grafana"

    async def test_another_one_afterwards(self, saved: TokenCommands, run: Run) -> None:
        async with run(saved) as pilot:
            await to_form(pilot)
            await write(pilot, "one")
            await pilot.press("enter")
            await arrive(pilot, SavedToken)
            await pilot.press("c", "tab", "space", "shift+tab", "enter")
            await arrive(pilot, CreateToken)
            assert pilot.app.screen.query_one("#name", Input).value == ""


class TestDatePicker:
    @pytest.mark.parametrize(
        ("keys", "day"),
        [
            (["right"], "2027-11-25"),
            (["left"], "2027-11-23"),
            (["down"], "2027-12-01"),
            (["up"], "2027-11-17"),
            (["pagedown"], "2027-12-24"),
            (["left_square_bracket"], "2027-10-24"),
            (["right_curly_bracket"], "2028-11-24"),
            (["left_curly_bracket"], "2026-11-24"),
            (["left_curly_bracket", "left"], "2026-11-24"),
            (["home"], "2027-11-01"),
            (["end"], "2027-11-30"),
            (["t"], "2026-11-24"),
            (["end", "right", "end", "pagedown", "pagedown"], "2028-02-29"),
        ],
    )
    async def test_calendar_field_and_words_agree(
        self, saved: TokenCommands, run: Run, keys: list[str], day: str
    ) -> None:
        async with run(saved) as pilot:
            await to_form(pilot)
            picker = pilot.app.screen.query_one(DatePicker)
            picker.query_one(MonthCalendar).focus()
            await pilot.press(*keys)
            await pilot.pause()
            assert str(picker.day) == day
            assert picker.query_one(Input).value == day
            assert str(picker.query_one(MonthCalendar).day) == day
            assert str(date.fromisoformat(day).year) in said(pilot, "#meaning")

    @pytest.mark.parametrize("before", [[], ["home"], ["end"], ["home", *["delete"] * 4]])
    @pytest.mark.parametrize("typed", ["9999-12-31", "2026-02-30"])
    async def test_no_date_is_chosen_that_was_not_typed(
        self, saved: TokenCommands, run: Run, typed: str, before: list[str]
    ) -> None:
        async with run(saved) as pilot:
            await to_form(pilot)
            picker = pilot.app.screen.query_one(DatePicker)
            picker.query_one(Input).focus()
            await pilot.press(*before)
            await write(pilot, typed)
            await pilot.pause()
            assert typed in picker.query_one(Input).value
            assert picker.day is None
            assert "Valid until" not in said(pilot, "#meaning")

    async def test_what_is_typed_moves_the_calendar(self, saved: TokenCommands, run: Run) -> None:
        async with run(saved) as pilot:
            await to_form(pilot)
            picker = pilot.app.screen.query_one(DatePicker)
            picker.query_one(Input).value = "2028-02-29"
            await pilot.pause()
            assert picker.query_one(MonthCalendar).day == date(2028, 2, 29)
            picker.query_one(Input).value = "2027-02-29"
            await pilot.pause()
            assert picker.day is None
            assert picker.query_one(MonthCalendar).day is None

    @pytest.mark.parametrize(
        ("typed", "day"),
        [("30d", "2026-12-24"), ("2w", "2026-12-08"), ("6m", "2027-05-24"), ("1y", "2027-11-24")],
    )
    async def test_a_lifetime_that_is_typed_becomes_its_date(
        self, saved: TokenCommands, run: Run, typed: str, day: str
    ) -> None:
        async with run(saved) as pilot:
            await to_form(pilot)
            picker = pilot.app.screen.query_one(DatePicker)
            field = picker.query_one(Input)
            field.value = ""
            field.focus()
            await write(pilot, typed)
            assert str(picker.day) == day
            await until(pilot, lambda: field.value == day)

    async def test_the_mouse_chooses_a_day_and_a_month(
        self, saved: TokenCommands, run: Run
    ) -> None:
        async with run(saved) as pilot:
            await to_form(pilot)
            calendar = pilot.app.screen.query_one(MonthCalendar)
            await pilot.click(calendar, offset=(25, 0))
            await pilot.click(calendar, offset=(2, 3))
            assert calendar.day == date(2027, 12, 6)

    async def test_a_preset(self, saved: TokenCommands, run: Run) -> None:
        async with run(saved) as pilot:
            await to_form(pilot)
            await pilot.click("#preset-90")
            await pilot.pause()
            assert pilot.app.screen.query_one(DatePicker).day == date(2027, 2, 22)


class TestSave:
    async def to_secret(self, pilot: Pilot[None]) -> None:
        await to_form(pilot)
        await write(pilot, "grafana")
        await pilot.press("enter")
        await arrive(pilot, SavedToken)

    async def test_nothing_but_its_button_closes_it(self, saved: TokenCommands, run: Run) -> None:
        async with run(saved) as pilot:
            await self.to_secret(pilot)
            await pilot.press("escape", "enter", "q", "ctrl+s", "ctrl+c", "f1", "escape", "ctrl+q")
            await pilot.press("ctrl+p")
            await pilot.click(offset=(0, 0))
            await pilot.pause()
            assert isinstance(pilot.app.screen, SavedToken)
            assert "to close" in said(pilot, "#outcome")
            assert saved.queries.look_up("grafana").never_saved

    async def test_a_change_that_may_not_last_shows_the_secret_and_says_so(
        self, saved: TokenCommands, run: Run
    ) -> None:
        async with run(saved) as pilot:
            with folders_that_do_not_sync():
                await self.to_secret(pilot)
            assert "was changed, but the disk did not confirm" in said(pilot, "#unconfirmed")
            assert pilot.app.screen.query_one(SecretLine).has_focus

    async def test_copy_says_what_is_known_and_leaves_no_copy(
        self, saved: TokenCommands, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sent: list[str] = []
        async with run(saved) as pilot:
            await self.to_secret(pilot)
            assert pilot.app._driver is not None
            monkeypatch.setattr(pilot.app._driver, "write", sent.append)
            await pilot.press("c")
            assert sum("\x1b]52;c;" in text for text in sent) == 1
            assert "cannot confirm the copy" in said(pilot, "#outcome")
            assert pilot.app.clipboard == ""

    async def test_to_a_file_once(self, saved: TokenCommands, run: Run, tmp_path: Path) -> None:
        async with run(saved) as pilot:
            await self.to_secret(pilot)
            path = tmp_path / "grafana.token"
            pilot.app.screen.query_one("#path", Input).value = str(path)
            await pilot.press("w", "enter")
            await until(pilot, lambda: "Written to" in said(pilot, "#outcome"))
            assert path.stat().st_mode & 0o777 == 0o600
            first = path.read_text()
            assert first.startswith(f"tt_{saved.queries.look_up('grafana').id}_")
            assert pilot.app.screen.query_one("#saved").has_focus
            await pilot.press("w", "enter")
            await until(pilot, lambda: pilot.app.screen.query_one("#saved").has_focus)
            assert "Written to" in said(pilot, "#outcome"), "it was no failure"
            other = tmp_path / "other.token"
            other.write_text("kept")
            pilot.app.screen.query_one("#path", Input).value = str(other)
            await pilot.press("w", "enter")
            await until(pilot, lambda: "exists" in said(pilot, "#outcome"))
            assert (path.read_text(), other.read_text()) == (first, "kept")
            await pilot.press("escape")

    async def test_a_secret_that_was_not_kept_is_asked_about_once(
        self, saved: TokenCommands, run: Run
    ) -> None:
        async with run(saved) as pilot:
            await self.to_secret(pilot)
            await pilot.press("y")
            await until(pilot, lambda: "not copied or written" in said(pilot, "#outcome"))
            assert saved.queries.look_up("grafana").never_saved
            await pilot.press("y")
            await arrive(pilot, TokenList)
            assert not saved.queries.look_up("grafana").never_saved

    async def test_escape_leaves_the_name_of_the_file(self, saved: TokenCommands, run: Run) -> None:
        async with run(saved) as pilot:
            await self.to_secret(pilot)
            await pilot.press("w")
            assert "Press Enter to write the secret" in said(pilot, "#outcome")
            await pilot.press("escape")
            await until(pilot, lambda: pilot.app.screen.query_one(SecretLine).has_focus)
            assert not pilot.app.screen.query_one("#file").display

    async def test_a_secret_that_was_copied_is_not_asked_about(
        self, saved: TokenCommands, run: Run
    ) -> None:
        async with run(saved) as pilot:
            await self.to_secret(pilot)
            await pilot.press("c", "y")
            await arrive(pilot, TokenList)

    @pytest.mark.parametrize("path", ["", "~nosuch/x", "a\0b", "/nowhere/x"])
    async def test_a_path_that_is_none_is_said_to_be_so(
        self, saved: TokenCommands, run: Run, path: str
    ) -> None:
        async with run(saved) as pilot:
            await self.to_secret(pilot)
            pilot.app.screen.query_one("#path", Input).value = path
            await pilot.press("w", "enter")
            await until(pilot, lambda: "could not be written" in said(pilot, "#outcome"))
            assert isinstance(pilot.app.screen, SavedToken)

    async def test_a_store_that_fails_keeps_the_secret_on_the_screen(
        self, saved: TokenCommands, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with run(saved) as pilot:
            await self.to_secret(pilot)

            def refuse(**_: object) -> None:
                raise StoreUnwritable("The disk is full. Nothing was changed.")

            with monkeypatch.context() as patch:
                patch.setattr(saved.backend.tokens, "apply", refuse)
                await pilot.press("c", "enter")
                await until(pilot, lambda: "disk is full" in said(pilot, "#outcome"))
            # A button takes no press while it still shows the one before.
            await until(
                pilot, lambda: not pilot.app.screen.query_one("#saved").has_class("-active")
            )
            await pilot.press("enter")
            await arrive(pilot, TokenList)


class TestNeverSaved:
    async def test_the_next_start_offers_to_revoke(self, stocked: TokenCommands, run: Run) -> None:
        token = stocked.queries.look_up("vendor_acme")
        async with run(stocked) as pilot:
            await arrive(pilot, Confirm)
            await pilot.press("tab", "enter")
            await arrive(pilot, TokenList)
            await until(pilot, lambda: stocked.queries.get(token.id).revoked_at)

    async def test_who_has_the_secret_says_so_under_manage(
        self, stocked: TokenCommands, run: Run
    ) -> None:
        async with run(stocked) as pilot:
            await arrive(pilot, Confirm)
            await pilot.press("enter")
            await arrive(pilot, TokenList)
            await pilot.press("end", "enter")
            await arrive(pilot, ManageToken)
            await pilot.press("shift+tab", "enter")
            await until(pilot, lambda: not stocked.queries.look_up("vendor_acme").never_saved)
            await until(pilot, lambda: not pilot.app.screen.query_one("#have").display)


class TestQuestion:
    @pytest.mark.parametrize(
        ("keys", "revoked"),
        [
            (["y"], True),
            (["right", "enter"], True),
            (["n"], False),
            (["right", "left", "enter"], False),
            (["escape"], False),
        ],
    )
    async def test_arrows_and_letters_answer(
        self, saved: TokenCommands, run: Run, keys: list[str], revoked: bool
    ) -> None:
        token = saved.queries.look_up("backup-nightly")
        async with run(saved) as pilot:
            await pilot.press("r")
            await arrive(pilot, Confirm)
            await pilot.press(*keys)
            await arrive(pilot, TokenList)
            await until(pilot, lambda: toasts(pilot))
            assert (saved.queries.get(token.id).revoked_at is not None) is revoked
            assert toasts(pilot) == [
                "Revoked backup-nightly." if revoked else "Nothing was revoked."
            ]

    @pytest.mark.parametrize(("key", "question"), [("r", Confirm), ("t", RotateToken)])
    async def test_what_messages_hide_is_not_confirmed(
        self, saved: TokenCommands, run: Run, key: str, question: type[Screen[object]]
    ) -> None:
        token = saved.queries.look_up("backup-nightly")
        yes = {Confirm: "y", RotateToken: "ctrl+s"}[question]
        async with run(saved, (30, 14), notifications=True) as pilot:
            await pilot.press(key)
            await arrive(pilot, question)
            for _ in range(5):
                pilot.app.notify("Something that takes several lines of a narrow window.")
            title = pilot.app.screen.query_one("#title")
            await until(pilot, lambda: not is_on_top(pilot, title))
            await pilot.press(yes)
            await until(pilot, lambda: is_on_top(pilot, title))
            assert isinstance(pilot.app.screen, question)
            assert saved.queries.get(token.id) == token
            await pilot.press(yes)
            await until(pilot, lambda: saved.queries.get(token.id) != token)

    async def test_in_a_small_window_a_message_stays_until_the_next_key(
        self, saved: TokenCommands, run: Run
    ) -> None:
        async with run(saved, (20, 5)) as pilot:
            pilot.app.notify("Something that takes several lines of a narrow window.")
            await until(pilot, lambda: toasts(pilot))
            await pilot.press("down")
            assert toasts(pilot) == []

    @pytest.mark.parametrize("keys", [["y"], ["tab", "enter"]])
    async def test_what_has_no_room_is_not_confirmed(
        self, saved: TokenCommands, run: Run, keys: list[str]
    ) -> None:
        token = saved.queries.look_up("backup-nightly")
        async with run(saved, (20, 5)) as pilot:
            await pilot.press("r")
            await arrive(pilot, Confirm)
            await pilot.press(*keys)
            await until(pilot, lambda: toasts(pilot))
            assert "too small" in toasts(pilot)[0]
            assert isinstance(pilot.app.screen, Confirm)
            assert saved.queries.get(token.id) == token


class TestManage:
    async def test_rename_keeps_the_cursor_on_the_token(
        self, saved: TokenCommands, run: Run
    ) -> None:
        token = saved.queries.look_up("backup-nightly")
        async with run(saved) as pilot:
            await pilot.press("m")
            await arrive(pilot, ManageToken)
            await pilot.press("f2")
            await write(pilot, "zz-backup")
            await pilot.press("enter")
            await until(pilot, lambda: "zz-backup" in said(pilot, "#facts"))
            assert toasts(pilot) == ["Renamed backup-nightly to zz-backup."]
            await pilot.press("escape")
            await arrive(pilot, TokenList)
            assert cursor_name(pilot) == "zz-backup"
            assert saved.queries.get(token.id).name == "zz-backup"

    async def test_keys_for_the_list_rename_nothing(self, saved: TokenCommands, run: Run) -> None:
        token = saved.queries.look_up("backup-nightly")
        async with run(saved) as pilot:
            await pilot.press("m")
            await arrive(pilot, ManageToken)
            await pilot.press("m", "r", "tab", "enter")
            assert saved.queries.get(token.id).name == "backup-nightly"
            await pilot.press("f2")
            await write(pilot, "zz-backup")
            await pilot.press("enter")
            await until(pilot, lambda: "zz-backup" in said(pilot, "#facts"))
            await pilot.press("m", "r", "tab", "enter")
            assert saved.queries.get(token.id).name == "zz-backup"

    async def test_a_name_that_was_typed_is_not_lost_unasked(
        self, saved: TokenCommands, run: Run
    ) -> None:
        async with run(saved) as pilot:
            await pilot.press("m")
            await arrive(pilot, ManageToken)
            await pilot.press("f2", "x", "escape")
            await arrive(pilot, Confirm)
            await pilot.press("escape")
            await arrive(pilot, ManageToken)
            assert pilot.app.screen.query_one("#name", Input).value == "x"
            await pilot.press("escape", "y")
            await arrive(pilot, TokenList)

    async def test_enter_twice_renames_once(
        self, saved: TokenCommands, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        rename, gate = saved.rename, Gate()
        calls: list[str] = []

        def waiting(token: Token, name: str) -> Token:
            calls.append(name)
            gate.wait(60)
            return rename(token, name)

        monkeypatch.setattr(saved, "rename", waiting)
        async with run(saved) as pilot:
            await pilot.press("m")
            await arrive(pilot, ManageToken)
            await pilot.press("f2")
            await write(pilot, "zz-backup")
            await pilot.press("enter", "enter")
            gate.set()
            await until(pilot, lambda: toasts(pilot))
            assert calls == ["zz-backup"]
            await pilot.pause()
            assert toasts(pilot) == ["Renamed backup-nightly to zz-backup."]
            assert saved.queries.look_up("zz-backup").revision == 3

    async def test_a_taken_name_is_refused_as_it_is_typed(
        self, saved: TokenCommands, run: Run
    ) -> None:
        async with run(saved) as pilot:
            await pilot.press("m")
            await arrive(pilot, ManageToken)
            await pilot.press("f2")
            await write(pilot, "monitoring")
            assert "already in use" in said(pilot, "#name-reason")
            await pilot.press("enter")
            assert saved.queries.look_up("backup-nightly")

    async def test_revoke_asks_with_the_cursor_on_cancel(
        self, saved: TokenCommands, run: Run
    ) -> None:
        token = saved.queries.look_up("backup-nightly")
        async with run(saved) as pilot:
            await pilot.press("m")
            await arrive(pilot, ManageToken)
            await pilot.press("ctrl+r")
            await arrive(pilot, Confirm)
            assert "backup-nightly" in said(pilot, "#title")
            await pilot.press("enter")
            await arrive(pilot, ManageToken)
            assert saved.queries.get(token.id).revoked_at is None
            await pilot.press("ctrl+r")
            await arrive(pilot, Confirm)
            await pilot.press("tab", "enter")
            await arrive(pilot, TokenList)
            assert saved.queries.get(token.id).hash is None
            assert toasts(pilot) == ["Nothing was revoked.", "Revoked backup-nightly."]
            assert cursor_name(pilot) == "ci-deploy"

    async def test_who_is_revoked_elsewhere_is_told(
        self, saved: TokenCommands, run: Run, open_service: Open
    ) -> None:
        async with run(saved) as pilot:
            await pilot.press("m")
            await arrive(pilot, ManageToken)
            other = open_service()
            other.revoke([other.queries.look_up("backup-nightly")])
            await until(pilot, lambda: "was revoked elsewhere" in said(pilot, "#name-reason"))
            await pilot.press("a", "r", "f8", "enter")
            assert isinstance(pilot.app.screen, ManageToken), "what was typed was a command"
            assert len(saved.queries.list_all(saved.queries.query())) == 5
            await pilot.press("escape")
            await arrive(pilot, TokenList)

    async def test_its_own_revocation_is_no_surprise(
        self, saved: TokenCommands, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        revoke = saved.revoke
        async with run(saved) as pilot:
            await pilot.press("m")
            await arrive(pilot, ManageToken)
            screen = pilot.app.screen

            def seen_before_it_returns(tokens: Sequence[Token]) -> None:
                revoke(tokens)
                pilot.app.call_from_thread(screen.post_message, StoreChanged())
                pilot.app.call_from_thread(lambda: None)

            monkeypatch.setattr(saved, "revoke", seen_before_it_returns)
            await pilot.press("f8")
            await arrive(pilot, Confirm)
            await pilot.press("tab", "enter")
            await arrive(pilot, TokenList)
            assert toasts(pilot) == ["Revoked backup-nightly."]

    @pytest.mark.usefixtures("unwatched")
    async def test_a_question_that_is_outdated_says_so(
        self, saved: TokenCommands, run: Run, open_service: Open
    ) -> None:
        async with run(saved) as pilot:
            await pilot.press("r")
            await arrive(pilot, Confirm)
            await look(pilot)
            await pilot.pause()
            assert not pilot.app.screen.query_one("#yes", Button).disabled
            other = open_service()
            other.revoke([other.queries.look_up("backup-nightly")])
            await look(pilot)
            await until(pilot, lambda: "was revoked elsewhere" in said(pilot, "#body"))
            assert pilot.app.screen.query_one("#yes", Button).disabled
            assert pilot.app.screen.focused is pilot.app.screen.query_one("#no")
            await pilot.press("enter")
            await arrive(pilot, TokenList)

    @pytest.mark.usefixtures("unwatched")
    async def test_a_stale_revoke_changes_nothing(
        self, saved: TokenCommands, run: Run, open_service: Open
    ) -> None:
        async with run(saved) as pilot:
            await pilot.press("r")
            await arrive(pilot, Confirm)
            other = open_service()
            other.rename(other.queries.look_up("backup-nightly"), "backup-weekly")
            await pilot.press("tab", "enter")
            await arrive(pilot, TokenList)
            await until(
                pilot, lambda: "changed elsewhere in the meantime" in said(pilot, "#warning")
            )
            assert saved.queries.look_up("backup-weekly").revoked_at is None
            await pilot.press("down")
            pilot.app.screen.post_message(StoreChanged())
            await pilot.pause()
            assert "changed elsewhere" in said(pilot, "#warning"), "it went by itself"
            await pilot.press("m")
            await arrive(pilot, ManageToken)
            await pilot.press("escape")
            await arrive(pilot, TokenList)
            await until(pilot, lambda: not said(pilot, "#warning"))


def words_of(pilot: Pilot[None], selector: str) -> str:
    content = pilot.app.screen.query_one(selector, Static).content
    if isinstance(content, Table):
        return " ".join(str(cell) for column in content.columns for cell in column.cells)
    return " ".join(str(content).split())


def is_on_top(pilot: Pilot[None], widget: Widget) -> bool:
    return pilot.app.screen.get_widget_at(*widget.region.offset)[0] is widget


async def look(pilot: Pilot[None]) -> None:
    """Look at the store, in an app that is `unwatched`: of two looks, the newer cancels the other.

    The first look finds everything new.
    """
    assert isinstance(pilot.app, TokentuiApp)
    await pilot.app.store_watch.look()


class TestAccess:
    async def test_of_a_token_that_is_there(self, saved: TokenCommands, run: Run) -> None:
        async with run(saved) as pilot:
            await pilot.press("down", "m")
            await arrive(pilot, ManageToken)
            await pilot.press("f9", "space", "ctrl+s")
            await until(pilot, lambda: "read-only, from any network" in said(pilot, "#facts"))
            assert saved.queries.look_up("ci-deploy").read_only
            assert toasts(pilot) == ["ci-deploy: read-only, from any network."]
            await until(pilot, lambda: pilot.app.focused is None)
            await pilot.press("f9", "space", "escape")
            await arrive(pilot, Confirm)
            await pilot.press("y")
            await arrive(pilot, TokenList)
            assert saved.queries.look_up("ci-deploy").read_only

    async def test_networks_are_checked(self, saved: TokenCommands, run: Run) -> None:
        async with run(saved) as pilot:
            await pilot.press("down", "m")
            await arrive(pilot, ManageToken)
            await pilot.press("f9", "tab")
            await write(pilot, "example.org")
            await pilot.press("enter")
            await until(pilot, lambda: "not a network" in said(pilot, "#networks-problem"))
            await pilot.press("ctrl+u")
            await write(pilot, "192.0.2.7, ::1")
            await pilot.press("enter")
            await until(pilot, lambda: toasts(pilot))
            assert saved.queries.look_up("ci-deploy").networks == ("192.0.2.7/32", "::1/128")
            await until(pilot, lambda: "::1/128" in said(pilot, "#facts"))
            await pilot.press("escape")  # nothing is asked: all is saved
            await arrive(pilot, TokenList)

    async def test_all_that_was_entered_is_saved_together(
        self, saved: TokenCommands, run: Run
    ) -> None:
        async with run(saved) as pilot:
            await pilot.press("m")
            await arrive(pilot, ManageToken)
            await pilot.press("f9", "space", "f4", *"Nightly", "f2", *"zz", "enter")
            await until(pilot, lambda: len(toasts(pilot)) == 3)
            token = saved.queries.look_up("zz")
            assert (token.note, token.read_only) == ("Nightly", True)

    async def test_it_is_not_changed_on_what_was_true_earlier(
        self, saved: TokenCommands, run: Run, open_service: Open
    ) -> None:
        async with run(saved) as pilot:
            await pilot.press("down", "m")
            await arrive(pilot, ManageToken)
            await pilot.press("f9", "space")
            other = open_service()
            other.set_access(
                other.queries.look_up("ci-deploy"), read_only=False, networks=("::1/128",)
            )
            await until(pilot, lambda: "::1/128" in said(pilot, "#facts"))
            await pilot.press("ctrl+s")
            await until(pilot, lambda: "changed elsewhere" in said(pilot, "#name-reason"))
            assert saved.queries.look_up("ci-deploy").networks == ("::1/128",)
            await pilot.press("ctrl+s")
            await until(pilot, lambda: toasts(pilot))
            assert saved.queries.look_up("ci-deploy").read_only

    async def test_a_store_to_look_at(self, saved: TokenCommands, run: Run) -> None:
        saved.backend.read_only = True
        async with run(saved) as pilot:
            await pilot.press("m")
            await until(pilot, lambda: isinstance(pilot.app.screen, ManageToken))
            await pilot.press("f9")
            await pilot.pause()
            assert isinstance(pilot.app.screen, ManageToken)


def title_at(table: TokenTable, title: str) -> int:
    return table.render_line(0).text.index(title)


@pytest.mark.usefixtures("unwatched")
class TestUses:
    @pytest.mark.parametrize("key", [None, "m"])
    async def test_they_appear_while_the_app_is_open(
        self, saved: TokenCommands, run: Run, open_service: Open, key: str | None
    ) -> None:
        async with run(saved, size=(130, 36)) as pilot:
            if key is not None:
                await pilot.press(key)
                await arrive(pilot, ManageToken)
            await look(pilot)
            other = open_service().backend.usage
            for _ in range(1200):
                other.record(saved.queries.look_up("backup-nightly").id, NOW, "192.0.2.7")
            other.flush()
            await look(pilot)
            told = "2026-11-24 20:15, today, from 192.0.2.7, 1,200 times in total"
            selector = "#details" if key is None else "#facts"
            await until(pilot, lambda: told in words_of(pilot, selector))
            if key is None:
                row = pilot.app.screen.query_one(TokenTable).render_line(1).text
                assert " now " in row

    async def test_nothing_is_drawn_while_nothing_happens(
        self, saved: TokenCommands, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with run(saved) as pilot:
            await look(pilot)
            await pilot.pause()
            told: list[object] = []
            with monkeypatch.context() as patches:
                patches.setattr(pilot.app.screen, "post_message", told.append)
                await look(pilot)
            assert told == []


class TestTry:
    async def try_it(self, pilot: Pilot[None], text: str) -> str:
        field = pilot.app.screen.query_one("#secret", Input)
        field.value = text
        await pilot.press("enter")
        await until(pilot, lambda: not field.value and said(pilot, "#verdict"))
        return said(pilot, "#verdict")

    async def test_which_token_it_is_of_and_what_it_opens(
        self, saved: TokenCommands, run: Run
    ) -> None:
        bound = saved.create("probe", None, read_only=True, networks=("192.0.2.0/24",))
        lost = saved.create("lost", None)
        saved.confirm_saved(bound.token.id)
        saved.revoke([lost.token])
        async with run(saved) as pilot:
            await pilot.press("y")
            await arrive(pilot, TrySecret)
            secret = bound.secret.reveal()
            assert "read-only, from 192.0.2.0/24" in await self.try_it(pilot, secret)
            assert "probe" in words_of(pilot, "#details")
            assert "lost: " in await self.try_it(pilot, lost.secret.reveal())
            assert "probe" not in words_of(pilot, "#details")
            assert "This is not a secret" in await self.try_it(pilot, secret[:-1] + "_")
            assert used(saved.backend.usage, bound.token.id) is None
            await pilot.press("escape")
            await arrive(pilot, TokenList)

    async def test_garbage(self, saved: TokenCommands, run: Run) -> None:
        async with run(saved) as pilot:
            await pilot.press("y")
            await arrive(pilot, TrySecret)
            for text in ("x", "tt_" * 1000, "\x1b[31m", "[/b]", " "):
                assert await self.try_it(pilot, text)

    @pytest.fixture
    def secret(self, saved: TokenCommands) -> str:
        new = saved.create("probe", None)
        saved.confirm_saved(new.token.id)
        return new.secret.reveal()

    @pytest.mark.parametrize("around", ["{}\n", "\n  {} \n\n", "{}"])
    async def test_it_is_pasted_and_never_shown(
        self, saved: TokenCommands, run: Run, secret: str, around: str
    ) -> None:
        async with run(saved) as pilot:
            await pilot.press("y")
            await arrive(pilot, TrySecret)
            field = pilot.app.screen.query_one("#secret", Input)
            field.value = "something else"
            pilot.app.post_message(Paste(around.format(secret)))
            await until(pilot, lambda: field.value == secret)
            assert secret[:10] not in pilot.app.export_screenshot()

    async def test_the_screen_goes_on_while_a_secret_is_checked(
        self, saved: TokenCommands, run: Run, secret: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        check, checking, gate = saved.hasher.check, Gate(), Gate()

        def waiting(secret: Secret, hashed: str) -> bool:
            checking.set()
            return gate.wait(60) and check(secret, hashed)

        monkeypatch.setattr(saved.hasher, "check", waiting)
        async with run(saved) as pilot:
            await pilot.press("y")
            await arrive(pilot, TrySecret)
            field = pilot.app.screen.query_one("#secret", Input)
            field.value = secret
            await pilot.press("enter")
            await until(pilot, lambda: checking.is_set() and not field.value)
            gate.set()
            await until(pilot, lambda: "token is valid" in said(pilot, "#verdict"))

    @pytest.mark.parametrize(
        ("text", "answer"),
        [("tt_" * 400_000, "This is not a secret"), (" \n ", "Paste a secret first.")],
    )
    async def test_every_paste_is_answered(
        self, saved: TokenCommands, run: Run, text: str, answer: str
    ) -> None:
        async with run(saved) as pilot:
            await pilot.press("y")
            await arrive(pilot, TrySecret)
            pilot.app.post_message(Paste(text))
            await pilot.press("enter")
            await until(pilot, lambda: answer in said(pilot, "#verdict"))


class TestRotate:
    async def test_from_the_list_to_a_secret_and_back_to_the_pair(
        self, saved: TokenCommands, run: Run
    ) -> None:
        old = saved.queries.look_up("backup-nightly")
        async with run(saved) as pilot:
            await pilot.press("t")
            await arrive(pilot, RotateToken)
            await pilot.press("down", "enter")
            await arrive(pilot, SavedToken)
            assert saved.queries.get(old.id).expires_at == NOW + timedelta(days=7)
            assert not pilot.app.screen.query_one("#another").display
            await pilot.press("c", "enter")
            await arrive(pilot, TokenList)
            table = pilot.app.screen.query_one(TokenTable)
            new, below = table.token, table.at(1)
            assert new is not None
            assert below is not None
            assert (new.name, below.token.id, below.token.replaced_by) == (old.name, old.id, new.id)
            assert not saved.queries.get(new.id).never_saved

    async def test_no_overlap_asks_first(self, saved: TokenCommands, run: Run) -> None:
        old = saved.queries.look_up("backup-nightly")
        async with run(saved) as pilot:
            await pilot.press("t")
            await arrive(pilot, RotateToken)
            await pilot.press("k", "j", "j", "down", "ctrl+s")
            await arrive(pilot, Confirm)
            assert "backup-nightly" in said(pilot, "#title")
            await pilot.press("n")
            await arrive(pilot, RotateToken)
            assert saved.queries.get(old.id) == old
            assert toasts(pilot) == ["Nothing was rotated."]
            await pilot.press("ctrl+s")
            await arrive(pilot, Confirm)
            await pilot.press("y")
            await arrive(pilot, SavedToken)
            assert saved.queries.get(old.id).hash is None

    async def test_manage_goes_on_with_the_successor(self, saved: TokenCommands, run: Run) -> None:
        old = saved.queries.look_up("backup-nightly")
        async with run(saved) as pilot:
            await pilot.press("m")
            await arrive(pilot, ManageToken)
            await pilot.press("f7")
            await arrive(pilot, RotateToken)
            await pilot.press("f10")
            await arrive(pilot, SavedToken)
            await pilot.press("c", "enter")
            await arrive(pilot, ManageToken)
            successor = saved.queries.get(old.id).replaced_by
            assert successor is not None
            assert successor in said(pilot, "#facts")
            await pilot.press("f2")
            await write(pilot, "renamed")
            await pilot.press("enter")
            await until(pilot, lambda: saved.queries.get(successor).name == "renamed")
            await pilot.press("escape")
            await arrive(pilot, TokenList)
            assert cursor_name(pilot) == "renamed"

    async def test_turning_back_changes_nothing(self, saved: TokenCommands, run: Run) -> None:
        old = saved.queries.look_up("backup-nightly")
        async with run(saved) as pilot:
            for leave in (["escape"], ["shift+tab", "enter"]):
                await pilot.press("t")
                await arrive(pilot, RotateToken)
                await pilot.press(*leave)
                await arrive(pilot, TokenList)
            assert saved.queries.get(old.id) == old

    async def test_what_cannot_be_done_is_said_on_the_spot(
        self, saved: TokenCommands, run: Run, open_service: Open
    ) -> None:
        async with run(saved) as pilot:
            await pilot.press("t")
            await arrive(pilot, RotateToken)
            other = open_service()
            other.rename(other.queries.look_up("backup-nightly"), "backup")
            await pilot.press("ctrl+s")
            await until(pilot, lambda: "changed elsewhere" in said(pilot, "#problem"))
            assert saved.queries.find(saved.queries.query()).total.value == 6

    async def test_the_old_one_can_only_be_revoked(self, saved: TokenCommands, run: Run) -> None:
        new = saved.rotate(saved.queries.look_up("backup-nightly"), timedelta(hours=1))
        saved.confirm_saved(new.token.id)
        old = new.replaces
        assert old is not None
        async with run(saved) as pilot:
            await pilot.press("down", "t")
            assert not isinstance(pilot.app.screen, RotateToken)
            assert "already replaced" in toasts(pilot)[0]
            await pilot.press("m")
            await until(pilot, lambda: isinstance(pilot.app.screen, ManageToken))
            await pilot.pause()
            assert "You can only revoke it." in said(pilot, "#name-reason")
            values = {line[13:] for line in said(pilot, "#facts").splitlines()}
            assert {new.token.id, "backup-nightly", "replaced"} <= values, "they are one column"
            await pilot.press("x", "f7")
            assert isinstance(pilot.app.screen, ManageToken)
            await pilot.press("f8")
            await arrive(pilot, Confirm)
            await pilot.press("tab", "enter")
            await arrive(pilot, TokenList)
            assert saved.queries.get(old.id).revoked_at is not None

    async def test_what_had_its_time_leaves_the_list_by_itself(
        self, saved: TokenCommands, run: Run
    ) -> None:
        saved.rotate(saved.queries.look_up("backup-nightly"), timedelta(hours=1))
        assert saved.queries.find(saved.queries.query()).total.value == 7
        saved.queries.now = lambda: NOW + timedelta(hours=2)
        async with run(saved) as pilot:
            await until(pilot, lambda: saved.queries.find(saved.queries.query()).total.value == 6)


class TestUndo:
    async def test_renames_are_undone_all_the_way_back(
        self, saved: TokenCommands, run: Run, open_service: Open
    ) -> None:
        token = saved.queries.look_up("backup-nightly")
        async with run(saved) as pilot:
            await pilot.press("m")
            await arrive(pilot, ManageToken)
            for name in ("first", "second"):
                await pilot.press("f2")
                await write(pilot, name)
                await pilot.press("enter")
                await until(pilot, lambda name=name: name in said(pilot, "#facts"))  # type: ignore[misc]
            await pilot.press("escape")
            await arrive(pilot, TokenList)
            other = open_service()
            other.set_access(other.queries.get(token.id), read_only=True, networks=())
            for name in ("first", "backup-nightly"):
                await pilot.press("u")
                await until(pilot, lambda name=name: cursor_name(pilot) == name)  # type: ignore[misc]
                assert saved.queries.get(token.id).name == name
            await pilot.press("u")
            await until(pilot, lambda: "Nothing to undo" in toasts(pilot)[-1])
            assert saved.queries.get(token.id).read_only

    async def test_manage_undoes_name_note_and_access_back_to_the_start_of_the_visit(
        self, saved: TokenCommands, run: Run
    ) -> None:
        before = saved.queries.look_up("backup-nightly")
        async with run(saved) as pilot:
            await pilot.press("m")
            await arrive(pilot, ManageToken)
            assert "Undo" not in pilot.app.screen.query_one(KeyFooter).keys
            await pilot.press("f2", *"zz", "enter")
            await until(pilot, lambda: len(toasts(pilot)) == 1)
            await pilot.press("f4", *"Nightly", "enter")
            await until(pilot, lambda: len(toasts(pilot)) == 2)
            await pilot.press("f9", "space", "ctrl+s")
            await until(pilot, lambda: len(toasts(pilot)) == 3)
            await until(pilot, lambda: "Undo" in pilot.app.screen.query_one(KeyFooter).keys)
            await pilot.press("u", "u", "u")
            await until(pilot, lambda: len(toasts(pilot)) == 6)
            assert toasts(pilot)[3:] == [
                "Restored the access of zz: all requests, from any network.",
                "Restored the note of zz.",
                "Renamed zz back to backup-nightly.",
            ]
            token = saved.queries.look_up("backup-nightly")
            assert (token.note, token.read_only) == (before.note, before.read_only)
            await until(pilot, lambda: "Undo" not in pilot.app.screen.query_one(KeyFooter).keys)

    async def test_the_list_undoes_a_note_and_access(self, saved: TokenCommands, run: Run) -> None:
        async with run(saved) as pilot:
            await pilot.press("m")
            await arrive(pilot, ManageToken)
            await pilot.press("f9", "space", "f4", *"Nightly", "enter")
            await until(pilot, lambda: len(toasts(pilot)) == 2)
            await pilot.press("escape")
            await arrive(pilot, TokenList)
            await pilot.press("u")
            await until(pilot, lambda: not saved.queries.look_up("backup-nightly").read_only)
            assert saved.queries.look_up("backup-nightly").note == "Nightly"
            await pilot.press("u")
            await until(pilot, lambda: not saved.queries.look_up("backup-nightly").note)

    async def test_there_is_nothing_to_undo(self, saved: TokenCommands, run: Run) -> None:
        async with run(saved) as pilot:
            await pilot.press("u")
            await until(pilot, lambda: toasts(pilot))
            assert "Only changes" in toasts(pilot)[0]

    async def test_another_change_meanwhile_is_kept(
        self, saved: TokenCommands, run: Run, open_service: Open
    ) -> None:
        async with run(saved) as pilot:
            await pilot.press("m")
            await arrive(pilot, ManageToken)
            await pilot.press("f2")
            await write(pilot, "zz-backup")
            await pilot.press("enter")
            await until(pilot, lambda: toasts(pilot))
            await pilot.press("escape")
            await arrive(pilot, TokenList)
            other = open_service()
            other.rename(other.queries.look_up("zz-backup"), "theirs")
            await pilot.press("u")
            await until(pilot, lambda: "changed elsewhere" in said(pilot, "#warning"))
            assert saved.queries.look_up("theirs")


class TestNotes:
    async def test_a_token_is_created_with_a_note(self, saved: TokenCommands, run: Run) -> None:
        async with run(saved) as pilot:
            await to_form(pilot)
            await write(pilot, "grafana")
            pilot.app.screen.set_focus(pilot.app.screen.query_one("#note"))
            await write(pilot, "Dashboards. Ask ada.")
            await pilot.press("enter")
            await arrive(pilot, SavedToken)
        assert saved.queries.look_up("grafana").note == "Dashboards. Ask ada."

    async def test_a_note_that_cannot_be_is_refused(self, saved: TokenCommands, run: Run) -> None:
        async with run(saved) as pilot:
            await to_form(pilot)
            await write(pilot, "grafana")
            note = pilot.app.screen.query_one("#note", Input)
            note.value = "not\u202eprintable"
            await pilot.press("enter")
            await until(pilot, lambda: "A note is one line" in said(pilot, "#problem"))
            await until(pilot, lambda: pilot.app.focused is note)

    async def test_a_note_is_edited_and_kept(self, saved: TokenCommands, run: Run) -> None:
        async with run(saved) as pilot:
            await pilot.press("m")
            await arrive(pilot, ManageToken)
            await pilot.press("f4")
            await write(pilot, "Nightly")
            await pilot.press("enter")
            await until(pilot, lambda: toasts(pilot) == ["Saved the note."])
            assert saved.queries.look_up("backup-nightly").note == "Nightly"
            await until(pilot, lambda: pilot.app.focused is None)
            await pilot.press("escape")
            await arrive(pilot, TokenList)
            await until(pilot, lambda: "Nightly" in said(pilot, "#facts"))

    async def test_a_note_that_is_typed_is_not_lost_unasked(
        self, saved: TokenCommands, run: Run
    ) -> None:
        async with run(saved) as pilot:
            await pilot.press("m")
            await arrive(pilot, ManageToken)
            await pilot.press("f4")
            await write(pilot, "Nightly")
            await pilot.press("escape")
            await arrive(pilot, Confirm)
            await pilot.press("escape")
            await arrive(pilot, ManageToken)
            assert pilot.app.screen.query_one("#note", Input).value == "Nightly"


async def test_n_renames_with_the_old_name_selected(saved: TokenCommands, run: Run) -> None:
    async with run(saved) as pilot:
        await pilot.press("n")
        await arrive(pilot, ManageToken)
        await until(pilot, lambda: isinstance(pilot.app.focused, Input))
        assert pilot.app.screen.query_one("#name", Input).value == "backup-nightly"
        await pilot.press("escape")  # nothing is asked: nothing was typed
        await arrive(pilot, TokenList)
        await pilot.press("n")
        await arrive(pilot, ManageToken)
        await until(pilot, lambda: isinstance(pilot.app.focused, Input))
        await write(pilot, "backup")
        await pilot.press("enter")
        await until(pilot, lambda: saved.queries.look_up("backup").name == "backup")


class TestList:
    async def test_keys_typed_ahead_of_a_screen_are_no_commands(
        self, saved: TokenCommands, run: Run
    ) -> None:
        async with run(saved) as pilot:
            screen = pilot.app.screen
            assert isinstance(screen, TokenList)
            screen.action_create()
            screen.action_revoke()
            screen.action_manage()
            await arrive(pilot, CreateToken)
            assert len(pilot.app.screen_stack) == 2

    async def test_filter_as_you_type(self, saved: TokenCommands, run: Run) -> None:
        async with run(saved) as pilot:
            await pilot.press("slash")
            await write(pilot, "OLD")
            assert cursor_name(pilot) == "old-laptop"
            assert said(pilot, "#summary") == "1 token matching 'OLD'"
            await pilot.press("enter", "m")
            await arrive(pilot, ManageToken)
            await pilot.press("escape")
            await arrive(pilot, TokenList)
            await pilot.press("escape")
            assert counts(pilot).startswith("6 tokens")
            assert cursor_name(pilot) == "old-laptop"

    async def test_down_goes_from_the_filter_to_the_list(
        self, saved: TokenCommands, run: Run
    ) -> None:
        async with run(saved) as pilot:
            await pilot.press("slash", "down")
            assert pilot.app.screen.query_one(TokenTable).has_focus
            await pilot.press("down")
            assert cursor_name(pilot) == "ci-deploy"

    async def test_the_columns_stay_where_they_are_beside_the_filter(
        self, saved: TokenCommands, run: Run
    ) -> None:
        async with run(saved) as pilot:
            table = pilot.app.screen.query_one(TokenTable)
            before = title_at(table, "Expires")
            await pilot.press("slash")
            await pilot.pause()
            assert title_at(table, "Expires") == before

    async def test_no_match_says_so(self, saved: TokenCommands, run: Run) -> None:
        async with run(saved) as pilot:
            await pilot.press("slash")
            await write(pilot, "zzz")
            await until(
                pilot, lambda: "No name, ID, owner or note contains zzz." in said(pilot, "#empty")
            )

    async def test_sort_keeps_the_cursor_on_its_token(self, saved: TokenCommands, run: Run) -> None:
        async with run(saved) as pilot:
            await pilot.press("down")
            for key in ("s", "s", "S", "s"):
                await pilot.press(key)
                assert cursor_name(pilot) == "ci-deploy"
            await pilot.press("s", "home")
            assert cursor_name(pilot) == "old-laptop"

    async def test_a_click_on_a_title_sorts_and_a_double_click_manages(
        self, saved: TokenCommands, run: Run
    ) -> None:
        async with run(saved) as pilot:
            table = pilot.app.screen.query_one(TokenTable)
            await pilot.click(table, offset=(title_at(table, "Expires"), 0))
            await pilot.press("home")
            assert cursor_name(pilot) == "old-laptop"
            await pilot.click(table, offset=(title_at(table, "Expires"), 0))
            await pilot.press("home")
            assert cursor_name(pilot) == "monitoring"
            await pilot.click(table, offset=(5, 2), times=2)
            await arrive(pilot, ManageToken)

    async def test_a_change_elsewhere_arrives_with_the_cursor_kept(
        self, saved: TokenCommands, run: Run, open_service: Open
    ) -> None:
        async with run(saved) as pilot:
            await pilot.press("down")
            open_service().create("aaa-first", None)
            await until(pilot, lambda: counts(pilot).startswith("7 tokens"))
            assert cursor_name(pilot) == "ci-deploy"

    async def test_many_tokens_scroll_by_windows(self, service: TokenCommands, run: Run) -> None:
        for number in range(450):
            token = service.create(f"t{number:03}", None).token
            service.confirm_saved(token.id)
        async with run(service) as pilot:
            await pilot.press("end")
            await until(pilot, lambda: cursor_name(pilot) == "t449")
            await pilot.press("home")
            await until(pilot, lambda: cursor_name(pilot) == "t000")
            for _ in range(15):
                await pilot.press("pagedown")
            await until(pilot, lambda: cursor_name(pilot) > "t200")
            table = pilot.app.screen.query_one(TokenTable)
            table.scroll_to(y=0, animate=False, immediate=True)
            await until(pilot, lambda: table.at(0))
            await pilot.pause()
            assert table.scroll_offset.y == 0
            assert cursor_name(pilot) > "t200"

    async def test_a_key_after_a_leap_is_for_the_token_there(
        self, service: TokenCommands, run: Run
    ) -> None:
        raw(service).apply(
            added=[
                Token(
                    id=f"{number:010}",
                    account="ada",
                    name=f"n{number:04}",
                    created_at=NOW,
                    expires_at=None,
                    saved_at=NOW,
                    hash="hash",
                )
                for number in range(1000)
            ]
        )
        async with run(service) as pilot:
            screen = pilot.app.screen
            assert isinstance(screen, TokenList)
            screen.query_one(TokenTable).action_move_to(-1)
            screen.action_manage()
            await arrive(pilot, ManageToken)
            assert "n0999" in said(pilot, "#facts")

    async def test_what_needs_a_token_is_greyed_without_one(
        self, service: TokenCommands, run: Run
    ) -> None:
        async with run(service) as pilot:
            await pilot.press("m", "r", "slash", "s")
            await pilot.pause()
            assert isinstance(pilot.app.screen, TokenList)
            assert "press c" in said(pilot, "#empty")

    async def test_names_from_the_store_cannot_reach_the_terminal(
        self, saved: TokenCommands, run: Run, store_path: Path
    ) -> None:
        evil = "a\\u001b]52;c;ZXZpbA==\\u0007[/red]\\u202e"
        store_path.write_text(store_path.read_text().replace("backup-nightly", evil))
        async with run(saved) as pilot:
            await pilot.press("m")
            await arrive(pilot, ManageToken)
            await pilot.press("f8")
            await arrive(pilot, Confirm)
            drawn = pilot.app.export_screenshot()
            assert "\x1b" not in drawn
            assert "\u202e" not in drawn
            assert r"a\x1b]52" in said(pilot, "#title")


@pytest.mark.parametrize(
    ("form", "days"),
    [
        (DateFormat.EUROPEAN, ("24.11.2026", "in 9 days")),
        (DateFormat.BRITISH, ("24/11/2026", "in 9 days")),
        (DateFormat.AMERICAN, ("11/24/2026", "in 9 days")),
    ],
)
async def test_days_are_shown_as_one_likes_and_typed_as_ever(
    saved: TokenCommands, run: Run, form: DateFormat, days: tuple[str, ...]
) -> None:
    saved.queries.policy = replace(saved.queries.policy, date_format=form)
    async with run(saved) as pilot:
        drawn = pilot.app.export_screenshot().replace("&#160;", " ")
        assert all(day in drawn for day in days)
        await to_form(pilot)
        assert pilot.app.screen.query_one(DatePicker).query_one(Input).value == "2027-11-24"


class TestHelp:
    async def test_opens_over_a_secret_and_over_a_question(
        self, saved: TokenCommands, run: Run
    ) -> None:
        async with run(saved) as pilot:
            await pilot.press("r")
            await arrive(pilot, Confirm)
            await pilot.press("f1")
            await arrive(pilot, Help)
            await pilot.press("escape")
            await arrive(pilot, Confirm)
            await pilot.press("escape")
            await arrive(pilot, TokenList)
            await to_form(pilot)
            await write(pilot, "grafana")
            await pilot.press("enter")
            await arrive(pilot, SavedToken)
            await pilot.press("f1")
            await arrive(pilot, Help)
            await pilot.press("ctrl+q", "ctrl+p", "escape")
            await arrive(pilot, SavedToken)

    @pytest.mark.parametrize("key", ["question_mark", "f1"])
    async def test_opens_and_closes(self, saved: TokenCommands, run: Run, key: str) -> None:
        async with run(saved) as pilot:
            for closing in ("escape", key):
                await pilot.press(key)
                await arrive(pilot, Help)
                await pilot.press(closing)
                await arrive(pilot, TokenList)

    async def test_typing_leaves_what_holds_it(self, saved: TokenCommands, run: Run) -> None:
        async with run(saved) as pilot:
            await pilot.press("question_mark")
            await arrive(pilot, Help)

            def shown() -> list[str]:
                groups = [group for group in pilot.app.screen.query(".group") if group.display]
                return [str(group.query_one(Label).content) for group in groups]

            everything = shown()
            assert "Copying" in everything
            await write(pilot, "PuTTY")
            await until(pilot, lambda: shown() == ["Copying"])
            drawn = pilot.app.export_screenshot()
            assert "PuTTY" in drawn
            assert "iTerm2" not in drawn
            await write(pilot, "x")
            await until(pilot, lambda: said(pilot, "#nothing") == "No match for 'PuTTYx'.")
            await pilot.press("escape")
            await until(pilot, lambda: shown() == everything)
            await pilot.press("escape")
            await arrive(pilot, TokenList)

    async def test_scrolls_while_one_types(self, saved: TokenCommands, run: Run) -> None:
        async with run(saved) as pilot:
            await pilot.press("f1")
            await arrive(pilot, Help)
            body = pilot.app.screen.query_one("#body")
            await pilot.press("pagedown", "down")
            await until(pilot, lambda: body.scroll_offset.y > 10)
            await pilot.press("up", "pageup")
            await until(pilot, lambda: body.scroll_offset.y == 0)


async def test_the_walk_through_takes_ten_keys_and_two_names(
    saved: TokenCommands, run: Run
) -> None:
    keys = 0

    async def press(*pressed: str) -> None:
        nonlocal keys
        keys += len(pressed)
        await pilot.press(*pressed)

    async with run(saved) as pilot:
        await press("c")
        await arrive(pilot, CreateToken)
        await write(pilot, "zz")
        await press("enter")
        await arrive(pilot, SavedToken)
        assert keys == 2
        await press("c", "enter")
        await arrive(pilot, TokenList)
        assert keys <= 2 + 3
        before = keys
        await press("n")
        await arrive(pilot, ManageToken)
        await write(pilot, "zz-top")
        await press("enter")
        await until(pilot, lambda: saved.queries.look_up("zz-top").name == "zz-top")
        assert keys - before == 2
        await pilot.press("escape")
        await arrive(pilot, TokenList)
        before = keys
        await press("r")
        await arrive(pilot, Confirm)
        await press("tab", "enter")
        await until(pilot, lambda: toasts(pilot)[-1] == "Revoked zz-top.")
        assert keys - before == 3


async def test_every_control_is_reached_by_tab(saved: TokenCommands, run: Run) -> None:
    async with run(saved) as pilot:
        await to_form(pilot)
        screen = pilot.app.screen
        reached = set()
        for _ in range(20):
            reached.add(screen.focused)
            await pilot.press("tab")
        assert set(screen.query(Button)) | set(screen.query(Input)) <= reached


async def test_the_palette_opens_where_no_secret_is(saved: TokenCommands, run: Run) -> None:
    async with run(saved) as pilot:
        await pilot.press("ctrl+p")
        await until(pilot, lambda: isinstance(pilot.app.screen, CommandPalette))

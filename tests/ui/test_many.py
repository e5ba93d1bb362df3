"""Many tokens at once: marks, filters, orders, history."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot
from textual.widgets import Button, OptionList

from tests.opening import open_store
from tokentui.core.commands import TokenCommands
from tokentui.core.policy import Policy
from tokentui.core.query import Filter, Sort
from tokentui.core.repositories import every_token
from tokentui.ui.preferences import Preferences
from tokentui.ui.screens.choose_access import ChooseAccess
from tokentui.ui.screens.choose_filter import ChooseFilter
from tokentui.ui.screens.confirm import Confirm
from tokentui.ui.screens.create_token import CreateToken
from tokentui.ui.screens.manage_token import ManageToken
from tokentui.ui.screens.token_list import TokenList
from tokentui.ui.widgets.month_calendar import MonthCalendar
from tokentui.ui.widgets.screen_header import ScreenHeader
from tokentui.ui.widgets.toggles import Tick
from tokentui.ui.widgets.token_table import TokenTable

from ..conftest import NOW
from .conftest import Run, app_of, arrive, cursor_name, said, toasts, until, write
from .test_keys import footer

NAMES = [
    "backup-nightly",
    "ci-deploy",
    "github-actions-production",
    "monitoring",
    "old-laptop",
    "vendor_acme",
]


def marked(pilot: Pilot[None]) -> set[str]:
    screen = pilot.app.screen
    assert isinstance(screen, TokenList)
    selected = screen._browser.selection.ids
    return {screen.service.queries.get(token_id).name for token_id in selected}


def bound(service: TokenCommands) -> set[str]:
    tokens = service.queries.list_all(service.queries.query())
    return {token.name for token in tokens if token.read_only}


def on(pilot: Pilot[None], screen: type) -> bool:
    return isinstance(pilot.app.screen, screen)


def live(service: TokenCommands) -> list[str]:
    return [token.name for token in service.queries.list_all(service.queries.query())]


def shown(pilot: Pilot[None]) -> list[str]:
    table = pilot.app.screen.query_one(TokenTable)
    return [row.token.name for row in table._page.rows]


async def show_only(pilot: Pilot[None], which: Filter) -> None:
    await pilot.press("f")
    await arrive(pilot, ChooseFilter)
    await pilot.press("home", *["down"] * list(Filter).index(which), "enter")
    await arrive(pilot, TokenList)


class TestMarks:
    async def test_space_marks_and_goes_on(self, saved: TokenCommands, run: Run) -> None:
        async with run(saved) as pilot:
            await pilot.press("space", "down", "space")
            assert marked(pilot) == {NAMES[0], NAMES[2]}
            assert "2 selected" in said(pilot, "#summary")
            await pilot.press("up", "space")
            assert marked(pilot) == {NAMES[0]}

    async def test_a_range_either_way(self, saved: TokenCommands, run: Run) -> None:
        async with run(saved) as pilot:
            await pilot.press("down", "space", "down", "v")
            assert marked(pilot) == set(NAMES[1:4])
            await pilot.press("home", "v")
            assert marked(pilot) == set(NAMES[:4])

    async def test_all_none_and_the_others(self, saved: TokenCommands, run: Run) -> None:
        async with run(saved) as pilot:
            await pilot.press("a")
            assert marked(pilot) == set(NAMES)
            await pilot.press("a")
            assert marked(pilot) == set()
            await pilot.press("space", "i")
            assert marked(pilot) == set(NAMES[1:])
            await pilot.press("escape")
            assert marked(pilot) == set()

    async def test_all_is_what_the_filter_shows(self, saved: TokenCommands, run: Run) -> None:
        async with run(saved) as pilot:
            await pilot.press("slash")
            await write(pilot, "o")
            await pilot.press("enter", "a")
            assert marked(pilot) == {name for name in NAMES if "o" in name}

    async def test_a_range_begins_at_a_mark_that_is_still_there(
        self, saved: TokenCommands, run: Run
    ) -> None:
        async with run(saved) as pilot:
            await pilot.press("space", "escape", "end", "v")
            assert marked(pilot) == {NAMES[-1]}
            await pilot.press("space", "home", "space", "up", "space", "end", "v")
            assert marked(pilot) == {NAMES[-1]}

    @pytest.mark.parametrize("gone", ["revoked", "unreadable"])
    async def test_a_range_to_a_token_that_is_gone(
        self, saved: TokenCommands, run: Run, store_path: Path, gone: str
    ) -> None:
        async with run(saved) as pilot:
            await pilot.press("down")
            if gone == "revoked":
                other = open_store(str(store_path))
                token = saved.queries.look_up("ci-deploy")
                other.apply(
                    replaced=[
                        replace(token, revision=token.revision + 1, revoked_at=NOW, hash=None)
                    ]
                )
            else:
                store_path.write_text("{broken")
            await pilot.press("v", "v", "a", "i", "space", "r")
            await pilot.pause()
            assert pilot.app.is_running

    async def test_a_mark_stays_on_its_token(self, saved: TokenCommands, run: Run) -> None:
        async with run(saved) as pilot:
            await pilot.press("space")
            saved.rename(saved.queries.look_up(NAMES[0]), "zz-last")
            await until(pilot, lambda: shown(pilot)[-1] == "zz-last")
            assert marked(pilot) == {"zz-last"}

    async def test_a_mark_that_a_filter_hides_does_not_count(
        self, saved: TokenCommands, run: Run
    ) -> None:
        async with run(saved) as pilot:
            await pilot.press("space", "slash")
            await write(pilot, "old")
            await pilot.press("enter")
            assert "1 selected, 1 not shown" in said(pilot, "#summary")
            await pilot.press("r")
            await arrive(pilot, Confirm)
            assert said(pilot, "#title") == "Revoke old-laptop?"
            await pilot.press("escape")
            await arrive(pilot, TokenList)
            await pilot.press("escape")
            assert marked(pilot) == set()
            assert shown(pilot) == ["old-laptop"]
            await pilot.press("escape")
            assert shown(pilot) == NAMES


async def test_an_empty_list_says_why_a_key_does_nothing(service: TokenCommands, run: Run) -> None:
    async with run(service) as pilot:
        for key in ("h", "S", "s", "m"):
            pilot.app.clear_notifications()
            await pilot.press(key)
            await until(pilot, lambda: toasts(pilot) == ["There is no token here."])


async def test_the_footer_offers_no_key_that_is_typed(saved: TokenCommands, run: Run) -> None:
    async with run(saved) as pilot:
        await pilot.press("slash")
        await until(pilot, lambda: footer(pilot).keys() == {"List", "Clear"})


class TestBulkAccess:
    async def test_all_get_the_same(self, saved: TokenCommands, run: Run) -> None:
        async with run(saved) as pilot:
            await pilot.press("space", "space", "e")
            await arrive(pilot, ChooseAccess)
            assert said(pilot, "#subject") == "2 tokens: backup-nightly, ci-deploy"
            await pilot.press("space", "tab")
            await write(pilot, "192.0.2.0/24")
            await pilot.press("enter")
            await arrive(pilot, Confirm)
            assert "New access: read-only, from 192.0.2.0/24. If" in said(pilot, "#body")
            await pilot.press("y")
            await arrive(pilot, TokenList)
            await until(pilot, lambda: bound(saved) == set(NAMES[:2]))
            await until(pilot, lambda: marked(pilot) == set())
            limits = "read-only, from 192.0.2.0/24"
            assert toasts(pilot)[-1] == f"backup-nightly, ci-deploy: {limits}."

    async def test_what_they_have_in_common_is_where_it_begins(
        self, saved: TokenCommands, run: Run
    ) -> None:
        saved.set_access(saved.queries.look_up(NAMES[0]), read_only=True, networks=())
        async with run(saved) as pilot:
            await pilot.press("space", "e")
            await arrive(pilot, ChooseAccess)
            assert pilot.app.screen.query_one("#read-only", Tick).value
            await pilot.press("escape")
            await arrive(pilot, TokenList)
            await pilot.press("space", "e")
            await arrive(pilot, ChooseAccess)
            assert "Their access differs;" in said(pilot, "#subject")
            assert not pilot.app.screen.query_one("#read-only", Tick).value
            await pilot.press("tab")
            await write(pilot, "::1")
            await pilot.press("ctrl+s")
            await arrive(pilot, Confirm)
            assert "This removes limits from 1 token." in said(pilot, "#body")
            await pilot.press("n")
            await arrive(pilot, TokenList)
            assert toasts(pilot)[-1] == "Nothing was changed."
            assert bound(saved) == {NAMES[0]}

    async def test_of_one_token_no_more_is_asked(self, saved: TokenCommands, run: Run) -> None:
        async with run(saved) as pilot:
            await pilot.press("down", "e")
            await arrive(pilot, ChooseAccess)
            assert said(pilot, "#subject") == NAMES[1]
            await pilot.press("space", "ctrl+s")
            await arrive(pilot, TokenList)
            await until(pilot, lambda: bound(saved) == {NAMES[1]})

    async def test_where_one_cannot_be_changed_nothing_is_asked(
        self, saved: TokenCommands, run: Run
    ) -> None:
        new = saved.rotate(saved.queries.look_up(NAMES[0]), timedelta(days=7))
        saved.confirm_saved(new.token.id)
        async with run(saved) as pilot:
            await pilot.press("a", "e")
            await until(
                pilot, lambda: any("was already replaced" in each for each in toasts(pilot))
            )
            assert on(pilot, TokenList)

    @pytest.mark.usefixtures("unwatched")
    async def test_one_that_was_changed_meanwhile_keeps_all(
        self, saved: TokenCommands, run: Run
    ) -> None:
        async with run(saved) as pilot:
            await pilot.press("space", "space", "e")
            await arrive(pilot, ChooseAccess)
            await pilot.press("space", "ctrl+s")
            await arrive(pilot, Confirm)
            saved.rename(saved.queries.look_up("ci-deploy"), "ci")
            await pilot.press("y")
            await arrive(pilot, TokenList)
            await until(
                pilot, lambda: "changed elsewhere in the meantime" in said(pilot, "#warning")
            )
            assert bound(saved) == set()


class TestBulkRevoke:
    async def test_a_few_are_named_and_revoked_together(
        self, saved: TokenCommands, run: Run
    ) -> None:
        async with run(saved) as pilot:
            await pilot.press("space", "space", "r")
            await arrive(pilot, Confirm)
            asked_about = said(pilot, "#tokens")
            assert all(name in asked_about for name in NAMES[:2])
            await pilot.press("enter")
            await arrive(pilot, TokenList)
            assert live(saved) == NAMES, "the cursor was on yes"
            await pilot.press("r")
            await arrive(pilot, Confirm)
            await pilot.press("tab", "enter")
            await arrive(pilot, TokenList)
            await until(pilot, lambda: shown(pilot) == NAMES[2:])
            assert marked(pilot) == set()
            assert toasts(pilot)[-1] == "Revoked backup-nightly, ci-deploy."
            assert {token.revoked_by for token in every_token(saved.backend.tokens)} == {
                None,
                "ada",
            }

    async def test_the_last_use_of_each_is_shown_the_latest_first(
        self, saved: TokenCommands, run: Run
    ) -> None:
        today = saved.queries.look_up("vendor_acme")
        saved.backend.usage.record(today.id, NOW)
        saved.backend.usage.flush()
        async with run(saved) as pilot:
            await pilot.press("a", "r")
            await arrive(pilot, Confirm)
            lines = [tuple(re.split("  +", line)) for line in said(pilot, "#tokens").splitlines()]
            assert lines[:4] == [
                ("Last used", "Token"),
                ("today 20:15", "vendor_acme"),
                ("yesterday", "ci-deploy"),
                ("never", "backup-nightly"),
            ]
            assert len(lines) == 1 + 6

    async def test_the_number_of_many_is_typed(self, saved: TokenCommands, run: Run) -> None:
        async with run(saved) as pilot:
            await pilot.press("a", "r")
            await arrive(pilot, Confirm)
            yes = pilot.app.screen.query_one("#yes", Button)
            assert yes.disabled
            await pilot.press("enter")
            await write(pilot, "5")
            assert yes.disabled
            await pilot.press("enter", "backspace")
            await write(pilot, "6")
            await until(pilot, lambda: not yes.disabled)
            await pilot.press("enter", "enter")
            await arrive(pilot, TokenList)
            await until(pilot, lambda: live(saved) == [])

    @pytest.mark.usefixtures("unwatched")
    async def test_one_that_was_changed_meanwhile_keeps_all(
        self, saved: TokenCommands, run: Run
    ) -> None:
        async with run(saved) as pilot:
            await pilot.press("space", "space", "r")
            await arrive(pilot, Confirm)
            saved.rename(saved.queries.look_up("ci-deploy"), "ci")
            await pilot.press("tab", "enter")
            await arrive(pilot, TokenList)
            await until(
                pilot, lambda: "changed elsewhere in the meantime" in said(pilot, "#warning")
            )
            assert len(live(saved)) == 6

    async def test_what_was_revoked_elsewhere_is_left_out(
        self, saved: TokenCommands, run: Run
    ) -> None:
        async with run(saved) as pilot:
            await pilot.press("space", "space", "space")
            saved.revoke([saved.queries.look_up("ci-deploy")])
            await pilot.press("r")
            await arrive(pilot, Confirm)
            assert said(pilot, "#title") == "Revoke 2 tokens?"

    async def test_marks_go_with_what_was_revoked_elsewhere(
        self, saved: TokenCommands, run: Run
    ) -> None:
        async with run(saved) as pilot:
            await pilot.press("space")
            saved.revoke([saved.queries.look_up("backup-nightly")])
            await until(pilot, lambda: marked(pilot) == set())
            assert "selected" not in said(pilot, "#summary")
            await pilot.press("r")
            await arrive(pilot, Confirm)
            assert said(pilot, "#title") == "Revoke ci-deploy?"


class TestShowOnly:
    @pytest.mark.parametrize(
        ("which", "expected"),
        [
            (Filter.ALL, NAMES),
            (Filter.ACTIVE, [NAMES[0], NAMES[1], NAMES[3], NAMES[5]]),
            (Filter.EXPIRES_SOON, ["github-actions-production"]),
            (Filter.EXPIRED, ["old-laptop"]),
            (Filter.NEVER_SAVED, []),
            (Filter.NEVER_USED, [name for name in NAMES if name != "ci-deploy"]),
            (Filter.UNUSED, []),
            (Filter.REPLACED, []),
            (Filter.REVOKED, []),
        ],
    )
    async def test_each_filter(
        self, saved: TokenCommands, run: Run, which: Filter, expected: list[str]
    ) -> None:
        async with run(saved) as pilot:
            await show_only(pilot, which)
            assert shown(pilot) == expected
            await pilot.press("escape")
            assert shown(pilot) == NAMES

    async def test_turning_back_changes_nothing(self, saved: TokenCommands, run: Run) -> None:
        async with run(saved) as pilot:
            await show_only(pilot, Filter.EXPIRED)
            await pilot.press("f")
            await arrive(pilot, ChooseFilter)
            await pilot.press("escape")
            await arrive(pilot, TokenList)
            assert shown(pilot) == ["old-laptop"]

    async def test_enter_twice_chooses_once(self, saved: TokenCommands, run: Run) -> None:
        async with run(saved) as pilot:
            await pilot.press("f")
            await arrive(pilot, ChooseFilter)
            options = pilot.app.screen.query_one(OptionList)
            options.action_select()
            options.action_select()
            await arrive(pilot, TokenList)
            assert len(pilot.app.screen_stack) == 1

    async def test_unreadable_uses_make_no_token_unused(
        self, saved: TokenCommands, run: Run, store_path: Path
    ) -> None:
        store_path.with_name("usage.json").write_text("{broken")
        async with run(saved) as pilot:
            await show_only(pilot, Filter.EXPIRED)
            await show_only(pilot, Filter.NEVER_USED)
            assert shown(pilot) == ["old-laptop"], "the list is not as it was last read"
            assert "usage.json" in said(pilot, "#warning")

    async def test_unreadable_uses_hide_no_token(
        self, saved: TokenCommands, run: Run, store_path: Path
    ) -> None:
        store_path.with_name("usage.json").write_text("{broken")
        async with run(saved, preferences=Preferences(sort=Sort.USED)) as pilot:
            assert "ci-deploy" in shown(pilot)
            assert "usage.json" in said(pilot, "#warning")

    async def test_nothing_in_history_is_managed(self, saved: TokenCommands, run: Run) -> None:
        saved.revoke([saved.queries.look_up("ci-deploy")])
        async with run(saved) as pilot:
            await show_only(pilot, Filter.REVOKED)
            await pilot.click(TokenTable, offset=(5, 1), times=2)
            await pilot.pause()
            assert on(pilot, TokenList)
            assert toasts(pilot) == []

    async def test_history_says_what_when_and_by_whom(self, saved: TokenCommands, run: Run) -> None:
        saved.queries.now = lambda: NOW - timedelta(days=3)
        saved.revoke([saved.queries.look_up("ci-deploy")])
        saved.queries.now = lambda: NOW
        saved.queries.account = "bob"
        saved.revoke([saved.queries.look_up("old-laptop")])
        async with run(saved) as pilot:
            await show_only(pilot, Filter.REVOKED)
            assert shown(pilot) == ["old-laptop", "ci-deploy"]
            table = pilot.app.screen.query_one(TokenTable)
            lines = [table.render_line(y).text for y in range(3)]
            assert "Revoked ▼" in lines[0]
            assert " today " in lines[1]
            assert "bob" in lines[1]
            assert " 3 days ago " in lines[2]
            for key in ("m", "r", "space"):
                await pilot.press(key)
            assert isinstance(pilot.app.screen, TokenList)
            assert marked(pilot) == set()

    async def test_a_new_token_is_shown_whatever_the_filter(
        self, saved: TokenCommands, run: Run
    ) -> None:
        async with run(saved) as pilot:
            await show_only(pilot, Filter.EXPIRED)
            screen = pilot.app.screen
            assert isinstance(screen, TokenList)
            screen._browser.show_on(saved.create("fresh", None).token)
            await until(pilot, lambda: cursor_name(pilot) == "fresh")

    async def test_an_order_survives_a_look_at_the_history(
        self, saved: TokenCommands, run: Run
    ) -> None:
        async with run(saved) as pilot:
            await pilot.press("S")
            await show_only(pilot, Filter.REVOKED)
            await pilot.press("escape")
            assert shown(pilot) == NAMES[::-1]

    async def test_the_menu_moves_like_the_list(self, saved: TokenCommands, run: Run) -> None:
        async with run(saved) as pilot:
            await pilot.press("f")
            await arrive(pilot, ChooseFilter)
            await pilot.press("j", "j", "k", "j", "j", "enter")
            await arrive(pilot, TokenList)
            assert shown(pilot) == ["old-laptop"]

    async def test_who_revoked_all_is_shown_the_history(
        self, saved: TokenCommands, run: Run
    ) -> None:
        saved.revoke(saved.queries.list_all(saved.queries.query()))
        async with run(saved) as pilot:
            assert "f to see what was revoked" in said(pilot, "#empty")


class TestOrder:
    async def test_s_goes_through_the_columns(self, saved: TokenCommands, run: Run) -> None:
        saved.backend.usage.record(saved.queries.look_up("monitoring").id, NOW)
        saved.backend.usage.flush()
        async with run(saved) as pilot:
            firsts = []
            for _ in range(5):
                firsts.append(shown(pilot)[0])
                await pilot.press("s")
            assert firsts[0] == "backup-nightly"
            assert firsts[1] == "old-laptop"
            assert firsts[2] == "old-laptop"
            assert firsts[4] == "old-laptop"
            assert shown(pilot) == NAMES
            await pilot.press("s", "s", "s", "S")
            assert shown(pilot)[:2] == ["monitoring", "ci-deploy"]


class TestPreferences:
    async def test_the_app_starts_and_ends_with_them(self, saved: TokenCommands, run: Run) -> None:
        preferences = Preferences(theme="nord", sort=Sort.EXPIRES, descending=True)
        async with run(saved, preferences=preferences) as pilot:
            assert pilot.app.theme == "nord"
            assert shown(pilot)[:3] == ["monitoring", "ci-deploy", "backup-nightly"]
            app_of(pilot).choose_theme("gruvbox")
            await pilot.press("S", "escape")
            await pilot.pause()
        assert preferences == Preferences(theme="gruvbox", sort=Sort.EXPIRES)

    async def test_a_theme_that_was_set_is_none_that_was_chosen(
        self, saved: TokenCommands, run: Run
    ) -> None:
        preferences = Preferences(theme="nord")
        async with run(saved, preferences=preferences, theme="dracula") as pilot:
            assert pilot.app.theme == "dracula"
        assert preferences.theme == "nord"

    @pytest.mark.parametrize("chosen", [Filter.ACTIVE, Filter.REVOKED])
    async def test_a_filter_is_forgotten(
        self, saved: TokenCommands, run: Run, chosen: Filter
    ) -> None:
        preferences = Preferences()
        async with run(saved, preferences=preferences) as pilot:
            await show_only(pilot, chosen)
        assert preferences == Preferences()
        async with run(saved, preferences=preferences) as pilot:
            assert shown(pilot) == NAMES

    async def test_weeks_begin_where_they_are_wanted(self, saved: TokenCommands, run: Run) -> None:
        async with run(saved, first_weekday=6) as pilot:
            await pilot.press("c")
            await arrive(pilot, CreateToken)
            month = pilot.app.screen.query_one(MonthCalendar)
            lines = str(month.render()).splitlines()
            assert lines[1].split() == ["Su", "Mo", "Tu", "We", "Th", "Fr", "Sa"]
            # The first of November 2027 is a Monday.
            assert lines[2].split() == ["1", "2", "3", "4", "5", "6"]
            assert lines[2].startswith("     ")

    async def test_where_all_have_to_expire_never_cannot_be_chosen(
        self, saved: TokenCommands, run: Run
    ) -> None:
        saved.queries.policy = Policy(max_life=timedelta(days=60), default_life=timedelta(days=60))
        async with run(saved) as pilot:
            await pilot.press("c")
            await arrive(pilot, CreateToken)
            assert pilot.app.screen.query_one("#never").disabled
            await write(pilot, "short")
            pilot.app.screen.query_one("#preset-90", Button).press()
            await until(pilot, lambda: "lifetime is 60 days" in said(pilot, "#meaning"))
            await pilot.press("enter")
            assert isinstance(pilot.app.screen, CreateToken)
            pilot.app.screen.query_one("#preset-30", Button).press()
            await until(pilot, lambda: "in 30 days" in said(pilot, "#meaning"))
            await pilot.press("enter")
            await until(pilot, lambda: "short" in live(saved))


class TestReadOnly:
    @pytest.fixture
    def looked_at(self, saved: TokenCommands, store_path: Path) -> TokenCommands:
        saved.backend.read_only = True
        return saved

    async def test_nothing_is_offered_that_cannot_be_done(
        self, looked_at: TokenCommands, run: Run
    ) -> None:
        async with run(looked_at) as pilot:
            await pilot.press("c", "r", "space", "a")
            assert on(pilot, TokenList)
            assert marked(pilot) == set()
            assert "read-only" in pilot.app.screen.query_one(ScreenHeader).render_line(0).text
            await pilot.press("m")
            await until(pilot, lambda: on(pilot, ManageToken))
            await pilot.pause()
            await pilot.press("x", "enter", "f8")
            assert on(pilot, ManageToken)
            assert "read-only" in said(pilot, "#name-reason")
            await pilot.press("escape")
            await arrive(pilot, TokenList)

    async def test_nobody_is_asked_to_revoke(
        self, stocked: TokenCommands, run: Run, store_path: Path
    ) -> None:
        stocked.backend.read_only = True
        async with run(stocked) as pilot:
            assert isinstance(pilot.app.screen, TokenList)
            assert shown(pilot) == NAMES


class TestKeysThatCanDoNothing:
    async def told(self, pilot: Pilot[None], *keys: str) -> set[str]:
        said = set()
        for key in keys:
            await pilot.press(key)
            await until(pilot, lambda: toasts(pilot))
            assert len(toasts(pilot)) == 1
            said |= {*toasts(pilot)}
        return said

    async def test_in_a_read_only_store(
        self, saved: TokenCommands, run: Run, store_path: Path
    ) -> None:
        saved.backend.read_only = True
        async with run(saved) as pilot:
            await pilot.press("down", "s", "f1", "escape")
            assert toasts(pilot) == []
            said = await self.told(pilot, "c", "r", "delete", "space", "v", "a", "i", "c")
            assert said == {"The store was opened read-only."}

    async def test_in_the_history(self, saved: TokenCommands, run: Run) -> None:
        saved.revoke([saved.queries.look_up("ci-deploy")])
        async with run(saved) as pilot:
            await show_only(pilot, Filter.REVOKED)
            said = await self.told(pilot, "m", "enter", "r", "space", "a")
            assert said == {"A revoked token cannot be changed. Esc shows the others."}
            await pilot.press("c")
            await arrive(pilot, CreateToken)

    async def test_where_there_is_no_token(self, service: TokenCommands, run: Run) -> None:
        async with run(service) as pilot:
            said = await self.told(pilot, "m", "r", "space", "slash", "s")
            assert said == {"There is no token here."}

    async def test_what_is_typed_is_no_key(
        self, saved: TokenCommands, run: Run, store_path: Path
    ) -> None:
        saved.backend.read_only = True
        async with run(saved) as pilot:
            await pilot.press("slash", "c", "r")
            assert toasts(pilot) == []

"""A store that is far away, or gone: no key waits for it, none is lost, and what is said holds."""

import asyncio
from typing import Any
from unittest import mock

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot
from textual.widgets import Input

from tokentui.core.audit import Search
from tokentui.core.commands import TokenCommands
from tokentui.core.query import Count, TokenPage
from tokentui.core.token import Token
from tokentui.stores.file.tinydb import TinyDBStore
from tokentui.ui import list_loader, listing, session
from tokentui.ui.flow import is_flow
from tokentui.ui.screens.confirm import Confirm
from tokentui.ui.screens.create_token import CreateToken
from tokentui.ui.screens.log_in import LogIn
from tokentui.ui.screens.manage_token import ManageToken
from tokentui.ui.screens.saved_token import SavedToken
from tokentui.ui.screens.token_list import TokenList
from tokentui.ui.token_browser import TokenBrowser
from tokentui.ui.widgets.screen_header import ScreenHeader
from tokentui.ui.widgets.token_table import TokenTable

from ..conftest import NOW
from ..doubles.gate import Gate
from ..doubles.slow import SlowBackend
from ..opening import raw
from .conftest import Run, app_of, arrive, counts, cursor_name, said, toasts, unlock, until
from .distance import move_away
from .office import Office
from .settling import settled


async def tap(pilot: Pilot[None], *keys: str) -> None:
    """Press keys, and wait for nothing that the store is asked."""

    async def go_on(_: float = 0) -> None:
        await asyncio.sleep(0)

    with mock.patch("textual.app.wait_for_idle", go_on):
        await pilot.app._press_keys(keys)


def field(pilot: Pilot[None], selector: str) -> str:
    return pilot.app.screen.query_one(selector, Input).value


def drawn(pilot: Pilot[None], line: int) -> str:
    """Return a line of the list as it is drawn."""
    return pilot.app.screen.query_one(TokenTable).render_line(line).text


def on_top(pilot: Pilot[None]) -> str:
    """Return the line on top of the screen."""
    return pilot.app.screen.query_one(ScreenHeader).render_line(0).text


@pytest.fixture
def far(saved: TokenCommands) -> SlowBackend:
    """Return the backend of `saved`, which can be held, taken away, and lose an answer."""
    return move_away(saved)


@pytest.fixture
def held_commits(monkeypatch: pytest.MonkeyPatch) -> Gate:
    """Let changes begin, but go on only once what is returned is set."""
    gate, commit = Gate(), SlowBackend.commit

    def waiting(*arguments: Any, **more: Any) -> Any:
        assert gate.wait(60)
        return commit(*arguments, **more)

    monkeypatch.setattr(SlowBackend, "commit", waiting)
    return gate


# -- keys, while the store is asked ---------------------------------------------------------------


async def test_the_cursor_moves_among_the_rows_that_are_there(
    saved: TokenCommands, far: SlowBackend, run: Run
) -> None:
    async with run(saved) as pilot:
        with far.held():
            await tap(pilot, "s", "down", "down")
            await until(pilot, lambda: cursor_name(pilot) == "github-actions-production")
            assert drawn(pilot, 3).startswith("> ! github")


async def test_letters_of_the_filter_and_the_keys_after_them_wait_for_nothing_and_are_not_lost(
    saved: TokenCommands, far: SlowBackend, run: Run
) -> None:
    async with run(saved) as pilot:
        with far.held():
            await tap(pilot, "slash", *"monitor")
            await until(pilot, lambda: field(pilot, "#filter") == "monitor")
            await tap(pilot, "enter", "m")
            await until(pilot, lambda: pilot.app.focused is pilot.app.screen.query_one(TokenTable))
            assert cursor_name(pilot) == "backup-nightly"
        await arrive(pilot, ManageToken)
        assert "monitoring" in said(pilot, "#facts")


async def test_only_the_newest_wish_is_asked_to_the_end(
    saved: TokenCommands, far: SlowBackend, run: Run
) -> None:
    async with run(saved) as pilot:
        far.calls.clear()
        with far.held():
            await tap(pilot, "slash", *"monitor")
            await until(pilot, lambda: field(pilot, "#filter") == "monitor")
            await settled(app_of(pilot))
        await until(pilot, lambda: cursor_name(pilot) == "monitoring")
        pages = [call for call in far.calls if call.method == "tokens.page"]
        assert len(pages) <= 2, "the one under way, and the last one"


@pytest.mark.parametrize(("key", "screen"), [("c", CreateToken), ("m", ManageToken)])
async def test_letters_of_a_name_appear_while_it_is_checked(
    saved: TokenCommands, far: SlowBackend, run: Run, key: str, screen: type
) -> None:
    async with run(saved) as pilot:
        await pilot.press(key)
        await arrive(pilot, screen)
        pilot.app.screen.set_focus(pilot.app.screen.query_one("#name"))
        with far.held():
            await tap(pilot, *"monitoring")
            await until(pilot, lambda: field(pilot, "#name") == "monitoring")
            assert "already in use" not in said(pilot, "#name-reason")
        await until(pilot, lambda: "monitoring is already in use" in said(pilot, "#name-reason"))


# -- rows that are not there yet ------------------------------------------------------------------


@pytest.fixture
def thousand(service: TokenCommands) -> SlowBackend:
    """Return the backend of `service`, with more tokens than a window has."""
    kept = {"account": "ada", "created_at": NOW, "expires_at": None, "saved_at": NOW, "hash": "h"}
    raw(service).apply(
        added=[Token(id=f"{n:010}", name=f"n{n:04}", **kept) for n in range(1000)]  # type: ignore[arg-type]
    )
    return move_away(service)


@pytest.mark.parametrize(
    ("key", "kind", "selector"),
    [("enter", ManageToken, "#facts"), ("r", Confirm, "#title"), ("h", None, "#way")],
)
async def test_a_key_is_for_the_row_that_was_meant_once_it_is_there(
    service: TokenCommands,
    thousand: SlowBackend,
    run: Run,
    key: str,
    kind: type | None,
    selector: str,
) -> None:
    async with run(service) as pilot:
        with thousand.held():
            await tap(pilot, "end", key)
            screen = pilot.app.screen
            await until(pilot, lambda: drawn(pilot, 5).strip() == "·")
            await until(pilot, lambda: any(is_flow(each, screen) for each in pilot.app.workers))
            assert isinstance(pilot.app.screen, TokenList)
        await until(pilot, lambda: len(pilot.app.screen_stack) == 2)
        if kind is not None:
            await arrive(pilot, kind)
            assert "n0999" in said(pilot, selector)
        else:
            await until(pilot, lambda: "n0999" in on_top(pilot))


@pytest.mark.usefixtures("unwatched")
async def test_a_key_after_a_change_is_for_the_row_as_it_became(
    saved: TokenCommands, far: SlowBackend, run: Run
) -> None:
    async with run(saved) as pilot:
        await pilot.press("n")
        await arrive(pilot, ManageToken)
        await pilot.press("x", "enter")
        await until(pilot, lambda: "commit" in {call.method for call in far.calls})
        await pilot.pause()
        with far.held():
            await tap(pilot, "escape")
            await until(pilot, lambda: isinstance(pilot.app.screen, TokenList))
            await tap(pilot, "r")
            await pilot.pause()
            assert isinstance(pilot.app.screen, TokenList)
        await arrive(pilot, Confirm)
        await pilot.press("y")
        await until(pilot, lambda: "Revoked" in str(toasts(pilot)))


async def test_a_key_whose_row_was_left_is_for_nothing_and_that_is_said(
    service: TokenCommands, thousand: SlowBackend, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tokentui.ui.type_ahead._PATIENCE", 0.01)
    async with run(service) as pilot:
        with thousand.held():
            await tap(pilot, "end", "r")
            screen = pilot.app.screen
            await until(pilot, lambda: any(is_flow(each, screen) for each in pilot.app.workers))
            await tap(pilot, "home")
            await until(pilot, lambda: cursor_name(pilot) == "n0000")
        await until(pilot, lambda: toasts(pilot) == [list_loader.PRESS_AGAIN])
        assert isinstance(pilot.app.screen, TokenList)


async def test_marks_are_made_in_the_order_of_their_keys(
    service: TokenCommands, thousand: SlowBackend, run: Run
) -> None:
    async with run(service) as pilot:
        with thousand.held():
            await tap(pilot, "a", "space", "r")
        await arrive(pilot, Confirm)
        assert said(pilot, "#title") == "Revoke 999 tokens?"


@pytest.fixture
def held_counts(monkeypatch: pytest.MonkeyPatch) -> Gate:
    """Let no page know of more than 300 tokens; they are counted once what is returned is set."""
    gate, page, count = Gate(), TinyDBStore.page, TinyDBStore.count

    def short(*arguments: Any, **more: Any) -> TokenPage:
        found = page(*arguments, **more)
        seen = Count(max(300, found.offset + len(found.rows)), exact=False)
        return replace(found, total=seen if found.total.value > 300 else found.total)

    def waiting(*arguments: Any, **more: Any) -> int:
        assert gate.wait(60)
        return count(*arguments, **more)

    monkeypatch.setattr(TinyDBStore, "page", short)
    monkeypatch.setattr(TinyDBStore, "count", waiting)
    return gate


class TestManyTokensAreCountedLater:
    async def test_rows_are_there_first(
        self, service: TokenCommands, thousand: SlowBackend, run: Run, held_counts: Gate
    ) -> None:
        async with run(service) as pilot:
            assert counts(pilot).startswith("300+ tokens")
            assert cursor_name(pilot) == "n0000"
            held_counts.set()
            await until(pilot, lambda: counts(pilot).startswith("1,000 tokens"))

    async def test_the_count_of_another_result_is_for_nobody(
        self, service: TokenCommands, thousand: SlowBackend, run: Run
    ) -> None:
        async with run(service) as pilot:
            loader = pilot.app.screen.query_one(TokenBrowser).loader
            other = listing.Wanted(text="n0077")
            found = await asyncio.to_thread(listing.load, service.queries, other)
            for wanted, summary in ((other, "1,000 tokens"), (loader._shown, "1 token")):
                await loader._count(wanted, found)
                assert counts(pilot).startswith(summary)

    async def test_the_end_is_the_last_of_all(
        self, service: TokenCommands, thousand: SlowBackend, run: Run, held_counts: Gate
    ) -> None:
        async with run(service) as pilot:
            await tap(pilot, "end")
            held_counts.set()
            await until(pilot, lambda: cursor_name(pilot) == "n0999")

    async def test_what_was_counted_stays_until_it_is_counted_again(
        self, service: TokenCommands, thousand: SlowBackend, run: Run, held_counts: Gate
    ) -> None:
        held_counts.set()
        async with run(service) as pilot:
            await pilot.press("end")
            await until(pilot, lambda: cursor_name(pilot) == "n0999")
            held_counts.clear()
            browser = pilot.app.screen.query_one(TokenBrowser)
            browser.loader.reload()
            await until(pilot, lambda: not browser.loader.is_on_its_way)
            await pilot.pause()
            assert counts(pilot).startswith("1,000 tokens")
            assert cursor_name(pilot) == "n0999"
            held_counts.set()


@pytest.mark.parametrize(("key", "name"), [("down", "n0002"), ("end", "n0999")])
async def test_keys_that_come_before_any_row_are_for_the_rows_to_come(
    service: TokenCommands,
    thousand: SlowBackend,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    key: str,
    name: str,
) -> None:
    begun = Gate()
    load = listing.load

    def late(*arguments: Any, **more: Any) -> Any:
        assert begun.wait(60)
        return load(*arguments, **more)

    monkeypatch.setattr(listing, "load", late)
    monkeypatch.setattr(session, "CALM", 0.0)
    async with run(service) as pilot:
        await until(pilot, lambda: "Loading ..." in on_top(pilot))
        await tap(pilot, key, key, "enter")
        table = pilot.app.screen.query_one(TokenTable)
        await until(pilot, lambda: table.moves == 2)
        begun.set()
        await arrive(pilot, ManageToken)
        assert name in said(pilot, "#facts")


# -- what is said ---------------------------------------------------------------------------------


async def test_rows_are_dimmed_once_others_take_long(
    saved: TokenCommands, far: SlowBackend, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with run(saved) as pilot:
        table = pilot.app.screen.query_one(TokenTable)
        assert not table.dimmed
        monkeypatch.setattr(session, "CALM", 0.0)
        with far.held():
            await tap(pilot, "S")
            await until(pilot, lambda: table.dimmed and "Loading ..." in on_top(pilot))
        await until(pilot, lambda: not table.dimmed and "Loading" not in on_top(pilot))


async def test_a_store_that_is_away_is_said_until_it_is_back(
    saved: TokenCommands, far: SlowBackend, run: Run
) -> None:
    async with run(saved) as pilot:
        far.away = True
        await until(pilot, lambda: "As of 20:15:00: the store does not answer" in on_top(pilot))
        far.calls.clear()
        await tap(pilot, "S", "u", "m")
        await arrive(pilot, ManageToken)
        pilot.app.screen.set_focus(pilot.app.screen.query_one("#name"))
        await tap(pilot, *"later", "enter")
        await until(pilot, lambda: "nothing was changed" in said(pilot, "#name-reason"))
        await tap(pilot, "escape")
        await arrive(pilot, Confirm)
        await tap(pilot, "y")
        await arrive(pilot, TokenList)
        await tap(pilot, "r")
        await arrive(pilot, Confirm)
        await tap(pilot, "y")
        await arrive(pilot, TokenList)
        await until(pilot, lambda: "nothing was changed" in said(pilot, "#warning"))
        assert "commit" not in {call.method for call in far.calls}, "it is refused at once"
        far.away = False
        await until(pilot, lambda: "does not answer" not in on_top(pilot))
        await pilot.press("r")
        await arrive(pilot, Confirm)
        await pilot.press("y")
        await until(pilot, lambda: "Revoked backup-nightly." in toasts(pilot))


# -- the end, the lock, and lost answers ----------------------------------------------------------


async def test_quitting_waits_for_no_answer(
    saved: TokenCommands, far: SlowBackend, run: Run
) -> None:
    async with run(saved) as pilot:
        app = app_of(pilot)
        with far.held():
            await tap(pilot, "s", "q")
            await until(pilot, lambda: not app.is_running)
            assert app.session.finish(0), "nothing was to be changed"


async def test_quitting_waits_for_a_change(
    saved: TokenCommands, far: SlowBackend, run: Run, held_commits: Gate
) -> None:
    async with run(saved) as pilot:
        app = app_of(pilot)
        await pilot.press("r")
        await arrive(pilot, Confirm)
        await tap(pilot, "tab", "enter")
        await until(pilot, lambda: held_commits.holds)
        await tap(pilot, "q")
        await until(pilot, lambda: not app.is_running)
    assert not app.session.finish(0)
    held_commits.set()
    assert await asyncio.to_thread(app.session.finish, 20)
    assert "backup-nightly" not in [
        row.token.name for row in saved.queries.find(saved.queries.query()).rows
    ]


async def test_who_locks_while_a_change_is_under_way_unlocks_without_it(
    office: Office, run: Run, held_commits: Gate
) -> None:
    service = office.service("bob")
    move_away(service)
    async with run(service, **office.choices("bob")) as pilot:
        await pilot.press("c")
        await arrive(pilot, CreateToken)
        await tap(pilot, *"fresh", "enter")
        await until(pilot, lambda: held_commits.holds)
        await app_of(pilot).run_action("lock")
        await arrive(pilot, LogIn)
        await unlock(pilot)
        await until(pilot, lambda: not app_of(pilot).session_lock.locked)
        assert app_of(pilot).handover.secret_pending
        held_commits.set()
        await arrive(pilot, SavedToken)


@pytest.mark.parametrize("done", [True, False])
async def test_a_token_whose_answer_is_lost_is_created_once(
    saved: TokenCommands, far: SlowBackend, run: Run, done: bool
) -> None:
    async with run(saved) as pilot:
        await pilot.press("c")
        await arrive(pilot, CreateToken)
        far.lose_answer(done=done)
        await tap(pilot, *"fresh", "enter")
        await arrive(pilot, SavedToken)
        assert saved.queries.look_up("fresh").saved_at is None
        await pilot.press("c")
        await pilot.click("#saved")
        await arrive(pilot, TokenList)
        names = [row.token.name for row in saved.queries.find(saved.queries.query()).rows]
        assert names.count("fresh") == 1


@pytest.mark.parametrize("done", [True, False])
async def test_a_change_whose_answer_is_lost_stands_in_the_log_once(
    office: Office, run: Run, done: bool
) -> None:
    service = office.service("bob")
    far = move_away(service)
    async with run(service, **office.choices("bob")) as pilot:
        await pilot.press("r")
        await arrive(pilot, Confirm)
        far.lose_answer(done=done)
        await tap(pilot, "tab", "enter")
        await until(pilot, lambda: toasts(pilot) == ["Revoked deploy."])
    search = Search(action="revoke")
    assert [(e.name, e.outcome) for e in office.trail.newest(search)] == [("deploy", "done")]

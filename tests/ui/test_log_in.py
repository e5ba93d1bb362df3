"""Several people: the log-in, the lock, and what each role sees and can do."""

import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Button, DataTable, Input

from tokentui.core.account import fingerprint
from tokentui.core.authenticator import Authenticator
from tokentui.core.commands import TokenCommands
from tokentui.core.credential import Secret
from tokentui.core.errors import KeyRemoved, NotPermitted
from tokentui.ui.screens.audit_entry import AuditEntry
from tokentui.ui.screens.audit_trail import AuditTrail
from tokentui.ui.screens.choose_account import ChooseAccount
from tokentui.ui.screens.create_token import CreateToken
from tokentui.ui.screens.help import Help
from tokentui.ui.screens.log_in import LogIn
from tokentui.ui.screens.manage_token import ManageToken
from tokentui.ui.screens.saved_token import SavedToken, SecretLine
from tokentui.ui.screens.token_list import TokenList
from tokentui.ui.widgets.token_table import TokenTable

from ..core.test_accounts import KEY, OTHER_KEY
from ..doubles.gate import Gate
from .conftest import Run, app_of, arrive, log_in, said, toasts, unlock, until, write
from .office import PASSWORD, Office

Enter = Callable[..., AbstractAsyncContextManager[Pilot[None]]]


@pytest.fixture
def enter(office: Office, run: Run) -> Enter:
    """Return what opens the app and logs somebody in."""

    @asynccontextmanager
    async def entered(name: str, size: tuple[int, int] = (80, 24), **more: Any) -> Any:
        async with run(office.service(), size, **office.choices(**more)) as pilot:
            await arrive(pilot, LogIn)
            await log_in(pilot, name)
            await arrive(pilot, TokenList)
            yield pilot

    return entered


async def lock(pilot: Pilot[None]) -> None:
    await pilot.press("ctrl+l")
    await arrive(pilot, LogIn)


def has_refused(office: Office, count: int) -> bool:
    """Say whether so many log-ins were refused so far."""
    refused = [each for each in office.trail.newest() if each.outcome == "refused"]
    return len(refused) == count


def shown(pilot: Pilot[None]) -> str:
    """Return all that can be read on the screen."""
    return pilot.app.export_screenshot().replace("&#160;", " ")


def names(pilot: Pilot[None]) -> list[str]:
    return [row.token.name for row in pilot.app.screen.query_one(TokenTable)._page.rows]


# -- log in -----------------------------------------------------------------------------------


async def test_without_accounts_there_is_no_log_in(saved: TokenCommands, run: Run) -> None:
    async with run(saved) as pilot:
        await arrive(pilot, TokenList)
        await pilot.press("ctrl+l")
        await pilot.pause()
        assert isinstance(pilot.app.screen, TokenList)


async def test_a_member_sees_their_own(enter: Enter) -> None:
    async with enter("bob") as pilot:
        assert names(pilot) == ["deploy"]
        assert "Account" not in shown(pilot)


async def test_before_it_nothing_of_the_tokens_is_there(office: Office, run: Run) -> None:
    async with run(office.service(), **office.choices()) as pilot:
        await arrive(pilot, LogIn)
        assert "backup" not in shown(pilot)
        for key in ("ctrl+p", "f1", "ctrl+l", "escape"):
            await pilot.press(key)
            await pilot.pause()
            assert isinstance(pilot.app.screen, LogIn)
        await pilot.press("ctrl+q")
        await pilot.pause()
        assert not pilot.app.is_running


@pytest.mark.parametrize(("name", "password"), [("bob", "wrong"), ("nobody", PASSWORD)])
async def test_wrong_names_and_passwords_are_told_alike(
    office: Office, run: Run, name: str, password: str
) -> None:
    async with run(office.service(), **office.choices()) as pilot:
        await arrive(pilot, LogIn)
        await log_in(pilot, name, password)
        await until(pilot, lambda: said(pilot, "#problem") == "Wrong name or password.")
        assert pilot.app.screen.query_one("#password", Input).value == ""
        assert pilot.app.screen.query_one("#name", Input).value == name
        await pilot.press("escape")
        assert pilot.app.screen.query_one("#name", Input).value == ""


async def test_a_password_is_not_shown(office: Office, run: Run) -> None:
    async with run(office.service(), **office.choices()) as pilot:
        await arrive(pilot, LogIn)
        await write(pilot, "bob")
        await pilot.press("enter")
        await write(pilot, "hunter")
        assert "hunter" not in shown(pilot)


async def test_too_many_are_told_how_long_to_wait(office: Office, run: Run) -> None:
    async with run(office.service(), **office.choices()) as pilot:
        await arrive(pilot, LogIn)
        await write(pilot, "bob")
        await pilot.press("enter")
        for number in range(5):
            await unlock(pilot, "wrong")
            await until(pilot, partial(has_refused, office, number + 1))
            await until(pilot, lambda: "Wrong" in said(pilot, "#problem"))
        await unlock(pilot)
        await until(pilot, lambda: "in 1 second." in said(pilot, "#problem"))


async def test_nothing_typed_is_asked_for(office: Office, run: Run) -> None:
    async with run(office.service(), **office.choices()) as pilot:
        await arrive(pilot, LogIn)
        await pilot.click("#go")
        await until(pilot, lambda: "Enter an account" in said(pilot, "#problem"))
        await pilot.click("#quit")
        await pilot.pause()
        assert not pilot.app.is_running


async def test_a_store_that_cannot_be_read_is_said(office: Office, run: Run) -> None:
    async with run(office.service(), **office.choices()) as pilot:
        await arrive(pilot, LogIn)
        Path(office.path).with_name("passwords.json").write_text("nonsense")
        await log_in(pilot, "bob")
        await until(pilot, lambda: "damaged" in said(pilot, "#problem"))


# -- the lock ---------------------------------------------------------------------------------


async def test_it_locks_by_a_key_and_all_is_as_it_was(enter: Enter) -> None:
    async with enter("bob") as pilot:
        await pilot.press("c")
        await arrive(pilot, CreateToken)
        await write(pilot, "half-a-na")
        await lock(pilot)
        assert "half" not in shown(pilot)
        await unlock(pilot, "wrong")
        await until(pilot, lambda: "Wrong" in said(pilot, "#problem"))
        await unlock(pilot)
        await arrive(pilot, CreateToken)
        assert pilot.app.screen.query_one("#name", Input).value == "half-a-na"


async def test_it_locks_by_itself_after_a_time_without_keys(enter: Enter, office: Office) -> None:
    async with enter("bob") as pilot:
        office.monotonic += 899
        await pilot.press("j")
        office.monotonic += 899
        app_of(pilot).session_lock.lock_if_idle()
        assert isinstance(pilot.app.screen, TokenList)
        office.monotonic += 1
        await arrive(pilot, LogIn)
        assert "deploy" not in shown(pilot)
        await unlock(pilot)
        await arrive(pilot, TokenList)
        app_of(pilot).session_lock.lock_if_idle()
        assert isinstance(pilot.app.screen, TokenList)


async def test_a_mouse_that_only_moves_does_not_keep_it_open(enter: Enter, office: Office) -> None:
    async with enter("bob") as pilot:
        office.monotonic += 899
        await pilot.click("StatusStrip")
        office.monotonic += 899
        await pilot.hover("#facts")
        assert isinstance(pilot.app.screen, TokenList)
        office.monotonic += 1
        await arrive(pilot, LogIn)


async def test_it_need_not_lock_itself(enter: Enter, office: Office) -> None:
    async with enter("bob", lock_after=None) as pilot:
        office.monotonic += 10**6
        app_of(pilot).session_lock.lock_if_idle()
        assert isinstance(pilot.app.screen, TokenList)


async def test_a_secret_is_hidden_and_comes_back(enter: Enter) -> None:
    async with enter("bob") as pilot:
        await pilot.press("c")
        await arrive(pilot, CreateToken)
        await write(pilot, "fresh")
        await pilot.press("enter")
        await arrive(pilot, SavedToken)
        secret = str(pilot.app.screen.query_one(SecretLine).content)
        assert secret in shown(pilot)
        await lock(pilot)
        assert secret not in shown(pilot)
        for key in ("ctrl+p", "f1", "ctrl+q", "ctrl+l"):
            await pilot.press(key)
            await pilot.pause()
        assert isinstance(pilot.app.screen, LogIn)
        assert "not saved yet" in said(pilot, "#problem")
        await unlock(pilot)
        await arrive(pilot, SavedToken)
        assert secret in shown(pilot)


async def test_a_secret_made_while_it_locks_waits_below(
    enter: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    go, create = Gate(), TokenCommands.create

    def slow(*arguments: Any, **more: Any) -> Any:
        assert go.wait(60)
        return create(*arguments, **more)

    monkeypatch.setattr(TokenCommands, "create", slow)
    async with enter("bob") as pilot:
        await pilot.press("c")
        await arrive(pilot, CreateToken)
        await write(pilot, "fresh")
        await pilot.press("enter")
        await lock(pilot)
        go.set()
        await until(pilot, lambda: CreateToken not in map(type, pilot.app.screen_stack))
        await pilot.pause()
        assert isinstance(pilot.app.screen, LogIn)
        await unlock(pilot)
        await arrive(pilot, SavedToken)


async def test_a_screen_that_closes_or_opens_below_the_lock_leaves_the_lock(
    enter: Enter, office: Office
) -> None:
    async with enter("bob") as pilot:
        await pilot.press("c")
        await arrive(pilot, CreateToken)
        form = pilot.app.screen
        await lock(pilot)
        form.dismiss(None)
        service = office.service("bob")
        pilot.app.push_screen(AuditTrail(service, service.queries.permissions()))
        await pilot.pause()
        assert isinstance(pilot.app.screen, LogIn)
        await unlock(pilot)
        await arrive(pilot, AuditTrail)
        await pilot.press("escape")
        await arrive(pilot, TokenList)


async def test_what_is_said_while_it_is_locked_waits(enter: Enter) -> None:
    async with enter("bob") as pilot:
        await lock(pilot)
        pilot.app.notify("Revoked deploy.")
        await pilot.pause()
        assert toasts(pilot) == []
        await unlock(pilot)
        await arrive(pilot, TokenList)
        assert toasts(pilot) == ["Revoked deploy."]


async def test_who_has_no_password_is_logged_out(office: Office, run: Run) -> None:
    async with run(office.service("kay"), **office.choices("kay")) as pilot:
        await pilot.press("ctrl+l")
        await until(pilot, lambda: not pilot.app.is_running)
        assert "Sign in again" in app_of(pilot).session_lock.exit_reason


async def test_a_key_that_wakes_the_machine_only_wakes_it(enter: Enter, office: Office) -> None:
    async with enter("bob") as pilot:
        office.monotonic += 8 * 3600
        await pilot.press("c")
        await arrive(pilot, LogIn)
        await unlock(pilot)
        await arrive(pilot, TokenList)


async def test_a_secret_is_not_lost_to_the_lock_of_who_has_no_password(
    office: Office, run: Run
) -> None:
    async with run(office.service("kay"), **office.choices("kay")) as pilot:
        await pilot.press("c")
        await arrive(pilot, CreateToken)
        await write(pilot, "fresh")
        await pilot.press("enter")
        await arrive(pilot, SavedToken)
        await pilot.press("ctrl+l")
        await until(pilot, lambda: "to close" in said(pilot, "#outcome"))


async def test_passwords_that_cannot_be_read_lock_nevertheless(
    enter: Enter, office: Office
) -> None:
    async with enter("bob") as pilot:
        Path(office.path).with_name("passwords.json").write_text("nonsense")
        await lock(pilot)


async def test_pressed_twice_it_is_asked_once(office: Office, run: Run) -> None:
    async with run(office.service(), **office.choices()) as pilot:
        await arrive(pilot, LogIn)
        await write(pilot, "bob")
        await pilot.press("enter")
        await write(pilot, PASSWORD)
        button = pilot.app.screen.query_one("#go", Button)
        for _ in range(2):
            button.post_message(Button.Pressed(button))
        await arrive(pilot, TokenList)


async def test_a_lock_is_in_the_trail(enter: Enter, office: Office) -> None:
    async with enter("bob") as pilot:
        await lock(pilot)
        await until(pilot, lambda: any(e.action == "lock" for e in office.trail.newest()))


async def test_who_is_disabled_while_tokens_are_marked_is_shown_out(
    enter: Enter, office: Office
) -> None:
    async with enter("bob") as pilot:
        await pilot.press("space")
        office.accounts.disable("bob")
        await until(pilot, lambda: not pilot.app.is_running)
        assert app_of(pilot).crash is None
        assert "disabled" in app_of(pilot).session_lock.exit_reason


async def test_who_is_disabled_is_shown_out(enter: Enter, office: Office) -> None:
    async with enter("bob") as pilot:
        office.accounts.disable("bob")
        await until(pilot, lambda: not pilot.app.is_running)
        assert "disabled" in app_of(pilot).session_lock.exit_reason


async def test_a_key_that_is_removed_ends_what_it_opened(office: Office, run: Run) -> None:
    office.accounts.add_key("kay", KEY)
    office.accounts.add_key("kay", OTHER_KEY)
    service = office.service("kay", opened_by=[KEY])
    async with run(service, **office.choices("kay")) as pilot:
        await arrive(pilot, TokenList)
        office.accounts.remove_key("kay", fingerprint(OTHER_KEY))
        app_of(pilot).session_lock.lock_if_idle()
        assert pilot.app.is_running, "the other one opened it"
        office.accounts.remove_key("kay", fingerprint(KEY))
        await until(pilot, lambda: not pilot.app.is_running)
        assert "key" in app_of(pilot).session_lock.exit_reason
        with pytest.raises(KeyRemoved):
            service.create("late", None)


@pytest.mark.parametrize("by_password", [True, False])
async def test_a_password_that_is_changed_locks_what_is_open(
    office: Office, run: Run, by_password: bool
) -> None:
    choices = office.choices(None if by_password else "bob")
    async with run(office.service("bob"), **choices) as pilot:
        if by_password:
            await arrive(pilot, LogIn)
            await log_in(pilot, "bob")
        await arrive(pilot, TokenList)
        office.accounts.set_password("bob", Secret("a quite different one"))
        await arrive(pilot, LogIn)
        assert "The password was changed" in said(pilot, "#meaning")
        await unlock(pilot)
        await until(pilot, lambda: "Wrong" in said(pilot, "#problem"))
        await unlock(pilot, "a quite different one")
        await arrive(pilot, TokenList)
        app_of(pilot).session_lock.lock_if_idle()
        assert isinstance(pilot.app.screen, TokenList)


async def test_a_password_that_is_changed_while_it_is_asked_for_locks_as_well(
    office: Office, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    authenticate = Authenticator.authenticate

    def late(*arguments: Any, **more: Any) -> Any:
        account = authenticate(*arguments, **more)
        office.accounts.set_password("bob", Secret("a quite different one"))
        return account

    monkeypatch.setattr(Authenticator, "authenticate", late)
    async with run(office.service(), **office.choices()) as pilot:
        await arrive(pilot, LogIn)
        await log_in(pilot, "bob")
        await until(pilot, lambda: pilot.app.screen.query("#meaning"))
        assert "The password was changed" in said(pilot, "#meaning")


async def test_a_first_password_takes_nothing_away(office: Office, run: Run) -> None:
    async with run(office.service("kay"), **office.choices("kay")) as pilot:
        await arrive(pilot, TokenList)
        office.accounts.set_password("kay", Secret("a quite different one"))
        app_of(pilot).session_lock.lock_if_idle()
        await pilot.pause()
        assert isinstance(pilot.app.screen, TokenList)


# -- roles ------------------------------------------------------------------------------------


async def test_an_administrator_sees_whose_they_are_and_can_filter(enter: Enter) -> None:
    async with enter("ann") as pilot:
        assert names(pilot) == ["backup", "deploy"]
        assert "Owner" in shown(pilot)
        await pilot.press("A")
        await arrive(pilot, ChooseAccount)
        await pilot.press("j", "j", "enter")
        await arrive(pilot, TokenList)
        assert names(pilot) == ["deploy"]
        assert "owned by bob" in said(pilot, "#summary")
        await pilot.press("escape")
        await pilot.pause()
        assert names(pilot) == ["backup", "deploy"]
        await pilot.press("s", "s")
        assert "Created ▲" in shown(pilot)


async def test_an_administrator_can_only_revoke_what_is_others(enter: Enter) -> None:
    async with enter("ann") as pilot:
        await pilot.press("j")
        await pilot.pause()
        await pilot.press("t")
        await until(pilot, lambda: any("is owned by bob" in each for each in toasts(pilot)))
        await pilot.press("m")
        await arrive(pilot, ManageToken)
        assert "is owned by bob" in said(pilot, "#name-reason")
        disabled = {each.id for each in pilot.app.screen.query(Button) if each.disabled}
        assert disabled == {"update", "have", "rotate-button"}
        await pilot.press("ctrl+r")
        await until(pilot, lambda: pilot.app.screen.query("#yes"))
        await pilot.press("tab", "enter")
        await arrive(pilot, TokenList)
        await until(pilot, lambda: names(pilot) == ["backup"])


async def test_an_auditor_looks_and_is_told_why_no_more(enter: Enter) -> None:
    async with enter("eye") as pilot:
        assert names(pilot) == ["backup", "deploy"]
        for key in ("c", "r", "t", "space"):
            await pilot.press(key)
            await pilot.pause()
            assert isinstance(pilot.app.screen, TokenList)
            assert toasts(pilot)[-1] == "Auditors cannot change anything."
        await pilot.press("m")
        await until(pilot, lambda: isinstance(pilot.app.screen, ManageToken))
        await pilot.pause()
        assert all(each.disabled for each in pilot.app.screen.query(Button))


async def test_a_member_has_no_accounts_to_choose_from(enter: Enter) -> None:
    async with enter("bob") as pilot:
        await pilot.press("A")
        await until(pilot, lambda: toasts(pilot) == ["Here are only your own tokens."])


async def test_only_ones_own_lost_secrets_are_asked_about(office: Office, run: Run) -> None:
    office.service("bob").create("lost", None)
    async with run(office.service("ann"), **office.choices("ann")) as pilot:
        await arrive(pilot, TokenList)
    async with run(office.service("bob"), **office.choices("bob")) as pilot:
        await until(pilot, lambda: pilot.app.screen.query("#yes"))


# -- a session that is shut in ----------------------------------------------------------------


async def test_a_restricted_session_reaches_no_file_and_no_shell(
    office: Office, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from textual.app import App

    suspended: list[object] = []
    monkeypatch.setattr(App, "action_suspend_process", suspended.append)
    async with run(office.service("bob"), **office.choices("bob", restricted=True)) as pilot:
        await arrive(pilot, TokenList)
        await pilot.press("ctrl+z")
        await pilot.press("ctrl+p")
        await pilot.pause()
        await write(pilot, "screenshot")
        await until(pilot, lambda: "No matches found" in shown(pilot))
        await pilot.press("escape", "escape")
        await pilot.press("c")
        await arrive(pilot, CreateToken)
        await write(pilot, "fresh")
        await pilot.press("enter")
        await arrive(pilot, SavedToken)
        assert not pilot.app.screen.query("#path, #write")
        await pilot.press("w")
        await pilot.pause()
        assert isinstance(pilot.app.screen, SavedToken)
    assert suspended == []


# -- the audit log ----------------------------------------------------------------------------


def rows(pilot: Pilot[None]) -> list[str]:
    table = pilot.app.screen.query_one(DataTable)
    return [" ".join(map(str, table.get_row_at(row))) for row in range(table.row_count)]


async def test_the_trail_is_filtered_as_one_types(enter: Enter) -> None:
    async with enter("ann") as pilot:
        await pilot.press("H")
        await arrive(pilot, AuditTrail)
        await until(pilot, lambda: len(rows(pilot)) > 6)
        assert "Sign in" in rows(pilot)[0]
        await write(pilot, "deploy")
        await until(pilot, lambda: len(rows(pilot)) == 2)
        await pilot.press("down")
        await until(pilot, lambda: "Create token deploy" in said(pilot, "#more"))
        await write(pilot, "xyz")
        await until(pilot, lambda: said(pilot, "#more") == "No entry matches.")
        await pilot.press("escape")
        await until(pilot, lambda: len(rows(pilot)) > 6)
        await pilot.press("escape")
        await arrive(pilot, TokenList)


async def test_words_that_are_shown_are_found(enter: Enter) -> None:
    async with enter("ann") as pilot:
        await pilot.press("H")
        await arrive(pilot, AuditTrail)
        await until(pilot, lambda: len(rows(pilot)) > 6)
        await write(pilot, "sign")
        await until(pilot, lambda: rows(pilot) and all("Sign in" in row for row in rows(pilot)))
        await write(pilot, "x")
        await until(pilot, lambda: not rows(pilot))


async def test_denied_entries_are_found_by_that_word(enter: Enter, office: Office) -> None:
    service = office.service("ann")
    with pytest.raises(NotPermitted):
        service.rename(service.queries.look_up("deploy"), "mine")
    async with enter("ann") as pilot:
        await pilot.press("H")
        await arrive(pilot, AuditTrail)
        await until(pilot, lambda: len(rows(pilot)) > 6)
        await write(pilot, "token, denied")
        await until(pilot, lambda: len(rows(pilot)) == 1)
        assert "Rename token, denied" in rows(pilot)[0]


async def test_a_change_of_several_entries_is_one_row_that_opens(
    enter: Enter, office: Office
) -> None:
    service = office.service("ann")
    tokens = [service.create(name, None).token for name in ("one", "two", "three")]
    service.revoke([service.confirm_saved(token.id) for token in tokens])
    async with enter("ann") as pilot:
        await pilot.press("H")
        await arrive(pilot, AuditTrail)
        await until(pilot, lambda: "Revoke 3 tokens" in " ".join(rows(pilot)))
        folded = len(rows(pilot))
        at = next(n for n, row in enumerate(rows(pilot)) if "Revoke 3 tokens" in row)
        assert "one and 2 more" in rows(pilot)[at]
        await pilot.press(*["down"] * at, "enter")
        await until(pilot, lambda: len(rows(pilot)) == folded + 3)
        await pilot.press("down", "enter")
        await arrive(pilot, AuditEntry)
        await until(pilot, lambda: "Revoke token" in shown(pilot))
        assert tokens[2].id in shown(pilot)
        await pilot.press("escape")
        await arrive(pilot, AuditTrail)
        await pilot.press("up", "enter")
        await until(pilot, lambda: len(rows(pilot)) == folded)


async def test_a_member_reads_only_what_they_did(enter: Enter) -> None:
    async with enter("bob") as pilot:
        await pilot.press("H")
        await arrive(pilot, AuditTrail)
        await until(pilot, lambda: rows(pilot))
        assert all("bob" in row for row in rows(pilot))
        assert said(pilot, "#more").startswith("Sign in, by bob"), "a number would tell of others"


async def test_the_history_of_one_token(enter: Enter, office: Office) -> None:
    async with enter("ann") as pilot:
        await pilot.press("j", "h")
        await arrive(pilot, AuditTrail)
        await until(pilot, lambda: len(rows(pilot)) == 2)
        service = office.service("bob")
        service.rename(service.queries.look_up("deploy"), "deployed")
        await until(pilot, lambda: len(rows(pilot)) == 3)
        assert "Renamed to deployed." in rows(pilot)[0]


async def test_manage_has_a_pane_for_the_history_where_there_is_room(
    enter: Enter, office: Office
) -> None:
    async with enter("ann", size=(80, 32)) as pilot:
        await pilot.press("j", "m")
        await arrive(pilot, ManageToken)
        await until(pilot, lambda: "Create token" in shown(pilot))
        service = office.service("bob")
        service.rename(service.queries.look_up("deploy"), "deployed")
        await until(pilot, lambda: "Renamed to deployed." in shown(pilot))
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: "Create token" not in shown(pilot))
        service.rename(service.queries.look_up("deployed"), "deploy")
        await until(pilot, lambda: "deployed" not in shown(pilot))
        await pilot.resize_terminal(80, 32)
        await until(pilot, lambda: "Renamed to deploy." in shown(pilot))


@pytest.mark.parametrize(("key", "place"), [("h", "#more"), ("m", "#history")])
async def test_a_trail_that_cannot_be_read_is_not_an_empty_one(
    enter: Enter, office: Office, key: str, place: str
) -> None:
    trail = Path(office.path).with_name("audit.jsonl")
    async with enter("ann", size=(80, 32)) as pilot:
        kept = trail.rename(trail.with_name("kept"))
        trail.mkdir()
        await pilot.press("j", key)
        await until(pilot, lambda: "cannot be read" in said(pilot, place))
        await pilot.resize_terminal(90, 32)
        await pilot.pause()
        assert "cannot be read" in said(pilot, place)
        trail.rmdir()
        kept.rename(trail)
        await until(pilot, lambda: "Create token" in shown(pilot))
        assert "cannot be read" not in said(pilot, place)


async def test_a_long_name_leaves_room_for_the_other_columns(enter: Enter, office: Office) -> None:
    service = office.service("ann")
    service.confirm_saved(service.create("x" * 50, None).token.id)
    async with enter("ann") as pilot:
        await pilot.press("H")
        await arrive(pilot, AuditTrail)
        await until(pilot, lambda: rows(pilot))
        table = pilot.app.screen.query_one(DataTable)
        assert [str(column.label) for column in table.ordered_columns][-2:] == [
            "Token",
            "Details",
        ]
        assert table.virtual_size.width <= 80
        assert "xx…" in shown(pilot)


async def test_the_cursor_stays_on_its_line_of_the_trail(enter: Enter, office: Office) -> None:
    def line_under_cursor() -> str:
        return next(row for row in rows(pilot) if row.startswith(">"))

    async with enter("ann") as pilot:
        await pilot.press("H")
        await arrive(pilot, AuditTrail)
        await until(pilot, lambda: rows(pilot))
        await pilot.press("down", "down")
        await until(pilot, lambda: "Create token deploy" in line_under_cursor())
        before = len(rows(pilot))
        service = office.service("bob")
        service.rename(service.queries.look_up("deploy"), "deployed")
        await until(pilot, lambda: len(rows(pilot)) == before + 1)
        assert "Create token deploy" in line_under_cursor()
        await pilot.press("home")
        await pilot.press("up", "up", "up")
        await until(pilot, lambda: "Rename" in line_under_cursor())
        service.rename(service.queries.look_up("deployed"), "deploy")
        await until(pilot, lambda: len(rows(pilot)) == before + 2)
        assert "Renamed to deploy." in line_under_cursor()


async def test_hostile_words_in_the_trail_stay_words(enter: Enter, office: Office) -> None:
    accounts = Path(office.path).with_name("audit.jsonl")
    line = json.loads(accounts.read_text().splitlines()[-1])
    line |= {"about": "[red]\x1b]52;c;aGk=\x07[/red]", "seq": 99, "change": "hostile"}
    with accounts.open("a") as trail:
        trail.write(json.dumps(line) + "\n")
    async with enter("ann") as pilot:
        await pilot.press("H")
        await arrive(pilot, AuditTrail)
        await until(pilot, lambda: rows(pilot))
        assert "[red]\\x1b]52;c;aGk=\\x07[/red]" in " ".join(rows(pilot))


async def test_where_nothing_was_written_down(saved: TokenCommands, run: Run) -> None:
    async with run(saved) as pilot:
        await pilot.press("H")
        await arrive(pilot, AuditTrail)
        await until(pilot, lambda: said(pilot, "#more") == "No events yet.")
        await pilot.press("f1")
        await arrive(pilot, Help)

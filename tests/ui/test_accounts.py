"""The accounts screen: what an administrator does there, and that nobody else gets there."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import pytest
from rich.table import Table
from textual.pilot import Pilot
from textual.widgets import DataTable, Input, OptionList, RadioSet, Static

from tokentui.core.account import Account, Role, fingerprint
from tokentui.core.credential import Secret
from tokentui.core.query import Query
from tokentui.ui.keys import declared
from tokentui.ui.screens.account_keys import AccountKeys
from tokentui.ui.screens.accounts import Accounts
from tokentui.ui.screens.choose_role import ChooseRole
from tokentui.ui.screens.confirm import Confirm
from tokentui.ui.screens.help import Help
from tokentui.ui.screens.manage_token import ManageToken
from tokentui.ui.screens.new_account import NewAccount
from tokentui.ui.screens.token_list import TokenList
from tokentui.ui.textual_compat.palette import Palette
from tokentui.ui.widgets.key_footer import KeyFooter

from ..conftest import NOW
from .conftest import Run, arrive, said, toasts, until, write
from .office import KEY, PASSWORD, Office


@asynccontextmanager
async def opened(
    office: Office, run: Run, size: tuple[int, int] = (80, 24)
) -> AsyncIterator[Pilot[None]]:
    """Give the app of ann, an administrator, at the accounts; the cursor is on bob."""
    choices = office.choices("ann")
    async with run(office.service("ann"), size, notifications=True, **choices) as pilot:
        await arrive(pilot, TokenList)
        await pilot.press("o")
        await arrive(pilot, Accounts)
        await until(pilot, lambda: names(pilot))
        await pilot.press("down")
        assert under_cursor(pilot) == "bob"
        yield pilot


def table(pilot: Pilot[None]) -> DataTable[object]:
    return pilot.app.screen.query_one("#entries", DataTable)


def names(pilot: Pilot[None]) -> list[str]:
    found = table(pilot)
    return [str(found.get_row_at(row)[1]) for row in range(found.row_count)]


def row(pilot: Pilot[None], name: str) -> list[str]:
    [number] = [at for at, each in enumerate(names(pilot)) if each == name]
    return [str(cell) for cell in table(pilot).get_row_at(number)[1:]]


def under_cursor(pilot: Pilot[None]) -> str:
    return names(pilot)[table(pilot).cursor_row]


def account(office: Office, name: str) -> Account:
    found = office.open().accounts.list_all()[name]
    assert found is not None
    return found


def tokens_of(office: Office, name: str) -> list[str]:
    query = Query(now=NOW, account=name)
    return [each.token.name for each in office.open().tokens.scan(query)]


async def answer(pilot: Pilot[None], key: str = "y") -> None:
    await arrive(pilot, Confirm)
    await pilot.press(key)
    await arrive(pilot, Accounts)


# -- who gets there --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["bob", "eye"])
async def test_nobody_but_an_administrator_gets_there(office: Office, run: Run, name: str) -> None:
    service = office.service(name)
    async with run(service, notifications=True, **office.choices(name)) as pilot:
        await arrive(pilot, TokenList)
        await pilot.press("o")
        assert isinstance(pilot.app.screen, TokenList)
        assert toasts(pilot) == ["Only administrators can manage accounts."]
        assert "Accounts" not in pilot.app.screen.query_one(KeyFooter).keys
        await pilot.press("ctrl+p")
        await arrive(pilot, Palette)
        options = pilot.app.screen.query_one(OptionList)
        await until(pilot, lambda: options.option_count)
        shown = [str(options.get_option_at_index(at).prompt) for at in range(options.option_count)]
        assert not [each for each in shown if each.startswith("Accounts")]


async def keys_in_help(pilot: Pilot[None]) -> set[str]:
    """Open help, and return what the keys of the screen below do."""
    await pilot.press("f1")
    await arrive(pilot, Help)
    shown = pilot.app.screen.query(".rows").first(Static).content
    assert isinstance(shown, Table)
    return set(map(str, shown.columns[1].cells))


@pytest.mark.parametrize(
    ("name", "left_out"),
    [
        ("ann", set()),
        ("bob", {"Accounts", "Show one owner"}),
        ("eye", {"Accounts", "Create", "Rename", "Rotate", "Revoke", "Access", "Select"}),
    ],
)
async def test_help_leaves_out_what_somebody_may_never_do(
    office: Office, run: Run, name: str, left_out: set[str]
) -> None:
    everything = {each.description for each in declared(TokenList)}
    async with run(office.service(name), **office.choices(name)) as pilot:
        await arrive(pilot, TokenList)
        listed = await keys_in_help(pilot)
    assert everything - listed >= left_out
    assert name == "eye" or everything - listed == left_out
    assert {"History", "Audit log", "Filter"} <= listed


@pytest.mark.parametrize("name", ["bob", "eye"])
async def test_help_in_manage_has_changes_for_those_who_may_change(
    office: Office, run: Run, name: str
) -> None:
    async with run(office.service(name), **office.choices(name)) as pilot:
        await arrive(pilot, TokenList)
        await pilot.press("m")
        await arrive(pilot, ManageToken)
        listed = await keys_in_help(pilot)
    assert {"History", "Back"} <= listed
    assert ("Rename" in listed) == (name == "bob")


async def test_without_accounts_there_is_none(office: Office, run: Run) -> None:
    for file in ("accounts.json", "passwords.json"):
        office.open().tokens.path.with_name(file).unlink()
    async with run(office.service(), notifications=True) as pilot:
        await pilot.press("o")
        assert "tokentui account add NAME" in toasts(pilot)[0]


async def test_who_is_no_administrator_any_more_leaves(office: Office, run: Run) -> None:
    async with opened(office, run) as pilot:
        office.accounts.set_role("bob", Role.ADMINISTRATOR)
        office.accounts.set_role("ann", Role.MEMBER)
        await arrive(pilot, TokenList)
        assert "Only administrators" in toasts(pilot)[0]


# -- what is shown ---------------------------------------------------------------------------------


async def test_accounts_have_a_row_each(office: Office, run: Run) -> None:
    office.accounts.add_key("kay", KEY)
    async with opened(office, run, (100, 24)) as pilot:
        assert names(pilot) == ["ann", "bob", "eye", "kay"]
        assert row(pilot, "bob")[:5] == ["bob", "member", "active", "1", "0"]
        assert row(pilot, "kay")[:5] == ["kay", "member", "active", "0", "1"]
        assert "Member: own tokens" in said(pilot, "#more")


async def test_what_is_changed_elsewhere_is_shown(office: Office, run: Run) -> None:
    async with opened(office, run) as pilot:
        office.accounts.disable("bob")
        office.accounts.add("abe", None, None)
        await until(pilot, lambda: len(names(pilot)) == 5)
        assert under_cursor(pilot) == "bob"
        assert "disabled" in row(pilot, "bob")
        assert "Disabled since" in said(pilot, "#more")


# -- changes ---------------------------------------------------------------------------------------


async def test_an_account_is_added_with_a_password(office: Office, run: Run) -> None:
    async with opened(office, run) as pilot:
        await pilot.press("a")
        await arrive(pilot, NewAccount)
        await write(pilot, "zoe")
        await pilot.press("tab", "down", "down")
        screen = pilot.app.screen
        assert screen.query_one(RadioSet).pressed_index == 2
        for field in ("#password", "#repeat"):
            screen.query_one(field, Input).value = PASSWORD
        await pilot.press("ctrl+s")
        await arrive(pilot, Accounts)
        await until(pilot, lambda: under_cursor(pilot) == "zoe")
        assert toasts(pilot) == ["Added zoe as auditor."]
    assert account(office, "zoe").role is Role.AUDITOR
    authenticate = partial(
        office.choices()["sign_in"].authenticate, "zoe", Secret(PASSWORD), unlocking=True
    )
    assert (await asyncio.to_thread(authenticate)).account.name == "zoe"


async def test_an_account_is_added_that_signs_in_by_a_key_only(office: Office, run: Run) -> None:
    async with opened(office, run) as pilot:
        await pilot.press("a")
        await arrive(pilot, NewAccount)
        await write(pilot, "zoe")
        await pilot.press("tab", "tab", "space", "ctrl+s")
        await arrive(pilot, Accounts)
    assert account(office, "zoe").role is Role.MEMBER
    assert office.open().accounts.hash_of("zoe") is None


@pytest.mark.parametrize(
    ("name", "password", "repeat", "problem"),
    [
        ("bob", PASSWORD, PASSWORD, "exists already"),
        ("Zoe", PASSWORD, PASSWORD, "not a valid account name"),
        ("zoe", "short", "short", "at least 12 characters"),
        ("zoe", "", "", "at least 12 characters"),
        ("zoe", PASSWORD, PASSWORD + "!", "not the same"),
    ],
)
async def test_what_is_wrong_with_a_new_account_is_said(
    office: Office, run: Run, name: str, password: str, repeat: str, problem: str
) -> None:
    async with opened(office, run) as pilot:
        await pilot.press("a")
        await arrive(pilot, NewAccount)
        screen = pilot.app.screen
        values = {"#name": name, "#password": password, "#repeat": repeat}
        for field, value in values.items():
            screen.query_one(field, Input).value = value
        await pilot.pause()
        await pilot.press("ctrl+s")
        await until(pilot, lambda: problem in said(pilot, "#problem"))
        await pilot.press("escape")
        await arrive(pilot, Confirm)  # what was entered is not lost unasked
        await pilot.press("y")
        await arrive(pilot, Accounts)
    assert set(office.open().accounts.list_all()) == {"ann", "bob", "eye", "kay"}


async def test_a_role_is_changed(office: Office, run: Run) -> None:
    async with opened(office, run) as pilot:
        await pilot.press("r")
        await arrive(pilot, ChooseRole)
        await pilot.press("down", "enter")
        await arrive(pilot, Accounts)
        await until(pilot, lambda: "administrator" in row(pilot, "bob"))
        assert toasts(pilot) == ["Changed the role of bob to administrator."]
    assert account(office, "bob").role is Role.ADMINISTRATOR


async def test_the_last_administrator_stays_one(office: Office, run: Run) -> None:
    async with opened(office, run) as pilot:
        await pilot.press("up", "r")
        await arrive(pilot, ChooseRole)
        await pilot.press("end", "enter")
        await arrive(pilot, Accounts)
        await until(pilot, lambda: "last administrator" in said(pilot, "#more"))
        await pilot.press("down")
        assert "last administrator" not in said(pilot, "#more")
    assert account(office, "ann").role is Role.ADMINISTRATOR


async def test_an_account_is_disabled_and_enabled(office: Office, run: Run) -> None:
    async with opened(office, run) as pilot:
        assert not pilot.app.screen.check_action("enable", ())
        await pilot.press("d")
        await answer(pilot)
        await until(pilot, lambda: "disabled" in row(pilot, "bob"))
        assert account(office, "bob").disabled_at is not None
        await pilot.press("d")
        assert toasts(pilot)[-1] == "bob is disabled already."
        await pilot.press("e")
        await until(pilot, lambda: "active" in row(pilot, "bob"))
    assert account(office, "bob").disabled_at is None


async def test_an_account_is_deleted_with_its_tokens(office: Office, run: Run) -> None:
    async with opened(office, run) as pilot:
        await pilot.press("D")
        await arrive(pilot, Confirm)
        assert said(pilot, "#title") == "Delete bob?"
        assert "Revokes 1 token." in said(pilot, "#body")
        await answer(pilot)
        await until(pilot, lambda: names(pilot) == ["ann", "eye", "kay"])
        assert toasts(pilot) == ["Deleted bob, and revoked all tokens of this account."]
        await pilot.press("escape")
        await arrive(pilot, TokenList)
    assert account(office, "bob").deleted_at is not None
    assert tokens_of(office, "bob") == []
    assert tokens_of(office, "ann") == ["backup"]


async def test_who_does_not_confirm_deletes_and_disables_nothing(office: Office, run: Run) -> None:
    async with opened(office, run) as pilot:
        for key in ("D", "d"):
            await pilot.press(key)
            await answer(pilot, "enter")  # the focus is on Cancel
        assert toasts(pilot) == ["Nothing was deleted.", "Nothing was changed."]
    assert account(office, "bob").disabled_at is None


async def test_nobody_deletes_the_own_account(office: Office, run: Run) -> None:
    async with opened(office, run) as pilot:
        await pilot.press("up", "D")
        assert isinstance(pilot.app.screen, Accounts)
        assert toasts(pilot) == ["You cannot delete your own account."]


async def test_many_tokens_are_deleted_only_with_their_number_typed(
    office: Office, run: Run
) -> None:
    for number in range(5):
        office.service("bob").create(f"t{number}", None)
    async with opened(office, run) as pilot:
        await pilot.press("delete")
        await arrive(pilot, Confirm)
        await pilot.press("6", "enter", "enter")
        await arrive(pilot, Accounts)
        await until(pilot, lambda: "bob" not in names(pilot))
    assert tokens_of(office, "bob") == []


async def test_a_question_about_what_was_changed_meanwhile_cannot_be_answered(
    office: Office, run: Run
) -> None:
    async with opened(office, run) as pilot:
        await pilot.press("D")
        await arrive(pilot, Confirm)
        office.accounts.set_role("bob", Role.AUDITOR)
        await until(pilot, lambda: "changed elsewhere" in said(pilot, "#body"))
        await pilot.press("y")
        assert isinstance(pilot.app.screen, Confirm)
    assert account(office, "bob").disabled_at is None


async def test_keys_are_added_and_removed(office: Office, run: Run) -> None:
    async with opened(office, run) as pilot:
        await pilot.press("enter")
        await arrive(pilot, AccountKeys)
        assert not pilot.app.screen.check_action("remove", ())
        pilot.app.screen.query_one("#key", Input).value = "no key"
        await pilot.pause()
        await pilot.press("enter")
        await until(pilot, lambda: "not a public SSH key" in said(pilot, "#hint"))
        pilot.app.screen.query_one("#key", Input).value = f"{KEY} bob@laptop"
        await pilot.pause()
        await pilot.press("enter")
        await until(pilot, lambda: pilot.app.screen.query_one(OptionList).option_count == 1)
        assert account(office, "bob").keys == (KEY,)
        await pilot.press("f8")
        await arrive(pilot, Confirm)
        assert fingerprint(KEY) in said(pilot, "#body")
        await pilot.press("y")
        await arrive(pilot, AccountKeys)
        await until(pilot, lambda: pilot.app.screen.query_one(OptionList).option_count == 0)
        await pilot.press("escape")
        await arrive(pilot, Accounts)
    assert account(office, "bob").keys == ()


async def test_accounts_that_cannot_be_read_leave_what_was_shown(office: Office, run: Run) -> None:
    async with opened(office, run) as pilot:
        path = office.open().tokens.path.with_name("accounts.json")
        path.write_text("{")
        await until(pilot, lambda: "accounts.json" in said(pilot, "#more"))
        assert "bob" in names(pilot)

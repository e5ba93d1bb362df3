"""Changes of accounts as data: what is true of each, over any accounts."""

from random import Random
from typing import TYPE_CHECKING, TypeVar, get_args

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tokentui.core.account import Account, Role, administrators, fingerprint
from tokentui.core.account_change import (
    AccountChange,
    AccountEdit,
    AccountRecords,
    AddAccount,
    AddKey,
    DeleteAccount,
    DisableAccount,
    EnableAccount,
    RemoveKey,
    SetPassword,
    SetRole,
    carry_out,
)
from tokentui.core.errors import (
    AccountChanged,
    AccountNotFound,
    AccountTaken,
    InvalidAccount,
    LastAdministrator,
    NotPermitted,
)

from ..conftest import NOW

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

REFUSALS = (
    AccountChanged,
    AccountNotFound,
    AccountTaken,
    InvalidAccount,
    LastAdministrator,
    NotPermitted,
)
NAMES = ["ada", "bob", "cid", "dan"]
KEYS = [f"ssh-ed25519 {end * 4}" for end in "ABC"]

T = TypeVar("T")


class Draw:
    """Draws what tests need, evenly."""

    def __init__(self, random: Random) -> None:
        self._random = random
        left = list(KEYS)
        self.accounts: dict[str, Account | None] = {}
        for name in NAMES:
            match self.number(5):
                case 0:
                    continue
                case 1:
                    self.accounts[name] = None
                case _:
                    disabled_at = self.one_of(None, None, NOW)
                    self.accounts[name] = Account(
                        name=name,
                        role=self.one_of(*Role),
                        created_at=NOW,
                        disabled_at=disabled_at,
                        deleted_at=self.one_of(None, disabled_at),
                        keys=(left.pop(),) if left and self.number(1) else (),
                        revision=1 + self.number(2),
                    )

    def number(self, most: int) -> int:
        return self._random.randint(0, most)

    def one_of(self, *several: T) -> T:
        return self._random.choice(several)

    def records(self) -> AccountRecords:
        return AccountRecords(accounts=self.accounts, password=self.one_of(None, "hash"))

    def change(self) -> AccountChange:
        name, by = self.one_of(*NAMES), self.one_of(None, None, *NAMES)
        key, role = self.one_of(*KEYS), self.one_of(*Role)
        hashed = self.one_of(None, "hash", "old")
        kinds: list[Callable[[], AccountChange]] = [
            lambda: AddAccount(
                name=name, role=self.one_of(None, role), password=hashed, at=NOW, acting_as=by
            ),
            lambda: SetRole(name=name, role=role, acting_as=by),
            lambda: DisableAccount(name=name, at=NOW, acting_as=by),
            lambda: EnableAccount(name=name, acting_as=by),
            lambda: DeleteAccount(name=name, at=NOW, acting_as=by),
            lambda: AddKey(name=name, key=key, acting_as=by),
            lambda: RemoveKey(name=name, fingerprint=fingerprint(key), acting_as=by),
            lambda: SetPassword(name=name, password="new", instead_of=hashed, acting_as=by),
        ]
        assert len(kinds) == len(get_args(AccountChange))
        return self.one_of(*kinds)()


@st.composite
def cases(draw: st.DrawFn) -> tuple[AccountRecords, AccountChange]:
    """Draw accounts, and a change of them."""
    drawn = Draw(draw(st.randoms(use_true_random=True)))
    return drawn.records(), drawn.change()


of_any = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.filter_too_much]
)


def made(records: AccountRecords, change: AccountChange) -> AccountEdit:
    """Return what becomes of the records; leave the example where that is nothing or refused."""
    try:
        edit = carry_out(change, records)
    except REFUSALS:
        edit = AccountEdit()
    assume(edit)
    return edit


def after(records: AccountRecords, edit: AccountEdit) -> AccountRecords:
    accounts = dict(records.accounts)
    if edit.account is not None:
        accounts[edit.account.name] = edit.account
    (password,) = edit.passwords.values() or (records.password,)
    return AccountRecords(accounts=accounts, password=password)


@of_any
@given(cases())
def test_it_is_about_one_account(case: tuple[AccountRecords, AccountChange]) -> None:
    records, change = case
    edit = made(records, change)
    assert edit.account is None or edit.account.name == change.name
    assert set(edit.passwords) <= {change.name}
    (event,) = change.events("eve", edit)
    assert event.account == "eve"
    assert change.name in (event.about or "")
    assert "hash" not in (event.about or "")


@of_any
@given(cases())
def test_revisions_grow_by_one(case: tuple[AccountRecords, AccountChange]) -> None:
    records, change = case
    account = made(records, change).account
    assume(account is not None)
    before = records.accounts.get(change.name)
    assert account is not None
    assert account.revision == (before.revision + 1 if before else 1)
    assert account.created_at == (before.created_at if before else NOW)


@of_any
@given(cases())
def test_an_administrator_stays(case: tuple[AccountRecords, AccountChange]) -> None:
    records, change = case
    edit = made(records, change)
    assume(edit.account is not None)
    assert administrators(after(records, edit).accounts.values())


@of_any
@given(cases())
def test_only_an_administrator_changes_more_than_the_own_password(
    case: tuple[AccountRecords, AccountChange],
) -> None:
    records, change = case
    made(records, change)
    if change.acting_as is not None:
        acting = records.accounts[change.acting_as]
        assert acting is not None
        assert acting.disabled_at is None
        own = isinstance(change, SetPassword) and change.name == acting.name
        assert acting.role is Role.ADMINISTRATOR or own


@of_any
@given(cases())
def test_what_was_deleted_stays_so(case: tuple[AccountRecords, AccountChange]) -> None:
    records, change = case
    edit = made(records, change)
    before = records.accounts.get(change.name)
    assert before is None or before.deleted_at is None
    if edit.account is not None and edit.account.deleted_at is not None:
        assert edit.account.disabled_at is not None
        assert edit.account.keys == ()
        assert edit.passwords == {change.name: None}


@of_any
@given(cases())
def test_no_key_is_of_two_accounts(case: tuple[AccountRecords, AccountChange]) -> None:
    records, change = case
    accounts = after(records, made(records, change)).accounts.values()
    keys = [key for account in accounts if account for key in account.keys]
    assert len(set(keys)) == len(keys)


@of_any
@given(cases())
def test_done_again_it_is_refused_or_nothing(case: tuple[AccountRecords, AccountChange]) -> None:
    records, change = case
    later = after(records, made(records, change))
    try:
        again = carry_out(change, later)
    except REFUSALS:
        return
    unchecked = isinstance(change, SetPassword) and change.instead_of is None
    assert not again or unchecked


def test_an_account_that_is_added_again_is_not_opened_by_the_password_of_a_lost_one() -> None:
    ada = Account(name="ada", role=Role.ADMINISTRATOR, created_at=NOW)
    records = AccountRecords(accounts={"ada": ada}, password="left behind")
    added = AddAccount(name="bob", role=None, password=None, at=NOW)
    assert carry_out(added, records).passwords == {"bob": None}


@pytest.mark.parametrize("instead_of", [None, "hash"])
def test_a_password_is_changed_instead_of_the_one_that_was_checked(instead_of: str | None) -> None:
    ada = Account(name="ada", role=Role.ADMINISTRATOR, created_at=NOW)
    accounts: Mapping[str, Account | None] = {"ada": ada}
    change = SetPassword(name="ada", password="new", instead_of=instead_of)
    for present in ("hash", "another", None):
        records = AccountRecords(accounts=accounts, password=present)
        if instead_of in (None, present):
            assert carry_out(change, records).passwords == {"ada": "new"}
        else:
            with pytest.raises(AccountChanged):
                carry_out(change, records)


def test_a_damaged_account_is_none() -> None:
    ada = Account(name="ada", role=Role.ADMINISTRATOR, created_at=NOW)
    records = AccountRecords(accounts={"ada": ada, "bob": None})
    with pytest.raises(AccountTaken):
        carry_out(AddAccount(name="bob", role=None, password=None, at=NOW), records)
    with pytest.raises(AccountNotFound):
        carry_out(EnableAccount(name="bob"), records)
    with pytest.raises(AccountNotFound):
        carry_out(SetRole(name="ada", role=Role.MEMBER, acting_as="bob"), records)
    damaged = replace(records, accounts={"bob": None})
    with pytest.raises(InvalidAccount):
        carry_out(AddAccount(name="cid", role=Role.MEMBER, password=None, at=NOW), damaged)

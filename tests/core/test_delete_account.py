"""Deleting an account: three steps, which can be interrupted, and what is left afterwards."""

from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from tests.opening import open_files
from tokentui.core import accounts as core_accounts
from tokentui.core import audit_queries
from tokentui.core.account import Role
from tokentui.core.accounts import AccountService
from tokentui.core.audit import Action, Actor, Outcome, Search
from tokentui.core.backend import Backend, Committed
from tokentui.core.commands import TokenCommands
from tokentui.core.credential import Secret
from tokentui.core.errors import (
    AccountChanged,
    AccountDisabled,
    AccountNotFound,
    AccountTaken,
    LastAdministrator,
    NotPermitted,
)
from tokentui.core.query import Query
from tokentui.core.rights import Rights

from ..conftest import CHEAPEST, NOW

PASSWORD = Secret("correct horse battery")
NAMES = ("first", "second", "third")


class Killed(BaseException):
    """The process ends here."""


class Office:
    """A store of ann, who is its administrator, and of bob and cid."""

    def __init__(self, store: Path) -> None:
        self._store = store
        self.accounts = self.managing()
        for name in ("ann", "bob", "cid"):
            self.accounts.add(name, None, PASSWORD)

    def open(self) -> Backend:
        return open_files(str(self._store), Actor("tokens"))

    def managing(self, by: str | None = None) -> AccountService:
        backend = self.open()
        return AccountService(
            backend,
            Rights(by or "root", backend.accounts, signed_in=by is not None),
            backend.audit,
            by=by or "root",
            hasher=CHEAPEST,
            clock=lambda: NOW,
        )

    def acting(self, name: str) -> TokenCommands:
        return TokenCommands(
            self.open(), account=name, signed_in=True, hasher=CHEAPEST, clock=lambda: NOW
        )

    def left_of(self, name: str) -> list[str]:
        query = Query(now=NOW, account=name)
        return [row.token.name for row in self.open().tokens.scan(query)]

    def done(self, text: str = "") -> list[tuple[str, str]]:
        """Return the actions in the audit log, latest first, and whom or what they are about."""
        entries = audit_queries.entries(self.acting("ann").queries, Search(text=text))
        return [(entry.action, entry.name or entry.about or "") for entry in entries]


@pytest.fixture
def office(store_path: Path) -> Office:
    office = Office(store_path)
    for name in NAMES:
        office.acting("bob").create(name, None)
    office.acting("cid").create("kept", None)
    return office


def killed_before(service: AccountService, step: int) -> Any:
    """Let the process end before the change of a number."""
    left = iter(range(step))
    commit = service._backend.commit

    def until_then(*change: Any) -> Committed:
        if next(left, None) is None:
            raise Killed
        return commit(*change)

    return mock.patch.object(service._backend, "commit", until_then)


def test_its_tokens_are_revoked_and_only_a_tombstone_stays(office: Office) -> None:
    office.managing("ann").delete("bob")
    assert office.left_of("bob") == []
    assert office.left_of("cid") == ["kept"]
    left = office.open().accounts.list_all()["bob"]
    assert left is not None
    assert left.deleted_at == left.disabled_at == NOW
    assert [each.name for each in office.accounts.list_all()] == ["ann", "cid"]
    with pytest.raises(AccountNotFound):
        office.accounts.get("bob")
    with pytest.raises(AccountNotFound):
        office.acting("bob").create("another", None)


def test_the_log_says_each_step_and_keeps_what_was_done(office: Office) -> None:
    office.managing("ann").delete("bob")
    done = office.done()
    assert done[0] == (Action.ACCOUNT, "Deleted bob.")
    assert set(done[1:4]) == {(Action.REVOKE, name) for name in NAMES}
    assert done[4] == (Action.ACCOUNT, "Disabled bob.")
    assert (Action.CREATE, "first") in done[5:]


def test_its_name_is_never_given_again(office: Office) -> None:
    office.accounts.delete("bob")
    for act in (
        lambda: office.accounts.check_new_name("bob"),
        lambda: office.accounts.add("bob", None, PASSWORD),
    ):
        with pytest.raises(AccountTaken, match="was deleted"):
            act()


def test_nobody_is_offered_what_was_deleted(office: Office) -> None:
    office.accounts.add("dan", None, None)
    office.accounts.delete("dan")
    with pytest.raises(AccountNotFound, match='no account "dam"') as raised:
        office.accounts.get("dam")
    assert "dan" not in str(raised.value)
    assert office.acting("ann").queries.owners() == ["ann", "bob", "cid"]
    office.accounts.delete("bob")
    assert "bob" in office.acting("ann").queries.owners()  # revoked tokens are found by owner


@pytest.mark.parametrize("step", range(5))
def test_killed_before_any_step_it_is_completed_later(
    office: Office, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    monkeypatch.setattr(core_accounts, "_REVOKED_TOGETHER", 1)
    service = office.managing("ann")
    with killed_before(service, step), pytest.raises(Killed):
        service.delete("bob")
    bob = office.accounts.get("bob")
    assert (bob.disabled_at is not None) == (step > 0)
    assert len(office.left_of("bob")) == min(3, 4 - step)
    if step > 0:
        with pytest.raises(AccountDisabled):
            office.acting("bob").create("another", None)
    office.managing("ann").delete("bob")
    assert office.left_of("bob") == []
    with pytest.raises(AccountNotFound):
        office.accounts.get("bob")
    assert office.done("Disabled bob.") == [(Action.ACCOUNT, "Disabled bob.")]


def test_one_that_is_enabled_meanwhile_is_not_deleted(office: Office) -> None:
    service = office.managing("ann")
    commit = service._backend.commit

    def enabling(change: Any, *more: Any) -> Committed:
        committed = commit(change, *more)
        if change.__class__.__name__ == "Revoke":
            office.accounts.enable("bob")
        return committed

    with (
        mock.patch.object(service._backend, "commit", enabling),
        pytest.raises(AccountChanged),
    ):
        service.delete("bob")
    assert office.accounts.get("bob").disabled_at is None


# -- what is refused -------------------------------------------------------------------------------


def test_the_last_administrator_stays(office: Office) -> None:
    with pytest.raises(LastAdministrator):
        office.accounts.delete("ann")
    office.accounts.set_role("bob", Role.ADMINISTRATOR)
    office.accounts.delete("ann")
    with pytest.raises(LastAdministrator):
        office.accounts.delete("bob")
    assert office.accounts.get("bob").disabled_at is None
    assert office.left_of("bob") == sorted(NAMES)


def test_nobody_deletes_the_own_account(office: Office) -> None:
    office.accounts.set_role("bob", Role.ADMINISTRATOR)
    with pytest.raises(NotPermitted, match="your own account"):
        office.managing("bob").delete("bob")
    assert office.accounts.get("bob").disabled_at is None
    [entry, *_] = audit_queries.entries(office.acting("ann").queries, Search())
    assert (entry.action, entry.outcome) == (Action.ACCOUNT, Outcome.REFUSED)


@pytest.mark.parametrize("name", ["cid", "bob", "nobody"])
def test_a_member_deletes_nobody(office: Office, name: str) -> None:
    with pytest.raises(NotPermitted, match="Only administrators"):
        office.managing("bob").delete(name)
    assert [each.disabled_at for each in office.accounts.list_all()] == [None] * 3


def test_one_that_there_is_not_or_not_any_more(office: Office) -> None:
    office.accounts.delete("bob")
    for name in ("bob", "nobody"):
        with pytest.raises(AccountNotFound):
            office.accounts.delete(name)

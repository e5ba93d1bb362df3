"""`AccountRepository`, and `Backend.commit` of account changes."""

from collections.abc import Mapping
from functools import partial
from typing import NamedTuple, get_args

import pytest
from msgspec.structs import replace

from tokentui.core import account_change
from tokentui.core.account import Account, Role, fingerprint
from tokentui.core.account_change import (
    AccountChange,
    AccountRecords,
    AddAccount,
    AddKey,
    DeleteAccount,
    DisableAccount,
    EnableAccount,
    RemoveKey,
    SetPassword,
    SetRole,
)
from tokentui.core.audit import Outcome
from tokentui.core.backend import Backend, Versions
from tokentui.core.chain import Link
from tokentui.core.errors import (
    AccountChanged,
    AccountDisabled,
    AccountNotFound,
    AccountTaken,
    InvalidAccount,
    LastAdministrator,
    NotPermitted,
    OutcomeUnknown,
    StoreReadOnly,
    TokentuiError,
)

from ..conftest import NOW
from ..doubles.slow import SlowBackend
from .kinds import Opener
from .samples import at_once, commit, events

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ3Rw6TDiPuA3gpVb8s7hF5tCzUqXnBvQzq0Ev8kT3aW"
PRINT = fingerprint(KEY)
OTHER_KEY = KEY.replace("3Rw6", "4Sx7")

BEFORE: tuple[AccountChange, ...] = (
    AddAccount(name="ada", role=None, password="ada's hash", at=NOW),
    AddAccount(name="bob", role=None, password="bob's hash", at=NOW),
    AddAccount(name="cid", role=Role.AUDITOR, password=None, at=NOW),
    AddKey(name="bob", key=KEY),
    AddAccount(name="eve", role=None, password="eve's hash", at=NOW),
    DisableAccount(name="eve", at=NOW),
)

CHANGES: dict[str, AccountChange] = {
    "add": AddAccount(name="dan", role=None, password="dan's hash", at=NOW),
    "add without a password": AddAccount(name="dan", role=None, password=None, at=NOW),
    "add an auditor": AddAccount(name="dan", role=Role.AUDITOR, password=None, at=NOW),
    "role": SetRole(name="bob", role=Role.ADMINISTRATOR, acting_as="ada"),
    "disable": DisableAccount(name="bob", at=NOW, acting_as="ada"),
    "enable": EnableAccount(name="eve", acting_as="ada"),
    "delete": DeleteAccount(name="eve", at=NOW, acting_as="ada"),
    "key": AddKey(name="bob", key=OTHER_KEY, acting_as="ada"),
    "no key": RemoveKey(name="bob", fingerprint=PRINT, acting_as="ada"),
    "password": SetPassword(name="bob", password="another", acting_as="ada"),
    "first password": SetPassword(name="cid", password="another", acting_as="ada"),
    "own password": SetPassword(
        name="bob", password="another", instead_of="bob's hash", acting_as="bob"
    ),
}
"""Changes that are possible after `BEFORE`, of every kind."""


class Refused(NamedTuple):
    change: AccountChange
    error: type[TokentuiError]


REFUSED: dict[str, Refused] = {
    "add a name": Refused(AddAccount(name="bob", role=None, password=None, at=NOW), AccountTaken),
    "add as a member": Refused(
        AddAccount(name="dan", role=None, password=None, at=NOW, acting_as="bob"), NotPermitted
    ),
    "role of nobody": Refused(SetRole(name="dan", role=Role.MEMBER), AccountNotFound),
    "role of the last administrator": Refused(
        SetRole(name="ada", role=Role.MEMBER, acting_as="ada"), LastAdministrator
    ),
    "role as a member": Refused(
        SetRole(name="bob", role=Role.ADMINISTRATOR, acting_as="bob"), NotPermitted
    ),
    "role as somebody disabled": Refused(
        SetRole(name="bob", role=Role.MEMBER, acting_as="eve"), AccountDisabled
    ),
    "role as nobody": Refused(
        SetRole(name="bob", role=Role.MEMBER, acting_as="dan"), AccountNotFound
    ),
    "disable the last administrator": Refused(
        DisableAccount(name="ada", at=NOW), LastAdministrator
    ),
    "delete nobody": Refused(DeleteAccount(name="dan", at=NOW), AccountNotFound),
    "delete one that is enabled": Refused(DeleteAccount(name="bob", at=NOW), AccountChanged),
    "delete as a member": Refused(DeleteAccount(name="eve", at=NOW, acting_as="bob"), NotPermitted),
    "enable nobody": Refused(EnableAccount(name="dan"), AccountNotFound),
    "key of another": Refused(AddKey(name="cid", key=KEY), InvalidAccount),
    "no such key": Refused(RemoveKey(name="cid", fingerprint=PRINT), InvalidAccount),
    "password of another": Refused(
        SetPassword(name="cid", password="another", acting_as="bob"), NotPermitted
    ),
    "password that was changed": Refused(
        SetPassword(name="bob", password="another", instead_of="old", acting_as="bob"),
        AccountChanged,
    ),
    "password of nobody": Refused(SetPassword(name="dan", password="another"), AccountNotFound),
}
"""Changes that are not possible after `BEFORE`."""

NOTHING: dict[str, AccountChange] = {
    "same role": SetRole(name="bob", role=Role.MEMBER),
    "disabled already": DisableAccount(name="eve", at=NOW),
    "enabled already": EnableAccount(name="bob"),
    "same key": AddKey(name="bob", key=KEY),
}
"""Changes that change nothing after `BEFORE`."""

NAMES = ("ada", "bob", "cid", "dan", "eve")

every_change = pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
every_refusal = pytest.mark.parametrize(("change", "error"), REFUSED.values(), ids=REFUSED)


def test_no_kind_of_change_is_forgotten() -> None:
    kinds = set(get_args(AccountChange))
    assert {type(change) for change in CHANGES.values()} == kinds
    assert {type(refused.change) for refused in REFUSED.values()} == kinds


@pytest.fixture(autouse=True)
def keeps_accounts(backend: Backend) -> None:
    if not backend.capabilities.accounts:
        pytest.skip(backend.capabilities.denial_reasons["accounts"])


@pytest.fixture
def full(backend: Backend) -> Backend:
    """Give a store after `BEFORE`."""
    for change in BEFORE:
        commit(backend, change)
    return backend


class Seen(NamedTuple):
    """All that can be told of the accounts of a store."""

    accounts: Mapping[str, Account | None]
    hashes: Mapping[str, str | None]
    events: int
    versions: Versions

    @classmethod
    def of(cls, backend: Backend) -> "Seen":
        return cls(
            dict(backend.accounts.list_all()),
            {name: backend.accounts.hash_of(name) for name in NAMES},
            len(events(backend)),
            backend.versions(),
        )

    def records(self, name: str) -> AccountRecords:
        return AccountRecords(accounts=self.accounts, password=self.hashes[name])


class TestEmpty:
    def test_there_are_no_accounts(self, backend: Backend) -> None:
        assert dict(backend.accounts.list_all()) == {}
        assert backend.accounts.hash_of("ada") is None
        assert list(backend.accounts.warnings()) == []

    def test_the_first_one_is_an_administrator(self, backend: Backend) -> None:
        with pytest.raises(InvalidAccount):
            commit(backend, AddAccount(name="ada", role=Role.MEMBER, password=None, at=NOW))
        assert dict(backend.accounts.list_all()) == {}
        commit(backend, AddAccount(name="ada", role=None, password=None, at=NOW))
        account = backend.accounts.list_all()["ada"]
        assert account == Account(name="ada", role=Role.ADMINISTRATOR, created_at=NOW)


class TestDone:
    @every_change
    def test_it_makes_of_the_accounts_what_it_says(
        self, full: Backend, reopened: Backend, change: AccountChange
    ) -> None:
        before = Seen.of(reopened)
        edit = account_change.carry_out(change, before.records(change.name))
        committed = commit(full, change)
        accounts = dict(before.accounts)
        if edit.account is not None:
            accounts[edit.account.name] = edit.account
        for each in (full, reopened):
            after = Seen.of(each)
            assert after.accounts == accounts
            assert after.hashes == {**before.hashes, **edit.passwords}
        assert committed.account == accounts[change.name]

    @every_change
    def test_what_it_does_is_recorded_once(self, full: Backend, change: AccountChange) -> None:
        before = Seen.of(full)
        edit = account_change.carry_out(change, before.records(change.name))
        commit(full, change)
        assert events(full)[before.events :] == list(change.events("ada", edit))
        assert isinstance(full.audit.verify(), Link)
        assert "another" not in str(events(full))

    @every_change
    def test_the_versions_of_accounts_and_log_move_and_no_others(
        self, full: Backend, reopened: Backend, change: AccountChange
    ) -> None:
        before, stamp = reopened.versions(), reopened.accounts.version()
        commit(full, change)
        after = reopened.versions()
        assert after.accounts != before.accounts
        assert reopened.accounts.version() != stamp
        assert after.audit != before.audit
        assert (after.tokens, after.usage) == (before.tokens, before.usage)
        assert full.versions() == after


class TestDeleted:
    @pytest.fixture
    def buried(self, full: Backend) -> Backend:
        """Give a store in which eve was deleted."""
        commit(full, AddKey(name="eve", key=OTHER_KEY))
        commit(full, CHANGES["delete"])
        return full

    def test_a_tombstone_stays_for_good(self, buried: Backend, opener: Opener) -> None:
        known = buried.accounts.list_all()["eve"]
        assert known is not None
        assert (known.deleted_at, known.disabled_at, known.keys) == (NOW, NOW, ())
        buried.close()
        later = opener()
        assert later.accounts.list_all()["eve"] == known
        assert later.accounts.hash_of("eve") is None
        later.close()

    @pytest.mark.parametrize(
        "change",
        [
            SetRole(name="eve", role=Role.AUDITOR),
            EnableAccount(name="eve"),
            DisableAccount(name="eve", at=NOW),
            DeleteAccount(name="eve", at=NOW),
            AddKey(name="eve", key=OTHER_KEY),
            SetPassword(name="eve", password="another"),
            SetPassword(name="eve", password="another", acting_as="eve"),
        ],
    )
    def test_nothing_brings_it_back(self, buried: Backend, change: AccountChange) -> None:
        before = Seen.of(buried)
        with pytest.raises(AccountNotFound):
            commit(buried, change)
        after = Seen.of(buried)
        assert (after.accounts, after.hashes) == (before.accounts, before.hashes)

    def test_its_name_is_never_given_again(self, buried: Backend) -> None:
        with pytest.raises(AccountTaken, match="was deleted"):
            commit(buried, AddAccount(name="eve", role=None, password=None, at=NOW))

    def test_its_key_is_free_for_another(self, buried: Backend) -> None:
        commit(buried, AddKey(name="bob", key=OTHER_KEY))
        bob = buried.accounts.list_all()["bob"]
        assert bob is not None
        assert OTHER_KEY in bob.keys


class TestRefused:
    @every_refusal
    def test_nothing_is_changed_and_it_is_recorded_apart(
        self, full: Backend, change: AccountChange, error: type[TokentuiError]
    ) -> None:
        before = Seen.of(full)
        with pytest.raises(error) as raised:
            commit(full, change)
        after = Seen.of(full)
        assert (after.accounts, after.hashes) == (before.accounts, before.hashes)
        assert replace(after.versions, audit=None) == replace(before.versions, audit=None)
        (event,) = events(full)[before.events :]
        assert event.outcome is not Outcome.DONE
        assert str(raised.value) in (event.about or "")

    @pytest.mark.parametrize("change", NOTHING.values(), ids=NOTHING)
    def test_what_changes_nothing_leaves_no_trace(
        self, full: Backend, change: AccountChange
    ) -> None:
        before = Seen.of(full)
        assert commit(full, change).account == before.accounts[change.name]
        assert Seen.of(full) == before

    @every_change
    def test_it_leaves_no_trace_where_only_reading_is_possible(
        self, full: Backend, opener: Opener, change: AccountChange
    ) -> None:
        before = Seen.of(full)
        looking = opener(read_only=True)
        with pytest.raises(StoreReadOnly):
            commit(looking, change)
        assert Seen.of(looking) == Seen.of(full) == before
        looking.close()


class TestAgain:
    @every_change
    def test_under_one_key_it_is_done_once(
        self, full: Backend, reopened: Backend, change: AccountChange
    ) -> None:
        first = commit(full, change, "key")
        before = Seen.of(full)
        for each in (full, reopened):
            assert commit(each, change, "key") == first
            assert Seen.of(each) == before

    def test_the_key_is_known_to_whoever_comes_later(self, opener: Opener) -> None:
        first = opener()
        commit(first, BEFORE[0], "key")
        before = Seen.of(first)
        first.close()
        later = opener()
        commit(later, BEFORE[0], "key")
        assert Seen.of(later) == before
        later.close()

    def test_what_came_after_it_stays(self, full: Backend) -> None:
        commit(full, CHANGES["password"], "key")
        commit(full, SetPassword(name="bob", password="the latest"))
        commit(full, CHANGES["password"], "key")
        assert full.accounts.hash_of("bob") == "the latest"

    @every_change
    @pytest.mark.parametrize("done", [True, False])
    def test_a_lost_answer_is_asked_for_again(
        self, full: Backend, change: AccountChange, done: bool
    ) -> None:
        before, far = Seen.of(full), SlowBackend(full)
        edit = account_change.carry_out(change, before.records(change.name))
        far.lose_answer(done=done)
        with pytest.raises(OutcomeUnknown):
            commit(far, change, "key")
        commit(far, change, "key")
        assert events(full)[before.events :] == list(change.events("ada", edit))
        assert Seen.of(full).hashes == {**before.hashes, **edit.passwords}


def test_one_administrator_stays_whoever_is_faster(full: Backend, reopened: Backend) -> None:
    commit(full, SetRole(name="bob", role=Role.ADMINISTRATOR))
    refused = at_once(
        partial(commit, each, DisableAccount(name=name, at=NOW))
        for each, name in ((full, "ada"), (reopened, "bob"))
    )
    assert [type(error) for error in refused] == [LastAdministrator]

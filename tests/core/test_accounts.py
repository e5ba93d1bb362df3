"""Accounts: their names, passwords and keys, and what each of them may see and do."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from tests.opening import open_accounts, open_audit_log, open_files, open_store
from tokentui.core import account, audit_queries
from tokentui.core.account import Role, fingerprint
from tokentui.core.accounts import AccountService
from tokentui.core.audit import Action, Actor, Entry, Event, Search
from tokentui.core.backend import Committed
from tokentui.core.commands import TokenCommands
from tokentui.core.credential import Secret
from tokentui.core.errors import (
    AccountChanged,
    AccountDisabled,
    AccountNotFound,
    AccountTaken,
    AmbiguousName,
    InvalidAccount,
    InvalidPassword,
    LastAdministrator,
    NameTaken,
    NotPermitted,
    StoreError,
    StoreReadOnly,
    StoreUnconfirmed,
    StoreUnwritable,
    TokenNotFound,
    TokentuiError,
)
from tokentui.core.query import Count, Sort, TokenRow
from tokentui.core.rights import Rights
from tokentui.core.snapshot_lookup import SnapshotLookup
from tokentui.core.usage import Usage
from tokentui.core.verdicts import OwnerDisabled
from tokentui.core.verifier import Verifier
from tokentui.stores.file.accounts import AccountFiles

from ..conftest import CHEAPEST, NOW, folders_that_do_not_sync, which

PASSWORD = Secret("correct horse battery")
OTHER_PASSWORD = Secret("another long password")
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICROj42RD8YcYiXVQVW5szkT+UAuUR4YJR/0WB2vQKuR"
OTHER_KEY = KEY[:-1] + "Q"


@pytest.fixture
def accounts(store_path: Path) -> AccountService:
    """Return what looks after accounts, for whoever has the files."""
    return looking_after(store_path)


def looking_after(store_path: Path, by: str | None = None) -> AccountService:
    """Return what looks after accounts, for an account or for whoever has the files."""
    backend = open_files(str(store_path), Actor("tokens"))
    return AccountService(
        backend,
        Rights(by or "root", backend.accounts, signed_in=by is not None),
        backend.audit,
        by=by or "root",
        hasher=CHEAPEST,
        clock=lambda: NOW,
    )


Act = Callable[..., TokenCommands]


@pytest.fixture
def acting(store_path: Path, accounts: AccountService) -> Act:
    """Return what opens the tokens for an account, or for whoever has the files."""
    accounts.add("ann", None, None)
    for name, role in (("bob", None), ("cid", None), ("eye", Role.AUDITOR)):
        accounts.add(name, role, None)

    def opened(name: str | None = None) -> TokenCommands:
        path = str(store_path)
        return TokenCommands(
            open_files(path, Actor("tokens")),
            account=name or "root",
            signed_in=name is not None,
            hasher=CHEAPEST,
            clock=lambda: NOW,
        )

    return opened


def last(service: TokenCommands) -> Entry:
    return next(service.backend.audit.newest())


def names(service: TokenCommands) -> list[str]:
    return [token.name for token in service.queries.list_all(service.queries.query())]


def entries(service: TokenCommands, after: int = 0) -> list[Entry]:
    return list(audit_queries.entries(service.queries, Search(), after))


# -- accounts ---------------------------------------------------------------------------------


def test_the_first_is_an_administrator_and_others_are_members(accounts: AccountService) -> None:
    assert accounts.add("ann", None, PASSWORD).role is Role.ADMINISTRATOR
    assert accounts.add("bob", None, PASSWORD).role is Role.MEMBER
    assert [each.name for each in accounts.list_all()] == ["ann", "bob"]


def test_the_first_can_be_nothing_else(accounts: AccountService) -> None:
    with pytest.raises(InvalidAccount, match="first account"):
        accounts.add("ann", Role.MEMBER, PASSWORD)
    assert accounts.list_all() == []


@pytest.mark.parametrize("name", ["", "Ann", "1ann", "-ann", "a" * 33, "a/b", "änn", "a\n", "a b"])
def test_names_that_are_none(accounts: AccountService, name: str) -> None:
    with pytest.raises(InvalidAccount):
        accounts.add(name, None, PASSWORD)


def test_a_name_is_given_once(accounts: AccountService) -> None:
    accounts.add("ann", None, PASSWORD)
    with pytest.raises(AccountTaken):
        accounts.add("ann", None, Secret("another long password"))


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("short", "at least 12"),
        ("x" * 73, "at most 72 bytes"),
        ("ä" * 37, "at most 72 bytes"),
        ("aaaaaaaaaaaaaaa", "too easy"),
        ("annabella-annabella", "too easy"),
        ("with a \0 in it", "not allowed"),
    ],
)
def test_passwords_that_cannot_be_chosen(accounts: AccountService, password: str, why: str) -> None:
    accounts.add("root", None, None)
    with pytest.raises(InvalidPassword, match=why):
        accounts.add("annabella", None, Secret(password))
    assert [each.name for each in accounts.list_all()] == ["root"]


def test_a_password_of_72_bytes_can(accounts: AccountService, store_path: Path) -> None:
    accounts.add("ann", None, Secret("correct horse" + "ä" * 29 + "x"))
    hashed = open_accounts(str(store_path)).hash_of("ann")
    assert hashed is not None
    assert CHEAPEST.check(Secret("correct horse" + "ä" * 29 + "x"), hashed)
    assert not CHEAPEST.check(Secret("correct horse" + "ä" * 29 + "y"), hashed)


def test_a_password_that_cannot_be_kept_is_said_to_be_missing(accounts: AccountService) -> None:
    no_room = [None, StoreUnwritable("No room.")]
    with (
        mock.patch.object(AccountFiles, "_write_passwords", side_effect=no_room),
        pytest.raises(TokentuiError, match=r"ann was added, but has no password yet.*No room\."),
    ):
        accounts.add("ann", None, PASSWORD)
    assert [each.name for each in accounts.list_all()] == ["ann"]


@pytest.mark.parametrize("left_behind", [True, False])
def test_an_account_has_its_password_whatever_the_disk_confirms(
    store_path: Path, left_behind: bool
) -> None:
    if left_behind:
        looking_after(store_path).add("ann", None, OTHER_PASSWORD)
        hashes = store_path.with_name("passwords.json").read_text()
        shutil.rmtree(store_path.parent)
    looking_after(store_path).add("root", None, None)
    if left_behind:
        store_path.with_name("passwords.json").write_text(hashes)
        store_path.with_name("passwords.json").chmod(0o600)
    with folders_that_do_not_sync(), pytest.raises(StoreUnconfirmed):
        looking_after(store_path).add("ann", None, PASSWORD)
    accounts = looking_after(store_path)
    assert [each.name for each in accounts.list_all()] == ["ann", "root"]
    hashed = accounts.hash_of(accounts.get("ann"))
    assert hashed is not None
    assert CHEAPEST.check(PASSWORD, hashed)


def test_the_last_administrator_stays(accounts: AccountService) -> None:
    accounts.add("ann", None, PASSWORD)
    accounts.add("bob", None, PASSWORD)
    for change in (lambda: accounts.disable("ann"), lambda: accounts.set_role("ann", Role.MEMBER)):
        with pytest.raises(LastAdministrator):
            change()  # type: ignore[no-untyped-call]
    accounts.set_role("bob", Role.ADMINISTRATOR)
    assert accounts.disable("ann").disabled_at == NOW
    with pytest.raises(LastAdministrator):
        accounts.disable("bob")
    assert accounts.enable("ann").disabled_at is None


def test_what_is_changed_of_a_disabled_account_is_changed(accounts: AccountService) -> None:
    accounts.add("ann", None, PASSWORD)
    accounts.add("bob", None, PASSWORD)
    accounts.add_key("bob", KEY)
    first = accounts.disable("bob")
    assert accounts.disable("bob") == first
    assert accounts.remove_key("bob", fingerprint(KEY)).keys == ()
    assert accounts.set_role("bob", Role.AUDITOR).role is Role.AUDITOR
    assert accounts.get("bob").disabled_at == NOW


def test_a_password_that_was_left_behind_opens_no_new_account(
    accounts: AccountService, store_path: Path
) -> None:
    accounts.add("ann", None, PASSWORD)
    store_path.with_name("accounts.json").unlink()
    with pytest.raises(StoreError, match="nobody can sign in"):
        looking_after(store_path).list_all()
    assert any("nobody can sign in" in said for said in looking_after(store_path).warnings())
    hashes = store_path.with_name("passwords.json").read_text()
    store_path.with_name("passwords.json").unlink()
    looking_after(store_path).add("root", None, None)
    store_path.with_name("passwords.json").write_text(hashes)
    looking_after(store_path).add("ann", None, None)
    assert open_accounts(str(store_path)).hash_of("ann") is None


def test_what_is_so_already_is_not_written(accounts: AccountService) -> None:
    ann = accounts.add("ann", None, PASSWORD)
    assert accounts.set_role("ann", Role.ADMINISTRATOR) == ann
    assert accounts.enable("ann") == ann
    assert ann.revision == 1


@contextmanager
def meanwhile(service: AccountService, act: Callable[[], object]) -> Iterator[None]:
    """Let `act` be done elsewhere once `service` has looked, just before it has the lock."""
    commit = service._backend.commit

    def late(*change: Any) -> Committed:
        act()
        return commit(*change)

    with mock.patch.object(service._backend, "commit", late):
        yield


def test_who_adds_the_same_account_later_changes_nothing(
    accounts: AccountService, store_path: Path
) -> None:
    accounts.add("ann", None, None)
    with (
        meanwhile(accounts, lambda: looking_after(store_path).add("bob", Role.AUDITOR, PASSWORD)),
        pytest.raises(AccountTaken),
    ):
        accounts.add("bob", None, Secret("another long password"))
    assert accounts.get("bob").role is Role.AUDITOR
    hashed = open_accounts(str(store_path)).hash_of("bob")
    assert hashed is not None
    assert CHEAPEST.check(PASSWORD, hashed)


def test_of_two_first_accounts_one_is_an_administrator(
    accounts: AccountService, store_path: Path
) -> None:
    with meanwhile(accounts, lambda: looking_after(store_path).add("ann", None, None)):
        assert accounts.add("bob", None, None).role is Role.MEMBER


def test_of_two_accounts_that_get_a_key_at_once_one_has_it(
    accounts: AccountService, store_path: Path
) -> None:
    accounts.add("ann", None, None)
    accounts.add("bob", None, None)
    with (
        meanwhile(accounts, lambda: looking_after(store_path).add_key("ann", KEY)),
        pytest.raises(InvalidAccount, match="already belongs to ann"),
    ):
        accounts.add_key("bob", KEY)
    assert accounts.get("bob").keys == ()


def test_of_two_keys_that_are_added_at_once_none_is_lost(
    accounts: AccountService, store_path: Path
) -> None:
    accounts.add("ann", None, None)
    with meanwhile(accounts, lambda: looking_after(store_path).add_key("ann", KEY)):
        account, key = accounts.add_key("ann", OTHER_KEY)
    assert account.keys == (KEY, key)


def test_one_of_two_administrators_stays(accounts: AccountService, store_path: Path) -> None:
    accounts.add("ann", None, None)
    accounts.add("bob", Role.ADMINISTRATOR, None)
    with (
        meanwhile(accounts, lambda: looking_after(store_path).disable("ann")),
        pytest.raises(LastAdministrator),
    ):
        accounts.disable("bob")


def test_who_is_an_administrator_no_more_changes_no_account(
    accounts: AccountService, store_path: Path
) -> None:
    accounts.add("ann", None, None)
    accounts.add("bob", Role.ADMINISTRATOR, None)
    bob = looking_after(store_path, "bob")
    with (
        meanwhile(bob, lambda: accounts.set_role("bob", Role.MEMBER)),
        pytest.raises(NotPermitted),
    ):
        bob.add("eve", Role.ADMINISTRATOR, None)
    with meanwhile(bob, lambda: accounts.disable("bob")), pytest.raises(AccountDisabled):
        bob.set_password("bob", PASSWORD)
    assert [each.name for each in accounts.list_all()] == ["ann", "bob"]


def test_a_password_takes_the_place_of_the_one_that_was_checked(
    accounts: AccountService, store_path: Path
) -> None:
    ann = accounts.add("ann", None, PASSWORD)
    checked = accounts.hash_of(ann)
    with (
        meanwhile(accounts, lambda: looking_after(store_path).set_password("ann", OTHER_PASSWORD)),
        pytest.raises(AccountChanged),
    ):
        accounts.set_password("ann", Secret("chosen by a thief"), instead_of=checked)
    hashed = accounts.hash_of(ann)
    assert hashed is not None
    assert CHEAPEST.check(OTHER_PASSWORD, hashed)
    accounts.set_password("ann", PASSWORD, instead_of=hashed)


def test_nobody_else_reads_the_passwords(accounts: AccountService, store_path: Path) -> None:
    store_path.parent.mkdir(exist_ok=True)
    store_path.write_text('{"tokens": {}}')
    store_path.chmod(0o640)
    accounts.add("ann", None, PASSWORD)
    modes = {
        name: (store_path.with_name(name).stat().st_mode & 0o777)
        for name in ("accounts.json", "passwords.json")
    }
    assert modes == {"accounts.json": 0o640, "passwords.json": 0o600}


def test_a_store_that_is_only_looked_at_has_no_new_accounts(store_path: Path) -> None:
    backend = open_files(str(store_path), read_only=True)
    service = AccountService(backend, Rights("root"), mock.Mock(), by="root", hasher=CHEAPEST)
    with pytest.raises(StoreReadOnly):
        service.add("ann", None, None)
    assert not store_path.parent.exists()


def test_only_administrators_look_after_accounts(acting: Act, store_path: Path) -> None:
    for name in ("bob", "eye"):
        by = looking_after(store_path, name)
        for change in (
            lambda by=by: by.add("new", None, None),
            lambda by=by: by.disable("ann"),
            lambda by=by: by.set_role("bob", Role.ADMINISTRATOR),
            lambda by=by: by.set_password("ann", PASSWORD),
            lambda by=by: by.add_key("ann", KEY),
            lambda by=by: by.list_all(),
        ):
            with pytest.raises(NotPermitted):
                change()  # type: ignore[no-untyped-call]
    assert last(acting()).outcome == "refused"
    looking_after(store_path, "ann").set_role("bob", Role.AUDITOR)
    looking_after(store_path, "bob").set_password("bob", PASSWORD)


# -- keys -------------------------------------------------------------------------------------


@pytest.mark.needs("ssh-keygen")
def test_a_fingerprint_is_what_ssh_shows(tmp_path: Path) -> None:
    (tmp_path / "key.pub").write_text(KEY)
    command = [str(which("ssh-keygen")), "-l", "-f", str(tmp_path / "key.pub")]
    shown = subprocess.run(command, capture_output=True, text=True, check=True)
    assert fingerprint(KEY) in shown.stdout


def test_keys_come_and_go(accounts: AccountService) -> None:
    accounts.add("ann", None, None)
    account, key = accounts.add_key("ann", f"{KEY} ann@laptop\n")
    assert (account.keys, key) == ((KEY,), KEY)
    assert accounts.add_key("ann", KEY)[0] == account
    assert accounts.remove_key("ann", fingerprint(KEY)).keys == ()
    with pytest.raises(InvalidAccount, match="has no key"):
        accounts.remove_key("ann", fingerprint(KEY))


def test_a_key_is_of_one_account(accounts: AccountService) -> None:
    accounts.add("ann", None, None)
    accounts.add("bob", None, None)
    accounts.add_key("ann", KEY)
    with pytest.raises(InvalidAccount, match="already belongs to ann"):
        accounts.add_key("bob", KEY)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "nonsense",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5",
        "ssh-ed25519 \xe9",
        "ssh-ed25519",
        "ssh-ed25519 !!!!",
        "ssh-rsa " + KEY.split()[1],
        f"restrict {KEY}",
        f'command="sh" {KEY}',
        f"{KEY} me\n{KEY} again",
        "-----BEGIN OPENSSH PRIVATE KEY-----",
    ],
)
def test_what_is_no_public_key(line: str) -> None:
    with pytest.raises(InvalidAccount, match="not a public SSH key"):
        account.parse_key(line)


# -- rights -----------------------------------------------------------------------------------


def test_members_reach_only_their_own(acting: Act) -> None:
    bob, cid = acting("bob"), acting("cid")
    bobs = bob.create("prod", None).token
    cid.create("prod", None)
    assert names(bob) == names(cid) == ["prod"]
    assert bob.queries.look_up("prod") == bobs
    for reach in (
        lambda: cid.queries.look_up(bobs.id),
        lambda: cid.queries.get(bobs.id),
        lambda: cid.confirm_saved(bobs.id),
    ):
        with pytest.raises(TokenNotFound):
            reach()  # type: ignore[no-untyped-call]
    for change in (
        lambda: cid.rename(bobs, "mine"),
        lambda: cid.revoke([bobs]),
        lambda: cid.rotate(bobs, timedelta()),
        lambda: cid.set_access(bobs, read_only=True, networks=()),
        lambda: cid.set_note(bobs, "mine"),
    ):
        with pytest.raises(NotPermitted):
            change()
        assert (last(cid).outcome, last(cid).token) == ("refused", bobs.id)
    assert bob.queries.get(bobs.id) == bobs


def test_a_name_that_only_another_has_is_not_there_and_that_is_written_down(acting: Act) -> None:
    acting("bob").create("secret-plan", None)
    with pytest.raises(TokenNotFound):
        acting("cid").queries.look_up("secret-plan")
    assert (last(acting()).action, last(acting()).outcome) == ("look", "refused")


def test_a_member_learns_nothing_of_others_from_the_trail(acting: Act) -> None:
    bobs = acting("bob").create("secret-plan", None).token
    cid = acting("cid")
    for reference in ("secret-plan", bobs.id, "no-such-plan"):
        with pytest.raises(TokenNotFound):
            cid.queries.look_up(reference)
    assert entries(cid) == []
    with pytest.raises(TokenNotFound):
        audit_queries.history(cid.queries, bobs)


def test_a_member_sees_what_others_did_with_their_tokens(acting: Act) -> None:
    bobs = acting("bob").create("prod", None).token
    acting("ann").revoke([bobs])
    told = [(entry.account, entry.action) for entry in entries(acting("bob"))]
    assert told == [("ann", "revoke"), ("bob", "create")]
    assert len(entries(acting("bob"), last(acting()).seq - 1)) == 1


@pytest.mark.parametrize("os_user", ["bob", "bob, by sudo from eve"])
def test_a_member_sees_nothing_of_the_os_user_of_that_name(
    acting: Callable[..., TokenCommands], store_path: Path, os_user: str
) -> None:
    before = entries(acting("bob"))
    operator = open_audit_log(str(store_path), actor=Actor(os_user))
    operator.record(Event(account="bob", action=Action.ACCOUNT, about="cid was added as member."))
    assert entries(acting("bob")) == before
    through_ssh = open_audit_log(str(store_path), actor=Actor("tokens", "192.0.2.7"))
    through_ssh.record(Event(account="bob", action=Action.LOG_IN))
    assert len(entries(acting("bob"))) == len(before) + 1


def test_a_name_that_looks_like_an_id_takes_nobody_in(acting: Act) -> None:
    cids = acting("cid").create("real", None).token
    decoy = acting("bob").create(cids.id, None).token
    assert acting("ann").queries.look_up(cids.id) == cids
    assert acting("cid").queries.look_up(cids.id) == cids
    assert acting("bob").queries.look_up(cids.id) == decoy
    found = audit_queries.history(acting("cid").queries, cids)
    assert {entry.account for entry in found} == {"cid"}


def test_names_are_unique_for_each_account(acting: Act) -> None:
    acting("bob").create("prod", None)
    acting("cid").create("prod", None)
    with pytest.raises(NameTaken):
        acting("bob").create("PROD", None)
    with pytest.raises(AmbiguousName):
        acting("ann").queries.look_up("prod")


def test_administrators_see_all_and_revoke_what_is_others(acting: Act) -> None:
    bobs = acting("bob").create("prod", None).token
    ann = acting("ann")
    ann.create("own", None)
    query = ann.queries.query(sort=Sort.ACCOUNT)
    assert [token.account for token in ann.queries.list_all(query)] == ["ann", "bob"]
    with pytest.raises(NotPermitted, match="is owned by bob"):
        ann.rename(bobs, "mine")
    ann.revoke([bobs])
    assert acting("bob").queries.get(bobs.id).revoked_by == "ann"
    found = audit_queries.history(acting("bob").queries, bobs)
    assert "ann" in {entry.account for entry in found}


def test_rows_tell_uses_and_disabled_owners(acting: Act, accounts: AccountService) -> None:
    bobs, cids = (acting(name).create("prod", None).token for name in ("bob", "cid"))
    ann = acting("ann")
    ann.backend.usage.record(bobs.id, NOW)
    ann.backend.usage.flush()
    accounts.disable("cid")
    page = ann.queries.find(ann.queries.query(sort=Sort.ACCOUNT))
    used = Usage(last_used_at=NOW)
    assert list(page.rows) == [TokenRow(bobs, used), TokenRow(cids, owner_disabled=True)]
    assert (page.offset, page.total) == (0, Count(2))


def test_uses_and_accounts_that_cannot_be_read_hide_no_row(acting: Act, store_path: Path) -> None:
    acting("bob").create("prod", None)
    for name in ("usage.json", "accounts.json"):
        store_path.with_name(name).write_text("{")
    root = acting()
    assert list(root.queries.find(root.queries.query()).rows) == list(
        root.queries.rows(root.queries.list_all(root.queries.query()))
    )
    assert len(root.queries.find(root.queries.query()).rows) == 1
    assert len(root.queries.warnings()) >= 2


def test_auditors_see_all_and_change_nothing(acting: Act) -> None:
    bobs = acting("bob").create("prod", None).token
    eye = acting("eye")
    assert names(eye) == ["prod"]
    assert eye.queries.permissions().read_only_reason == "Auditors cannot change anything."
    for change in (lambda: eye.create("x", None), lambda: eye.revoke([bobs])):
        with pytest.raises(NotPermitted, match="cannot change"):
            change()


def test_whoever_has_the_files_does_everything(acting: Act) -> None:
    bobs = acting("bob").create("prod", None).token
    acting().rename(bobs, "other")
    assert acting().queries.owners() == ["ann", "bob", "cid", "eye"]


def test_members_read_only_of_their_own(acting: Act) -> None:
    acting("bob").create("prod", None)
    acting("cid").create("test", None)
    assert {entry.account for entry in entries(acting("bob"))} == {"bob"}
    assert len({entry.account for entry in entries(acting("eye"))}) == 3


def test_a_member_counts_only_their_own(acting: Act) -> None:
    acting("bob").create("prod", None)
    acting("cid").create("test", None)
    counts = {
        (name, account): acting(name).queries.summary(account).all.value
        for name in ("bob", "ann", "eye")
        for account in (None, "cid")
    }
    assert counts == {
        ("bob", None): 1,
        ("bob", "cid"): 1,
        ("ann", None): 2,
        ("ann", "cid"): 1,
        ("eye", None): 2,
        ("eye", "cid"): 1,
    }


def test_a_role_that_changes_counts_at_once(acting: Act, accounts: AccountService) -> None:
    bob = acting("bob")
    bob.create("one", None)
    accounts.set_role("bob", Role.AUDITOR)
    with pytest.raises(NotPermitted):
        bob.create("two", None)
    accounts.disable("bob")
    with pytest.raises(AccountDisabled):
        bob.queries.find(bob.queries.query())


def test_a_damaged_account_may_nothing(acting: Act, store_path: Path) -> None:
    bob = acting("bob")
    secret = bob.create("one", None).secret
    path = store_path.with_name("accounts.json")
    path.write_text(path.read_text().replace('"bob","role":"member"', '"bob","role":"king"'))
    with pytest.raises(AccountNotFound):
        bob.queries.find(bob.queries.query())
    with pytest.raises(OwnerDisabled):
        acting().queries.verifier().verify(secret)
    assert any("The account bob is damaged" in said for said in acting().queries.warnings())


def test_disabling_refuses_tokens_at_once_and_enabling_brings_them_back(
    acting: Act, accounts: AccountService, store_path: Path
) -> None:
    bob = acting("bob").create("one", None)
    cid = acting("cid").create("two", None)
    ticks = [0.0]
    lookup = SnapshotLookup(
        open_store(str(store_path), read_only=True),
        open_accounts(str(store_path), read_only=True),
        monotonic=lambda: ticks[0],
    )
    verifier = Verifier(lookup, hasher=CHEAPEST, clock=lambda: NOW)
    assert verifier.verify(bob.secret).account == "bob"
    accounts.disable("bob")
    ticks[0] += 0.2
    with pytest.raises(OwnerDisabled) as refused:
        verifier.verify(bob.secret)
    assert refused.value.public == "The account that owns this token is disabled."
    with pytest.raises(OwnerDisabled):
        verifier.identify(bob.secret)
    assert verifier.verify(cid.secret).account == "cid"
    accounts.enable("bob")
    ticks[0] += 0.2
    assert verifier.verify(bob.secret).account == "bob"

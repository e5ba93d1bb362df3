"""Accounts: their names, passwords and keys, and what each of them may see and do."""

import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from unittest import mock

import pytest

from tokentui.core import account
from tokentui.core.account import Role, fingerprint
from tokentui.core.accounts import AccountService
from tokentui.core.audit import Entry, Origin, Search
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
    StoreUnwritable,
    TokenNotFound,
    TokentuiError,
)
from tokentui.core.query import Sort
from tokentui.core.rights import Rights
from tokentui.core.service import TokenService
from tokentui.core.verdicts import OwnerDisabled
from tokentui.core.verifier import Verifier
from tokentui.stores import open_accounts, open_store, open_trail, open_usage

from ..conftest import CHEAPEST, NOW

PASSWORD = Secret("correct horse battery")
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICROj42RD8YcYiXVQVW5szkT+UAuUR4YJR/0WB2vQKuR"


@pytest.fixture
def accounts(store_path: Path) -> AccountService:
    """Return what looks after accounts, for whoever has the files."""
    return looking_after(store_path)


def looking_after(store_path: Path, by: str | None = None) -> AccountService:
    """Return what looks after accounts, for an account or for whoever has the files."""
    store = open_accounts(str(store_path))
    return AccountService(
        store,
        Rights(by or "root", store, bound=by is not None),
        open_trail(str(store_path), origin=Origin("tokens")),
        by=by or "root",
        hasher=CHEAPEST,
        clock=lambda: NOW,
    )


Act = Callable[..., TokenService]


@pytest.fixture
def acting(store_path: Path, accounts: AccountService) -> Act:
    """Return what opens the tokens for an account, or for whoever has the files."""
    accounts.add("ann", None, None)
    for name, role in (("bob", None), ("cid", None), ("eye", Role.AUDITOR)):
        accounts.add(name, role, None)

    def opened(name: str | None = None) -> TokenService:
        path = str(store_path)
        return TokenService(
            open_store(path),
            open_usage(path),
            account=name or "root",
            accounts=open_accounts(path),
            bound=name is not None,
            trail=open_trail(path, origin=Origin("tokens")),
            hasher=CHEAPEST,
            clock=lambda: NOW,
        )

    return opened


def last(service: TokenService) -> Entry:
    return next(service.trail.newest())


def names(service: TokenService) -> list[str]:
    return [token.name for token in service.everything(service.query())]


# -- accounts ---------------------------------------------------------------------------------


def test_the_first_is_an_administrator_and_others_are_members(accounts: AccountService) -> None:
    assert accounts.add("ann", None, PASSWORD).role is Role.ADMINISTRATOR
    assert accounts.add("bob", None, PASSWORD).role is Role.MEMBER
    assert [each.name for each in accounts.everything()] == ["ann", "bob"]


def test_the_first_can_be_nothing_else(accounts: AccountService) -> None:
    with pytest.raises(InvalidAccount, match="first account"):
        accounts.add("ann", Role.MEMBER, PASSWORD)
    assert accounts.everything() == []


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
        ("short", "At least 12"),
        ("x" * 73, "At most 72 bytes"),
        ("ä" * 37, "At most 72 bytes"),
        ("aaaaaaaaaaaaaaa", "too easy"),
        ("annabella-annabella", "too easy"),
        ("with a \0 in it", "cannot be in"),
    ],
)
def test_passwords_that_cannot_be_chosen(accounts: AccountService, password: str, why: str) -> None:
    accounts.add("root", None, None)
    with pytest.raises(InvalidPassword, match=why):
        accounts.add("annabella", None, Secret(password))
    assert [each.name for each in accounts.everything()] == ["root"]


def test_a_password_of_72_bytes_can(accounts: AccountService, store_path: Path) -> None:
    accounts.add("ann", None, Secret("correct horse" + "ä" * 29 + "x"))
    hashed = open_accounts(str(store_path)).hash_of("ann")
    assert hashed is not None
    assert CHEAPEST.check(Secret("correct horse" + "ä" * 29 + "x"), hashed)
    assert not CHEAPEST.check(Secret("correct horse" + "ä" * 29 + "y"), hashed)


def test_a_password_that_cannot_be_kept_is_said_to_be_missing(accounts: AccountService) -> None:
    with (
        mock.patch.object(
            type(accounts._store), "set_hash", side_effect=[None, StoreUnwritable("No room.")]
        ),
        pytest.raises(TokentuiError, match=r"ann was added, but has no password yet.*No room\."),
    ):
        accounts.add("ann", None, PASSWORD)
    assert [each.name for each in accounts.everything()] == ["ann"]


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
    with pytest.raises(StoreError, match="nobody is let in"):
        looking_after(store_path).everything()
    assert any("nobody is let in" in said for said in looking_after(store_path).warnings())
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


def test_a_change_made_meanwhile_is_seen(accounts: AccountService, store_path: Path) -> None:
    ann = accounts.add("ann", None, PASSWORD)
    store = open_accounts(str(store_path))
    from msgspec.structs import replace

    for error, changed in (
        (AccountChanged, replace(ann, revision=3)),
        (AccountNotFound, replace(ann, name="bob", revision=2)),
    ):
        with pytest.raises(error):
            store.put(changed, lambda _: None, lambda: None)


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
    store = open_accounts(str(store_path), read_only=True)
    service = AccountService(store, Rights("root"), mock.Mock(), by="root", hasher=CHEAPEST)
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
            lambda by=by: by.everything(),
        ):
            with pytest.raises(NotPermitted):
                change()  # type: ignore[no-untyped-call]
    assert last(acting()).outcome == "refused"
    looking_after(store_path, "ann").set_role("bob", Role.AUDITOR)
    looking_after(store_path, "bob").set_password("bob", PASSWORD)


# -- keys -------------------------------------------------------------------------------------


def test_keys_come_and_go(accounts: AccountService, tmp_path: Path) -> None:
    accounts.add("ann", None, None)
    account, key = accounts.add_key("ann", f"{KEY} ann@laptop\n")
    assert (account.keys, key) == ((KEY,), KEY)
    assert accounts.add_key("ann", KEY)[0] == account
    (tmp_path / "key.pub").write_text(KEY)
    told = subprocess.run(
        ["ssh-keygen", "-l", "-f", tmp_path / "key.pub"], capture_output=True, text=True, check=True
    )
    assert fingerprint(KEY) in told.stdout
    assert accounts.remove_key("ann", fingerprint(KEY)).keys == ()
    with pytest.raises(InvalidAccount, match="has no key"):
        accounts.remove_key("ann", fingerprint(KEY))


def test_a_key_is_of_one_account(accounts: AccountService) -> None:
    accounts.add("ann", None, None)
    accounts.add("bob", None, None)
    accounts.add_key("ann", KEY)
    with pytest.raises(InvalidAccount, match="key of ann"):
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
    with pytest.raises(InvalidAccount, match="no public SSH key"):
        account.parse_key(line)


# -- rights -----------------------------------------------------------------------------------


def test_members_reach_only_their_own(acting: Act) -> None:
    bob, cid = acting("bob"), acting("cid")
    bobs = bob.create("prod", None).token
    cid.create("prod", None)
    assert names(bob) == names(cid) == ["prod"]
    assert bob.look_up("prod") == bobs
    for reach in (
        lambda: cid.look_up(bobs.id),
        lambda: cid.get(bobs.id),
        lambda: cid.confirm_saved(bobs.id),
    ):
        with pytest.raises(TokenNotFound):
            reach()  # type: ignore[no-untyped-call]
    for change in (
        lambda: cid.rename(bobs, "mine"),
        lambda: cid.revoke([bobs]),
        lambda: cid.rotate(bobs, timedelta()),
        lambda: cid.set_access(bobs, read_only=True, networks=()),
    ):
        with pytest.raises(NotPermitted):
            change()
        assert (last(cid).outcome, last(cid).token) == ("refused", bobs.id)
    assert bob.get(bobs.id) == bobs


def test_a_name_that_only_another_has_is_not_there_and_that_is_written_down(acting: Act) -> None:
    acting("bob").create("secret-plan", None)
    with pytest.raises(TokenNotFound):
        acting("cid").look_up("secret-plan")
    assert (last(acting()).action, last(acting()).outcome) == ("look", "refused")


def test_a_member_learns_nothing_of_others_from_the_trail(acting: Act) -> None:
    bobs = acting("bob").create("secret-plan", None).token
    cid = acting("cid")
    for reference in ("secret-plan", bobs.id, "no-such-plan"):
        with pytest.raises(TokenNotFound):
            cid.look_up(reference)
    assert list(cid.entries(Search())) == []
    with pytest.raises(TokenNotFound):
        cid.history(bobs)


def test_a_member_sees_what_others_did_with_their_tokens(acting: Act) -> None:
    bobs = acting("bob").create("prod", None).token
    acting("ann").revoke([bobs])
    told = [(entry.account, entry.action) for entry in acting("bob").entries(Search())]
    assert told == [("ann", "revoke"), ("bob", "create")]
    assert len(list(acting("bob").entries(Search(), after=last(acting()).seq - 1))) == 1


def test_a_name_that_looks_like_an_id_takes_nobody_in(acting: Act) -> None:
    cids = acting("cid").create("real", None).token
    decoy = acting("bob").create(cids.id, None).token
    assert acting("ann").look_up(cids.id) == cids
    assert acting("cid").look_up(cids.id) == cids
    assert acting("bob").look_up(cids.id) == decoy
    assert {entry.account for entry in acting("cid").history(cids)} == {"cid"}


def test_names_are_unique_for_each_account(acting: Act) -> None:
    acting("bob").create("prod", None)
    acting("cid").create("prod", None)
    with pytest.raises(NameTaken):
        acting("bob").create("PROD", None)
    with pytest.raises(AmbiguousName):
        acting("ann").look_up("prod")


def test_administrators_see_all_and_revoke_what_is_others(acting: Act) -> None:
    bobs = acting("bob").create("prod", None).token
    ann = acting("ann")
    ann.create("own", None)
    query = ann.query(sort=Sort.ACCOUNT)
    assert [token.account for token in ann.everything(query)] == ["ann", "bob"]
    with pytest.raises(NotPermitted, match="belongs to bob"):
        ann.rename(bobs, "mine")
    ann.revoke([bobs])
    assert acting("bob").get(bobs.id).revoked_by == "ann"
    assert "ann" in {entry.account for entry in acting("bob").history(bobs)}


def test_auditors_see_all_and_change_nothing(acting: Act) -> None:
    bobs = acting("bob").create("prod", None).token
    eye = acting("eye")
    assert names(eye) == ["prod"]
    assert eye.obstacle == "An auditor may only look."
    for change in (lambda: eye.create("x", None), lambda: eye.revoke([bobs])):
        with pytest.raises(NotPermitted, match="only look"):
            change()


def test_whoever_has_the_files_does_everything(acting: Act) -> None:
    bobs = acting("bob").create("prod", None).token
    acting().rename(bobs, "other")
    assert acting().owners() == ["ann", "bob", "cid", "eye"]


def test_members_read_only_of_their_own(acting: Act) -> None:
    acting("bob").create("prod", None)
    acting("cid").create("test", None)
    assert {entry.account for entry in acting("bob").entries(Search())} == {"bob"}
    assert len({entry.account for entry in acting("eye").entries(Search())}) == 3


def test_a_role_that_changes_counts_at_once(acting: Act, accounts: AccountService) -> None:
    bob = acting("bob")
    bob.create("one", None)
    accounts.set_role("bob", Role.AUDITOR)
    with pytest.raises(NotPermitted):
        bob.create("two", None)
    accounts.disable("bob")
    with pytest.raises(AccountDisabled):
        bob.find(bob.query())


def test_a_damaged_account_may_nothing(acting: Act, store_path: Path) -> None:
    bob = acting("bob")
    secret = bob.create("one", None).secret
    path = store_path.with_name("accounts.json")
    path.write_text(path.read_text().replace('"bob","role":"member"', '"bob","role":"king"'))
    with pytest.raises(AccountNotFound):
        bob.find(bob.query())
    with pytest.raises(OwnerDisabled):
        acting().verifier().verify(secret)
    assert any("The account bob is damaged" in said for said in acting().warnings())


def test_disabling_refuses_tokens_at_once_and_enabling_brings_them_back(
    acting: Act, accounts: AccountService, store_path: Path
) -> None:
    bob = acting("bob").create("one", None)
    cid = acting("cid").create("two", None)
    ticks = [0.0]
    verifier = Verifier(
        open_store(str(store_path), read_only=True),
        accounts=open_accounts(str(store_path), read_only=True),
        hasher=CHEAPEST,
        clock=lambda: NOW,
        ticks=lambda: ticks[0],
    )
    assert verifier.verify(bob.secret).account == "bob"
    accounts.disable("bob")
    ticks[0] += 0.2
    with pytest.raises(OwnerDisabled) as refused:
        verifier.verify(bob.secret)
    assert refused.value.public == "The account of this token is disabled."
    with pytest.raises(OwnerDisabled):
        verifier.identify(bob.secret)
    assert verifier.verify(cid.secret).account == "cid"
    accounts.enable("bob")
    ticks[0] += 0.2
    assert verifier.verify(bob.secret).account == "bob"

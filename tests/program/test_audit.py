"""The commands for accounts and for the audit log."""

import csv
import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import PROGRAM, Sandbox

PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """Return a store of two people, each with a token, to be copied."""
    sandbox = Sandbox(tmp_path_factory.mktemp("pattern"))
    for name in ("ann", "bob"):
        assert sandbox.run("account", "add", name, stdin=PASSWORD).returncode == 0
        made = sandbox.run("--account", name, "create", f"of-{name}", "--never", stdin=PASSWORD)
        assert made.returncode == 0
    return sandbox


@pytest.fixture
def office(pattern: Sandbox, sandbox: Sandbox) -> Sandbox:
    """Return a store of two people, each with a token."""
    shutil.copytree(pattern.home, sandbox.home, dirs_exist_ok=True)
    return sandbox


def said(told: subprocess.CompletedProcess[str], code: int = 0) -> str:
    assert told.returncode == code, told.stderr
    return told.stdout or told.stderr


def actions(sandbox: Sandbox, *options: str) -> list[str]:
    entries = json.loads(said(sandbox.run("audit", "--json", *options)))
    return [f"{each['account']} {each['action']}" for each in entries]


# -- the trail ----------------------------------------------------------------------------------


def test_who_did_what(office: Sandbox) -> None:
    assert actions(office, "--action", "create") == ["ann create", "bob create"]
    assert actions(office, "--account", "bob") == ["bob create", "bob save"]
    assert actions(office, "--token", "of-ann") == ["ann create", "ann save"]
    assert actions(office, "--text", "OF-B") == ["bob create", "bob save"]
    assert actions(office, "--last", "1") == ["bob save"]
    assert len(actions(office, "--last", "0")) == 6
    assert actions(office, "--since", "2999-01-01") == []
    assert "of-bob" in said(office.run("audit"))
    assert "No events match" in said(office.run("audit", "--account", "no-such"))


def test_the_table_has_words_and_words_are_searched(office: Sandbox) -> None:
    office.run("--account", "bob", "rename", "of-bob", "other")
    titles, *lines = said(office.run("audit")).splitlines()
    start, end = titles.index("EVENT"), titles.index("TOKEN")
    shown = [line[start:end].strip() for line in lines]
    each = ["Change account", "Create token", "Save token"]
    assert shown == [*each, *each, "Rename token"]
    for spoken in ("rename", "Rename token", "RENAME TOKEN"):
        assert actions(office, "--action", spoken) == ["bob rename"]
    assert actions(office, "--text", "name tok") == ["bob rename"]
    assert actions(office, "--text", "rename") == ["bob rename"]
    assert "Invalid value" in said(office.run("audit", "--action", "Rename"), 2)
    rows = csv.DictReader(io.StringIO(said(office.run("audit", "--csv"))))
    assert {"create", "save", "rename"} <= {row["action"] for row in rows}


def test_the_table_says_moments_in_local_time_and_finds_them(office: Sandbox) -> None:
    new_york = {"TZ": "America/New_York"}
    made = office.run("--account", "bob", "create", "late", "--expires", "2999-12-28", **new_york)
    assert made.returncode == 0
    stored = "Expires 2999-12-29 04:59:59+00:00."
    assert "Expires 2999-12-28 23:59." in said(office.run("audit", **new_york))
    for text in ("2999-12-28 23:59", "Expires 2999-12-28", "28 23:", "04:59:59+00:00", "2999"):
        told = office.run("audit", "--json", "--text", text, **new_york)
        assert [entry["about"] for entry in json.loads(said(told))] == [stored], text
        assert stored in said(office.run("audit", "--csv", "--text", text, **new_york))


def test_denied_entries_are_found_by_that_word(office: Sandbox) -> None:
    store = ["--store", str(office.store)]
    refused = office.run(*store, "--account", "bob", SSH_ORIGINAL_COMMAND="export")
    assert refused.returncode != 0
    assert "Run command, denied" in said(office.run("audit", "--text", "denied"))
    [entry] = json.loads(said(office.run("audit", "--text", "command, den", "--json")))
    assert (entry["action"], entry["outcome"]) == ("command", "refused")


def test_a_token_is_found_by_every_name_that_it_ever_had(office: Sandbox) -> None:
    office.run("create", "first")
    told = json.loads(office.run("show", "first", "--json").stdout)
    for before, after in (("first", "Second"), ("second", "third"), ("third", "fourth")):
        office.run("rename", before, after)
    office.run("create", "other")
    for name in ("first", "FIRST", "second", "Third", "fourth", "FOURTH", told["id"]):
        entries = json.loads(office.run("audit", "--token", name, "--json").stdout)
        assert {entry["token"] for entry in entries} == {told["id"]}, name
        assert [entry["action"] for entry in entries] == ["create", "save"] + ["rename"] * 3
    # Who took the name over later is found by it, too.
    office.run("create", "second")
    found = json.loads(office.run("audit", "--token", "SECOND", "--json").stdout)
    assert [entry["name"] for entry in found] == [
        *("first", "first", "first", "Second", "third"),
        *("second", "second"),
    ]
    assert "No events match" in office.run("audit", "--token", told["id"].swapcase()).stderr


def test_as_csv(office: Sandbox) -> None:
    rows = list(csv.DictReader(io.StringIO(said(office.run("audit", "--csv")))))
    assert rows[-1]["account"] == "bob"
    assert rows[-1]["seq"] == "6"


@pytest.mark.parametrize("form", [[], ["--json"], ["--csv"], ["--last", "1", "--json"]])
def test_a_member_learns_nothing_from_what_others_do(office: Sandbox, form: list[str]) -> None:
    def seen() -> str:
        return said(office.run("--account", "bob", "audit", *form))

    before = seen()
    assert said(office.run("--account", "ann", "create", "more", "--never")).startswith("tt_")
    # Whether somebody has a token of this name shows neither at once nor by a gap.
    told = [office.run("--account", "bob", "show", name).stderr for name in ("of-ann", "no-such")]
    assert told[0].replace("of-ann", "no-such") == told[1]
    assert seen() == before
    assert "of-bob" in before
    assert "seq" not in before
    assert "NUMBER" not in before


def test_the_secret_of_another_is_as_wrong_as_any(office: Sandbox) -> None:
    secret = said(office.run("--account", "ann", "create", "more", "--never")).strip()
    own = said(office.run("--account", "bob", "create", "own", "--never")).strip()
    wrong = own.replace(own[3:13], "0123456789")
    assert office.run("verify", stdin=secret).returncode == 0
    told = [
        (ended.returncode, ended.stdout, ended.stderr)
        for ended in (
            office.run("--account", "bob", "verify", *options, stdin=presented)
            for presented in (secret, wrong, "nonsense")
            for options in ([], ["--json"], ["--method", "GET"])
        )
    ]
    assert set(told) == {(6, "", "Error: This secret is not valid.\n")}
    office.run("--account", "ann", "revoke", "more", "--yes")
    ended = office.run("--account", "bob", "verify", stdin=secret)
    assert (ended.returncode, ended.stdout, ended.stderr) == told[0]


@pytest.mark.parametrize("options", [["--csv", "--json"], ["--csv", "--follow"]])
def test_one_form_at_a_time(sandbox: Sandbox, options: list[str]) -> None:
    assert sandbox.run("audit", *options).returncode == 2


@pytest.mark.parametrize(
    ("form", "saved", "renamed"),
    [([], "Save token", "Rename token"), (["--json"], '"save"', '"rename"')],
)
def test_it_can_be_followed(office: Sandbox, form: list[str], saved: str, renamed: str) -> None:
    with subprocess.Popen(
        [*PROGRAM, "audit", "--follow", "--last", "1", *form],
        env=office.environment(),
        stdout=subprocess.PIPE,
        text=True,
    ) as following:
        assert following.stdout is not None
        assert saved in following.stdout.readline()
        office.run("--account", "bob", "rename", "of-bob", "renamed")
        assert renamed in following.stdout.readline()
        # Nobody reads any more: it ends by itself, though there is nothing to write.
        following.stdout.close()
        assert following.wait(60) == 0


def test_what_was_tampered_with_is_found(office: Sandbox) -> None:
    trail = office.store.with_name("audit.jsonl")
    assert "6 entries" in said(office.run("audit", "verify"))
    trail.write_text(trail.read_text().replace("of-bob", "of-eve"))
    assert "Entry 5 of the audit log was altered." in said(office.run("audit", "verify"), 5)
    trail.write_text("".join(trail.read_text().splitlines(keepends=True)[:3]))
    assert "Entry 4 of the audit log is missing" in said(office.run("audit", "verify"), 5)
    assert said(office.run("create", "another", "--never")).startswith("tt_")
    assert "Entry 4" in said(office.run("audit", "verify"), 5)
    told = said(office.run("audit", "verify", "--from", "7"))
    assert told == "Entries 8 to 8 are intact. No other entries were checked.\n"


def test_an_anchor_in_a_new_place_is_accepted_and_that_is_told(
    office: Sandbox, tmp_path: Path
) -> None:
    elsewhere = {"TOKENTUI_AUDIT_ANCHOR": str(tmp_path / "elsewhere" / "anchor")}
    told = said(office.run("audit", "verify", **elsewhere), 5)
    assert "Entry 7 of the audit log may be missing" in told
    assert "run: tokentui audit accept 7" in told
    assert said(office.run("create", "another", "--never", **elsewhere)).startswith("tt_")
    told = said(office.run("audit", "verify", **elsewhere), 5)
    assert "Entry 7 of the audit log records that the anchor was missing" in told
    assert "run: tokentui audit accept 7" in told
    assert office.run("--account", "bob", "audit", "accept", "7", **elsewhere).returncode == 11
    assert "Entry 7" in said(office.run("audit", "accept", "6", **elsewhere), 2)
    said(office.run("audit", "accept", "7", **elsewhere))
    whole = office.run("audit", "verify", **elsewhere)
    assert whole.returncode == 0
    assert "Accepted, entry 7: The anchor was missing" in whole.stderr
    assert "intact: 10 entries" in whole.stderr
    assert "nothing to accept" in said(office.run("audit", "accept", "7", **elsewhere), 2)
    accepted = said(office.run("audit", "--last", "1"))
    assert "the anchor was missing before line 7" in accepted


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--since", "0001-01-01"], 0),
        (["--last", "9" * 30], 2),
        (["--csv", "verify"], 2),
        (["verify", "--from", "99"], 2),
    ],
)
def test_odd_options(office: Sandbox, options: list[str], code: int) -> None:
    assert "internal error" not in said(office.run("audit", *options), code)


def test_a_lost_key_is_named(office: Sandbox) -> None:
    office.store.with_name("audit.key").unlink()
    assert "audit.key is missing" in said(office.run("audit", "verify"), 5)


def test_rotation_keeps_the_chain(office: Sandbox) -> None:
    rotated = Path(said(office.run("audit", "rotate")).strip())
    assert rotated.name == "audit-6.jsonl"
    assert "nothing to rotate" in said(office.run("audit", "rotate"))
    office.run("--account", "bob", "rename", "of-bob", "renamed")
    assert "7 entries" in said(office.run("audit", "verify"))
    assert len(actions(office)) == 7


def test_imports_and_restores_are_in_it(office: Sandbox) -> None:
    exported = said(office.run("export", "--hashes"))
    name = Path(said(office.run("backup")).strip()).name
    fresh = {**json.loads(exported)[0], "id": "0123456789", "name": "imported"}
    assert said(office.run("import", "-", stdin=json.dumps([fresh])))
    office.run("--account", "bob", "rename", "of-bob", "renamed")
    assert office.run("restore", name, "--yes").returncode == 0
    assert actions(office, "--last", "3") == ["root import", "bob rename", "root restore"] or (
        os.getuid() != 0
    )


def test_a_damaged_store_that_is_restored_is_in_it(office: Sandbox) -> None:
    name = Path(said(office.run("backup")).strip()).name
    office.store.write_text("nonsense")
    assert office.run("restore", name, "--yes").returncode == 0
    assert actions(office, "--last", "1")[0].endswith("restore")


def test_where_it_cannot_be_written_nothing_is_changed_unless_that_is_wanted(
    office: Sandbox,
) -> None:
    trail = office.store.with_name("audit.jsonl")
    trail.unlink()
    trail.mkdir()
    told = office.run("create", "another", "--never")
    assert "Nothing was changed, because the audit log" in said(told, 5)
    tried = office.run("create", "another", "--never", TOKENTUI_AUDIT="tried")
    assert said(tried).startswith("tt_")
    assert "The audit log does not contain" in tried.stderr
    assert said(office.run("create", "third", "--never", TOKENTUI_AUDIT="off")).startswith("tt_")


def test_without_a_trail_nothing_is_made(sandbox: Sandbox) -> None:
    assert sandbox.run("create", "one", "--never", TOKENTUI_AUDIT="off").returncode == 0
    assert not list(sandbox.store.parent.glob("audit*"))


def test_a_store_that_is_only_looked_at_gets_no_line(sandbox: Sandbox) -> None:
    told = sandbox.run("--read-only", "create", "one", "--never")
    assert "read-only" in said(told, 5)
    assert not sandbox.store.parent.exists()


def test_looking_makes_nothing(sandbox: Sandbox) -> None:
    for command in (["list"], ["audit"], ["audit", "verify"], ["account", "list"]):
        assert sandbox.run(*command).returncode == 0
    assert not sandbox.store.parent.exists()


def test_who_became_root_by_sudo_is_told(sandbox: Sandbox) -> None:
    if os.getuid() != 0:
        pytest.skip("only root is believed about that")
    sandbox.run("create", "one", "--never", SUDO_USER="alice")
    assert "root, by sudo from alice" in said(sandbox.run("audit"))


# -- accounts -----------------------------------------------------------------------------------


def test_accounts_are_listed(office: Sandbox) -> None:
    assert said(office.run("account", "list")).splitlines() == [
        "NAME  ROLE           PASSWORD  KEYS  STATE",
        "ann   administrator  yes       0     active",
        "bob   member         yes       0     active",
    ]
    said(office.run("account", "disable", "bob"))
    [ann, bob] = json.loads(said(office.run("account", "list", "--json")))
    assert (ann["role"], bob["disabled_at"] is None) == ("administrator", False)
    assert "disabled" in said(office.run("account", "list"))
    said(office.run("account", "enable", "bob"))
    assert "auditor" in said(office.run("account", "role", "bob", "auditor"))


def test_an_account_is_deleted_with_its_tokens(office: Sandbox) -> None:
    assert "Use --yes" in said(office.run("account", "delete", "bob"), 2)
    told = said(office.run("account", "delete", "bob", "--yes"))
    assert told == "Deleted bob, and revoked all tokens of this account.\n"
    assert "bob" not in said(office.run("account", "list"))
    assert "of-bob" not in said(office.run("list"))
    assert "was deleted" in said(office.run("account", "add", "bob", stdin=PASSWORD), 4)
    assert "no account" in said(office.run("account", "delete", "bob", "--yes"), 3)
    own = ("--account", "ann", "account", "delete", "ann", "--yes")
    assert "your own account" in said(office.run(*own), 11)
    assert "bob create" in actions(office)


def test_an_account_that_is_added_twice_at_once_has_one_of_the_passwords(office: Sandbox) -> None:
    adding = {
        password: subprocess.Popen(
            [*PROGRAM, "account", "add", "eve"],
            env=office.environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        for password in ("one long password", "two long passwords")
    }
    for password, process in adding.items():
        assert process.stdin is not None
        process.stdin.write(password)
        process.stdin.close()
    ended = {password: process.wait(60) for password, process in adding.items()}
    assert sorted(ended.values()) == [0, 4]
    own = ("--account", "eve", "account", "passwd", "eve")
    for password, code in ended.items():
        told = office.run(*own, stdin=f"{password}\n{PASSWORD}\n")
        assert told.returncode == (0 if code == 0 else 11), told.stderr


@pytest.mark.parametrize(
    ("command", "stdin", "code", "sentence"),
    [
        (["add", "ann"], PASSWORD, 4, "An account named ann exists already"),
        (["add", "Eve"], PASSWORD, 2, "is not a valid account name"),
        (["add", "eve"], "short", 2, "at least 12 characters"),
        (["add", "eve"], "", 2, "at least 12 characters"),
        (["add", "eve"], "x" * 73, 2, "at most 72 bytes"),
        (["disable", "ann"], "", 4, "the last administrator"),
        (["disable", "eve"], "", 3, 'There is no account "eve".'),
        (["passwd", "eve"], PASSWORD, 3, 'There is no account "eve".'),
        (["key", "add", "bob"], "nonsense", 2, "not a public SSH key"),
        (["key", "remove", "bob", "SHA256:x"], "", 2, "has no key"),
        (["role", "bob", "king"], "", 2, "Invalid value"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence(
    office: Sandbox, command: list[str], stdin: str, code: int, sentence: str
) -> None:
    told = office.run("account", *command, stdin=stdin)
    assert sentence in said(told, code)
    assert "Traceback" not in told.stderr


def test_a_password_is_changed(office: Sandbox) -> None:
    before = office.store.with_name("passwords.json").read_text()
    said(office.run("account", "passwd", "bob", stdin="another long one"))
    assert office.store.with_name("passwords.json").read_text() != before
    assert office.files_with("another long one") == []


def test_ones_own_password_is_changed_by_who_knows_it(office: Sandbox) -> None:
    passwords = office.store.with_name("passwords.json")
    before = passwords.read_text()
    own = ("--account", "bob", "account", "passwd", "bob")
    for typed in ("", "a wrong long one\nanother long one\n"):
        told = office.run(*own, stdin=typed)
        assert "not the password of bob. Nothing was changed" in said(told, 11)
    assert passwords.read_text() == before
    assert actions(office, "--action", "password") == ["bob password"] * 2
    said(office.run(*own, stdin=f"{PASSWORD}\nanother long one\n"))
    assert passwords.read_text() != before


def test_keys_are_added_and_removed(office: Sandbox) -> None:
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICROj42RD8YcYiXVQVW5szkT+UAuUR4YJR/0WB2vQKuR"
    assert "has no key" in said(office.run("account", "key", "list", "bob"))
    line = said(office.run("account", "key", "add", "bob", *key.split(), "me@laptop"))
    assert line == (
        f'restrict,pty,command="{sys.executable} -EP -m tokentui --store {office.store.resolve()} '
        f'--account bob" {key} bob\n'
    )
    print_ = said(office.run("account", "key", "list", "bob")).split()[0]
    said(office.run("account", "key", "remove", "bob", print_))
    assert "has no key" in said(office.run("account", "key", "list", "bob"))


def test_acting_as_an_account(office: Sandbox) -> None:
    assert "OWNER" in said(office.run("list"))
    assert "OWNER" not in said(office.run("--account", "bob", "list"))
    assert "of-ann" not in said(office.run("--account", "bob", "list"))
    assert "of-ann" not in said(office.run("list", "--of", "bob"))
    assert office.run("--account", "eve", "list").returncode == 3
    for command in (["export"], ["backup"], ["check"], ["paths"], ["audit", "rotate"]):
        told = office.run("--account", "bob", *command)
        assert "Leave out --account" in said(told, 11)
    assert office.run("--account", "bob", "audit", "verify").returncode == 11
    assert office.run("--account", "ann", "audit", "verify").returncode == 0


def test_a_session_that_is_shut_in_heeds_no_variable(office: Sandbox) -> None:
    told = office.run("--account", "bob", SSH_ORIGINAL_COMMAND="list")
    assert "TOKENTUI_STORE is ignored" in told.stderr
    assert told.returncode == 3
    store = ["--store", str(office.store)]
    told = office.run(*store, "--account", "bob", SSH_ORIGINAL_COMMAND="list --json")
    assert [each["name"] for each in json.loads(said(told))] == ["of-bob"]
    secret = said(office.run("--account", "bob", "create", "new", "--never")).strip()
    told = office.run(*store, "--account", "bob", SSH_ORIGINAL_COMMAND=f"export {secret}")
    assert told.returncode == 11
    assert office.files_with(secret) == []
    assert "(a secret)" in said(office.run("audit", "--last", "1"))


def test_no_secret_and_no_password_is_in_the_trail(office: Sandbox) -> None:
    secret = said(office.run("--account", "bob", "create", "new", "--never")).strip()
    store = ["--store", str(office.store)]
    for asked in (
        f"verify {secret}",
        f"account disable {secret}",
        "account passwd bob MyNewPassw0rd!",
        "'account passwd bob MyNewPassw0rd!",
    ):
        told = office.run(*store, "--account", "bob", SSH_ORIGINAL_COMMAND=asked)
        assert told.returncode != 0
    assert office.files_with(secret) == office.files_with("MyNewPassw0rd!") == []
    assert set(actions(office, "--action", "command")) == {"bob command"}


def test_damaged_accounts_are_found_by_a_check(office: Sandbox) -> None:
    path = office.store.with_name("accounts.json")
    path.write_text(path.read_text().replace("member", "king"))
    assert "The account bob is damaged" in said(office.run("check"), 5)
    assert "bob is damaged" in office.run("account", "list").stderr
    path.write_text("nonsense")
    assert "accounts.json is damaged" in said(office.run("check"), 5)
    assert "of-bob" in said(office.run("list"))
    assert office.run("revoke", "of-bob", "--yes").returncode == 0


def test_the_groups_without_a_command_tell_which_there_are(office: Sandbox) -> None:
    for group in (["account"], ["account", "key"]):
        told = office.run(*group)
        assert told.stderr.count("Usage:") == 1


def test_others_tokens_are_not_told_by_a_secret(office: Sandbox) -> None:
    from tokentui.core.credential import Credential, Secret

    [of_ann, _] = office.records()
    forged = Credential(of_ann["id"], Secret("0" * 32)).encode().reveal()
    unknown = Credential("0" * 10, Secret("0" * 32)).encode().reveal()
    told = {
        office.run("--account", "bob", "verify", stdin=each).stderr for each in (forged, unknown)
    }
    assert len(told) == 1


def test_the_gate_prints_what_sshd_needs(office: Sandbox) -> None:
    block = said(office.run("gate", "--print-config", "sshd", "--user", "svc"))
    assert "Match User svc\n" in block
    assert f"ForceCommand {sys.executable} -EP -m tokentui --store" in block


def test_disabling_refuses_a_secret_at_once(office: Sandbox) -> None:
    secret = said(office.run("--account", "bob", "create", "new", "--never"))
    assert office.run("verify", stdin=secret).returncode == 0
    office.run("account", "disable", "bob")
    assert "account that owns this token is disabled" in said(office.run("verify", stdin=secret), 6)
    office.run("account", "enable", "bob")
    assert office.run("verify", stdin=secret).returncode == 0

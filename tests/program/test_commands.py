"""The commands as a script runs them: exit codes, what goes where, and what never goes out."""

import json
import pwd
import re
import shlex
import stat
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest

from tokentui.console import ExitCode

from .conftest import PROGRAM, Sandbox
from .terminal import Terminal
from .walk import NONE_LEFT, SECRET

_FACTS = {
    "id",
    "account",
    "name",
    "created_at",
    "expires_at",
    "saved_at",
    "revoked_at",
    "revoked_by",
    "read_only",
    "networks",
    "replaced_by",
    "revision",
    "note",
    "status",
    "never_saved",
    "last_used_at",
    "last_used_from",
    "uses",
}
# An OSC 52 that fills the clipboard, a colour by a C1 byte, a turn of the reading direction,
# and a line of its own.
_HOSTILE = "nice\x1b]52;c;cm0gLXJm\x07\x9b31m\u202egpj\u2028\nroot"


def _create(sandbox: Sandbox, name: str = "deploy") -> str:
    """Create a token and return its secret."""
    created = sandbox.run("create", name)
    assert created.returncode == ExitCode.OK
    return created.stdout.strip()


# -- exit codes -------------------------------------------------------------------------------


def test_the_help_names_every_exit_code(sandbox: Sandbox) -> None:
    helped = sandbox.run("--help").stdout
    codes = re.findall(r"(\d+) \w", " ".join(helped.split()).partition("Exit codes:")[2])
    assert codes == [str(int(code)) for code in ExitCode]


@pytest.mark.parametrize(
    ("code", "arguments"),
    [
        (ExitCode.OK, ["list"]),
        (ExitCode.USAGE, ["create", "two words"]),
        (ExitCode.USAGE, ["create", "fresh", "--expires", "2020-01-01"]),
        (ExitCode.USAGE, ["create", "fresh", "--expires-in", "soon"]),
        (ExitCode.USAGE, ["create", "fresh", "--expires-in", "99999y"]),
        (ExitCode.USAGE, ["create", "fresh", "--never", "--expires-in", "90d"]),
        (ExitCode.USAGE, ["no-such-command"]),
        (ExitCode.NOT_FOUND, ["show", "nobody"]),
        (ExitCode.NOT_FOUND, ["revoke", "deploy", "nobody", "--yes"]),
        (ExitCode.CONFLICT, ["create", "Deploy"]),
        (ExitCode.CONFLICT, ["rename", "other", "deploy"]),
        (ExitCode.REFUSED, ["verify"]),
        (ExitCode.NO_TERMINAL, []),
        (ExitCode.FILE, ["create", "fresh", "--to-file", "."]),
    ],
)
def test_exit_codes(sandbox: Sandbox, code: ExitCode, arguments: list[str]) -> None:
    _create(sandbox)
    _create(sandbox, "other")
    before = sandbox.store.read_bytes()
    ended = sandbox.run(*arguments)
    assert ended.returncode == code
    assert sandbox.store.read_bytes() == before
    assert (ended.stdout == "") is (code != ExitCode.OK)
    assert "Traceback" not in ended.stderr


def test_revoking_several_tokens_says_that_none_was_where_one_is_unknown(sandbox: Sandbox) -> None:
    _create(sandbox)
    several = sandbox.run("revoke", "deploy", "deplyo", "--yes")
    assert several.stderr == (
        'Error: There is no token "deplyo". Did you mean "deploy"? No token was revoked.\n'
    )
    alone = sandbox.run("revoke", "nobody", "--yes")
    assert alone.stderr == 'Error: There is no token "nobody".\n'
    assert several.returncode == alone.returncode == ExitCode.NOT_FOUND
    assert json.loads(sandbox.run("show", "deploy", "--json").stdout)["status"] == "active"


def test_a_damaged_store_is_left_as_it_is(sandbox: Sandbox) -> None:
    _create(sandbox)
    sandbox.store.write_text("{")
    for arguments in (["list"], ["create", "other"], ["revoke", "deploy", "--yes"], []):
        ended = sandbox.run(*arguments) if arguments else _in_a_terminal(sandbox)
        assert ended.returncode == ExitCode.STORE
        assert "is damaged" in ended.stderr
        assert sandbox.store.read_text() == "{"


def test_check_finds_what_is_wrong(sandbox: Sandbox) -> None:
    _create(sandbox)
    fine = sandbox.run("check")
    assert (fine.returncode, fine.stdout) == (ExitCode.OK, "")
    sandbox.plant(hash="$2b$31$" + "a" * 53)
    sandbox.store.chmod(0o644)
    found = sandbox.run("check")
    assert found.returncode == ExitCode.STORE
    assert "chmod 600" in found.stdout
    assert "The hash of deploy is damaged" in found.stdout
    assert "Problems found: 2" in found.stderr


def _in_a_terminal(sandbox: Sandbox, *arguments: str) -> subprocess.CompletedProcess[str]:
    with Terminal([*PROGRAM, *arguments], sandbox.environment()) as terminal:
        code = terminal.wait_exit()
        return subprocess.CompletedProcess(arguments, code, "", terminal.last_words())


def test_an_error_of_its_own_is_one_sentence_without_a_secret(sandbox: Sandbox) -> None:
    crashing = (
        "import sys\n"
        "from tokentui import cli\n"
        "from tokentui.core.verifier import Verifier\n"
        "def crash(self, presented, *_): raise RuntimeError(presented.reveal())\n"
        "Verifier.identify = crash\n"
        "sys.exit(cli.run(['verify']))"
    )
    ended = sandbox.execute([sys.executable, "-c", crashing], "tt_plain\n")
    assert ended.returncode == ExitCode.INTERNAL
    assert ended.stderr.startswith("Error: tokentui failed with an internal error (RuntimeError")
    assert ended.stderr.count("\n") == 1
    assert "tt_plain" not in ended.stderr + ended.stdout


# -- creating ---------------------------------------------------------------------------------


def test_stdout_is_the_secret_and_nothing_else(sandbox: Sandbox) -> None:
    created = sandbox.run("create", "deploy")
    assert SECRET.fullmatch(created.stdout.removesuffix("\n"))
    assert "Created deploy." in created.stderr
    assert SECRET.search(created.stderr) is None
    assert sandbox.files_with(created.stdout.strip()) == []
    assert sandbox.record()["saved_at"] is not None
    assert stat.S_IMODE(sandbox.store.stat().st_mode) == 0o600


def test_the_secret_goes_to_a_new_file_of_its_owner(sandbox: Sandbox) -> None:
    created = sandbox.run("create", "deploy", "--to-file", "deploy.token")
    assert (created.returncode, created.stdout) == (ExitCode.OK, "")
    file = sandbox.home / "deploy.token"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert SECRET.search(created.stderr) is None
    verified = sandbox.run("verify", stdin=file.read_text())
    assert verified.stdout.startswith("deploy ")


def test_a_file_that_exists_is_never_overwritten(sandbox: Sandbox) -> None:
    (sandbox.home / "mine").write_text("mine")
    (sandbox.home / "dangling").symlink_to(sandbox.home / "elsewhere")
    for name in ("mine", "dangling"):
        created = sandbox.run("create", "deploy", "--to-file", name)
        assert created.returncode == ExitCode.FILE
        assert "No token was created." in created.stderr
    assert (sandbox.home / "mine").read_text() == "mine"
    assert not (sandbox.home / "elsewhere").exists()
    assert not sandbox.store.exists()


@pytest.mark.parametrize("to", [">/dev/full", ">&-", "1</dev/null"])
@pytest.mark.parametrize("arguments", ["paths", "--help", "--version", "list --help"])
def test_what_cannot_be_printed_is_no_error_of_its_own(
    sandbox: Sandbox, arguments: str, to: str
) -> None:
    listed = _in_a_shell(sandbox, f"exec {_in_words(*arguments.split())} {to}")
    assert listed.returncode == ExitCode.FILE
    assert listed.stderr.startswith("Error: ")
    assert listed.stderr.count("\n") == 1
    assert "internal error" not in listed.stderr


@pytest.mark.parametrize("to", ["2>/dev/full", "2>&-", ">/dev/full 2>&1", ">&- 2>&- <&-"])
@pytest.mark.parametrize(
    ("code", "arguments"),
    [
        (ExitCode.OK, ["list", "--status", "never-saved"]),
        (ExitCode.NOT_FOUND, ["show", "nobody"]),
        (ExitCode.USAGE, ["no-such-command"]),
        (ExitCode.NO_TERMINAL, []),
    ],
)
def test_the_exit_code_is_the_same_where_nobody_can_be_told(
    sandbox: Sandbox, code: ExitCode, arguments: list[str], to: str
) -> None:
    ended = _in_a_shell(sandbox, f"exec {_in_words(*arguments)} {to}")
    assert (ended.returncode, ended.stdout, ended.stderr) == (code, "", "")


def test_no_file_gets_the_number_of_a_stream_that_is_closed(sandbox: Sandbox) -> None:
    code = "from tokentui import cli; cli.run(['list']); raise SystemExit(open('x', 'w').fileno())"
    ended = _in_a_shell(sandbox, f"exec {shlex.join([sys.executable, '-c', code])} >&- 2>&- <&-")
    assert ended.returncode > 2


@pytest.mark.parametrize("command", ["verify", "account add ann", "import -"])
def test_a_stdin_that_cannot_be_read_is_one_sentence(sandbox: Sandbox, command: str) -> None:
    ended = _in_a_shell(sandbox, f"exec {_in_words(*command.split())} 0>written")
    assert ended.returncode == ExitCode.USAGE
    assert "cannot be read: Bad file descriptor" in ended.stderr
    assert ended.stderr.count("\n") == 1


@pytest.mark.parametrize("arguments", [["verify"], ["revoke", "deploy"]], ids=" ".join)
def test_nobody_to_ask_at_all(sandbox: Sandbox, arguments: list[str]) -> None:
    _create(sandbox)
    before = sandbox.store.read_bytes()
    ended = _in_a_shell(sandbox, f"exec {_in_words(*arguments)} <&-")
    assert ended.returncode in {ExitCode.USAGE, ExitCode.REFUSED}
    assert sandbox.store.read_bytes() == before


def _in_words(*arguments: str) -> str:
    return shlex.join([*PROGRAM, *arguments])


def _in_a_shell(sandbox: Sandbox, script: str) -> subprocess.CompletedProcess[str]:
    return sandbox.execute(["/bin/sh", "-c", script])


# -- options and names ------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["-x", "--json", "--yes", "-"])
def test_a_name_may_look_like_an_option(sandbox: Sandbox, name: str) -> None:
    assert sandbox.run("create", "--", name).returncode == ExitCode.OK
    hint = sandbox.run("show", "--nonsense")
    assert "put it after --" in hint.stderr
    assert sandbox.run("show", "--", name).returncode == ExitCode.OK
    assert sandbox.run("revoke", "--yes", "--", name).returncode == ExitCode.OK


@pytest.mark.parametrize(
    "arguments",
    [
        ["create", "fresh", "--to-file", "--json"],
        ["--store", "--read-only", "list"],
        ["account", "add", "ann", "--role", "--no-password"],
        ["create", "fresh", "--to-file", "--help"],
    ],
    ids=" ".join,
)
def test_an_option_is_not_the_value_of_another(sandbox: Sandbox, arguments: list[str]) -> None:
    refused = sandbox.run(*arguments)
    assert refused.returncode == ExitCode.USAGE
    assert " needs a value, but --" in refused.stderr
    assert list(sandbox.home.iterdir()) == []


def test_a_value_may_look_like_an_option(sandbox: Sandbox) -> None:
    assert sandbox.run("create", "fresh", "--to-file=--json").returncode == ExitCode.OK
    assert SECRET.fullmatch((sandbox.home / "--json").read_text().strip())


def test_a_list_without_what_was_asked_for_says_so(sandbox: Sandbox) -> None:
    assert "No tokens. Create one" in sandbox.run("list").stderr
    _create(sandbox)
    listed = sandbox.run("list", "-q", "dep status:revoked,expired")
    assert (listed.stdout, listed.stderr) == ("", "No token matches status:revoked,expired.\n")
    listed = sandbox.run("list", "--status", "never-saved")
    assert (listed.stdout, listed.stderr) == ("", "No tokens match --status never-saved.\n")


def test_a_search_lists_what_matches_or_says_what_is_wrong(sandbox: Sandbox) -> None:
    for name in ("deploy", "backup"):
        sandbox.run("create", name)
    found = sandbox.run("list", "--search", "!DEPL created:<1d", "--json")
    assert [each["name"] for each in json.loads(found.stdout)] == ["backup"]
    refused = sandbox.run("list", "-q", "status:gone")
    assert refused.returncode == ExitCode.USAGE
    assert "There is no status gone. Write active, " in refused.stderr


def test_what_an_editor_puts_before_a_text_counts_nowhere(sandbox: Sandbox) -> None:
    secret = _create(sandbox)
    assert sandbox.run("verify", stdin=f"\ufeff{secret}\r\n").returncode == ExitCode.OK
    password = "\ufeffcorrect horse battery\r\n"
    assert sandbox.run("account", "add", "ann", stdin=password).returncode == ExitCode.OK
    exported = f"\ufeff{sandbox.run('export', '--hashes', '--format', 'csv').stdout}".replace(
        "\n", "\r\n"
    )
    (sandbox.home / "tokens.csv").write_text(exported, newline="")
    assert "1 existed already" in sandbox.run("import", "tokens.csv").stderr


# -- JSON -------------------------------------------------------------------------------------


def test_json_holds_all_facts_but_the_hash(sandbox: Sandbox) -> None:
    created = json.loads(sandbox.run("create", "deploy", "--json").stdout)
    assert set(created) == _FACTS | {"secret"}
    secret = created.pop("secret")
    [listed] = json.loads(sandbox.run("list", "--json").stdout)
    assert set(listed) == _FACTS
    assert listed == created | {"saved_at": listed["saved_at"], "revision": 2}
    assert json.loads(sandbox.run("show", "deploy", "--json").stdout) == listed
    assert json.loads(sandbox.run("verify", "--json", stdin=secret).stdout) == listed
    to_file = sandbox.run("create", "other", "--to-file", "other.token", "--json").stdout
    assert set(json.loads(to_file)) == _FACTS | {"file"}


def test_an_empty_list_is_empty_json(sandbox: Sandbox) -> None:
    assert json.loads(sandbox.run("list", "--json").stdout) == []


# -- verifying, renaming, revoking ------------------------------------------------------------


def test_verify_reads_the_secret_from_stdin_alone(sandbox: Sandbox) -> None:
    secret = _create(sandbox)
    assert sandbox.run("verify", stdin=secret).returncode == ExitCode.OK
    assert sandbox.run("verify", stdin=f"  {secret}\r\n").returncode == ExitCode.OK
    assert sandbox.run("verify", secret, stdin=secret).returncode == ExitCode.USAGE
    nothing = sandbox.run("verify", stdin="\n")
    assert (nothing.returncode, nothing.stdout) == (ExitCode.REFUSED, "")
    assert nothing.stderr.startswith("Error: Stdin is empty.")
    assert sandbox.run("verify", stdin=_create(sandbox, "other")[:-1]).returncode == 6


def test_a_secret_given_as_an_option_of_the_program_is_not_repeated(sandbox: Sandbox) -> None:
    secret = _create(sandbox)
    refused = sandbox.run(f"--{secret}", "list")
    assert refused.returncode == ExitCode.USAGE
    assert secret not in refused.stderr


def test_a_refused_secret_is_not_repeated(sandbox: Sandbox) -> None:
    secret = _create(sandbox)
    assert sandbox.run("revoke", "deploy", "--yes").returncode == ExitCode.OK
    mistyped = secret[:-1] + ("0" if secret[-1] != "0" else "1")
    for presented in (secret, secret[:-1], mistyped):
        refused = sandbox.run("verify", stdin=presented)
        assert refused.returncode == ExitCode.REFUSED
        assert presented not in refused.stderr + refused.stdout


@pytest.mark.parametrize(
    "command", [["verify"], ["show"], ["revoke", "--yes"], ["create"], []], ids=" ".join
)
def test_a_secret_given_as_an_argument_is_not_repeated(
    sandbox: Sandbox, command: list[str]
) -> None:
    secret = _create(sandbox)
    refused = sandbox.run(*command, secret)
    assert refused.returncode in {ExitCode.USAGE, ExitCode.NOT_FOUND}
    assert secret not in refused.stdout + refused.stderr


def test_a_secret_keeps_working_under_a_new_name(sandbox: Sandbox) -> None:
    secret = _create(sandbox)
    before = sandbox.record()
    assert sandbox.run("rename", "deploy", "release").returncode == ExitCode.OK
    assert sandbox.record() == before | {"name": "release", "revision": 3}
    assert sandbox.run("verify", stdin=secret).stdout.startswith("release ")


def test_a_token_can_be_bound(sandbox: Sandbox) -> None:
    made = sandbox.run(
        "create", "probe", "--for-reading", "--from", "192.0.2.0/24", "--from", "::1"
    )
    assert "Access: read-only, from 192.0.2.0/24 or ::1/128." in made.stderr
    record = sandbox.record()
    assert (record["read_only"], record["networks"]) == (True, ["192.0.2.0/24", "::1/128"])
    shown = sandbox.run("show", "probe").stdout
    assert "Access:      read-only, from 192.0.2.0/24 or ::1/128" in shown


def test_the_access_of_a_token_can_be_changed(sandbox: Sandbox) -> None:
    secret = _create(sandbox)
    assert sandbox.run("access", "deploy").stdout == "all requests, from any network\n"
    bound = sandbox.run("access", "deploy", "--for-reading", "--from", "192.0.2.0/24")
    assert bound.stdout == "read-only, from 192.0.2.0/24\n"
    for asked, code in (
        ([], ExitCode.OK),
        (["--method", "get"], ExitCode.OK),
        (["--method", "POST"], ExitCode.REFUSED),
        (["--address", "192.0.2.7"], ExitCode.OK),
        (["--method", "GET", "--address", "198.51.100.1"], ExitCode.REFUSED),
        (["--address", "192.0.2.7/24"], ExitCode.USAGE),
    ):
        ended = sandbox.run("verify", *asked, stdin=secret)
        assert ended.returncode == code
        assert ended.stdout.startswith("deploy ") is (code == ExitCode.OK)
        assert ("Error: deploy: This token is " in ended.stderr) is (code == ExitCode.REFUSED)
    revision = sandbox.record()["revision"]
    freed = sandbox.run("access", "deploy", "--from-anywhere")
    assert freed.stdout == "read-only, from any network\n"
    assert sandbox.record()["revision"] == revision + 1
    assert sandbox.run("access", "deploy", "--for-reading").returncode == ExitCode.OK
    assert sandbox.record()["revision"] == revision + 1
    refused = sandbox.run("access", "deploy", "--from", "::1", "--from-anywhere")
    assert refused.returncode == ExitCode.USAGE
    assert sandbox.record()["networks"] == []


def test_the_access_of_several_tokens_is_changed_or_that_of_none(sandbox: Sandbox) -> None:
    for name in ("deploy", "ci", "backup"):
        sandbox.run("create", name, "--never")
    sandbox.run("access", "ci", "--network", "192.0.2.0/24")
    changed = sandbox.run("access", "deploy", "ci", "deploy", "--read-only")
    assert changed.stdout.splitlines() == [
        "deploy: read-only, from any network",
        "ci: read-only, from 192.0.2.0/24",
    ]
    logged = json.loads(sandbox.run("audit", "--action", "access", "--last", "2", "--json").stdout)
    assert {each["name"] for each in logged} == {"deploy", "ci"}
    sandbox.run("rotate", "backup")
    [old] = json.loads(sandbox.run("list", "--status", "replaced", "--json").stdout)
    refused = sandbox.run("access", "deploy", old["id"], "--all-requests")
    assert refused.returncode == ExitCode.CONFLICT
    assert sandbox.run("access", "deploy").stdout == "read-only, from any network\n"


def test_the_access_of_what_was_rotated_can_be_printed_alone(sandbox: Sandbox) -> None:
    _create(sandbox)
    sandbox.run("rotate", "deploy")
    [old, _] = sandbox.records()
    assert sandbox.run("access", old["id"]).stdout == "all requests, from any network\n"
    assert sandbox.run("access", old["id"], "--for-reading").returncode == ExitCode.CONFLICT


def test_a_note_is_given_printed_changed_and_removed(sandbox: Sandbox) -> None:
    _create(sandbox)
    assert sandbox.run("note", "deploy").stdout == "\n"
    assert "Note:" not in sandbox.run("show", "deploy").stdout
    sandbox.run("note", "deploy", " Nächtlicher Build; ask Ann ")
    assert sandbox.run("note", "deploy").stdout == "Nächtlicher Build; ask Ann\n"
    assert re.search(
        r"^Note: +Nächtlicher Build; ask Ann$", sandbox.run("show", "deploy").stdout, re.MULTILINE
    )
    [listed] = json.loads(sandbox.run("list", "--json").stdout)
    [exported] = json.loads(sandbox.run("export").stdout)
    assert listed["note"] == exported["note"] == "Nächtlicher Build; ask Ann"
    entry = json.loads(sandbox.run("audit", "--action", "note", "--json").stdout)[-1]
    assert (entry["name"], entry["about"]) == ("deploy", "The note was changed.")
    assert sandbox.run("note", "deploy", "").stdout == "\n"
    assert sandbox.record()["note"] == ""


def test_a_note_of_a_new_token_stays_when_it_is_rotated(sandbox: Sandbox) -> None:
    sandbox.run("create", "probe", "--note", "Monitoring")
    sandbox.run("rotate", "probe")
    assert [each["note"] for each in sandbox.records()] == ["Monitoring", "Monitoring"]


@pytest.mark.parametrize(
    ("note", "said"),
    [
        ("two\nlines", r"one line of printable text: '\n' is not allowed"),
        ("\x1b[31m", r"'\x1b' is not allowed"),
        ("x" * 201, "at most 200 characters: this has 201"),
        (f"tt_{'0' * 10}_{'0' * 38}", "must not contain a secret"),
    ],
)
def test_a_text_that_cannot_be_a_note_changes_nothing(
    sandbox: Sandbox, note: str, said: str
) -> None:
    refused = sandbox.run("create", "deploy", "--note", note)
    assert (refused.returncode, refused.stdout) == (ExitCode.USAGE, "")
    assert said in refused.stderr
    assert not sandbox.store.exists()
    _create(sandbox)
    refused = sandbox.run("note", "deploy", note)
    assert (refused.returncode, refused.stdout) == (ExitCode.USAGE, "")
    assert said in refused.stderr
    assert note not in refused.stderr
    assert sandbox.record()["note"] == ""


def test_a_network_that_is_none_makes_no_token(sandbox: Sandbox) -> None:
    refused = sandbox.run("create", "probe", "--from", "192.0.2.7/24")
    assert refused.returncode == ExitCode.USAGE
    assert "Nothing was changed." in refused.stderr
    assert sandbox.run("list", "--json").stdout == "[]\n"


def test_a_successor_opens_and_the_old_one_goes_on(sandbox: Sandbox) -> None:
    old = _create(sandbox)
    rotated = sandbox.run("rotate", "deploy")
    new = rotated.stdout.strip()
    assert SECRET.fullmatch(new)
    assert new != old
    assert "The old secret works until" in rotated.stderr
    assert sandbox.run("verify", stdin=old).stdout.strip().endswith("replaced")
    assert sandbox.run("verify", stdin=new).stdout.strip().endswith("active")


def test_an_old_secret_that_stops_at_once_needs_a_yes(sandbox: Sandbox) -> None:
    old = _create(sandbox)
    assert sandbox.run("rotate", "deploy", "--overlap", "none").returncode == ExitCode.USAGE
    assert sandbox.run("verify", stdin=old).returncode == ExitCode.OK
    path = sandbox.home / "new.secret"
    rotated = sandbox.run(
        "rotate", "deploy", "--overlap", "none", "--yes", "--to-file", str(path), "--json"
    )
    assert json.loads(rotated.stdout)["file"] == str(path)
    assert sandbox.run("verify", stdin=old).returncode == ExitCode.REFUSED
    assert sandbox.run("verify", stdin=path.read_text()).returncode == ExitCode.OK


def test_what_has_a_successor_is_not_rotated_again(sandbox: Sandbox) -> None:
    _create(sandbox)
    sandbox.run("rotate", "deploy")
    [old, _] = sandbox.records()
    refused = sandbox.run("rotate", old["id"])
    assert refused.returncode == ExitCode.CONFLICT
    assert "already replaced" in refused.stderr
    assert len(sandbox.records()) == 2


def test_revoking_needs_a_yes(sandbox: Sandbox) -> None:
    _create(sandbox)
    before = sandbox.store.read_bytes()
    refused = sandbox.run("revoke", "deploy")
    assert refused.returncode == ExitCode.USAGE
    assert "--yes" in refused.stderr
    for answer in (["n", "enter"], ["enter"], ["ctrl+d"]):
        with Terminal([*PROGRAM, "revoke", "deploy"], sandbox.environment()) as terminal:
            terminal.wait_for("Revoke? [y/N]")
            terminal.press(*answer)
            assert terminal.wait_exit() == ExitCode.CANCELLED
            assert "Cancelled. Nothing was changed." in terminal.last_words()
    assert sandbox.store.read_bytes() == before
    assert sandbox.run("revoke", "deploy", "--yes").returncode == ExitCode.OK
    record = sandbox.record()
    assert record["revoked_at"] is not None
    assert record["hash"] is None


# -- what reaches the terminal ----------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        ["list"],
        ["show", "ID"],
        ["verify"],
        ["rename", "ID", "deploy"],
        ["revoke", "ID", "--yes"],
        ["list", "--json"],
        ["show", "ID", "--json"],
        ["create", _HOSTILE],
        ["show", _HOSTILE],
        ["show", "deploy", _HOSTILE],
        [f"--{_HOSTILE}"],
    ],
    ids=lambda arguments: " ".join(arguments).replace(_HOSTILE, "HOSTILE"),
)
def test_nothing_that_acts_on_a_terminal_gets_out(sandbox: Sandbox, arguments: list[str]) -> None:
    secret = _create(sandbox)
    sandbox.plant(name=_HOSTILE, account=_HOSTILE)
    token_id = sandbox.record()["id"]
    arguments = [token_id if argument == "ID" else argument for argument in arguments]
    ended = sandbox.run(*arguments, stdin=secret)
    said = ended.stdout + ended.stderr
    assert said
    assert [char for char in said.replace("\n", "") if _acts(char)] == []
    # `create` names the first wrong character alone.
    assert r"\x1b" in said or r"\u001b" in said or "--json" in arguments


def _acts(char: str) -> bool:
    return unicodedata.category(char) in {"Cc", "Cf", "Zl", "Zp"}


def test_the_app_shows_a_hostile_name_escaped(sandbox: Sandbox) -> None:
    _create(sandbox)
    sandbox.plant(name=_HOSTILE, account=_HOSTILE, networks=[_HOSTILE])
    with sandbox.app() as app:
        app.wait_for(r"nice\x1b]52;c;cm0gLXJm\x07\x9b31m\u202egpj\u2028\nroot  active")
        app.press("m")
        app.wait_for("New API Token Name")
        app.press("f9", " ", "ctrl+s")
        app.wait_for("is not a network")
        app.press("f8")
        app.wait_for(r"nice\x1b]52;c;cm0gLXJm\x07\x9b31m\u202egpj\u2028\nroot?")
        app.press("tab", "enter")
        app.wait_for(NONE_LEFT)
        app.wait_for(re.compile(r"Revoked\W+nice\\x1b\]52;c;cm0gLXJm\\x07"))
        app.press("q")
        assert app.wait_exit() == ExitCode.OK
    for raw in ("\x1b]52;c;cm0gLXJm", "\x9b31m", "\u202e", "\u2028"):
        assert raw.encode() not in app.written


# -- what is loaded, completion ---------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["list"],
        ["list", "--json"],
        ["create", "other"],
        ["verify"],
        ["rename", "deploy", "release"],
        ["revoke", "deploy", "--yes"],
        ["completion", "bash"],
        ["guide", "rotation"],
    ],
    ids=" ".join,
)
def test_no_command_loads_textual(sandbox: Sandbox, arguments: list[str]) -> None:
    secret = _create(sandbox)
    code = (
        "import sys\n"
        "from tokentui.cli import run\n"
        f"code = run({arguments!r})\n"
        "loaded = {name.partition('.')[0] for name in sys.modules}\n"
        "sys.exit(code or 'textual is loaded' if 'textual' in loaded else code)"
    )
    ended = sandbox.execute([sys.executable, "-c", code], secret)
    assert ended.returncode == ExitCode.OK, ended.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(sandbox: Sandbox, shell: str) -> None:
    printed = sandbox.run("completion", shell)
    assert printed.returncode == ExitCode.OK
    assert f"_TOKENTUI_COMPLETE={shell}_complete" in printed.stdout


def _completed(sandbox: Sandbox, *typed: str) -> list[str]:
    """Return what the shell is offered for the last of the words that were typed."""
    answered = sandbox.run(
        _TOKENTUI_COMPLETE="bash_complete",
        COMP_WORDS=" ".join(("tokentui", *typed)),
        COMP_CWORD=str(len(typed)),
    )
    assert answered.stderr == ""
    return [line.removeprefix("plain,") for line in answered.stdout.splitlines() if line]


def test_names_are_completed(sandbox: Sandbox) -> None:
    for name in ("deploy", "deploy-eu", "other"):
        _create(sandbox, name)
    assert _completed(sandbox, "show", "dep") == ["deploy", "deploy-eu"]
    assert _completed(sandbox, "rename", "o") == ["other"]
    assert _completed(sandbox, "revoke", "other", "deploy-") == ["deploy-eu"]
    assert sandbox.run("revoke", "deploy", "--yes").returncode == ExitCode.OK
    assert _completed(sandbox, "show", "dep") == ["deploy-eu"]


def test_a_hostile_name_is_no_completion(sandbox: Sandbox) -> None:
    _create(sandbox)
    sandbox.plant(name=_HOSTILE)
    assert not any(map(_acts, "".join(_completed(sandbox, "show", "ni"))))


def test_a_store_that_cannot_be_read_completes_nothing(sandbox: Sandbox) -> None:
    _create(sandbox)
    sandbox.store.write_text("{")
    assert _completed(sandbox, "show", "dep") == []


@pytest.mark.needs("bash")
def test_bash_completes_names(sandbox: Sandbox) -> None:
    _create(sandbox)
    beside = Path(sys.executable).parent
    script = (
        'eval "$(tokentui completion bash)"\n'
        "COMP_WORDS=(tokentui show dep) COMP_CWORD=2\n"
        "_tokentui_completion tokentui\n"
        'echo "${COMPREPLY[*]}"'
    )
    path = f"{beside}:{sandbox.environment()['PATH']}"
    completed = sandbox.execute(["bash", "--norc", "-c", script], PATH=path)
    assert (completed.stdout, completed.stderr) == ("deploy\n", "")


# -- settings ---------------------------------------------------------------------------------


def _configure(sandbox: Sandbox, text: str) -> Path:
    path = sandbox.home / ".config" / "tokentui" / "config.toml"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    return path


def test_the_settings_in_force_and_where_they_come_from(sandbox: Sandbox) -> None:
    path = _configure(sandbox, 'prefix = "acme"\nmax_life = "90d"\nkeys.list.create = "n"\n')
    told = json.loads(sandbox.run("config", "--json").stdout)
    assert told["prefix"] == {"value": "acme", "from": f"{path}, line 1"}
    assert told["store"] == {"value": str(sandbox.store), "from": "TOKENTUI_STORE"}
    assert told["theme"] == {"value": None, "from": "built in"}
    assert told["keys.list.create"] == {"value": "n", "from": f"{path}, line 3"}
    lines = sandbox.run("config").stdout
    assert 'max_life = "90d"' in lines
    flagged = sandbox.run("--theme", "nord", "--no-mouse", "config").stdout
    assert re.search(r'theme = "nord" +# --theme\n.*mouse = false +# --no-mouse', flagged)
    assert "# theme is not set" in lines
    assert str(path) in sandbox.run("paths").stdout


def test_settings_are_followed(sandbox: Sandbox) -> None:
    _configure(sandbox, 'prefix = "acme"\nmax_life = "90d"\n')
    secret = sandbox.run("create", "deploy").stdout
    assert secret.startswith("acme_")
    assert sandbox.run("verify", stdin=secret).returncode == ExitCode.OK
    for life in (["--never"], ["--expires-in", "91d"]):
        refused = sandbox.run("create", "longer", *life)
        assert (refused.returncode, refused.stdout) == (ExitCode.USAGE, "")
        assert "The longest lifetime is 90 days" in refused.stderr
    assert sandbox.record()["expires_at"] is not None


def test_days_are_shown_as_one_likes_but_not_to_programs(sandbox: Sandbox) -> None:
    assert sandbox.run("create", "visitor", "--expires", "2099-01-31").returncode == ExitCode.OK
    european = {"TOKENTUI_DATE_FORMAT": "european"}
    assert " 31.01.2099 in " in sandbox.run("list", **european).stdout
    assert "2099-01-31T" in sandbox.run("list", "--json", **european).stdout
    assert "2099-01-31T" in sandbox.run("export", "--format", "csv", **european).stdout
    sandbox.run("backup")
    assert re.search(r" \d\d\.\d\d\.\d{4} ", sandbox.run("backup", "--list", **european).stdout)


def test_a_wrong_setting_stops_every_command(sandbox: Sandbox) -> None:
    path = _configure(sandbox, "\nhashcost = 4\n")
    for arguments in (["list"], ["create", "x"], ["config"], []):
        ended = sandbox.run(*arguments) if arguments else _in_a_terminal(sandbox)
        assert ended.returncode == ExitCode.USAGE
        assert f"{path}, line 2" in ended.stderr
        assert 'Did you mean "hash_cost"?' in ended.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('theme = "solarised"', "There is no theme solarised"),
        ('[keys]\nlist.craete = "n"', "line 2: there is no action list.craete; did you mean"),
    ],
)
def test_what_only_the_app_knows_that_there_is_not(sandbox: Sandbox, text: str, said: str) -> None:
    _configure(sandbox, text)
    ended = _in_a_terminal(sandbox)
    assert ended.returncode == ExitCode.USAGE
    assert said in ended.stderr


def test_a_store_that_is_only_looked_at(sandbox: Sandbox) -> None:
    _create(sandbox)
    before = sandbox.store.read_bytes()
    assert sandbox.run("--read-only", "list").returncode == ExitCode.OK
    for arguments in (
        ["create", "other"],
        ["create", "other", "--to-file", "secret"],
        ["rename", "deploy", "other"],
        ["revoke", "deploy", "--yes"],
        ["backup"],
    ):
        for ended in (
            sandbox.run("--read-only", *arguments),
            sandbox.run(*arguments, TOKENTUI_READ_ONLY="yes"),
        ):
            assert (ended.returncode, ended.stdout) == (ExitCode.STORE, "")
            assert "opened read-only. Nothing was changed" in ended.stderr
    assert sandbox.store.read_bytes() == before
    assert not (sandbox.home / "secret").exists()


# -- work that belongs to the whole list --------------------------------------------------------


@pytest.mark.parametrize(
    "command", [["list"], ["list", "--json"], ["report"], ["report", "--json"]]
)
def test_files_are_looked_at_once_a_list_not_once_a_token(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    from tokentui.cli import run
    from tokentui.stores.file.durable import DurableJSON

    looks: list[DurableJSON] = []
    look = DurableJSON.stamp

    def counted(file: DurableJSON) -> object:
        looks.append(file)
        return look(file)

    monkeypatch.setattr(DurableJSON, "stamp", counted)
    for name in ("TOKENTUI_STORE", "TOKENTUI_HASH_COST", "HOME", "TZ"):
        monkeypatch.setenv(name, sandbox.environment()[name])
    sandbox.run("create", "first", "--never")
    counts = []
    for _ in range(2):
        looks.clear()
        assert run(command) in {ExitCode.OK, ExitCode.FINDINGS}
        counts.append(len(looks))
        _add_tokens(sandbox, 50)
    assert counts[0] == counts[1]


def _add_tokens(sandbox: Sandbox, count: int) -> None:
    exported = json.loads(sandbox.run("export", "--hashes").stdout)[0]
    more = [exported | {"id": f"{n:010}", "name": f"more{n}"} for n in range(count)]
    added = sandbox.run("import", "-", stdin=json.dumps(more))
    assert added.returncode == ExitCode.OK, added.stderr


def test_a_user_whose_shell_runs_nothing_cannot_pass_the_gate(sandbox: Sandbox) -> None:
    shells = {each.pw_name: Path(each.pw_shell).name for each in pwd.getpwall()}
    without = [name for name, shell in shells.items() if shell == "nologin"]
    if not without:
        pytest.skip("everybody has a login shell here")
    printed = sandbox.run("gate", "--print-config", "sshd", "--user", without[0])
    assert f"usermod --shell /bin/sh {without[0]}\nMatch User {without[0]}\n" in printed.stdout
    assert f"the login shell of {without[0]} is " in printed.stderr
    other = sandbox.run("gate", "--print-config", "sshd", "--user", "no-such-user")
    assert (other.returncode, other.stderr) == (ExitCode.OK, "")

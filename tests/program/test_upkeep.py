"""The commands about the store as a whole, as an administrator runs them."""

import json
import stat
import sys
from pathlib import Path

import pytest

from tokentui.console import ExitCode

from ..conftest import NOW
from .conftest import Sandbox


@pytest.fixture
def backed_up(sandbox: Sandbox) -> str:
    """Return a backup in which deploy and other live; since then, deploy was revoked."""
    return back_up(sandbox)


def back_up(sandbox: Sandbox) -> str:
    for name in ("deploy", "other"):
        assert sandbox.run("create", name).returncode == ExitCode.OK
    made = sandbox.run("backup")
    assert made.returncode == ExitCode.OK
    sandbox.run("revoke", "deploy", "--yes")
    sandbox.run("rename", "other", "another")
    return made.stdout.strip()


def live(sandbox: Sandbox) -> list[str]:
    return [token["name"] for token in json.loads(sandbox.run("list", "--json").stdout)]


def test_backups_are_listed_as_they_can_be_named(tmp_path: Path) -> None:
    sandbox = Sandbox(tmp_path, moment=NOW)  # or there may be one of yesterday as well
    backed_up = back_up(sandbox)
    listed = sandbox.run("backup", "--list").stdout.splitlines()
    assert [line.split()[-1] for line in listed] == ["asked", "daily"]
    assert listed[0].split()[0] == Path(backed_up).name
    as_json = json.loads(sandbox.run("backup", "--list", "--json").stdout)
    assert as_json[0]["name"] == Path(backed_up).name
    assert json.loads(sandbox.run("backup", "--json").stdout)["file"].endswith(".asked")


def test_an_empty_store_has_nothing_to_back_up(sandbox: Sandbox) -> None:
    assert "No backups yet" in sandbox.run("backup", "--list").stderr
    ended = sandbox.run("backup")
    assert (ended.returncode, ended.stdout) == (ExitCode.STORE, "")
    assert "nothing to back up" in ended.stderr


def test_a_restore_says_what_it_would_change(sandbox: Sandbox, backed_up: str) -> None:
    before = sandbox.store.read_bytes()
    for arguments in (["--dry-run"], []):
        told = sandbox.run("restore", backed_up, *arguments)
        assert "another" in told.stdout
        assert "is renamed to other" in told.stdout
        assert "stays revoked" in told.stdout
        assert "--reactivate" in told.stderr
        assert sandbox.store.read_bytes() == before
    assert told.returncode == ExitCode.USAGE, "it went on without being told to"


def test_a_restore_revives_nothing_unasked(sandbox: Sandbox, backed_up: str) -> None:
    assert sandbox.run("restore", Path(backed_up).name, "--yes").returncode == ExitCode.OK
    assert live(sandbox) == ["other"]
    again = sandbox.run("restore", backed_up, "--yes")
    assert (again.returncode, "Nothing to restore" in again.stderr) == (ExitCode.OK, True)
    revived = sandbox.run("restore", backed_up, "--revive", "deploy", "--yes")
    assert "becomes valid again" in revived.stdout
    assert live(sandbox) == ["deploy", "other"]


def test_there_is_a_way_back_from_a_rotation(sandbox: Sandbox) -> None:
    first = sandbox.run("create", "ci", "--expires-in", "90d").stdout
    name = Path(sandbox.run("backup").stdout.strip()).name
    made = sandbox.record()
    second = sandbox.run("rotate", "ci").stdout
    assert sandbox.run("rotate", "ci", "--undo").returncode == ExitCode.USAGE, "nobody was asked"
    undone = sandbox.run("rotate", "ci", "--undo", "--yes")
    assert (undone.returncode, undone.stdout) == (ExitCode.OK, "")
    assert f"ci is {made['id']} again, with the old secret. Valid until" in undone.stderr
    assert sandbox.run("verify", stdin=first).returncode == ExitCode.OK
    assert sandbox.run("verify", stdin=second).returncode == ExitCode.REFUSED
    assert sandbox.records()[0] == made | {"revision": made["revision"] + 2}
    # Without an overlap, the old secret is in the backup alone.
    sandbox.run("rotate", "ci", "--overlap", "none", "--yes")
    undone = sandbox.run("rotate", "ci", "--undo", "--yes")
    assert (undone.returncode, "--reactivate ID" in undone.stderr) == (ExitCode.CONFLICT, True)
    revived = sandbox.run("restore", name, "--revive", made["id"], "--yes")
    assert f"ci ({made['id']}) becomes valid again, beside" in revived.stdout
    assert sandbox.run("verify", stdin=first).returncode == ExitCode.OK
    assert sandbox.run("rotate", made["id"], "--undo", "--yes").returncode == ExitCode.OK
    assert live(sandbox) == ["ci"]
    told = sandbox.run("audit", "--json", "--token", made["id"]).stdout
    assert "Rotation undone. Expires" in told
    assert sandbox.run("check").returncode == ExitCode.OK


def test_what_has_expired_does_not_become_valid_by_being_revived(sandbox: Sandbox) -> None:
    sandbox.run("create", "ci", "--never")
    sandbox.plant(expires_at="2026-01-01T23:59:59Z", created_at="2025-12-01T00:00:00Z")
    name = Path(sandbox.run("backup").stdout.strip()).name
    sandbox.run("revoke", "ci", "--yes")
    revived = sandbox.run("restore", name, "--revive", "ci", "--dry-run")
    assert "will be restored, but has expired" in revived.stdout


def test_a_damaged_store_is_restored_and_kept(sandbox: Sandbox, backed_up: str) -> None:
    sandbox.store.write_text('{"damaged')
    restored = sandbox.run("restore", backed_up, "--yes")
    assert restored.returncode == ExitCode.OK
    assert "is damaged" in restored.stderr
    assert "may have been revoked" in restored.stderr
    assert live(sandbox) == ["deploy", "other"]
    kept = [path for path in sandbox.files_with('{"damaged') if path != sandbox.store]
    assert [path.suffix for path in kept] == [".damaged"]
    assert sandbox.run("check").returncode == ExitCode.OK


def test_check_looks_into_the_backups(sandbox: Sandbox, backed_up: str) -> None:
    Path(backed_up).write_text("{")
    found = sandbox.run("check")
    assert found.returncode == ExitCode.STORE
    assert f"{backed_up} is damaged" in found.stdout


def test_check_finds_what_an_older_file_brought_back(sandbox: Sandbox, backed_up: str) -> None:
    sandbox.run("backup")
    sandbox.store.write_bytes(Path(backed_up).read_bytes())
    found = sandbox.run("check")
    assert found.returncode == ExitCode.STORE
    assert "was revoked according to a backup, but is valid" in found.stdout
    assert "Problems found: 1" in found.stderr
    sandbox.run("revoke", "deploy", "--yes")
    sandbox.run("restore", backed_up, "--revive", "deploy", "--yes")
    assert live(sandbox) == ["deploy", "other"]
    assert sandbox.run("check").returncode == ExitCode.OK


@pytest.mark.parametrize(
    ("code", "arguments"),
    [
        (ExitCode.NOT_FOUND, ["restore", "nothing"]),
        (ExitCode.NOT_FOUND, ["restore", "nothing", "--dry-run"]),
        (ExitCode.USAGE, ["restore", "BACKUP", "--revive", "nobody"]),
        (ExitCode.USAGE, ["import", "nowhere.json"]),
        (ExitCode.USAGE, ["import", "."]),
        (ExitCode.USAGE, ["import", "-"]),
        (ExitCode.FILE, ["export", "--to-file", "."]),
    ],
)
def test_exit_codes(sandbox: Sandbox, backed_up: str, code: ExitCode, arguments: list[str]) -> None:
    before = sandbox.store.read_bytes()
    ended = sandbox.run(*(backed_up if word == "BACKUP" else word for word in arguments))
    assert (ended.returncode, ended.stdout) == (code, "")
    assert "Traceback" not in ended.stderr
    assert sandbox.store.read_bytes() == before


@pytest.mark.parametrize("ending", ["json", "csv"])
def test_another_server_gets_the_tokens(sandbox: Sandbox, tmp_path: Path, ending: str) -> None:
    secret = sandbox.run("create", "deploy").stdout
    sandbox.run("create", "gone")
    sandbox.run("revoke", "gone", "--yes")
    file = tmp_path / f"tokens.{ending}"
    exported = sandbox.run("export", "--hashes", "--to-file", str(file))
    assert (exported.returncode, exported.stdout) == (ExitCode.OK, "")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    there = Sandbox(tmp_path / "there")
    there.home.mkdir()
    imported = there.run("import", str(file))
    assert "Imported 2 tokens; 0 existed already." in imported.stderr
    assert there.run("verify", stdin=secret).returncode == ExitCode.OK
    assert there.records() == sandbox.records()
    assert "Imported 0 tokens; 2 existed" in there.run("import", str(file)).stderr


def test_an_export_goes_through_a_pipe(sandbox: Sandbox) -> None:
    sandbox.run("create", "deploy")
    exported = sandbox.run("export", "--format", "csv", "--hashes").stdout
    sandbox.store.unlink()
    assert sandbox.run("import", "--format", "csv", "-", stdin=exported).returncode == ExitCode.OK
    assert live(sandbox) == ["deploy"]


def test_an_export_without_hashes_is_no_import(sandbox: Sandbox) -> None:
    sandbox.run("create", "deploy")
    exported = sandbox.run("export").stdout
    sandbox.store.unlink()
    refused = sandbox.run("import", "-", stdin=exported)
    assert refused.returncode == ExitCode.USAGE
    assert "export --hashes" in refused.stderr
    assert not sandbox.store.exists()


def test_problems_are_told_up_to_ten(sandbox: Sandbox) -> None:
    refused = sandbox.run("import", "-", stdin=json.dumps([{}] * 25))
    assert refused.stderr.count("is not a token") == 10
    assert "And 15 more." in refused.stderr
    assert "Problems found: 25" in refused.stderr


def test_an_import_without_stdin(sandbox: Sandbox) -> None:
    script = f"{sys.executable} -m tokentui import - <&-"
    ended = sandbox.execute(["sh", "-c", script])
    assert ended.returncode == ExitCode.USAGE
    assert "cannot be read" in ended.stderr


def test_an_import_comes_through_a_pipe_of_its_own(sandbox: Sandbox) -> None:
    sandbox.run("create", "deploy")
    script = f"{sys.executable} -m tokentui export --hashes | {sys.executable} -m tokentui import"
    for source in ("-", "/dev/stdin"):
        ended = sandbox.execute(["sh", "-c", f"{script} {source}"])
        assert "Imported 0 tokens; 1 existed already." in ended.stderr


def test_what_the_terminal_has_no_characters_for_is_written_out(sandbox: Sandbox) -> None:
    sandbox.run("create", "deploy")
    sandbox.plant(name="日本")
    for arguments in (["list"], ["check"], ["export", "--format", "csv"]):
        ended = sandbox.run(*arguments, PYTHONIOENCODING="latin-1")
        assert ended.returncode in {ExitCode.OK, ExitCode.STORE}
        assert "\\u65e5" in ended.stdout


def test_a_path_cannot_act_on_the_terminal(sandbox: Sandbox, backed_up: str) -> None:
    folder = sandbox.home / "q\x1b[31m"
    folder.mkdir(mode=0o700)
    copy = folder / "copy.json"
    copy.write_bytes(Path(backed_up).read_bytes())
    copy.chmod(0o644)
    for arguments in (
        ["restore", str(copy), "--dry-run"],
        ["--store", str(copy), "check"],
        ["--store", str(copy), "list"],
    ):
        ended = sandbox.run(*arguments)
        assert "chmod 600" in ended.stdout + ended.stderr
        assert "\x1b" not in ended.stdout + ended.stderr


def test_a_secret_in_an_import_is_not_repeated(sandbox: Sandbox) -> None:
    secret = sandbox.run("create", "deploy").stdout.strip()
    [record] = json.loads(sandbox.run("export", "--hashes").stdout)
    for field in ("id", "name", "account", "hash", "created_at", "networks", secret):
        value = [secret] if field == "networks" else secret
        text = json.dumps([record | {"id": "0000000009", "name": "fresh", field: value}])
        refused = sandbox.run("import", "-", stdin=text)
        assert refused.returncode == ExitCode.USAGE
        assert secret not in refused.stdout + refused.stderr, field
    assert sandbox.files_with(secret) == []

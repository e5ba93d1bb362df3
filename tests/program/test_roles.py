"""The program as users of the database with each of the roles."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tokentui.console import ExitCode

from ..postgresql.roles import NOBODY, as_user
from ..postgresql.sandbox import OnDatabase, on_database
from ..postgresql.server import NEEDED
from . import walk
from .serving import endpoint

pytestmark = pytest.mark.needs(*NEEDED)

DENIED = "The database user of"


@pytest.fixture
def database(tmp_path: Path) -> OnDatabase:
    return on_database(tmp_path)


@pytest.fixture
def secret(database: OnDatabase) -> str:
    return database.run("create", "ci", "--never").stdout


def of(database: OnDatabase, role: str) -> OnDatabase:
    """Return the same store as a user with a role, or none, sees it."""
    return replace(database, url=as_user(database.url, role))


def test_a_manager_can_do_everything(database: OnDatabase) -> None:
    manager = of(database, "manager")
    secret = manager.run("create", "ci", "--never").stdout
    for command in (
        "rename ci cd",
        "access cd --for-reading",
        "rotate cd",
        "rotate cd --undo --yes",
        "list",
        "show cd",
        "report --only expired",
        "account add ann",
        "account add bob",
        "account disable bob",
        "account enable bob",
        "export --hashes --to-file out.json",
        "import out.json",
        "check",
        "audit",
        "audit verify",
        "store status",
    ):
        ended = manager.run(*command.split(), stdin="a password, and long\n" * 2)
        assert ended.returncode == ExitCode.OK, (command, ended.stderr)
    assert manager.run("verify", stdin=secret).returncode == ExitCode.OK
    assert manager.run("revoke", "cd", "--yes").returncode == ExitCode.OK


def test_the_app_of_a_manager_creates_and_revokes(database: OnDatabase) -> None:
    manager = of(database, "manager")
    with manager.app() as app:
        walk.to_secret(app)
        walk.save(app)
        app.wait_for("deploy  active")
        app.press("r")
        app.wait_for("Revoke The Token")
        app.press("y")
        app.wait_for(walk.NONE_LEFT)
        app.press("q")
        assert app.wait_exit() == ExitCode.OK
    assert "The audit log is intact" in manager.run("audit", "verify").stderr


@pytest.mark.parametrize("options", [[], ["--read-only"]])
def test_a_verifier_verifies(database: OnDatabase, secret: str, options: list[str]) -> None:
    verifier = of(database, "verifier")
    verified = verifier.run(*options, "verify", "--json", stdin=secret)
    assert verified.returncode == ExitCode.OK, verified.stderr
    assert json.loads(verified.stdout)["name"] == "ci"
    refused = verifier.run(*options, "verify", stdin=secret[:-3])
    assert refused.returncode == ExitCode.REFUSED


def test_a_verifier_serves_and_notes_uses(database: OnDatabase, secret: str) -> None:
    verifier = of(database, "verifier")
    with endpoint(verifier, TOKENTUI_STORE=verifier.url) as served:
        with served.client() as client:
            assert client.get("/auth", headers={"X-API-Key": secret.strip()}).status_code == 204
        assert served.stop() == ExitCode.OK
    assert json.loads(database.run("show", "ci", "--json").stdout)["uses"] == 1


@pytest.mark.parametrize(
    "command", ["create more --never", "rename ci cd", "revoke ci --yes", "audit", "account list"]
)
def test_a_verifier_changes_nothing(database: OnDatabase, secret: str, command: str) -> None:
    refused = of(database, "verifier").run(*command.split())
    assert (refused.returncode, refused.stdout) == (ExitCode.STORE, "")
    assert DENIED in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize(
    "command",
    ["list --json", "show ci", "report --only expired", "audit", "audit verify", "export", "check"],
)
def test_an_auditor_looks(database: OnDatabase, secret: str, command: str) -> None:
    auditor = of(database, "auditor")
    seen = auditor.run("--read-only", *command.split())
    assert (seen.returncode, DENIED in seen.stderr) == (ExitCode.OK, False), seen.stderr
    whole = database.run(*command.split())
    assert (seen.stdout, seen.stderr) == (
        whole.stdout,
        whole.stderr.replace(database.url, auditor.url),
    )


def test_an_auditor_sees_the_list_on_the_screen(database: OnDatabase, secret: str) -> None:
    with of(database, "auditor").app(TOKENTUI_READ_ONLY="true") as app:
        app.wait_for("> • ci")
        app.press("q")
        assert app.wait_exit() == ExitCode.OK


@pytest.mark.parametrize(
    "command", ["create more --never", "rename ci cd", "revoke ci --yes", "verify"]
)
def test_an_auditor_changes_nothing(database: OnDatabase, secret: str, command: str) -> None:
    refused = of(database, "auditor").run(*command.split(), stdin=secret)
    assert (refused.returncode, refused.stdout) == (ExitCode.STORE, "")
    assert DENIED in refused.stderr


def test_an_auditor_exports_no_hashes(database: OnDatabase, secret: str) -> None:
    refused = of(database, "auditor").run("--read-only", "export", "--hashes")
    assert (refused.returncode, refused.stdout) == (ExitCode.STORE, "")
    assert "cannot read hashes" in refused.stderr


@pytest.mark.parametrize("command", ["list", "verify", "audit", "store status", "create x --never"])
def test_who_has_no_role_is_told_which_there_are(
    database: OnDatabase, secret: str, command: str
) -> None:
    refused = of(database, NOBODY).run(*command.split(), stdin=secret)
    assert (refused.returncode, refused.stdout) == (ExitCode.STORE, "")
    assert "Grant it tokentui_manager, tokentui_verifier or tokentui_auditor" in refused.stderr

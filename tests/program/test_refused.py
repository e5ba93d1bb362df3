"""What is recorded of commands that are refused over SSH."""

import json
import shutil
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tokentui.core.attempts import RECORDED

from .conftest import PROGRAM, Sandbox

PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """Return a store of an administrator and a member, to be copied."""
    sandbox = Sandbox(tmp_path_factory.mktemp("pattern"))
    for name in ("ann", "bob"):
        assert sandbox.run("account", "add", name, stdin=PASSWORD).returncode == 0
    return sandbox


@pytest.fixture
def office(pattern: Sandbox, sandbox: Sandbox) -> Sandbox:
    """Return a store of an administrator and a member."""
    shutil.copytree(pattern.home, sandbox.home, dirs_exist_ok=True)
    return sandbox


def refused(office: Sandbox, asked: str) -> None:
    """Ask for something as bob, over SSH."""
    command = [*PROGRAM, "--store", str(office.store), "--account", "bob"]
    assert office.execute(command, SSH_ORIGINAL_COMMAND=asked).returncode != 0


def told(office: Sandbox) -> list[dict[str, Any]]:
    """Return what was recorded of refused commands."""
    entries = json.loads(office.run("audit", "--json", "--last", "0").stdout)
    return [entry for entry in entries if entry["outcome"] == "refused"]


@pytest.mark.parametrize(
    ("asked", "recorded"),
    [
        ("sh", "sh"),
        ("cat /srv/account/list", "cat /srv/account/list"),
        ("list; id", "list; id"),
        ("list --store /etc/passwd", "list --store /etc/passwd"),
        ("account passwd ann hunter2hunter2", "account passwd ann ..."),
        ("account add eve correct horse battery", "account add ..."),
        ("echo hunter2 | tokentui account passwd bob", "echo ... | tokentui account passwd bob"),
        ("hunter2hunter2", "..."),
        ("correct horse battery", "..."),
        ("verify hunter2", "verify ..."),
        ("account passwd 'hunter2", "account passwd ..."),
        ("sh " + "x" * 2000, "sh " + "x" * 497 + " ..."),
    ],
)
def test_the_command_itself_is_recorded_and_no_password(
    office: Sandbox, asked: str, recorded: str
) -> None:
    refused(office, asked)
    about = told(office)[-1]["about"]
    assert about.startswith(f"{recorded}: ")
    trail = office.store.with_name("audit.jsonl").read_text()
    assert not any(word in trail for word in ("hunter2", "horse"))


def test_a_member_cannot_fill_the_audit_log(office: Sandbox) -> None:
    refused(office, "sh")
    path = office.store.with_name("failures.json")
    content = json.loads(path.read_text())
    window = content["failures"]["refused bob"]
    assert window["count"] == 1
    window["count"] = RECORDED
    path.write_text(json.dumps(content))
    for _ in range(2):
        refused(office, "sh")
    assert len(told(office)) == 1
    window |= {"count": RECORDED + 2, "last_at": str(datetime.now(UTC) - timedelta(hours=2))}
    path.write_text(json.dumps(content))
    refused(office, "sh")
    assert "2 earlier refusals were counted, not recorded." in told(office)[-1]["about"]
    assert office.run("audit", "verify").returncode == 0

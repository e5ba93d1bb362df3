"""What the report finds, and how a script is told."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from tokentui.console import ExitCode

from ..conftest import NOW
from .conftest import Sandbox


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    return Sandbox(tmp_path, moment=NOW)


@pytest.fixture
def stocked(sandbox: Sandbox) -> Sandbox:
    """Return a sandbox with a token of each kind, each named after it."""
    for name, life in (
        ("soon", ["--expires-in", "3d"]),
        ("later", ["--expires-in", "40d"]),
        ("forever", ["--never"]),
        ("over", []),
        ("lost", []),
        ("idle", []),
    ):
        sandbox.run("create", name, *life)
    tables = json.loads(sandbox.store.read_text())
    records = {record["name"]: record for record in tables["tokens"].values()}
    records["over"]["expires_at"] = "2026-01-01T23:59:59Z"
    records["lost"]["saved_at"] = None
    records["idle"]["created_at"] = "2026-01-01T00:00:00Z"
    sandbox.store.write_text(json.dumps(tables))
    return sandbox


def found(sandbox: Sandbox, *arguments: str) -> dict[str, list[str]]:
    ended = sandbox.run("report", "--json", *arguments)
    told = json.loads(ended.stdout)
    assert (ended.returncode == 10) is any(told.values())
    return {finding: [token["name"] for token in tokens] for finding, tokens in told.items()}


def test_each_finding(stocked: Sandbox) -> None:
    assert found(stocked) == {
        "expired": ["over"],
        "expires-soon": ["soon"],
        "never-saved": ["lost"],
        "unused": ["idle"],
        "never-used": ["over", "soon", "later", "idle", "lost", "forever"],
        "never-expires": ["forever"],
    }


def test_what_counts_can_be_said(stocked: Sandbox) -> None:
    only = ["--only", "expires-soon", "--only", "unused"]
    assert found(stocked, *only, "--within", "50", "--unused-for", "3000") == {
        "expires-soon": ["soon", "later"],
        "unused": [],
    }
    assert found(stocked, "--only", "expires-soon", "--within", "1") == {"expires-soon": []}


def test_a_person_reads_it(stocked: Sandbox) -> None:
    told = stocked.run("report", "--only", "expires-soon", "--only", "expired")
    assert told.returncode == ExitCode.FINDINGS
    assert told.stderr == ""
    day = NOW.date() + timedelta(days=3)
    assert told.stdout.splitlines() == [
        "Expires within 14 days:",
        f"  soon  {day} in 3 days",
        "Expired, still listed:",
        f"  over  {told.stdout.splitlines()[3].split('  ')[2]}",
    ]


def test_uses_that_cannot_be_read_hide_nothing_else(stocked: Sandbox) -> None:
    stocked.store.with_name("usage.json").write_text("{")
    told = stocked.run("report", "--json")
    findings = json.loads(told.stdout)
    assert list(findings) == ["expired", "expires-soon", "never-saved", "never-expires"]
    assert [token["name"] for token in findings["expires-soon"]] == ["soon"]
    assert (told.returncode, "usage.json is damaged" in told.stderr) == (ExitCode.STORE, True)


def test_nothing_to_report(sandbox: Sandbox) -> None:
    told = sandbox.run("report")
    assert (told.returncode, told.stdout, told.stderr) == (0, "", "Nothing to report.\n")


@pytest.mark.parametrize("wrong", [["--within", "-1"], ["--unused-for", "0"], ["--only", "x"]])
def test_bad_input(sandbox: Sandbox, wrong: list[str]) -> None:
    assert sandbox.run("report", *wrong).returncode == ExitCode.USAGE

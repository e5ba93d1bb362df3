"""The program in odd time zones, at odd times, and with moments at the very edge."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from tokentui.console import ExitCode

from ..conftest import NOW
from .conftest import Sandbox

# The rule of Chile: the clock goes forward at midnight, and that midnight does not exist.
_SANTIAGO = "<-04>4<-03>,M9.1.6/24,M4.1.6/24"
_FIRST, _LAST = "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"


def _first_saturday_of_september() -> date:
    first = date(datetime.now(UTC).year + 1, 9, 1)
    return first + timedelta(days=(5 - first.weekday()) % 7)


def test_the_last_day_is_whole_where_the_clock_changes_at_its_end(sandbox: Sandbox) -> None:
    day = _first_saturday_of_september()
    created = sandbox.run("create", "ci", "--expires", str(day), TZ=_SANTIAGO)
    assert "23:59:59 UTC-04:00" in created.stderr
    assert sandbox.record()["expires_at"] == f"{day + timedelta(days=1)}T03:59:59Z"


def test_a_day_begins_where_the_clock_changes(sandbox: Sandbox) -> None:
    """Midnight does not exist, so the day after begins at 01:00, which is 04:00 in UTC."""
    day = _first_saturday_of_september() + timedelta(days=1)
    sandbox.run("create", "ci")
    trail = sandbox.store.with_name("audit.jsonl")
    entry = json.loads(trail.read_text().splitlines()[-1])
    for moment in (f"{day}T03:59:59Z", f"{day}T04:00:00Z"):
        with trail.open("a") as file:
            file.write(json.dumps(entry | {"time": moment}) + "\n")
    found = sandbox.run("audit", "--json", "--since", str(day), TZ=_SANTIAGO)
    assert [each["time"] for each in json.loads(found.stdout)] == [f"{day}T04:00:00Z"]


@pytest.mark.parametrize("zone", ["Europe/Berln", "XXX-24", "/etc/passwd", "\x1b[31m", "x" * 9999])
def test_a_time_zone_that_is_none_is_said_and_counts_as_utc(sandbox: Sandbox, zone: str) -> None:
    created = sandbox.run("create", "ci", "--expires-in", "1d", TZ=zone)
    assert created.returncode == ExitCode.OK
    assert "is not a time zone on this machine. Days end in UTC" in created.stderr
    assert "23:59:59 UTC." in created.stderr
    assert "\x1b" not in created.stderr
    checked = sandbox.run("check", TZ=zone)
    assert checked.returncode == ExitCode.STORE
    assert "is not a time zone" in checked.stdout
    assert sandbox.run("check", TZ="UTC").returncode == ExitCode.OK


def test_a_session_that_is_shut_in_goes_by_the_time_zone_of_the_machine(tmp_path: Path) -> None:
    sandbox = Sandbox(tmp_path, moment=NOW)
    sandbox.run("account", "add", "bob", stdin="correct horse battery")
    entering = ("--store", str(sandbox.store), "--account", "bob")
    told = [
        sandbox.run(*entering, SSH_ORIGINAL_COMMAND=command, TZ=zone).stdout
        for zone in ("<+13>-13", "<-11>11")
        for command in ("create ci --expires-in 1d --json", "show ci", "revoke ci --yes")
    ]
    first, second = (json.loads(each)["expires_at"] for each in (told[0], told[3]))
    assert first == second
    assert told[1].splitlines()[3:5] == told[4].splitlines()[3:5]


@pytest.mark.parametrize(
    ("zone", "moments"),
    [
        ("<+14>-14", (_LAST, "9999-12-31T23:59:59-12:00")),
        ("<-12>12", (_FIRST, "0001-01-01T00:00:00+14:00")),
    ],
)
def test_moments_at_the_very_edge_are_shown_wherever_they_come_from(
    sandbox: Sandbox, zone: str, moments: tuple[str, str]
) -> None:
    sandbox.run("create", "ci")
    sandbox.run("create", "other")
    sandbox.run("backup")
    folder = sandbox.store.parent
    trail = folder / "audit.jsonl"
    entry = json.loads(trail.read_text().splitlines()[-1])
    [kept] = (folder / "backups").glob("*.asked")
    with trail.open("a") as file:
        file.writelines(json.dumps(entry | {"time": moment}) + "\n" for moment in moments)
    stamp = moments[0].replace(":", "")
    (folder / "backups" / f"tokens.json.{stamp}.asked").write_bytes(kept.read_bytes())
    ids = [record["id"] for record in sandbox.records()]
    used = {each: {"last_used_at": moment} for each, moment in zip(ids, moments, strict=True)}
    mark = json.loads(sandbox.store.read_text())["tokentui"]
    (folder / "usage.json").write_text(json.dumps({"tokentui": mark, "usage": used}))
    for command in (
        ["list"],
        ["list", "--json"],
        ["show", "ci"],
        ["audit"],
        ["audit", "--csv"],
        ["audit", "--since", "0001-01-01"],
        ["audit", "--since", "9999-12-31"],
        ["report"],
        ["backup", "--list"],
    ):
        done = sandbox.run(*command, TZ=zone)
        assert done.returncode in {ExitCode.OK, ExitCode.USAGE, ExitCode.FINDINGS}, done.stderr


@pytest.mark.parametrize("moment", [_FIRST, _LAST, "9999-12-31T23:59:59-12:00"])
def test_a_token_with_such_a_moment_is_left_out_and_kept(sandbox: Sandbox, moment: str) -> None:
    for field in ("created_at", "expires_at", "saved_at", "revoked_at"):
        sandbox.run("create", "ci")
        sandbox.plant(**{field: moment})
        checked = sandbox.run("check", TZ="<+14>-14")
        assert checked.returncode == ExitCode.STORE
        assert "a date is out of range" in checked.stdout
        assert sandbox.record()[field] == moment
        sandbox.store.unlink()


@pytest.mark.parametrize("day", ["9999-12-28", "9999-12-29"])
def test_the_last_days_can_be_chosen_everywhere(sandbox: Sandbox, day: str) -> None:
    for number, zone in enumerate(("<+14>-14", "UTC", "<-12>12", "<+22>-22", "<-22>22")):
        created = sandbox.run("create", f"ci{number}", "--expires", day, TZ=zone)
        assert created.returncode == ExitCode.OK, created.stderr
        assert "23:59:59" in created.stderr
    assert sandbox.run("check").returncode == ExitCode.OK

"""The clock and the time zone that the program is given."""

from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any

import pytest

from tokentui.config import clock
from tokentui.config.clock import check_clock, time_zone
from tokentui.core.errors import InvalidSetting


@pytest.mark.parametrize(
    "name",
    [
        "",
        ":",
        "UTC",
        "GMT0",
        "CET-1",
        "EST5EDT",
        ":CET-1CEST,M3.5.0,M10.5.0/3",
        "<+0330>-3:30",
        "<-04>4<-03>,M9.1.6/24,M4.1.6/24",
        "XST+10:00:00XDT9,J60/2,J300/-1",
    ],
)
def test_what_needs_no_file_is_a_time_zone(name: str) -> None:
    assert time_zone({"TZ": name, "TZDIR": "/nowhere"}) == (None, [])


def test_without_tz_the_time_zone_is_that_of_the_system() -> None:
    assert time_zone({}) == (None, [])


def test_a_file_is_a_time_zone_where_it_holds_one(tmp_path: Path) -> None:
    (tmp_path / "Europe").mkdir()
    (tmp_path / "Europe" / "Berlin").write_bytes(b"TZif2" + bytes(39))
    (tmp_path / "tzdata.zi").write_bytes(b"# version 2026a\n")
    at = {"TZDIR": str(tmp_path)}
    assert time_zone({"TZ": "Europe/Berlin"} | at) == (None, [])
    assert time_zone({"TZ": f":{tmp_path}/Europe/Berlin"} | at) == (None, [])
    for name in ("Europe", "Europe/Berln", "tzdata.zi", "a\0b", "/dev/zero"):
        zone, [warning] = time_zone({"TZ": name} | at)
        assert zone is UTC
        assert "is not a time zone on this machine" in warning


@pytest.mark.parametrize("name", ["CET", "12", "A1", "CET-1CEST,M3.5.0", "CET-24", "X-1" * 10_000])
def test_what_is_no_time_zone(name: str) -> None:
    zone, [warning] = time_zone({"TZ": name, "TZDIR": "/nowhere"})
    assert zone is UTC
    assert len(warning) < 300


@pytest.mark.parametrize("year", [1, 1899, 2262, 9999, 10_000])
def test_a_clock_that_is_far_off_is_refused(monkeypatch: pytest.MonkeyPatch, year: int) -> None:
    class Clock:
        @staticmethod
        def now(zone: tzinfo) -> Any:
            return datetime(year, 12, 31, 23, 59, 59, tzinfo=zone)

    monkeypatch.setattr(clock, "datetime", Clock)
    with pytest.raises(InvalidSetting, match="The clock of this machine is wrong"):
        check_clock()


def test_a_clock_that_is_right_is_not() -> None:
    check_clock()

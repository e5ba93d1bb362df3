"""When days begin and end, and how moments are shown."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokentui.core.dates import LAST_DAY, DateFormat, end_of_day, local, start_of_day, wall_clock
from tokentui.core.errors import InvalidExpiry

DAYS = st.dates(date(1970, 1, 2), date(2200, 1, 1))
ZONES = st.sampled_from(sorted(available_timezones()) or ["UTC"]).map(ZoneInfo)
SECOND = timedelta(seconds=1)

needs_zones = pytest.mark.skipif(not available_timezones(), reason="no time zones here: tzdata")


@needs_zones
class TestEndOfDay:
    @given(DAYS, ZONES)
    def test_it_is_the_last_second_before_the_next_day(self, day: date, zone: ZoneInfo) -> None:
        last = end_of_day(day, zone)
        following = (last + SECOND).astimezone(zone)
        assert last.astimezone(zone).date() <= day < following.date()

    @given(DAYS, ZONES)
    def test_a_later_day_ends_later(self, day: date, zone: ZoneInfo) -> None:
        assert end_of_day(day, zone) <= end_of_day(day + timedelta(days=1), zone)

    @given(DAYS, ZONES)
    def test_a_day_begins_when_the_one_before_has_ended(self, day: date, zone: ZoneInfo) -> None:
        first = start_of_day(day, zone)
        assert (first - SECOND).astimezone(zone).date() < day <= first.astimezone(zone).date()

    @pytest.mark.parametrize(
        ("zone", "day", "utc"),
        [
            ("UTC", date(2026, 12, 31), "2026-12-31 23:59:59+00:00"),
            ("Europe/Berlin", date(2026, 3, 29), "2026-03-29 21:59:59+00:00"),
            ("Europe/Berlin", date(2026, 10, 25), "2026-10-25 22:59:59+00:00"),
            # The clock went back from 24:00 to 23:00: the day ended with the second 23:59:59.
            ("America/Sao_Paulo", date(2018, 2, 17), "2018-02-18 02:59:59+00:00"),
            # Midnight did not exist: the day ended where 00:00 would have been.
            ("America/Sao_Paulo", date(2018, 11, 3), "2018-11-04 02:59:59+00:00"),
            # The clock went back from 00:01 to 23:01: the day ended with the second 23:59:59.
            ("America/St_Johns", date(2006, 10, 28), "2006-10-29 03:29:59+00:00"),
            # The clock went forward from 23:30 to 00:30: the day ended at 23:29:59.
            ("America/Toronto", date(1919, 3, 30), "1919-03-31 04:29:59+00:00"),
            # The day did not exist: what was valid until then ended with the day before.
            ("Pacific/Apia", date(2011, 12, 30), "2011-12-30 09:59:59+00:00"),
        ],
    )
    def test_across_clock_changes(self, zone: str, day: date, utc: str) -> None:
        assert str(end_of_day(day, ZoneInfo(zone))) == utc


@needs_zones
def test_days_in_every_time_zone_of_the_system() -> None:
    """The program passes no time zone: what counts is the `TZ` of its process."""
    checked = subprocess.run(
        [sys.executable, "-m", "tests.core.system_zones"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    found = json.loads(checked.stdout)
    assert found["days"] > 500
    assert found["wrong"] == []


def test_the_last_day_of_all() -> None:
    for hours in (-12, 0, 14):
        assert end_of_day(LAST_DAY, timezone(timedelta(hours=hours))).year == 9999
    with pytest.raises(InvalidExpiry):
        end_of_day(date.max, UTC)


@pytest.mark.parametrize("form", DateFormat)
@pytest.mark.parametrize("hours", [-23, 0, 23])
@pytest.mark.parametrize(
    "moment",
    [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)],
)
def test_the_first_and_the_last_moment_are_shown(
    form: DateFormat, hours: int, moment: datetime
) -> None:
    shown = local(moment, timezone(timedelta(hours=hours)))
    assert shown == moment
    assert len(form.day(shown)) == 10


@pytest.mark.parametrize(
    ("form", "day"),
    [
        (DateFormat.ISO, "2026-03-09"),
        (DateFormat.EUROPEAN, "09.03.2026"),
        (DateFormat.BRITISH, "09/03/2026"),
        (DateFormat.AMERICAN, "03/09/2026"),
    ],
)
def test_forms(form: DateFormat, day: str) -> None:
    assert form.day(datetime(2026, 3, 9, tzinfo=UTC)) == day


@pytest.fixture(params=["UTC", "Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe"])
def system_zone(request: pytest.FixtureRequest) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("TZ", request.param)
        time.tzset()
        yield
    time.tzset()


@needs_zones
@pytest.mark.usefixtures("system_zone")
def test_the_clock_on_the_wall_shows_the_local_time() -> None:
    first = datetime(2018, 1, 1, 0, 7, 59, 999_999, tzinfo=UTC)
    for moment in (first + timedelta(minutes=15 * n) for n in range(366 * 96)):
        assert wall_clock(moment) == local(moment).replace(tzinfo=None)


def test_the_clock_on_the_wall_in_another_zone() -> None:
    moment, zone = datetime(2026, 3, 9, tzinfo=UTC), timezone(timedelta(hours=5))
    assert wall_clock(moment, zone) == local(moment, zone)


@pytest.mark.usefixtures("system_zone")
def test_the_clock_on_the_wall_at_the_ends_of_time() -> None:
    for moment in (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)):
        assert wall_clock(moment).year == moment.year

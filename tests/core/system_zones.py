"""Checks when days end in each time zone of the system, as the program does: by `TZ` alone.

Prints JSON: how many days were checked, and those that end or begin at a wrong moment.
"""

import json
import os
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

from tokentui.core.dates import end_of_day, start_of_day

_SECOND, _DAY = timedelta(seconds=1), timedelta(days=1)
_FIRST, _LAST = datetime(2026, 1, 1, 12, tzinfo=UTC), datetime(2034, 1, 1, tzinfo=UTC)


def _changes(zone: ZoneInfo) -> Iterator[tuple[date, timedelta | None]]:
    """Yield the days on which the clock is changed, and how far it is from UTC then."""
    noon = _FIRST
    before = noon.astimezone(zone).utcoffset()
    while noon < _LAST:
        there = noon.astimezone(zone)
        if there.utcoffset() != before:
            before = there.utcoffset()
            yield there.date(), before
        noon += _DAY


def _right(day: date, last: datetime, zone: ZoneInfo) -> bool:
    """Say whether `last` is the last second at which a calendar in `zone` shows `day`."""
    later = (last + _SECOND + n * timedelta(minutes=10) for n in range(24))
    return last.astimezone(zone).date() <= day and all(
        each.astimezone(zone).date() > day for each in later
    )


def main() -> None:
    days, wrong = 0, []
    known = set()
    for name in sorted(available_timezones()):
        zone = ZoneInfo(name)
        # Many zones have several names.
        if (changes := tuple(_changes(zone))) in known:
            continue
        known.add(changes)
        os.environ["TZ"] = name
        time.tzset()
        for day in (each for changed, _ in changes for each in (changed - _DAY, changed)):
            last = end_of_day(day)
            days += 1
            if not (_right(day, last, zone) and start_of_day(day + _DAY) == last + _SECOND):
                wrong.append(f"{name} {day}: {last}")
    print(json.dumps({"days": days, "wrong": wrong}))


if __name__ == "__main__":
    main()

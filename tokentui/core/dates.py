"""Days: how they are written, and when they begin and end in a time zone.

Only conversions from UTC to local time are used: such a conversion always has exactly one result,
while a local time may not exist, or exist twice, where clocks change.
"""

from bisect import bisect_right
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum

from tokentui.core.errors import InvalidExpiry

FIRST_MOMENT = datetime(1, 1, 3, tzinfo=UTC)
LAST_MOMENT = datetime(9999, 12, 30, 23, 59, 59, tzinfo=UTC)
"""Between these two, every moment can be written as a date and time in every time zone."""

LAST_DAY = date(9999, 12, 29)
"""The last day whose end is such a moment in every time zone."""

_QUARTER = timedelta(minutes=15)
_FARTHEST_ZONE = timedelta(hours=24)


class DateFormat(StrEnum):
    """An order of day, month and year. All of them are ten characters wide."""

    ISO = "iso"
    EUROPEAN = "european"
    BRITISH = "british"
    AMERICAN = "american"

    def day(self, moment: datetime) -> str:
        """Return the day of a moment, such as 2026-11-24."""
        iso = moment.date().isoformat()
        if self is DateFormat.ISO:
            return iso
        year, month, day = iso.split("-")
        match self:
            case DateFormat.EUROPEAN:
                return f"{day}.{month}.{year}"
            case DateFormat.BRITISH:
                return f"{day}/{month}/{year}"
            case DateFormat.AMERICAN:
                return f"{month}/{day}/{year}"


def local(moment: datetime, zone: tzinfo | None = None) -> datetime:
    """Return `moment` in `zone` (None: the system's time zone).

    A moment so early or late that it has no date in `zone` is returned in its own time zone.
    """
    try:
        return moment.astimezone(zone)
    except (OverflowError, ValueError):
        return moment


def wall_clock(moment: datetime, zone: tzinfo | None = None) -> datetime:
    """Return what calendar and clock show in `zone` at `moment`; see `local`.

    For the system's time zone, this takes half the time, and the result has no time zone.
    """
    if zone is not None:
        return local(moment, zone)
    try:
        return datetime.fromtimestamp(moment.timestamp())  # noqa: DTZ006 - as the system has it
    except (OverflowError, ValueError, OSError):
        return moment


def end_of_day(day: date, zone: tzinfo | None = None) -> datetime:
    """Return the last second of `day` in `zone` (None: the system's time zone), in UTC.

    This is the last second at which the local date is `day` or an earlier one: where a clock
    change skips 23:59:59, the second before the change; where it repeats 23:59:59, the later one.
    Raises `InvalidExpiry` for a day after `LAST_DAY`.
    """
    if day > LAST_DAY:
        raise InvalidExpiry(f"The latest possible date is {LAST_DAY}.")

    def date_at(quarter: datetime, seconds: int = 0) -> date:
        return local(quarter + timedelta(seconds=seconds), zone).date()

    # Search backwards: where clocks are set back across midnight, the date changes twice.
    quarter = datetime.combine(day + timedelta(days=1), time(), UTC) + _FARTHEST_ZONE
    while date_at(quarter) > day:
        quarter -= _QUARTER
    within = range(1, int(_QUARTER.total_seconds()))
    return quarter + timedelta(
        seconds=bisect_right(within, day, key=lambda seconds: date_at(quarter, seconds))
    )


def start_of_day(day: date, zone: tzinfo | None = None) -> datetime:
    """Return the first second of `day` in `zone` (None: the system's time zone), in UTC.

    Raises `InvalidExpiry` for a day after the one that follows `LAST_DAY`, and `OverflowError`
    for the first day of all.
    """
    return end_of_day(day - timedelta(days=1), zone) + timedelta(seconds=1)


def months_later(day: date, months: int) -> date:
    """Return the same day `months` later, or the month's last where it has no such day."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    if year > LAST_DAY.year:
        return LAST_DAY
    return in_month(date(max(year, 1), month + 1, 1), day.day)


def in_month(month: date, day: int) -> date:
    """Return a day of the month of `month` by its number, or the last where that is greater."""
    try:
        return month.replace(day=day)
    except ValueError:
        return in_month(month, day - 1)

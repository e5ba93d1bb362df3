"""How long tokens go on beside those that replace them, and when both expire."""

from datetime import date, datetime, timedelta, tzinfo

from tokentui.core.dates import LAST_DAY, end_of_day, local
from tokentui.core.token import Token

OVERLAPS = {
    "none": timedelta(),
    "1h": timedelta(hours=1),
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
}
"""For how long a token that is rotated may stay valid beside the one that replaces it."""
DEFAULT_OVERLAP = "24h"


def renewed_end(
    token: Token, today: date, longest: timedelta | None, zone: tzinfo | None
) -> datetime | None:
    """Return when the replacement of `token` expires: its lifetime is as long, but not `longest`.

    None stands for never, in `longest` for no limit.
    """
    lifetime = _lifetime(token, zone)
    if lifetime is None and longest is None:
        return None
    days = min(each.days for each in (lifetime, longest) if each is not None)
    return _end_after(today, days, zone)


def original_end(old: Token, new: Token, zone: tzinfo | None) -> datetime | None:
    """Return when `old` would expire if `new` had not replaced it; None for never.

    The rotation gave both the same lifetime, and `old` an earlier end: that of the overlap.
    """
    lifetime = _lifetime(new, zone)
    if lifetime is None or old.expires_at is None:
        return None
    created = local(old.created_at, zone).date()
    return max(old.expires_at, _end_after(created, lifetime.days, zone))


def _lifetime(token: Token, zone: tzinfo | None) -> timedelta | None:
    if token.expires_at is None:
        return None
    return local(token.expires_at, zone).date() - local(token.created_at, zone).date()


def _end_after(first: date, days: int, zone: tzinfo | None) -> datetime:
    # As numbers: a date after the last one cannot be made.
    last = min(first.toordinal() + max(days, 0), LAST_DAY.toordinal())
    return end_of_day(date.fromordinal(last), zone)

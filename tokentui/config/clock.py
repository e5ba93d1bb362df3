"""The clock and the time zone that this process was given."""

import os
import re
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from pathlib import Path

from tokentui.core.errors import InvalidSetting
from tokentui.core.text import printable

_YEARS = range(1900, 2262)
"""Linux and Python count nanoseconds in 64 bits, which overflow in 2262."""

_FOLDERS = ("/usr/share/zoneinfo", "/usr/lib/zoneinfo", "/usr/share/lib/zoneinfo", "/etc/zoneinfo")
_MAGIC = b"TZif"
_LONGEST = 100

# POSIX.1-2017, section 8.3: std offset [dst [offset] [,start[/time],end[/time]]]. Offsets of a day
# are left out: neither Python nor any country has them.
_NAME = r"(?:[A-Za-z]{3,}|<[A-Za-z0-9+-]{3,}>)"
_OFFSET = r"[+-]?(?:[01]?\d|2[0-2])(?::[0-5]?\d){0,2}"
_DAY = r"(?:J\d{1,3}|\d{1,3}|M(?:0?[1-9]|1[0-2])\.[1-5]\.[0-6])"
_CHANGE = rf",{_DAY}(?:/[+-]?\d{{1,3}}(?::\d\d?){{0,2}})?"
_POSIX = rf"{_NAME}{_OFFSET}(?:{_NAME}(?:{_OFFSET})?(?:{_CHANGE}{_CHANGE})?)?"


def check_clock() -> None:
    """Raise `InvalidSetting` where the clock shows a year that time cannot be measured in."""
    try:
        year = datetime.now(UTC).year
    except (ValueError, OverflowError):
        year = 0
    if year not in _YEARS:
        raise InvalidSetting(
            f"The clock of this machine is wrong: the year is not between {_YEARS.start} "
            f"and {_YEARS.stop}. Nothing was changed. Set the clock first."
        )


def time_zone(environ: Mapping[str, str] = os.environ) -> tuple[tzinfo | None, list[str]]:
    """Return the time zone in which days begin and end, None for the system's, and warnings.

    A `TZ` that names no time zone counts as UTC, as it does for the C library, but says so.
    """
    name = environ.get("TZ", "").removeprefix(":")
    if name in ("", "UTC", "GMT") or _is_in_a_file(name, environ) or _is_posix(name):
        return None, []
    warning = (
        f"TZ is {printable(name[:_LONGEST])}, which is not a time zone on this machine. "
        "Days end in UTC. Unset or correct TZ, or install tzdata."
    )
    return UTC, [warning]


def _is_in_a_file(name: str, environ: Mapping[str, str]) -> bool:
    chosen = environ.get("TZDIR")
    return any(_is_zone(Path(folder, name)) for folder in ([chosen] if chosen else _FOLDERS))


def _is_posix(name: str) -> bool:
    return len(name) <= _LONGEST and re.fullmatch(_POSIX, name, re.ASCII) is not None


def _is_zone(path: Path) -> bool:
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            return file.read(len(_MAGIC)) == _MAGIC
    except (OSError, ValueError):
        return False

"""How each setting is written: from what stands in the file or the environment to a value.

Each function raises `ValueError` with what the value must be.
"""

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Any

from tokentui.core.credential import PREFIX_LIMIT
from tokentui.core.dates import DateFormat
from tokentui.core.errors import InvalidExpiry
from tokentui.core.token import parse_life

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_NUMBER = r"[0-9]{1,9}"
_LONGEST_LIFE = timedelta(days=365 * 100)
_TRUE, _FALSE = {"true", "yes", "on", "1"}, {"false", "no", "off", "0"}


class Keeping(StrEnum):
    """How the audit log is kept."""

    REQUIRED = "required"
    """What cannot be written into it is not done."""
    TRIED = "tried"
    """What cannot be written into it is done nevertheless, with a warning."""
    OFF = "off"
    """It is not."""


def text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("text")
    return value


def prefix(value: object) -> str:
    text = value if isinstance(value, str) else ""
    if not re.fullmatch(rf"[a-z][a-z0-9_]{{0,{PREFIX_LIMIT - 1}}}", text):
        raise ValueError(f"up to {PREFIX_LIMIT} of a-z, 0-9 and _, starting with a letter")
    return text


def whole(lowest: int, highest: int) -> Callable[[object], int]:
    def read(value: object) -> int:
        text = str(value) if not isinstance(value, int) or abs(value) < 10**9 else ""
        number = int(text) if re.fullmatch(_NUMBER, text) and not isinstance(value, bool) else None
        if number is None or not lowest <= number <= highest:
            raise ValueError(f"a whole number from {lowest} to {highest}")
        return number

    return read


def days(value: object) -> timedelta:
    return timedelta(days=whole(0, 3650)(value))


def life(value: object) -> timedelta:
    wanted = "a lifetime of up to 100 years, such as 90d, 12w or 1y"
    try:
        life = parse_life(value if isinstance(value, str) else "")
    except InvalidExpiry:
        raise ValueError(wanted) from None
    if life > _LONGEST_LIFE:
        raise ValueError(wanted)
    return life


def weekday(value: object) -> int:
    if str(value).lower() not in WEEKDAYS:
        raise ValueError(f"one of {', '.join(WEEKDAYS)}")
    return WEEKDAYS.index(str(value).lower())


def date_format(value: object) -> DateFormat:
    if str(value).lower() not in set(DateFormat):
        raise ValueError(f"one of {', '.join(DateFormat)}")
    return DateFormat(str(value).lower())


def yes_or_no(value: object) -> bool:
    word = str(value).lower()
    if word not in _TRUE | _FALSE:
        raise ValueError("true or false")
    return word in _TRUE


def keys(value: object) -> dict[str, str]:
    wanted = 'actions with their keys, such as list.create = "n"'
    if isinstance(value, str):
        pairs = [each.partition("=") for each in value.split(";") if each.strip()]
        actions = [action.strip() for action, _, _ in pairs]
        if twice := [action for action in actions if actions.count(action) > 1]:
            raise ValueError(f"actions without repetition; {twice[0]} occurs twice")
        value = {action.strip(): keys.strip() for action, _, keys in pairs}
    if not isinstance(value, dict):
        raise ValueError(wanted)  # noqa: TRY004 - what is caught is a wrong value
    keys = _flat(value)
    if not all(isinstance(each, str) and each.strip() for each in keys.values()):
        raise ValueError(wanted)
    return keys


def _flat(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return a table without tables in it: their names become the beginnings of its names."""
    flat: dict[str, Any] = {}
    for name, value in table.items():
        if isinstance(value, dict):
            flat |= {f"{name}.{each}": found for each, found in _flat(value).items()}
        else:
            flat[name] = value
    return flat


def minutes(value: object) -> timedelta | None:
    """Return some minutes; None for 0, which is never."""
    return timedelta(minutes=whole(0, 24 * 60)(value)) or None


def keeping(value: object) -> Keeping:
    if str(value).lower() not in set(Keeping):
        raise ValueError(f"one of {', '.join(Keeping)}")
    return Keeping(str(value).lower())

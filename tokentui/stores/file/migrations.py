"""The formats of a store's file: the mark that tells them apart, and the way from old to new.

A format gets a new number where an older version would get a file wrong; a field that an older
version may ignore, and keeps, needs none.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Raw

MARK = "tokentui"
"""The table that makes a file a store of ours; its one record is a `_Mark`."""

UNFINISHED = "tokentui copy"
"""The table of a file that a store is being copied to: it is no store before all is there."""

FORMAT = 1
_NEEDS = "0.1"
"""The first version of tokentui that reads this format."""

STEPS: dict[int, Callable[[dict[str, Any]], None]] = {}
"""What brings the tables of a format, as plain dicts, to the next one, by the former's number."""


class _Mark(msgspec.Struct):
    format: int
    needs: str | None = None


def mark() -> dict[str, Any]:
    """Return the table that marks a file of this format."""
    return {"1": _Mark(FORMAT, _NEEDS)}


def unfinished() -> bytes:
    """Return the content of a file that a store is being copied to."""
    return msgspec.json.encode({UNFINISHED: {}})


def is_unfinished(path: Path) -> bool:
    """Say whether a store is being copied to a file, or that was not finished."""
    try:
        return path.read_bytes() == unfinished()
    except OSError:
        return False


def read_mark(tables: Mapping[str, Raw]) -> tuple[int, str | None]:
    """Return the format that `tables` have, and the version of tokentui that it needs, if noted.

    Raises `KeyError` and `msgspec.ValidationError` where they are marked as no store of ours.
    """
    found = msgspec.json.decode(tables[MARK], type=dict[str, _Mark])["1"]
    return found.format, found.needs


def migrated(tables: Mapping[str, Raw], version: int) -> dict[str, Raw]:
    """Return `tables`, which have an older format, in this one."""
    plain = {name: msgspec.json.decode(table) for name, table in tables.items()}
    for step in range(version, FORMAT):
        STEPS[step](plain)
    plain[MARK] = mark()
    return {name: Raw(msgspec.json.encode(table)) for name, table in plain.items()}

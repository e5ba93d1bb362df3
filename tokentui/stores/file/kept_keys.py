"""The idempotency keys that a file keeps: those of the last changes, and of the last hour."""

import time
from collections.abc import Mapping
from datetime import datetime
from itertools import islice, takewhile
from typing import Any

import msgspec

TABLE = "changes"
"""The table of the keys: when the change of each was made, in seconds since 1970."""
KEPT = 1000
KEPT_FOR = 3600
"""Seconds for which a key is kept in any case: nobody asks for a change again later than that."""


def keys_of(tables: dict[str, Any]) -> Mapping[str, int]:
    """Return the keys in `tables`, which are decoded when they are asked for first."""
    if not isinstance(tables.setdefault(TABLE, {}), dict):
        try:
            tables[TABLE] = msgspec.json.decode(tables[TABLE], type=dict[str, int])
        except (msgspec.DecodeError, UnicodeDecodeError):
            tables[TABLE] = {}  # a table of somebody else, or damaged: nothing is known
    known: dict[str, int] = tables[TABLE]
    return known


def with_one_more(tables: dict[str, Any], key: str) -> Mapping[str, int]:
    """Return the keys in `tables` with a new one, and without those that have had their time."""
    now = int(time.time())
    kept = {**keys_of(tables), key: now}
    spare = len(kept) - KEPT
    if spare > 0:
        oldest = islice(kept.items(), spare)
        for old, _ in [*takewhile(lambda each: now - each[1] > KEPT_FOR, oldest)]:
            del kept[old]
    return kept


def surely_lack(keys: Mapping[str, int], key: str, at: datetime) -> bool:
    """Say whether no change of this key was made, if it was asked for `at` that moment.

    Where keys of that time are kept no longer, that is not sure.
    """
    oldest = next(iter(keys.values()), 0)
    return key not in keys and (len(keys) < KEPT or at.timestamp() > oldest)

"""Where a window of a result stands: by number, or by a row that is known (keyset pagination)."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

import msgspec

from tokentui.core.query import NO_USES, Query, TokenRow, Uses
from tokentui.core.token import Token


class First(msgspec.Struct, frozen=True):
    """At the beginning of the result."""


class Last(msgspec.Struct, frozen=True):
    """At its end."""


class After(msgspec.Struct, frozen=True):
    """Right after a row as it was seen, whether or not the result still has it."""

    row: TokenRow


class Before(msgspec.Struct, frozen=True):
    """Right before a row as it was seen, whether or not the result still has it."""

    row: TokenRow


class Offset(msgspec.Struct, frozen=True):
    """At the row of this number; the first is 0."""

    start: int


class Around(msgspec.Struct, frozen=True):
    """At the row of the number `start`, unless the window would miss a token of the result.

    Then it is put around that token.
    """

    token_id: str
    start: int = 0


FIRST = First()
Position = First | Last | After | Before | Offset | Around


def window(
    found: Sequence[Token], query: Query, at: Position, limit: int, uses: Uses = NO_USES
) -> range:
    """Return the numbers of the rows in a window of `limit` rows at most.

    `found` is the whole result of `query`, and `uses` are what it was found by.
    """
    match at:
        case First():
            start = 0
        case Last():
            start = len(found) - limit
        case After(row):
            start = _places(found, query, row, uses).stop
        case Before(row):
            stop = _places(found, query, row, uses).start
            return range(max(0, stop - limit), stop)
        case Offset(start):
            pass
        case Around(token_id, start):
            if not any(token.id == token_id for token in found[start : start + limit]):
                places = (n for n, token in enumerate(found) if token.id == token_id)
                start = next((n - limit // 2 for n in places), start)
    start = max(0, start)
    return range(start, min(start + limit, len(found)))


def _places(found: Sequence[Token], query: Query, row: TokenRow, uses: Uses) -> range:
    """Return where a row is in the result: an empty range where it would be, if it is not."""
    key, total = query.sort_key(uses), len(found)
    seen = query.sort_key({row.token.id: row.usage} if row.usage else NO_USES)(row.token)
    rising = range(total)[::-1] if query.descending else range(total)
    low = bisect_left(rising, seen, key=lambda n: key(found[n]))
    high = bisect_right(rising, seen, key=lambda n: key(found[n]))
    return range(total - high, total - low) if query.descending else range(low, high)

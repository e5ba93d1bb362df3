"""How many tokens there are of each kind that a list can be filtered by."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import msgspec

from tokentui.core.query import Count, Filter, Uses
from tokentui.core.token import Status, Token

CAP = 10_000
"""How far is counted: what is more is "10,000+" to people."""


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """How many tokens a list shows under each filter, revoked tokens aside.

    No count is above `CAP`: what is more is not exact. `never_used` may be inexact below that too,
    where a backend looks only among the newest tokens; it is None where uses cannot be read.
    """

    all: Count = Count(0)
    active: Count = Count(0)
    expires_soon: Count = Count(0)
    expired: Count = Count(0)
    replaced: Count = Count(0)
    never_saved: Count = Count(0)
    never_used: Count | None = None

    def get(self, shown: Filter) -> Count | None:
        """Return how many tokens a filter shows; None where that is not known, or not counted."""
        count: Count | None = getattr(self, shown.name.lower(), None)
        return count


COUNTED = tuple(Filter[field.upper()] for field in Summary.__struct_fields__)
"""The filters of a summary, in the order of its fields."""


def capped(number: int) -> Count:
    """Return a count as a summary has it."""
    return Count(number) if number <= CAP else Count(CAP, exact=False)


def count_by_owner(tokens: Iterable[Token]) -> Mapping[str, int]:
    """Count those of `tokens` that were not revoked, by the account that owns them."""
    return Counter(token.account for token in tokens if token.revoked_at is None)


class Tally:
    """Counts tokens for a summary, some at a time.

    Args:
        now: The moment at which statuses are judged.
        soon: With how much time left a token expires soon.
        uses: How tokens were used; None where that cannot be read.
    """

    def __init__(self, now: datetime, soon: timedelta, uses: Uses | None) -> None:
        self._now = now
        self._soon = soon
        self._uses = uses
        self._statuses: Counter[Status] = Counter()
        self._never_saved = self._never_used = 0

    def add(self, tokens: Iterable[Token]) -> None:
        """Count `tokens`, those that were revoked aside."""
        now, soon, uses = self._now, self._soon, self._uses
        live = [token for token in tokens if token.revoked_at is None]
        self._statuses.update([token.status(now, soon) for token in live])
        self._never_saved += sum(token.saved_at is None for token in live)
        if uses is not None:
            self._never_used += sum(token.id not in uses for token in live)

    def summary(self) -> Summary:
        """Return what was counted so far."""
        statuses = {
            status.name.lower(): capped(self._statuses[status])
            for status in Status
            if status is not Status.REVOKED
        }
        return Summary(
            all=capped(self._statuses.total()),
            never_saved=capped(self._never_saved),
            never_used=None if self._uses is None else capped(self._never_used),
            **statuses,
        )

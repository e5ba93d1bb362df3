"""What a search is in SQL: one condition a term.

All text here is made of constants; what people give is in the values that statements are sent with.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from tokentui.core.search import (
    SHORT,
    Between,
    Bound,
    Date,
    HasStatus,
    Never,
    NoNote,
    Note,
    Owner,
    Search,
    Term,
    UsedFrom,
    Word,
)
from tokentui.core.token import Status
from tokentui.stores.postgresql.patterns import containing, starting

HAYSTACK = (
    r"(t.name_key || E'\n' || lower(t.id) || E'\n' || lower(t.account) || E'\n' || t.note_key)"
)
"""What words are looked for in; an index has its trigrams. In this collation, lower is of ASCII."""
EXPIRED = "t.expires_at < %(now)s"
_NOTED = "t.note_key <> ''"
"""An index has the tokens of which this holds."""
HELD = "t.revoked_at IS NULL AND NOT t.frees_name"
"""The first part follows from the second; the planner needs it, to use the index of dates."""
OF_STATUS = {
    Status.REVOKED: "t.revoked_at IS NOT NULL",
    Status.EXPIRED: f"t.revoked_at IS NULL AND {EXPIRED}",
    Status.REPLACED: f"t.revoked_at IS NULL AND t.frees_name AND NOT {EXPIRED}",
    Status.EXPIRES_SOON: f"{HELD} AND NOT {EXPIRED} AND t.expires_at < %(soon)s",
    Status.ACTIVE: f"{HELD} AND NOT {EXPIRED} AND t.expires_at >= %(soon)s",
}
_COLUMNS = {
    Date.CREATED: "t.created_at",
    Date.EXPIRES: "nullif(t.expires_at, 'infinity')",
    Date.USED: "u.last_used_at",
}


def conditions(search: Search) -> Iterator[str]:
    """Yield what has to hold of a row of `tokens AS t`, and of `uses AS u` where uses decide."""
    for number, term in enumerate(search.terms):
        condition = _condition(term, f"term_{number}")
        if isinstance(term, NoNote) and term.excluded:
            yield _NOTED
        else:
            yield f"({condition}) IS NOT TRUE" if term.excluded else f"({condition})"


def values(search: Search, now: datetime) -> dict[str, Any]:
    """Return the values that the conditions name."""
    return {
        f"term_{number}{part}": value
        for number, term in enumerate(search.terms)
        for part, value in _values(term, now)
    }


def texts(search: Search) -> Iterator[str]:
    """Yield the texts that the database has to hold, for anything to match."""
    for term in search.terms:
        match term:
            case Word(text=text) | Note(text=text) | Owner(account=text) if not term.excluded:
                yield text
            case _:
                pass


def _condition(term: Term, name: str) -> str:
    match term:
        case Word() if term.short:
            # An index of trigrams has nothing for it, and is a detour.
            return f"strpos(t.name_key, %({name})s) > 0"
        case Word():
            return f"{HAYSTACK} LIKE %({name})s"
        case Note() if len(term.key) < SHORT:
            return f"{_NOTED} AND strpos(t.note_key, %({name})s) > 0"
        case Note():
            # The other parts are for an index: one has more than notes.
            like = f"LIKE %({name})s"
            return f"{_NOTED} AND {HAYSTACK} {like} AND t.note_key {like}"
        case NoNote():
            return "t.note_key = ''"
        case Owner():
            return f"t.account = %({name})s"
        case HasStatus(statuses=statuses, never_saved=never_saved):
            parts = [f"({OF_STATUS[each]})" for each in sorted(statuses)]
            parts += ["t.saved_at IS NULL"] if never_saved else []
            return " OR ".join(parts) or "false"
        case UsedFrom():
            return f"u.address LIKE ANY(%({name})s::text[]) OR u.address = ANY(%({name}_exact)s)"
        case Never(date=Date.EXPIRES):
            return "t.expires_at = 'infinity'"
        case Never(date=Date.USED):
            return "u.id IS NULL"
        case Between(date=date):
            return " AND ".join(_compared(date, term, name)) or f"{_COLUMNS[date]} IS NOT NULL"
        case _:
            return "false"


def _compared(date: Date, term: Between, name: str) -> Iterator[str]:
    if date is Date.EXPIRES:
        yield "t.expires_at < 'infinity'"
    column = "t.expires_at" if date is Date.EXPIRES else _COLUMNS[date]
    if term.since is not None:
        yield f"{column} >= %({name}_since)s"
    if term.until is not None:
        yield f"{column} < %({name}_until)s"


def _values(term: Term, now: datetime) -> Sequence[tuple[str, Any]]:
    match term:
        case Word() if term.short:
            return [("", term.key)]
        case Note() if len(term.key) < SHORT:
            return [("", term.key)]
        case Word() | Note():
            return [("", containing(term.key))]
        case Owner(account=account):
            return [("", account)]
        case UsedFrom(prefixes=prefixes, addresses=addresses):
            return [("", list(map(starting, prefixes))), ("_exact", sorted(addresses))]
        case Between(since=since, until=until):
            return [("_since", _moment(since, now)), ("_until", _moment(until, now))]
        case _:
            return []


def _moment(bound: Bound, now: datetime) -> datetime | None:
    return now + bound if isinstance(bound, timedelta) else bound

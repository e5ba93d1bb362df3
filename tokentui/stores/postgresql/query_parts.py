"""What a query is in SQL, piece by piece: conditions, ranks, and parts that an index has in order.

All text here is made of constants; what people give is in the values that statements are sent with.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from tokentui.core.query import Query, Sort, TokenRow
from tokentui.core.token import Status, name_key
from tokentui.stores.postgresql import search_parts
from tokentui.stores.postgresql.patterns import containing
from tokentui.stores.postgresql.search_parts import OF_STATUS

_TRIGRAM = 3
_OF_URGENCY = (
    (Status.EXPIRED, OF_STATUS[Status.EXPIRED]),
    (Status.EXPIRES_SOON, OF_STATUS[Status.EXPIRES_SOON]),
    (Status.ACTIVE, f"{OF_STATUS[Status.ACTIVE]} AND t.saved_at IS NULL"),
    (Status.ACTIVE, f"{OF_STATUS[Status.ACTIVE]} AND t.saved_at IS NOT NULL"),
    (Status.REPLACED, OF_STATUS[Status.REPLACED]),
    (Status.REVOKED, OF_STATUS[Status.REVOKED]),
)
"""What there is to do about a token, the most first: a rank of `Sort.STATUS` is a place here."""
_RANKS = {
    Sort.CREATED: "t.created_at",
    Sort.ACCOUNT: "t.account",
    Sort.EXPIRES: "t.expires_at",
    Sort.REVOKED: "coalesce(t.revoked_at, 'infinity')",
    Sort.USED: "coalesce(u.last_used_at, '-infinity')",
    Sort.STATUS: "CASE "
    + " ".join(f"WHEN {each} THEN {rank}" for rank, (_, each) in enumerate(_OF_URGENCY))
    + " END",
}
TYPES = {Sort.ACCOUNT: "text", Sort.STATUS: "integer"}
"""What these are, unless they are moments."""
PLACE = ("t.name_key", "t.account", "t.frees_name", "t.id")
"""What tells equals apart, in the order of `core.query.by_name`."""


class Segment(NamedTuple):
    """A part of a result, all of which comes before the next one."""

    matching: str
    rank: str | None
    """What it sorts by before `PLACE`, if the whole result does."""
    keys: Sequence[str]


def values(query: Query) -> Mapping[str, Any]:
    """Return the values that conditions and ranks of a query name."""
    return {
        "now": query.now,
        "soon": query.now + query.soon + timedelta(days=1),
        "text": name_key(query.text),
        "pattern": containing(name_key(query.text)),
        "account": query.account,
        "idle_since": query.idle_since,
        **search_parts.values(query.search, query.now),
    }


def uses(query: Query) -> str:
    """Return how uses are joined, where they decide something."""
    return " LEFT JOIN uses AS u USING (id)" if query.by_use or query.sort is Sort.USED else ""


def rank(query: Query) -> str | None:
    """Return what a query sorts by before `PLACE`, if anything does."""
    if query.sort is Sort.REVOKED and Status.REVOKED not in query.statuses:
        return "'infinity'::timestamptz"
    if query.sort is Sort.REVOKED and query.statuses == {Status.REVOKED}:
        return "t.revoked_at"
    return _RANKS.get(query.sort)


def segments(query: Query, conditions: str) -> Iterator[Segment]:
    """Yield parts of the result by a rank that no index has, each in an order that one has."""
    if query.sort is Sort.STATUS:
        for rank, (status, each) in enumerate(_OF_URGENCY):
            if status in query.statuses:
                source = f"FROM tokens AS t{uses(query)} WHERE {each} AND {conditions}"
                yield Segment(source, str(rank), PLACE)
    elif query.sort is Sort.USED:
        source = f"FROM tokens AS t{uses(query)} WHERE u.id IS NULL AND {conditions}"
        yield Segment(source, "'-infinity'::timestamptz", PLACE)
        source = f"FROM uses AS u JOIN tokens AS t USING (id) WHERE {conditions}"
        yield Segment(source, "u.last_used_at", ("u.last_used_at", *PLACE))
    elif query.sort is Sort.NAME and len(query.statuses) > 1 and Status.REVOKED in query.statuses:
        for each in ("t.revoked_at IS NULL", "t.revoked_at IS NOT NULL"):
            source = f"FROM tokens AS t{uses(query)} WHERE {each} AND {conditions}"
            yield Segment(source, None, PLACE)


def conditions(query: Query) -> Iterator[str]:
    """Yield what has to hold of a row."""
    if not query.by_revocation:
        yield "(" + " OR ".join(f"({OF_STATUS[each]})" for each in sorted(query.statuses)) + ")"
    elif Status.REVOKED not in query.statuses:
        yield "t.revoked_at IS NULL"
    elif query.statuses == {Status.REVOKED}:
        yield "t.revoked_at IS NOT NULL"
    else:
        yield "true"
    if not query.statuses:
        yield "false"
    if len(name_key(query.text)) >= _TRIGRAM:
        # The first part is for the index, which has more than names.
        yield f"{search_parts.HAYSTACK} LIKE %(pattern)s AND t.name_key LIKE %(pattern)s"
    elif query.text:
        # An index of trigrams has nothing for it, and is a detour.
        yield "strpos(t.name_key, %(text)s) > 0"
    if query.account is not None:
        yield "t.account = %(account)s"
    if query.never_saved:
        yield "t.saved_at IS NULL"
    if query.never_used:
        yield "u.id IS NULL"
    if query.idle_since is not None:
        yield "greatest(t.created_at, u.last_used_at) < %(idle_since)s"
    yield from search_parts.conditions(query.search)


def seen_rank(query: Query, seen: TokenRow) -> Any:
    """Return where a row stands by what the query sorts by, as `_RANKS` has it."""
    token, usage = seen.token, seen.usage
    match query.sort:
        case Sort.EXPIRES:
            return token.expires_at or "infinity"
        case Sort.REVOKED:
            return token.revoked_at or "infinity"
        case Sort.USED:
            return "-infinity" if usage is None else usage.last_used_at
        case _:
            return query.rank()(token)

"""What a query is in SQL: which tokens there are in its result, and in which order."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from tokentui.core.query import Query, Sort, TokenRow
from tokentui.core.token import Status, name_key
from tokentui.core.window import After, Around, Before, First, Last, Offset, Position
from tokentui.stores.postgresql.token_rows import COLUMNS, storable

_EXPIRED = "t.expires_at < %(now)s"
_OF_STATUS = {
    Status.REVOKED: "t.revoked_at IS NOT NULL",
    Status.EXPIRED: f"t.revoked_at IS NULL AND {_EXPIRED}",
    Status.REPLACED: f"t.revoked_at IS NULL AND NOT {_EXPIRED} AND t.replaced_by IS NOT NULL",
    Status.EXPIRES_SOON: f"NOT t.frees_name AND NOT {_EXPIRED} AND t.expires_at < %(soon)s",
    Status.ACTIVE: f"NOT t.frees_name AND NOT {_EXPIRED} AND t.expires_at >= %(soon)s",
}
_URGENCY = (
    f"CASE WHEN t.revoked_at IS NOT NULL THEN 5 WHEN {_EXPIRED} THEN 0 "
    "WHEN t.replaced_by IS NOT NULL THEN 4 WHEN t.expires_at < %(soon)s THEN 1 "
    "WHEN t.saved_at IS NULL THEN 2 ELSE 3 END"
)
_RANKS = {
    Sort.CREATED: "t.created_at",
    Sort.ACCOUNT: "t.account",
    Sort.EXPIRES: "t.expires_at",
    Sort.REVOKED: "coalesce(t.revoked_at, 'infinity')",
    Sort.USED: "coalesce(u.last_used_at, '-infinity')",
    Sort.STATUS: _URGENCY,
}
_TYPES = {Sort.ACCOUNT: "text", Sort.STATUS: "integer"}
"""What these are, unless they are moments."""
_PLACE = ("t.name_key", "t.account", "t.frees_name", "t.id")
"""What tells equals apart, in the order of `core.query.by_name`."""


class Selection:
    """A query in SQL. All text of a statement is a constant; what people give is in `values`."""

    def __init__(self, query: Query) -> None:
        self._query = query
        self.values: dict[str, Any] = {
            "now": query.now,
            "soon": query.now + query.soon + timedelta(days=1),
            "text": _pattern(query.text),
            "account": query.account,
            "idle_since": query.idle_since,
        }
        joined = " LEFT JOIN uses AS u USING (id)" if _needs_uses(query) else ""
        self._matching = f"FROM tokens AS t{joined} WHERE {' AND '.join(_conditions(query))}"
        rank = _RANKS.get(query.sort)
        self._keys = (rank, *_PLACE) if rank else _PLACE

    @property
    def impossible(self) -> bool:
        """Whether there is no row, because the database cannot hold what is asked for."""
        return not (storable(self._query.text) and storable(self._query.account or ""))

    def part(self, seen: TokenRow | None, limit: int) -> str:
        """Return the statement for `limit` rows that follow `seen`, or for the first ones."""
        beyond = "" if seen is None else f" AND {self._compared(self._later, seen)}"
        return self._rows("", self._found(beyond, limit))

    def page(self, at: Position, limit: int) -> str:
        """Return the statement for a window.

        Its first two columns are the size of the result and the offset of the window. Where no row
        is in the window, the others are null.
        """
        offset, found = self._window(at, limit)
        facts = f"facts AS MATERIALIZED (SELECT {self._count()} AS total, {offset} AS start), "
        return self._rows(facts, found)

    def _window(self, at: Position, limit: int) -> tuple[str, str]:
        """Return what the offset of a window is, and the statement that finds its rows."""
        skipping = " OFFSET (SELECT start FROM facts)"
        match at:
            case First():
                return "0", self._found("", limit)
            case Last():
                start = f"greatest(0, {self._count()} - {limit:d})"
                return start, self._found("", limit, backwards=True)
            case After(row):
                beyond = self._compared(self._later, row)
                return self._count(f" AND NOT {beyond}"), self._found(f" AND {beyond}", limit)
            case Before(row):
                beyond = f" AND {self._compared(self._earlier, row)}"
                start = f"greatest(0, {self._count(beyond)} - {limit:d})"
                return start, self._found(beyond, limit, backwards=True)
            case Offset(start):
                return f"{start:d}", self._found("", limit) + skipping
            case Around():
                return self._around(at, limit), self._found("", limit) + skipping

    def _around(self, at: Around, limit: int) -> str:
        """Return the offset of a window that does not miss a token of the result."""
        self.values["around"] = at.token_id if storable(at.token_id) else None
        keys = ", ".join(self._keys)
        held = f"(SELECT {keys} {self._matching} AND t.id = %(around)s)"
        rank = self._count(f" AND ({keys}) {self._earlier} {held}")
        return (
            f"(SELECT CASE WHEN NOT EXISTS {held} OR n BETWEEN {at.start:d} "
            f"AND {at.start + limit - 1:d} THEN {at.start:d} ELSE greatest(0, n - {limit // 2:d}) "
            f"END FROM {rank} AS ranked (n))"
        )

    @property
    def _later(self) -> str:
        return "<" if self._query.descending else ">"

    @property
    def _earlier(self) -> str:
        return ">" if self._query.descending else "<"

    def _count(self, condition: str = "") -> str:
        return f"(SELECT count(*) {self._matching}{condition})"

    def _found(self, condition: str, limit: int, *, backwards: bool = False) -> str:
        order = self._order(backwards=backwards)
        return f"SELECT t.id {self._matching}{condition} ORDER BY {order} LIMIT {limit:d}"

    def _order(self, *, backwards: bool = False) -> str:
        direction = " DESC" if self._query.descending != backwards else ""
        return ", ".join(f"{key}{direction}" for key in self._keys)

    def _compared(self, operator: str, seen: TokenRow) -> str:
        """Return how the place of a row compares with that of a row that was seen."""
        token = seen.token
        self.values |= {
            "name_key_seen": name_key(token.name),
            "account_seen": token.account,
            "frees_name_seen": not token.holds_name,
            "id_seen": token.id,
            "rank_seen": _rank_of(self._query, seen),
        }
        marks = ["%(name_key_seen)s", "%(account_seen)s", "%(frees_name_seen)s", "%(id_seen)s"]
        if len(self._keys) > len(marks):
            marks.insert(0, f"%(rank_seen)s::{_TYPES.get(self._query.sort, 'timestamptz')}")
        return f"({', '.join(self._keys)}) {operator} ({', '.join(marks)})"

    def _rows(self, facts: str, found: str) -> str:
        """Return the statement for complete rows of those that `found` gives the IDs of."""
        whole = (
            "found JOIN tokens AS t USING (id) LEFT JOIN uses AS u USING (id) "
            "LEFT JOIN accounts AS a ON a.name = t.account"
        )
        known = "facts.total, facts.start" if facts else "0, 0"
        source = f"facts LEFT JOIN ({whole}) ON true" if facts else whole
        return (
            f"WITH {facts}found AS MATERIALIZED ({found}) SELECT {known}, "
            f"u.last_used_at, u.count, u.address, a.disabled_at IS NOT NULL, {COLUMNS} "
            f"FROM {source} ORDER BY {self._order()}"
        )


def _needs_uses(query: Query) -> bool:
    return query.by_use or query.sort is Sort.USED


def _conditions(query: Query) -> Iterator[str]:
    if not query.by_revocation:
        yield "(" + " OR ".join(f"({_OF_STATUS[each]})" for each in sorted(query.statuses)) + ")"
    elif Status.REVOKED not in query.statuses:
        yield "t.revoked_at IS NULL"
    elif query.statuses == {Status.REVOKED}:
        yield "t.revoked_at IS NOT NULL"
    else:
        yield "true"
    if not query.statuses:
        yield "false"
    if query.text:
        yield "t.name_key LIKE %(text)s"
    if query.account is not None:
        yield "t.account = %(account)s"
    if query.never_saved:
        yield "t.saved_at IS NULL"
    if query.never_used:
        yield "u.id IS NULL"
    if query.idle_since is not None:
        yield "greatest(t.created_at, u.last_used_at) < %(idle_since)s"


def _pattern(text: str) -> str:
    """Return the pattern of names that have `text` in them, letter case aside."""
    key = name_key(text)
    for special in ("\\", "%", "_"):
        key = key.replace(special, "\\" + special)
    return f"%{key}%"


def _rank_of(query: Query, seen: TokenRow) -> Any:
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

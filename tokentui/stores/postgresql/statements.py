"""What a window of the result of a query is in SQL."""

from collections.abc import Sequence
from typing import NamedTuple

from tokentui.core import summary
from tokentui.core.query import Query, TokenRow
from tokentui.core.summary import COUNTED
from tokentui.core.token import name_key
from tokentui.core.window import After, Around, Before, First, Last, Offset, Position
from tokentui.stores.postgresql import query_parts, search_parts
from tokentui.stores.postgresql.query_parts import PLACE, TYPES
from tokentui.stores.postgresql.token_rows import COLUMNS, storable

FEW = 10_000
"""Of how many rows all are found before they are sorted."""
NEWEST = 50_000
"""Among how many tokens a summary looks for those that were never used."""
_WHOLE = f"u.last_used_at, u.count, u.address, a.disabled_at IS NOT NULL, {COLUMNS}"
"""The columns of a complete row."""
_JOINED = (
    "found JOIN tokens AS t USING (id) LEFT JOIN LATERAL "
    "(SELECT last_used_at, count, address FROM uses WHERE id = found.id OFFSET 0) AS u ON true "
    "LEFT JOIN accounts AS a ON a.name = t.account"
)
"""How complete rows are joined. `OFFSET 0` has each use looked up in the index: without it, the
planner would read the uses of all tokens into a hash table for every window.
"""


class _Source(NamedTuple):
    """Rows that match a query, and what they are sorted by."""

    matching: str
    """From where, and which."""
    keys: Sequence[str]
    id: str

    @property
    def place(self) -> str:
        return ", ".join(self.keys)

    def order(self, *, descending: bool) -> str:
        return ", ".join(f"{key} DESC" if descending else key for key in self.keys)

    def counted(self, condition: str = "") -> str:
        return f"(SELECT count(*) {self.matching}{condition})"


def _aliased(keys: Sequence[str]) -> str:
    return ", ".join(f"{key} AS key_{number}" for number, key in enumerate(keys))


def counted(query: Query) -> str:
    """Return the statement for a summary: the tokens of each filter, one more than `CAP` at most.

    Each count walks an index, and ends there. But no index tells what was never used: that is
    looked for among the newest `NEWEST` tokens. The last column says whether there are others.
    """
    held = f"FROM tokens AS t WHERE {' AND '.join(query_parts.conditions(query))}"
    newest = f"(SELECT t.id {held} ORDER BY t.created_at DESC LIMIT {NEWEST}) AS t"
    counts = []
    for shown in COUNTED:
        each = query.showing(shown)
        found = f"FROM tokens AS t WHERE {' AND '.join(query_parts.conditions(each))}"
        if each.never_used:
            # A scalar subquery: for a join, the planner would read the uses of all tokens.
            found = f"FROM {newest} WHERE (SELECT id FROM uses AS u WHERE u.id = t.id) IS NULL"
        counts.append(f"(SELECT count(*) FROM (SELECT {found} LIMIT {summary.CAP + 1}) AS found)")
    return f"SELECT {', '.join(counts)}, EXISTS (SELECT {held} OFFSET {NEWEST})"


class Selection:
    """A query in SQL. All text of a statement is a constant; what people give is in `values`.

    What a window shows is found in one of two ways, since the planner cannot know which is cheap:
    of a few matches, all are found first and then sorted; of many, an index is walked in order
    until the window is full. A probe of the first matches tells which (adaptive query execution).
    """

    def __init__(self, query: Query) -> None:
        self._query = query
        self.values = dict(query_parts.values(query))
        rank = query_parts.rank(query)
        keys = (rank, *PLACE) if rank else PLACE
        conditions = " AND ".join(query_parts.conditions(query))
        self._table = _Source(
            f"FROM tokens AS t{query_parts.uses(query)} WHERE {conditions}", keys, "t.id"
        )
        names = [f"key_{number}" for number, _ in enumerate(keys)]
        self._probe = _Source("FROM probe WHERE true", names, "id")
        self._segments = list(query_parts.segments(query, conditions))

    @property
    def impossible(self) -> bool:
        """Whether there is no row, because the database cannot hold what is asked for."""
        query = self._query
        texts = [query.text, query.account or "", *search_parts.texts(query.search)]
        return not all(map(storable, texts))

    @property
    def count(self) -> str:
        """The statement for the size of the result."""
        return f"SELECT {self._table.counted()}"

    def part(self, seen: TokenRow | None, limit: int) -> str:
        """Return the statement for `limit` rows that follow `seen`, or for the first ones."""
        beyond = f" AND {self._compared(self._table, self._later, seen)}" if seen else ""
        found = self._found(self._table, limit, beyond)
        return (
            f"WITH found AS MATERIALIZED ({found}) SELECT 0, 0, {_WHOLE} FROM {_JOINED} "
            f"ORDER BY {self._table.order(descending=self._query.descending)}"
        )

    def page(self, at: Position, limit: int) -> str:
        """Return the statement for a window.

        Its first two columns are the size of the result, `FEW` and one where it is more, and the
        offset of the window. Where no row is in the window, the others are null.
        """
        few_start, few = self._window(self._probe, at, limit)
        many_start, many = self._window(self._table, at, limit)
        return (
            f"WITH probe AS MATERIALIZED (SELECT t.id AS id, {_aliased(self._table.keys)} "
            f"{self._table.matching} "
            f"LIMIT {FEW + 1}), size AS MATERIALIZED (SELECT count(*) AS n FROM probe), "
            f"facts AS MATERIALIZED (SELECT n, CASE WHEN n <= {FEW} THEN {few_start} "
            f"ELSE {many_start} END AS start FROM size), found AS MATERIALIZED ("
            f"(SELECT id FROM ({few}) AS few WHERE (SELECT n FROM size) <= {FEW}) UNION ALL "
            f"(SELECT id FROM ({many}) AS many WHERE (SELECT n FROM size) > {FEW})) "
            f"SELECT facts.n, facts.start, {_WHOLE} FROM facts LEFT JOIN ({_JOINED}) ON true "
            f"ORDER BY {self._table.order(descending=self._query.descending)}"
        )

    def _window(self, source: _Source, at: Position, limit: int) -> tuple[str, str]:
        """Return what the offset of a window is, and the statement that finds its rows."""
        match at:
            case First():
                return "0", self._found(source, limit)
            case Last():
                start = f"greatest(0, {source.counted()} - {limit:d})"
                return start, self._found(source, limit, backwards=True)
            case After(row):
                beyond = self._compared(source, self._later, row)
                start = source.counted(f" AND NOT {beyond}")
                return start, self._found(source, limit, f" AND {beyond}")
            case Before(row):
                beyond = f" AND {self._compared(source, self._earlier, row)}"
                start = f"greatest(0, {source.counted(beyond)} - {limit:d})"
                return start, self._found(source, limit, beyond, backwards=True)
            case Offset(start):
                found = self._found(source, limit, skip=f"{start:d}", deep=start > FEW)
                return f"{start:d}", found
            case Around(_, near):
                deep = near > FEW
                start = self._around(source, at, limit, deep=deep)
                skip = "(SELECT start FROM facts)"
                return start, self._found(source, limit, skip=skip, deep=deep)

    def _around(self, source: _Source, at: Around, limit: int, *, deep: bool) -> str:
        """Return the offset of a window that does not miss a token of the result."""
        self.values["around"] = at.token_id if storable(at.token_id) else None
        window = self._found(source, limit, skip=f"{at.start:d}", deep=deep)
        held = f"(SELECT {source.place} {source.matching} AND {source.id} = %(around)s)"
        rank = source.counted(f" AND ({source.place}) {self._earlier} {held}")
        return (
            f"(CASE WHEN %(around)s IN (SELECT id FROM ({window}) AS w) OR NOT EXISTS {held} "
            f"THEN {at.start:d} ELSE greatest(0, {rank} - {limit // 2:d}) END)"
        )

    @property
    def _later(self) -> str:
        return "<" if self._query.descending else ">"

    @property
    def _earlier(self) -> str:
        return ">" if self._query.descending else "<"

    def _found(
        self,
        source: _Source,
        limit: int,
        condition: str = "",
        *,
        skip: str = "0",
        deep: bool = False,
        backwards: bool = False,
    ) -> str:
        """Return the statement for the IDs of rows in order, the first `skip` left out.

        They are many if `deep`: then it is as well to sort all.
        """
        descending = self._query.descending != backwards
        order = source.order(descending=descending)
        end = f"LIMIT {limit:d} OFFSET {skip}"
        if source is self._probe or not self._segments or deep:
            return f"SELECT {source.id} AS id {source.matching}{condition} ORDER BY {order} {end}"
        # Each segment is walked in an order that has an index; then little is left to be sorted.
        direction = " DESC" if descending else ""
        parts = " UNION ALL ".join(
            f"(SELECT t.id AS id, {_aliased((each.rank, *PLACE) if each.rank else PLACE)} "
            f"{each.matching}{condition} "
            f"ORDER BY {', '.join(f'{key}{direction}' for key in each.keys)} "
            f"LIMIT {limit:d} + {skip})"
            for each in self._segments
        )
        order = self._probe.order(descending=descending)
        return f"SELECT id FROM ({parts}) AS parts ORDER BY {order} {end}"

    def _compared(self, source: _Source, operator: str, seen: TokenRow) -> str:
        """Return how the place of a row compares with that of a row that was seen."""
        token = seen.token
        self.values |= {
            "name_key_seen": name_key(token.name),
            "account_seen": token.account,
            "frees_name_seen": not token.holds_name,
            "id_seen": token.id,
            "rank_seen": query_parts.seen_rank(self._query, seen),
        }
        marks = ["%(name_key_seen)s", "%(account_seen)s", "%(frees_name_seen)s", "%(id_seen)s"]
        if len(source.keys) > len(marks):
            marks.insert(0, f"%(rank_seen)s::{TYPES.get(self._query.sort, 'timestamptz')}")
        return f"({source.place}) {operator} ({', '.join(marks)})"

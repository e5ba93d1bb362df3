"""Tokens in the database, found by ID, by name and by query."""

from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec.structs import replace

from tokentui.core.batches import sizes
from tokentui.core.cancel import NEVER, Cancel
from tokentui.core.query import WINDOW, Count, Query, TokenPage, TokenRow
from tokentui.core.summary import Summary, capped
from tokentui.core.token import DEFAULT_SOON, Token, name_key
from tokentui.core.usage import Usage
from tokentui.core.window import FIRST, Position
from tokentui.stores.postgresql import query_parts, token_rows
from tokentui.stores.postgresql.connections import Connections
from tokentui.stores.postgresql.statements import FEW, Selection, counted
from tokentui.stores.postgresql.token_rows import COLUMNS, storable, token_of

_OF_OWNERS = "SELECT account, count(*) FROM tokens WHERE revoked_at IS NULL GROUP BY account"


class TokenTable:
    """A `TokenRepository` over the table of tokens."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def version(self) -> Hashable:
        (number,) = self._connections.ask(lambda it: it.one("SELECT tokens FROM head"))
        return int(number)

    def page(
        self,
        query: Query,
        at: Position = FIRST,
        limit: int = WINDOW,
        cancel: Cancel = NEVER,
    ) -> TokenPage:
        wanted = Selection(query)
        if wanted.impossible:
            return TokenPage()
        statement = wanted.page(at, limit)
        found = self._connections.ask(lambda it: it.all(statement, wanted.values), cancel)
        total, offset, *_ = found[0]
        rows = [_row(values) for _, _, *values in found if values[-1] is not None]
        return TokenPage(
            rows=rows, offset=offset, total=_total(total, offset + len(rows) if rows else 0)
        )

    def count(self, query: Query, cancel: Cancel = NEVER) -> int:
        wanted = Selection(query)
        if wanted.impossible:
            return 0
        (number,) = self._connections.ask(lambda it: it.one(wanted.count, wanted.values), cancel)
        return int(number)

    def summary(
        self,
        now: datetime,
        soon: timedelta = DEFAULT_SOON,
        account: str | None = None,
        cancel: Cancel = NEVER,
    ) -> Summary:
        if not storable(account or ""):
            return Summary(never_used=Count(0))
        query = Query(now=now, soon=soon, account=account)
        statement, values = counted(query), query_parts.values(query)
        *found, more = self._connections.ask(lambda it: it.one(statement, values), cancel)
        counts = dict(zip(Summary.__struct_fields__, map(capped, found), strict=True))
        if more:
            counts["never_used"] = replace(counts["never_used"], exact=False)
        return Summary(**counts)

    def scan(self, query: Query, cancel: Cancel = NEVER) -> Iterator[TokenRow]:
        seen: TokenRow | None = None
        wanted = Selection(query)
        for size in () if wanted.impossible else sizes():
            statement = wanted.part(seen, size)
            values = wanted.values
            found = self._connections.ask(lambda it: it.all(statement, values), cancel)  # noqa: B023
            for _, _, *each in found:
                cancel.check()
                seen = _row(each)
                yield seen
            if len(found) < size:
                return

    def prepare_search(self, cancel: Cancel = NEVER) -> None:
        cancel.check()

    def count_by_owner(self) -> Mapping[str, int]:
        return dict(self._connections.ask(lambda it: it.all(_OF_OWNERS)))

    def get_many(self, ids: Collection[str]) -> Mapping[str, Token]:
        return self._connections.ask(lambda it: token_rows.by_id(it, ids)) if ids else {}

    def by_name(self, name: str, owner: str | None = None) -> Sequence[Token]:
        if not (storable(name) and storable(owner or "")):
            return []
        rows = self._connections.ask(
            lambda it: it.all(
                f"SELECT {COLUMNS} FROM tokens AS t "
                "WHERE name_key = %(name)s AND revoked_at IS NULL AND replaced_by IS NULL "
                "AND (%(owner)s::text IS NULL OR account = %(owner)s) ORDER BY account",
                {"name": name_key(name), "owner": owner},
            )
        )
        return [token_of(row) for row in rows]

    def snapshot(self) -> Mapping[str, Token]:
        rows = self._connections.ask(lambda it: it.all(f"SELECT {COLUMNS} FROM tokens AS t"))
        return {token.id: token for token in map(token_of, rows)}

    def broken(self) -> Mapping[str, bool]:
        return {}

    def warnings(self) -> Sequence[str]:
        return ()


def _total(probed: int, end: int) -> Count:
    """Return the size of a result of which so many rows were probed; a window has its row `end`."""
    return Count(probed) if probed <= FEW else Count(max(FEW, end), exact=False)


def _row(values: Sequence[Any]) -> TokenRow:
    last_used_at, count, address, owner_disabled, *token = values
    usage = None
    if last_used_at is not None:
        usage = Usage(last_used_at=last_used_at, count=count, address=address)
    return TokenRow(token_of(token), usage, owner_disabled)

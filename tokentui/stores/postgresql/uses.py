"""When, how often and from where tokens were used, in a table of its own."""

from collections.abc import Collection, Hashable, Mapping, Sequence
from datetime import datetime

from tokentui.core.errors import StoreError
from tokentui.core.usage import Usage
from tokentui.stores.postgresql.connections import Connection, Connections
from tokentui.stores.postgresql.token_rows import storable
from tokentui.stores.postgresql.transactions import in_transaction
from tokentui.stores.use_buffer import UseBuffer

_GET = "SELECT id, last_used_at, count, address FROM uses WHERE id = ANY(%s)"
_VERSION = "SELECT version FROM uses_head"
# In the order of IDs, as everybody does: so that no two wait for each other.
_WRITE = (
    "INSERT INTO uses AS u (id, last_used_at, count, address) "
    "SELECT * FROM unnest(%s::text[], %s::timestamptz[], %s::bigint[], %s::text[]) "
    "ON CONFLICT (id) DO UPDATE SET count = u.count + excluded.count, "
    "address = CASE WHEN excluded.last_used_at >= u.last_used_at "
    "THEN excluded.address ELSE u.address END, "
    "last_used_at = greatest(u.last_used_at, excluded.last_used_at)"
)


class UsesTable:
    """A `UsageLog` over the table of uses."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._buffer = UseBuffer(self._write)

    def get_many(self, ids: Collection[str]) -> Mapping[str, Usage]:
        if not ids:
            return {}
        rows = self._connections.ask(lambda it: it.all(_GET, [list(filter(storable, ids))]))
        return {
            token_id: Usage(last_used_at=last_used_at, count=count, address=address)
            for token_id, last_used_at, count, address in rows
        }

    def version(self) -> Hashable:
        try:
            (number,) = self._connections.ask(lambda it: it.one(_VERSION))
        except StoreError as error:
            return str(error)
        return int(number)

    def warnings(self) -> Sequence[str]:
        return self._buffer.warnings()

    def record(self, token_id: str, moment: datetime, address: str | None = None) -> None:
        self._buffer.record(token_id, moment, address)

    def flush(self) -> None:
        self._buffer.flush()

    def _write(self, uses: Mapping[str, Usage]) -> None:
        in_transaction(self._connections, lambda it: _write(it, uses))


def _write(connection: Connection, uses: Mapping[str, Usage]) -> None:
    rows = [
        (token_id, use.last_used_at, use.count, use.address)
        for token_id, use in sorted(uses.items())
    ]
    connection.send(_WRITE, [list(column) for column in zip(*rows, strict=True)])
    # Last, because it is locked from here on.
    connection.send("UPDATE uses_head SET version = version + 1")

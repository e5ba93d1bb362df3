"""When, how often and from where tokens were used, in a file of its own."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from threading import Lock

import msgspec

from tokentui.core.errors import StoreError
from tokentui.core.store import Usage
from tokentui.stores.durable import DurableJSON, Tables

_TABLE = "usage"


class UsageFile:
    """A `UsageStore` in one file. Uses are gathered in memory and written together."""

    def __init__(self, path: Path) -> None:
        self._file = DurableJSON(path)
        self._guard = Lock()
        self._pending: dict[str, Usage] = {}

    def of(self, token_id: str) -> Usage | None:
        # What is known of uses is a convenience: damage there must not hide the tokens.
        try:
            with self._guard:
                return _usage(self._file.read(), token_id)
        except StoreError:
            return None

    def warnings(self) -> Sequence[str]:
        try:
            self._file.read()
        except StoreError as error:
            return [f"When tokens were last used is not known: {error}"]
        return self._file.warnings()

    def record(self, token_id: str, moment: datetime, address: str | None = None) -> None:
        use = Usage(last_used_at=moment, address=address)
        with self._guard:
            self._pending[token_id] = _sum(self._pending.get(token_id), use)

    def flush(self) -> None:
        if not self._pending:
            return
        with self._file.lock(), self._guard:
            tables = self._file.read()
            noted = tables.setdefault(_TABLE, {})
            for token_id, use in self._pending.items():
                total = _sum(_usage(tables, token_id), use)
                noted[token_id] = msgspec.to_builtins(total)
            self._file.write(tables)
            self._pending.clear()


def _usage(tables: Tables, token_id: str) -> Usage | None:
    """Return what is noted of a token; a note that is damaged counts as none."""
    try:
        return msgspec.convert(tables.get(_TABLE, {}).get(token_id), Usage)
    except msgspec.ValidationError:
        return None


def _sum(earlier: Usage | None, later: Usage) -> Usage:
    """Return two uses as one: the later one's facts and both counts."""
    if earlier is None:
        return later
    last = max(earlier, later, key=lambda use: use.last_used_at)
    return msgspec.structs.replace(last, count=earlier.count + later.count)

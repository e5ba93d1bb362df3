"""New records of a store, numbered by TinyDB, which is loaded only where there are some."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinydb import Storage
from tinydb.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tokentui.stores.file.durable import DurableJSON


class _Draft(Storage):
    """The draft of a change, as TinyDB reads and writes it."""

    def __init__(self, file: DurableJSON) -> None:
        self._file = file

    def read(self) -> dict[str, Any]:
        return self._file.read()

    def write(self, data: dict[str, Any]) -> None:
        self._file.write(data)


def inserted(file: DurableJSON, table: str, records: Iterable[Mapping[str, Any]]) -> list[int]:
    """Add records to a table within a `change`, and return their document IDs."""
    # A new table each time, since it remembers its next number, and without a query cache,
    # since that would not notice the changes of others.
    return Table(_Draft(file), table, cache_size=0).insert_multiple(records)

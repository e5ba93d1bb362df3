"""JSON of many records, encoded in slices: see `slices`."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from tokentui.stores.file.slices import in_slices

Buffer = bytes | memoryview


def encoded(tables: Mapping[str, Any], table: str) -> list[Buffer]:
    """Return the JSON of `tables` in parts; the one named `table` is what has many records."""
    parts: list[Buffer] = []
    for name, records in tables.items():
        parts += [b"," if parts else b"{", msgspec.json.encode(name), b":"]
        parts += _encoded_table(records) if name == table else [msgspec.json.encode(records)]
    return [*parts, b"}"]


def _encoded_table(records: Mapping[str, Any]) -> Iterator[Buffer]:
    before = b"{"
    for part in in_slices(records.items()):
        yield before
        yield memoryview(msgspec.json.encode(dict(part)))[1:-1]
        before = b","
    yield b"}" if records else b"{}"

"""JSON of many records, decoded and encoded in slices: see `slices`."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from msgspec import Raw

from tokentui.stores.file.slices import in_slices

Buffer = bytes | memoryview

_LEAST = 200_000
"""How many bytes are decoded at a time, at least: some 700 records."""
_BORDER = re.compile(rb'\},"')
"""What stands between two records, as they are written here."""


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


def decoded(table: Raw, kind: type[msgspec.Struct]) -> dict[str, Any]:
    """Return the records of a table by document ID: each a `kind`, or as it stands if it is none.

    Raises `msgspec.DecodeError` and `UnicodeDecodeError`.
    """
    records: dict[str, Any] = {}
    try:
        for part in _parts(memoryview(table)):
            records |= _decoded_part(part, kind)
    except (msgspec.DecodeError, UnicodeDecodeError):
        # What looked like a border stands within a text or a record; or the table is damaged.
        return _decoded_part(table, kind)
    return records


def _parts(table: memoryview) -> Iterator[bytes | memoryview]:
    """Yield objects that together hold what `table` does.

    Where something only looks like a border, the part before it is no JSON: a text or an object in
    it does not end.
    """
    if bytes(table[:1]) != b"{":
        yield table
        return
    start, end = 1, len(table) - 1
    while start < end:
        border = _BORDER.search(table, start + _LEAST)
        stop = border.start() + 1 if border else end
        yield b"".join((b"{", table[start:stop], b"}"))
        start = stop + 1


def _decoded_part(part: Raw | Buffer, kind: type[msgspec.Struct]) -> dict[str, Any]:
    try:
        return msgspec.json.decode(part, type=dict[str, kind])  # type: ignore[valid-type]
    except (msgspec.ValidationError, UnicodeDecodeError):
        records = msgspec.json.decode(part, type=dict[str, Raw])
    decoder = msgspec.json.Decoder(kind)
    return {doc_id: _record(decoder, record) for doc_id, record in records.items()}


def _record(decoder: msgspec.json.Decoder[Any], record: Raw) -> Any:
    try:
        return decoder.decode(record)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return record.copy()

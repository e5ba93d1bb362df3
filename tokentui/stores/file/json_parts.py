"""A table of many records, decoded in parts; a part that was decoded before is known again."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cached_property
from itertools import pairwise
from typing import Any

import msgspec
from msgspec import Raw

from tokentui.stores.file.slices import in_slices

Tables = dict[str, Raw]
"""Each table by its name, as it stands in a file."""

_BORDER = re.compile(rb'\},\s*"\w*00":')
"""Where a part ends and the next one begins: content-defined chunking, by the document ID.

A record that is inserted, removed or written in more bytes moves all that follow it, but no border
between them. About every hundredth document ID of TinyDB makes one.
"""
_MARK = b',"\\u0000":null'
"""What stands for the parts between the first and the last one in a content without them."""


class Part:
    """Some records. It is one and the same object as long as their bytes are the same."""

    __slots__ = ("records",)

    def __init__(self, records: Mapping[str, Any]) -> None:
        self.records = records
        """By document ID."""


class Parted(dict[str, Any]):
    """Records by document ID, with the parts that they were read in."""

    def __init__(self, parts: Collection[Part]) -> None:
        """Raise `ValueError` where two parts have a record of the same document ID."""
        super().__init__()
        self.parts = parts
        for part in parts:
            self.update(part.records)
        if sum(len(part.records) for part in parts) > len(self):
            raise ValueError

    @classmethod
    def of(cls, records: Mapping[str, Any]) -> "Parted":
        """Return records in the parts that they were read in, or else in new ones."""
        if isinstance(records, Parted):
            return records
        return cls([Part(dict(each)) for each in in_slices(records.items())])


class PartDecoder:
    """Decodes the records of one table, each to a `kind`; one that is none stays as it stands.

    What contents that are decoded one after the other have in common is decoded once: the parts of
    the one before are known again by a digest of their bytes. The first content is read without
    digests, since most processes read a store once.
    """

    def __init__(self, table: str, kind: type[msgspec.Struct]) -> None:
        self._table = table
        self._kind = kind
        self._known: dict[bytes, Part] | None = None

    # A decoder takes as long to make as a small file takes to decode, and not every file is there.
    @cached_property
    def _decoder(self) -> msgspec.json.Decoder[dict[str, Any]]:
        return msgspec.json.Decoder(dict[str, self._kind])  # type: ignore[name-defined]

    @cached_property
    def _record_decoder(self) -> msgspec.json.Decoder[Any]:
        return msgspec.json.Decoder(self._kind)

    def in_parts(self, content: bytes) -> tuple[Tables, Parted] | None:
        """Return the other tables and the records, or None where only `whole` returns these.

        No step of it is about many records: other threads need the interpreter (GIL) as well.
        """
        borders = [found.start() + 1 for found in _BORDER.finditer(content)]
        try:
            tables, first, last = self._ends(content, borders[0], borders[-1])
            view = memoryview(content)
            middle = (view[start + 1 : end] for start, end in pairwise(borders))
            return tables, Parted([*self._parts((first, *middle, last))])
        except (IndexError, KeyError, ValueError, RecursionError):
            # There is no border, or what looked like one stands within a text or a record.
            return None

    def whole(self, table: Raw) -> Parted:
        """Return the records of a table; raise `msgspec.DecodeError` and `UnicodeDecodeError`."""
        return Parted.of(self._decoded(table))

    def _ends(self, content: bytes, first: int, last: int) -> tuple[Tables, bytes, bytes]:
        """Return the other tables, and the first and the last part.

        The content without what is between these two borders is JSON as well, and has the mark
        between records of the table, if the borders are. So the rest of the content does not
        depend on what is between them, as long as that is records.
        """
        ends = content[:first], content[last:]
        if any(_MARK in each for each in ends):
            raise ValueError
        tables = msgspec.json.decode(_MARK.join(ends), type=Tables)
        before, _, after = bytes(tables.pop(self._table)).partition(_MARK)
        return tables, before[1:], after[1:-1]

    def _parts(self, parts: Iterable[bytes | memoryview]) -> Iterator[Part]:
        known, self._known = self._known, {}
        if known is None:
            yield from (Part(self._decoded(_table(part))) for part in parts)
            return
        from hashlib import sha256  # slow to load, and seldom needed

        for part in parts:
            digest = sha256(part).digest()
            decoded = known.get(digest) or Part(self._decoded(_table(part)))
            self._known[digest] = decoded
            yield decoded

    def _decoded(self, table: Raw | bytes) -> dict[str, Any]:
        try:
            return self._decoder.decode(table)
        except (msgspec.ValidationError, UnicodeDecodeError):
            records = msgspec.json.decode(table, type=dict[str, Raw])
        return {doc_id: self._record(record) for doc_id, record in records.items()}

    def _record(self, record: Raw) -> Any:
        try:
            return self._record_decoder.decode(record)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return record.copy()


def _table(part: bytes | memoryview) -> bytes:
    return b"".join((b"{", part, b"}"))

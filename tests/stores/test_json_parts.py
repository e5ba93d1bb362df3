"""Reading in parts: whatever became of a file, the same as reading it whole."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Raw
from msgspec.structs import replace

from tests.opening import open_store
from tokentui.core.errors import StoreError
from tokentui.core.token import Token
from tokentui.stores.file import json_parts
from tokentui.stores.file.durable import DurableJSON
from tokentui.stores.file.json_parts import PartDecoder
from tokentui.stores.file.tinydb import TinyDBStore

from .samples import token

_IDS = ["1", "7", "99", "100", "101", "200", "300", "x00", "00", "007", "a-00", "", "é00"]
_ODD: list[Any] = [
    {"id": "x"},
    {"id": '},"100":', "text": '},"200":{', "more": {"1": {}, "100": {"b": "},"}, "c": 1}},
    {"1": {"a": {}}, "100": {}, "200": {}},
    [{"1": {}, "100": {}}, {"200": 2}],
    {},
    '},"100":',
    "",
    None,
]
_PLAIN = [msgspec.to_builtins(token(number, name=f"t{number}")) for number in range(40)]
_FLAWED = {**_PLAIN[0], "id": "not-an-ID!"}
_RECORDS = st.one_of(
    st.sampled_from(_PLAIN), st.sampled_from([*_ODD, _FLAWED, {**_PLAIN[1], "later": {"x": {}}}])
)
_TABLES = st.dictionaries(st.sampled_from(_IDS), _RECORDS)
_STYLES: list[Callable[[Any], bytes]] = [
    msgspec.json.encode,
    lambda value: json.dumps(value).encode(),  # as stock TinyDB
    lambda value: json.dumps(value, indent=2, ensure_ascii=False).encode(),
]
_MARK = {"1": {"format": 1, "needs": "0.1"}}


@st.composite
def _contents(draw: st.DrawFn) -> bytes:
    """Return a file: of a store, of something like it, or of one that was torn."""
    tables = {
        "tokentui": _MARK,
        "tokens": draw(st.one_of(_TABLES, st.sampled_from([*_ODD, *_PLAIN[:1]]))),
        "other": draw(_TABLES),
        "x00": draw(st.sampled_from(_ODD)),
        "changes": {"100": 1},
    }
    names = draw(st.permutations(list(tables)))[: draw(st.sampled_from([5, 5, 4, 3]))]
    content: bytes = draw(st.sampled_from(_STYLES))({name: tables[name] for name in names})
    if draw(st.booleans()):
        return content
    start, end = (draw(st.integers(0, len(content))) for _ in "12")
    inserted = draw(
        st.one_of(
            st.sampled_from(
                [b"", b"}", b"{", b'"', b'},"100":{', b"\xff", b"\\", json_parts._MARK]
            ),
            st.just(content[start:end]),  # twice
        )
    )
    return content[:start] + inserted + content[end:]


class _Whole(PartDecoder):
    def __init__(self) -> None:
        super().__init__("tokens", Token)

    def in_parts(self, content: bytes) -> None:
        return None


def _outcome(file: DurableJSON, content: bytes) -> object:
    try:
        tables = file.decode(content)
    except StoreError as error:
        return type(error), str(error)
    named = {name: table for name, table in tables.items() if name != file.table}
    return list(tables[file.table].items()), named, file.older


@settings(max_examples=500)
@given(st.lists(_contents(), min_size=1, max_size=4))
def test_any_contents_after_another(contents: list[bytes]) -> None:
    file = DurableJSON(Path("tokens.json"), "tokens", Token)
    for content in contents:
        whole = DurableJSON(Path("tokens.json"), "tokens", Token)
        whole._decoder = _Whole()
        assert _outcome(file, content) == _outcome(whole, content)


MANY = {str(number): token(number, name=f"t{number}") for number in range(1, 1001)}


def _content(records: Mapping[str, Any]) -> bytes:
    return msgspec.json.encode({"tokentui": _MARK, "tokens": records, "changes": {"0": 1}})


class Counting:
    """Counts what is decoded of the contents of a file that are read in parts."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._decoder = PartDecoder("tokens", Token)
        self._decode = self._decoder._decoded
        self._taken: list[int] = []
        monkeypatch.setattr(self._decoder, "_decoded", self._counted)

    def _counted(self, table: Raw | bytes) -> dict[str, Any]:
        records = self._decode(table)
        self._taken.append(len(records))
        return records

    def taken(self, records: Mapping[str, Token]) -> list[int]:
        """Return how many records are decoded at a time."""
        self._taken.clear()
        found = self._decoder.in_parts(_content(records))
        assert found is not None
        assert list(found[1].items()) == list(records.items())
        return self._taken


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch) -> Counting:
    return Counting(monkeypatch)


def _changed(number: int) -> dict[str, Token]:
    return {**MANY, str(number): replace(MANY[str(number)], note="x" * number)}


def test_few_records_are_decoded_at_a_time(counting: Counting) -> None:
    taken = counting.taken(MANY)
    assert sum(taken) == 1000
    assert max(taken) <= 101


@pytest.mark.parametrize(
    "after",
    [
        MANY,
        _changed(1),
        _changed(500),
        _changed(1000),
        {key: each for key, each in MANY.items() if key != "450"},
        {**MANY, "1001": token(1001, name="new")},
        {"0": token(1001, name="new"), **MANY},
        dict([*MANY.items()][499:] + [*MANY.items()][:499]),
    ],
    ids=["none", "first", "middle", "last", "removed", "added", "before", "order"],
)
def test_only_parts_that_changed_are_decoded(counting: Counting, after: dict[str, Token]) -> None:
    for _ in range(2):  # the first time without digests
        assert sum(counting.taken(MANY)) == 1000
    assert sum(counting.taken(after)) <= 300


def test_what_was_checked_is_not_checked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "tokens.json"
    _write(path, _content(MANY))
    store = open_store(str(path))
    checked, flaw = 0, Token.flaw

    def counting(each: Token) -> str | None:
        nonlocal checked
        checked += 1
        return flaw(each)

    for number in (1, 2, 3):
        assert len(store.snapshot()) == 1000
        _write(path, _content(_changed(500 + number)))
    monkeypatch.setattr(Token, "flaw", counting)
    found = store.snapshot()
    assert found[MANY["503"].id].note == "x" * 503
    assert 0 < checked <= 200


# -- the whole store ----------------------------------------------------------------------------


def _write(path: Path, content: bytes) -> None:
    other = path.with_suffix(".new")
    other.write_bytes(content)
    other.chmod(0o600)
    other.replace(path)


def _told(store: TinyDBStore) -> object:
    try:
        tokens = [*store.snapshot().items()]
        index = store._index
        return tokens, store.damage(), store.broken(), index.numbered, index._odd
    except StoreError as error:
        return type(error), str(error)


def _with(members: bytes, place: int, table: bytes = b'"tokens":{') -> bytes:
    """Return a file whose table has these members, after so many borders."""
    content = _content(MANY)
    if table != b'"tokens":{':
        content = content.replace(table, table + b'"100":{},"200":{},"300":{},', 1)
    start = content.index(table) + len(table)
    for _ in range(place):
        start = content.index(b'00":', start + 1)
    start = content.rindex(b'"', 0, start + 1) if place else start
    return content[:start] + members + content[start:]


@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize("table", [b'"tokens":{', b'"tokentui":{', b'"changes":{'])
@pytest.mark.parametrize(
    "members",
    [
        json_parts._MARK[1:] + b",",
        b'"450":%b,' % msgspec.json.encode(token(2000)),
        b'"x":%b,' % msgspec.json.encode(MANY["450"]),
        b'"x":{"id":"},\\"100\\":{"},"700":{},',
        b'"1":{},"2":{"id":"0000000002","revoked_at":1},',
        b"},",
    ],
    ids=["mark", "document ID twice", "token twice", "text", "damaged", "torn"],
)
def test_odd_members(tmp_path: Path, members: bytes, table: bytes, place: int) -> None:
    path = tmp_path / "tokens.json"
    _write(path, _content(MANY))
    store = open_store(str(path), read_only=True)
    for _ in range(2):
        _told(store)
        _write(path, _with(members, place, table))
    whole = open_store(str(path), read_only=True)
    whole._file._decoder = _Whole()
    assert _told(store) == _told(whole)


@settings(max_examples=100)
@given(st.lists(st.tuples(_TABLES, st.sampled_from(_STYLES)), min_size=1, max_size=4))
def test_a_store_that_stays_open_is_as_one_just_opened(
    contents: list[tuple[dict[str, Any], Callable[[Any], bytes]]],
) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "tokens.json"
        store = open_store(str(path), read_only=True)
        for tables, style in contents:
            _write(path, style({"tokentui": _MARK, "tokens": tables}))
            whole = open_store(str(path), read_only=True)
            whole._file._decoder = _Whole()
            assert _told(store) == _told(whole)

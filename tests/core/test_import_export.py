"""Tokens as text and back, and what is refused on the way."""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.opening import open_store
from tokentui.core import batches, import_export
from tokentui.core.errors import InvalidImport
from tokentui.core.import_export import Form
from tokentui.core.token import BASE62, Token

from ..conftest import NOW

_HASH = "$2b$04$" + "." * 53
_TOKEN = Token(
    id="0000000001",
    account="ada",
    name="deploy",
    created_at=NOW,
    expires_at=NOW + timedelta(days=3),
    saved_at=NOW,
    hash=_HASH,
    read_only=True,
    networks=("192.0.2.0/24", "2001:db8::/32"),
    revision=7,
    note="Nightly build; ask Ann",
)
_ids = st.text(BASE62, min_size=10, max_size=10)
_moments = st.datetimes(
    max_value=NOW.replace(tzinfo=None), min_value=NOW.replace(year=1970, tzinfo=None)
).map(lambda naive: naive.replace(tzinfo=NOW.tzinfo))
_tokens = st.builds(
    lambda live, **fields: Token(
        hash=_HASH if live else None, revoked_at=None if live else NOW, **fields
    ),
    live=st.booleans(),
    id=_ids,
    account=st.sampled_from(
        [
            "ada",
            "böb",
            "a,b",
            'a"b',
            " a ",
            "+ops",
            "-x",
            "=1",
            "@a",
            "\uff1d1",
            "'a",
            "'=1",
            "''",
            "'",
        ]
    ),
    name=st.text(BASE62 + "-_", min_size=1, max_size=50),
    created_at=_moments,
    expires_at=st.none() | _moments,
    saved_at=st.none() | _moments,
    read_only=st.booleans(),
    networks=st.sampled_from([(), ("192.0.2.0/24",), ("192.0.2.1/32", "2001:db8::/32")]),
    revision=st.integers(1, 10**6),
    note=st.sampled_from(["", "=1+1", "'quoted'", 'Für "Büro", ask Ann', "-"]),
)


def _written(tokens: Iterable[Token], form: Form, *, hashes: bool = False) -> str:
    return "".join(import_export.write(tokens, form, hashes=hashes))


@pytest.mark.parametrize("form", Form)
def test_tokens_are_taken_as_they_are_written(form: Form) -> None:
    taken: list[Token] = []

    def tokens() -> Iterator[Token]:
        for _ in range(3 * batches.SIZE):
            taken.append(_TOKEN)
            yield _TOKEN

    parts = import_export.write(tokens(), form)
    sizes = [batches.FEW, batches.SIZE - batches.FEW, batches.SIZE, batches.SIZE]
    for size, total in zip(sizes, accumulate(sizes), strict=True):
        assert next(parts).count(_TOKEN.id) == size
        assert len(taken) == total
    assert _TOKEN.id not in "".join(parts)


def record(**changes: object) -> dict[str, Any]:
    [exported] = json.loads(_written([_TOKEN], Form.JSON, hashes=True))
    return exported | changes  # type: ignore[no-any-return]


def as_text(records: list[dict[str, Any]], form: Form) -> str:
    if form is Form.JSON:
        return json.dumps(records)
    text = io.StringIO()
    rows = csv.DictWriter(text, list(dict.fromkeys(name for each in records for name in each)))
    rows.writeheader()
    rows.writerows(records)
    return text.getvalue()


@given(st.lists(_tokens, unique_by=lambda token: token.id), st.sampled_from(Form))
def test_what_was_written_with_hashes_is_read_back(tokens: list[Token], form: Form) -> None:
    assert import_export.read(_written(tokens, form, hashes=True), form) == tokens


@pytest.mark.parametrize("form", Form)
def test_hashes_are_left_out_unless_asked_for(form: Form) -> None:
    assert _HASH not in _written([_TOKEN], form)
    assert "hash" not in _written([_TOKEN], form)


@pytest.mark.parametrize("form", Form)
@pytest.mark.parametrize("char", ["\x1b", "\x9b", "\u202e", "\x7f", "\r"])
def test_nothing_that_is_written_acts_on_a_terminal(form: Form, char: str) -> None:
    hostile = replace(_TOKEN, name=f"a{char}b", account=f"a{char}b", networks=(char,))
    assert char not in _written([hostile], form)


_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


@pytest.mark.parametrize("begin", _FORMULA)
def test_no_spreadsheet_takes_a_cell_for_a_formula(begin: str) -> None:
    hostile = replace(_TOKEN, name=f"{begin}1", account=f"{begin}cmd", revoked_by=f"{begin}A1")
    [_, row] = csv.reader(io.StringIO(_written([hostile], Form.CSV)))
    assert not [cell for cell in row if cell.startswith(_FORMULA)]


def test_what_other_programs_wrote_in_quotes_stays_so() -> None:
    text = as_text([record(account="'ada'", networks="")], Form.CSV)
    assert import_export.read(text, Form.CSV)[0].account == "'ada'"


@pytest.mark.parametrize("form", Form)
def test_networks_are_kept_in_one_form_whatever_wrote_them(form: Form) -> None:
    written = ["::ffff:192.0.2.0/120", "::ffff:c000:200/120", "192.0.2.0/24", "2001:DB8::1"]
    networks = " ".join(written) if form is Form.CSV else written
    [token] = import_export.read(as_text([record(networks=networks)], form), form)
    assert token.networks == ("192.0.2.0/24", "2001:db8::1/128")


@pytest.mark.parametrize("form", Form)
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": "two words"}, "a space is not allowed"),
        ({"name": "x" * 51}, "at most 50"),
        ({"id": "short"}, "id"),
        ({"id": "00000000/1"}, "letters and digits"),
        ({"id": "é" * 10}, "letters and digits"),
        ({"created_at": "yesterday"}, "created_at"),
        ({"created_at": "2026-01-01T00:00:00"}, "timezone"),
        ({"expires_at": "9999-12-31T23:59:59Z"}, "out of range"),
        ({"hash": ""}, "no hash"),
        ({"hash": "plain"}, "not a bcrypt hash"),
        ({"account": f"tt_{'0' * 10}_{'0' * 38}"}, "contains a secret"),
        ({"hash": "$2b$31$" + "." * 53}, "not a bcrypt hash"),
        ({"secret": "x"}, "unknown field `secret`"),
        ({"revision": "0"}, "revision"),
        ({"account": "a\x1b"}, "account"),
        ({"networks": "fe80::1%\x1b"}, "network"),
        ({"account": "a" * 65}, "account"),
        ({"revoked_by": "a\x1b"}, "account"),
        ({"note": "a\x1b"}, "one line of printable text"),
        ({"note": "x" * 201}, "at most 200"),
    ],
)
def test_a_record_that_is_no_token(form: Form, changes: dict[str, Any], said: str) -> None:
    if form is Form.JSON:
        # What a cell is in CSV.
        changes = {name: {"": None, "0": 0}.get(value, value) for name, value in changes.items()}
        if "networks" in changes:
            changes = {"networks": [changes["networks"]]}
    if form is Form.CSV:
        changes = {"networks": "", **changes}
    good = record(id="0000000002", name="good", networks="" if form is Form.CSV else [])
    with pytest.raises(InvalidImport, match="Record 2 is not a token") as error:
        import_export.read(as_text([good, record(**changes)], form), form)
    [problem] = error.value.problems
    assert said in problem


def test_each_problem_is_told() -> None:
    records = [record(name=""), record(), record(), record(networks=["everywhere"]), 5]
    with pytest.raises(InvalidImport) as error:
        import_export.read(json.dumps(records[:4]), Form.JSON)
    assert [problem.partition(":")[0] for problem in error.value.problems] == [
        "Record 1 is not a token",
        "Record 4 is not a token",
        "The token ID 0000000001 occurs twice.",
    ]
    assert "3 problems were found." in str(error.value)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("", Form.JSON),
        ("{", Form.JSON),
        ('{"tokens": []}', Form.JSON),
        ("[5]", Form.JSON),
        ("[" * 10_000, Form.JSON),
        ('id,name\n1,"open', Form.CSV),
        ("id,name\n1,2,3\n", Form.CSV),
        ("no such title\n1\n", Form.CSV),
        ("", Form.CSV),
        ("id,account,name,created_at,expires_at,networks\n0000000001,ada,short\n", Form.CSV),
        ("id,name\n\0,x\n", Form.CSV),
    ],
)
def test_what_is_no_list_of_tokens(text: str, form: Form) -> None:
    with pytest.raises(InvalidImport):
        import_export.read(text, form)


@pytest.mark.parametrize("form", Form)
def test_a_last_day_is_not_forgotten(form: Form) -> None:
    """A column that is not there is no token that never expires."""
    without = record(networks="" if form is Form.CSV else [])
    del without["expires_at"]
    with pytest.raises(InvalidImport, match="expires_at"):
        import_export.read(as_text([without], form), form)


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_lines_may_end_as_on_any_system(ends: str) -> None:
    text = _written([_TOKEN], Form.CSV, hashes=True).replace("\n", ends)
    assert import_export.read(text, Form.CSV) == [_TOKEN]


def test_a_long_text_is_refused_quickly() -> None:
    """Looking for a secret in it must not take the square of its length: that is hours here."""
    with pytest.raises(InvalidImport, match="account"):
        import_export.read(json.dumps([record(account="a" * 3_000_000)]), Form.JSON)


def test_a_revoked_token_needs_no_hash_and_loses_it() -> None:
    revoked = record(revoked_at="2026-11-24T20:15:00Z")
    assert import_export.read(json.dumps([revoked]), Form.JSON)[0].hash is None
    del revoked["hash"]
    assert import_export.read(json.dumps([revoked]), Form.JSON)[0].revoked_at == NOW


def test_only_what_is_missing_is_added(store_path: Path) -> None:
    store = open_store(str(store_path))
    store.apply(added=[replace(_TOKEN, revoked_at=NOW, hash=None)])
    other = replace(_TOKEN, id="0000000002", name="other")
    assert import_export.missing([_TOKEN, other], store) == [other]


def test_names_that_are_taken(store_path: Path) -> None:
    store = open_store(str(store_path))
    store.apply(added=[replace(_TOKEN, name="Taken")])
    new = [
        replace(_TOKEN, id="0000000002", name="taken"),
        replace(_TOKEN, id="0000000003", name="twin"),
        replace(_TOKEN, id="0000000004", name="Twin"),
        replace(_TOKEN, id="0000000005", name="taken", account="bob"),
        replace(_TOKEN, id="0000000006", name="taken", revoked_at=NOW, hash=None),
    ]
    with pytest.raises(InvalidImport) as error:
        import_export.missing(new, store)
    assert len(error.value.problems) == 3
    assert import_export.missing(new[3:], store) == new[3:]

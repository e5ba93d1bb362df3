"""What may reach a terminal."""

import unicodedata
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokentui.core import batches
from tokentui.core.errors import NameTaken, StoreUnreadable, TokenNotFound
from tokentui.core.text import ascii_json, ascii_json_list, printable

_TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
_PLAIN = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | _TEXTS
_JSON = st.recursive(
    _PLAIN, lambda inner: st.lists(inner) | st.dictionaries(_TEXTS, inner), max_leaves=9
)


@given(st.text(st.characters(exclude_categories=())))
def test_nothing_that_acts_on_a_terminal_is_left(text: str) -> None:
    kinds = {unicodedata.category(char) for char in printable(text)}
    assert not kinds & {"Cc", "Cf", "Cs", "Zl", "Zp"}


def test_an_error_tells_a_path_or_a_name_without_its_effects() -> None:
    for error in (
        StoreUnreadable("a\x1b]52;c;eA==\x07"),
        NameTaken("a\x1b"),
        TokenNotFound("a\x1b"),
    ):
        assert "\x1b" not in str(error)
        assert r"a\x1b" in str(error)


def test_what_can_be_read_stays() -> None:
    assert printable("ci-deploy 日本 é") == "ci-deploy 日本 é"


def test_the_rest_is_written_out() -> None:
    assert printable("a\x1b]52;c\x07\x9b\u202e") == r"a\x1b]52;c\x07\x9b\u202e"


@given(st.lists(_JSON, max_size=5))
def test_a_list_is_written_in_parts_as_in_one_piece(items: list[object]) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(batches, "FEW", 1)
        patched.setattr(batches, "SIZE", 3)
        for indent in ("", "  "):
            written = "".join(ascii_json_list(items, indent))
            assert written == ascii_json(items).replace("\n", f"\n{indent}")


def test_a_list_is_taken_as_it_is_written() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for number in range(10 * batches.SIZE):
            taken.append(number)
            yield number

    parts = ascii_json_list(items())
    assert next(parts).startswith("[\n  0,\n")
    assert len(taken) == batches.FEW
    next(parts)
    assert len(taken) == batches.SIZE

"""What may reach a terminal."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from tokentui.core.errors import NameTaken, StoreUnreadable, TokenNotFound
from tokentui.core.text import printable


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

"""What may reach a terminal."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from tokentui.core.text import printable


@given(st.text(st.characters(exclude_categories=())))
def test_nothing_that_acts_on_a_terminal_is_left(text: str) -> None:
    kinds = {unicodedata.category(char) for char in printable(text)}
    assert not kinds & {"Cc", "Cf", "Cs", "Zl", "Zp"}


def test_what_can_be_read_stays() -> None:
    assert printable("ci-deploy 日本 é") == "ci-deploy 日本 é"


def test_the_rest_is_written_out() -> None:
    assert printable("a\x1b]52;c\x07\x9b\u202e") == r"a\x1b]52;c\x07\x9b\u202e"

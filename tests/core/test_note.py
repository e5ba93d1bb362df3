"""What can be the note of a token."""

import pytest

from tokentui.core.errors import InvalidNote
from tokentui.core.note import check_note, parse_note


@pytest.mark.parametrize(
    "note", ["", "x" * 200, "Für Büro & Straße: ask Ann", "東京", "🚀", "a\u00a0b"]
)
def test_what_can_be_read_on_one_line(note: str) -> None:
    check_note(note)
    assert parse_note(f"  {note} ") == note


@pytest.mark.parametrize(
    ("note", "said"),
    [
        ("x" * 201, "this has 201"),
        ("a\nb", r"'\\n' is not allowed"),
        ("a\tb", r"'\\t' is not allowed"),
        ("a\x7fb", r"'\\x7f' is not allowed"),
        ("a\u202eb", r"'\\u202e' is not allowed"),
        ("a\u2028b", r"'\\u2028' is not allowed"),
        ("\ud800", r"'\\ud800' is not allowed"),
        (f"it is tt_{'0' * 10}_{'0' * 38}", "must not contain a secret"),
    ],
)
def test_what_cannot(note: str, said: str) -> None:
    with pytest.raises(InvalidNote, match=said) as refused:
        check_note(note)
    assert str(refused.value).isprintable()

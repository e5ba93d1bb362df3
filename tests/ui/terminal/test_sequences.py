"""What a terminal sends, split up: nothing is lost, nothing fails, wherever a line splits it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokentui.ui.terminal.sequences import KEY_WAIT, Paste, Sequence, Splitter, Text, Token


def split(*parts: str) -> list[Token]:
    """Return the tokens of what comes in parts, and then no more."""
    splitter = Splitter()
    return [
        *(token for part in parts for token in splitter.feed(part)),
        *splitter.expire(),
    ]


@pytest.mark.parametrize(
    "sequence",
    [
        "\x1b[D",
        "\x1bOD",
        "\x1bO5D",
        "\x1b[1;5D",
        "\x1b[[A",
        "\x1b[3$",
        "\x1b[?62;22c",
        "\x1b[?2026;2$y",
        "\x1b[<0;3;4M",
        "\x1b[M !!",
        "\x1b]11;rgb:ff/ff/ff\x07",
        "\x1b]11;rgb:ff/ff/ff\x1b\\",
        "\x1bP1+r6b=41\x1b\\",
        "\x1bP>|xterm(390)\x1b\\",
        "\x1b_Gi=31;OK\x1b\\",
    ],
)
def test_a_sequence_is_whole_however_it_is_split(sequence: str) -> None:
    whole = [Sequence(sequence), Text("x")]
    assert split(sequence + "x") == whole
    assert split(sequence[:1], sequence[1:], "x") == whole
    if sequence[1] in "[O":
        assert split(*sequence, "x") == whole


@pytest.mark.parametrize("key", ["\r", "\x13", "x", "\x7f", "f", "1", "é", "]", "P", "_", "\\"])
def test_esc_and_a_key_are_two_keys(key: str) -> None:
    assert split(f"\x1b{key}") == [Text("\x1b"), Text(key)]
    assert split("\x1b", key) == [Text("\x1b"), Text(key)]


@pytest.mark.parametrize(
    ("typed", "keys"),
    [
        ("\x1b", ["\x1b"]),
        ("\x1b\x1b", ["\x1b", "\x1b"]),
        ("\x1b[", ["\x1b", "["]),
        ("\x1bO", ["\x1b", "O"]),
        ("\x1b[\r", ["\x1b", "[\r"]),
        ("\x1bO\r", ["\x1b", "O\r"]),
        ("\x1b[\x1b", ["\x1b", "[", "\x1b"]),
        ("\x1bP1", ["\x1b", "P1"]),
        ("\x1bP1\r", ["\x1b", "P1\r"]),
        ("\x1b]1\x1b", ["\x1b", "]1", "\x1b"]),
    ],
)
def test_what_nothing_follows_was_typed(typed: str, keys: list[str]) -> None:
    assert split(typed) == list(map(Text, keys))


@pytest.mark.parametrize("damaged", ["\x1b[1;", "\x1b[?62", "\x1b[M !", "\x1b[<0;3"])
def test_half_a_sequence_is_no_key(damaged: str) -> None:
    assert split(damaged) == []
    assert split(f"{damaged}\r")[-1] == Text("\r")


def test_esc_waits_for_what_starts_a_sequence_alone() -> None:
    splitter = Splitter()
    waits = []
    for part in ("", "\x1b", "x", "\x1b[", "A"):
        list(splitter.feed(part))
        waits.append(splitter.patience)
    assert waits == [None, KEY_WAIT, None, KEY_WAIT, None]
    assert KEY_WAIT == 0.2


@pytest.mark.parametrize("cut", range(1, 18))
def test_a_paste_is_whole_however_it_is_split(cut: int) -> None:
    pasted = "\x1b[200~a\rb\x1b[A\x1b[201~x"
    assert split(pasted[:cut], pasted[cut:]) == [Paste("a\rb\x1b[A"), Text("x")]


def test_esc_ends_a_paste_whose_end_was_lost() -> None:
    splitter = Splitter()
    assert list(splitter.feed("\x1b[200~lost\x1b")) == []
    assert list(splitter.expire()) == []
    assert list(splitter.feed("q")) == [Text("q")]


_PIECES = st.sampled_from(
    [*"\x1b[O1;M$~é\r\x07A", "P1", "]1;", "\x1b\\", "\x1b[200~", "\x1b[201~", "\x1b[A"]
)


@given(st.lists(_PIECES, max_size=30))
def test_no_character_is_made_up(pieces: list[str]) -> None:
    sent = "".join(pieces)
    came = "".join(token.text for token in split(*pieces))
    rest = iter(sent)
    assert all(character in rest for character in came)

"""What the bytes of a terminal come to: keys, pastes, the mouse, and otherwise nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual import events

from tokentui.ui.terminal.keyboard import Burst, Keyboard


def keys(data: bytes) -> list[str]:
    return [each.key for each in Keyboard().feed(data) if isinstance(each, events.Key)]


@pytest.mark.parametrize(
    ("data", "names"),
    [
        (b"\x1b[A", ["up"]),
        (b"\x1bOA", ["up"]),
        (b"\x1b[[A", ["f1"]),
        (b"\x1b[15~", ["f5"]),
        (b"\x1b[25~", ["f13"]),
        (b"\x1b[1;5C", ["ctrl+right"]),
        (b"\x1b[5C", ["ctrl+right"]),
        (b"\x1b[Z", ["shift+tab"]),
        (b"\x1bOj", ["asterisk"]),
        (b"\x1b[97;;97u", ["a"]),
        (b"\x1b[97;1:1u", ["a"]),
        (b"\x1b[97;1:2u", ["a"]),
        (b"\x1b[114:82;5u", ["ctrl+r"]),
        (b"\x1b[27;5;114~", ["ctrl+r"]),
        (b"\x1b[27u", ["escape"]),
        (b"\x1b\r", ["escape", "enter"]),
        (b"\x1b\x1b[D", ["escape", "left"]),
        ("é".encode(), ["é"]),
        (b"r\t\r", ["r", "tab", "enter"]),
    ],
)
def test_keys(data: bytes, names: list[str]) -> None:
    assert keys(data) == names


@pytest.mark.parametrize(
    "data",
    [
        b"\x1b[97;1:3u",  # a release
        b"\x1b[1;1:3A",
        b"\x1b[1114112u",  # no code point
        b"\x1b[55296u",
        b"\x1b[57500u",
        b"\x1b[99~",
        b"\x1b[114A",
        b"\x1b[" + b"9" * 5000 + b"u",
        b"\x1b[27;5;" + b"9" * 5000 + b"~",
        b"\x1b[?62;22c",  # answers
        b"\x1b[>1;10;0c",
        b"\x1b[8;24;80t",
        b"\x1b[48;24;80;0;0t",
        b"\x1b[1;1R",
        b"\x1b[24;80R",
        b"\x1b[?2048;1$y",
        b"\x1b]11;rgb:0000/0000/0000\x07",
        b"\x1bP1+r544e=78\x1b\\",
        b"\x1b[<0;-3;4M",
        b"\x1b[<0;99999999;4M",
    ],
)
def test_what_is_no_key_is_nothing(data: bytes) -> None:
    keyboard = Keyboard()
    assert keyboard.feed(data) == []
    [key] = keyboard.feed(b"x")
    assert isinstance(key, events.Key)
    assert key.key == "x"


def test_the_mouse_stays_in_cells_whatever_size_is_reported() -> None:
    keyboard = Keyboard()
    keyboard.feed(b"\x1b[?2048;2$y\x1b[48;24;80;0;0t")
    [click] = keyboard.feed(b"\x1b[<0;3;4M")
    assert isinstance(click, events.MouseDown)
    assert (click.x, click.y) == (2, 3)


def test_esc_alone_comes_once_its_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("tokentui.ui.terminal.keyboard.time.monotonic", lambda: now[0])
    keyboard = Keyboard()
    assert keyboard.feed(b"\x1b") == []
    now[0] += 0.15
    assert keyboard.tick() == []
    assert [each.key for each in keyboard.feed(b"[D") if isinstance(each, events.Key)] == ["left"]
    keyboard.feed(b"\x1b")
    now[0] += 0.2
    [escape] = keyboard.tick()
    assert isinstance(escape, events.Key)
    assert escape.key == "escape"
    assert keyboard.due is None


@pytest.mark.parametrize(
    ("text", "burst"),
    [
        ("report\tand\rmore\r", True),
        ("re\r", True),
        ("\tre", True),
        ("two\nlines", True),
        ("report", False),
        ("r\t\r", False),
        ("t\r\r", False),
        ("c\t\tj\r", False),
    ],
)
def test_a_word_and_enter_or_tab_at_once_are_a_burst(text: str, *, burst: bool) -> None:
    came = Keyboard().feed(text.encode())
    assert isinstance(came[0], Burst) is burst
    typed = came[0].keys if isinstance(came[0], Burst) else came
    assert len(typed) == len(text)


@given(st.lists(st.binary(max_size=12) | st.text("\x1b[]O<>?;:$~uMRPt0123456789").map(str.encode)))
def test_no_bytes_make_it_fail(parts: list[bytes]) -> None:
    keyboard = Keyboard()
    for part in parts:
        keyboard.feed(part)
        keyboard.tick()

"""What a terminal sends, split into text, control sequences and pastes. Knows no Textual.

The names are those of ECMA-48: CSI and SS3 start keys and reports; OSC, DCS and APC start strings,
which terminals send in answer to a question alone.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

ESC = "\x1b"
KEY_WAIT = 0.2
"""Seconds that Esc waits for what would make it the start of a sequence."""
_PARAMETERS_WAIT = 2.0
"""Seconds that a sequence may stall once it cannot be keys that somebody typed."""
_LONGEST_PASTE = 1 << 20
_LONGEST_SEQUENCE = 1 << 12

_PASTE_START = f"{ESC}[200~"
_PASTE_END = f"{ESC}[201~"

_X10_MOUSE = r"\x1b\[M[^\x00-\x1f]"
_LINUX_CONSOLE = r"\x1b\[\["
_RXVT = r"\x1b\[\d+\$"
# Only those openings that terminals answer with: Esc and then ], P or _ may be keys.
_STRING = r"\x1b(?:\]\d|P[\d>!]|_G)[^\x00-\x1f\x7f]*"

_COMPLETE = re.compile(
    rf"(?P<text>[^\x1b]+)|{_X10_MOUSE}{{0,3}}|{_LINUX_CONSOLE}[A-E]|{_RXVT}|{_STRING}(?:\x07|\x1b\\)"
    # CSI without [, which starts a key of the Linux console; SS3.
    r"|\x1b\[[ -?]*[@-Z\\-~]|\x1bO\d?[@-~]"
)
_BEGUN = re.compile(
    rf"{_X10_MOUSE}{{0,2}}|{_LINUX_CONSOLE}|{_STRING}\x1b?"
    r"|\x1b(?:\[(?!\d+\$)[ -?]*|O\d?)?"
)
_DAMAGED = re.compile(r"\x1b\[[ -?]*")
_TYPED = re.compile(rf"\x1b[\[O]?|\x1bO\d|{_LINUX_CONSOLE}|{_STRING}\x1b?")
"""What is begun and may as well be keys that somebody typed."""


class Text(NamedTuple):
    """Characters that were typed, or pasted without brackets; Esc stands alone."""

    text: str


class Sequence(NamedTuple):
    """A control sequence or string; one that was cut off is no key."""

    text: str


class Paste(NamedTuple):
    """What was pasted between the brackets of a terminal."""

    text: str


Token = Text | Sequence | Paste


class Splitter:
    """Splits what is read, piece by piece; a sequence that a slow line splits stays whole."""

    def __init__(self) -> None:
        self._rest = ""
        self._pasted: str | None = None

    @property
    def patience(self) -> float | None:
        """Seconds to wait for more before `expire` is called, or None if nothing is begun."""
        if not self._rest:
            return None
        typed = self._pasted is not None or _TYPED.fullmatch(self._rest)
        return KEY_WAIT if typed else _PARAMETERS_WAIT

    def feed(self, text: str) -> Iterator[Token]:
        """Yield what is complete by now."""
        text, self._rest = self._rest + text, ""
        position = 0
        while position < len(text):
            if self._pasted is not None:
                end = text.find(_PASTE_END, position)
                if end < 0:
                    self._paste(text[position:])
                    return
                pasted = self._pasted + text[position:end]
                self._pasted, position = None, end + len(_PASTE_END)
                yield Paste(pasted)
            elif _BEGUN.fullmatch(text, position):
                # Nothing that is a sequence grows as long as this: only its start is kept.
                self._rest = text[position : position + _LONGEST_SEQUENCE]
                return
            else:
                token = _next(text, position)
                position += len(token.text)
                if token.text == _PASTE_START:
                    self._pasted = ""
                else:
                    yield token

    def expire(self) -> Iterator[Token]:
        """Yield what was begun, as the keys that it must have been. A damaged sequence is none."""
        begun, self._rest = self._rest, ""
        if self._pasted is not None:
            # The end of the paste was lost with the line: Esc gets the keyboard back.
            self._pasted = None if begun == ESC else self._pasted + begun
        elif _TYPED.fullmatch(begun):
            yield from _keys(begun)

    def _paste(self, text: str) -> None:
        """Take more of a paste, but keep back what may be the start of its end."""
        start = text.rfind(ESC, -len(_PASTE_END))
        if start >= 0 and _PASTE_END.startswith(text[start:]):
            text, self._rest = text[:start], text[start:]
        self._pasted = ((self._pasted or "") + text)[:_LONGEST_PASTE]


def _next(text: str, position: int) -> Text | Sequence:
    """Return the token at `position`, where something is complete."""
    if match := _COMPLETE.match(text, position):
        return Text(match[0]) if match["text"] else Sequence(match[0])
    damaged = _DAMAGED.match(text, position)
    if damaged and not _TYPED.fullmatch(damaged[0]):
        return Sequence(damaged[0])
    return Text(ESC)


def _keys(begun: str) -> Iterator[Text]:
    """Yield Esc by itself, and what was typed after it."""
    for part in re.findall(r"\x1b|[^\x1b]+", begun):
        yield Text(part)

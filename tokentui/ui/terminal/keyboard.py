"""What was read from the terminal, as Textual's messages: well-formed and known, or nothing."""

import re
import time
from codecs import getincrementaldecoder
from collections.abc import Iterable, Iterator

from textual import events, messages
from textual.message import Message

from tokentui.ui.terminal.sequences import ESC, Paste, Sequence, Splitter, Text, Token
from tokentui.ui.textual_compat import FUNCTIONAL_KEYS, KeyTables

_FOCUS = {"\x1b[I": events.AppFocus, "\x1b[O": events.AppBlur}
_SYNCHRONIZED_OUTPUT = re.compile(r"\x1b\[\?2026;[1-4]\$y")
_MOUSE = re.compile(r"\x1b\[<\d{1,5};\d{1,5};\d{1,5}[Mm]")
# CSI code:alternates ; modifiers:kind ; text end. A report of the cursor ends with R as well.
_KEY = re.compile(
    r"\x1b\[(?P<code>\d{1,7})?(?::[\d:]*)?"
    r"(?:;(?P<modifiers>\d{1,3})?(?::(?P<kind>\d))?(?:;(?P<text>[\d:]*))?)?"
    r"(?P<end>[u~A-FHPQS])"
)
_RELEASE = "3"
_MODIFIED_OTHER_KEY = "27~"
_PASTED = re.compile(r"[^\x00-\x1f\x7f]{2}.*[\t\r\n]|[\t\r\n].*[^\x00-\x1f\x7f]{2}", re.DOTALL)
"""A word together with Enter or Tab, which nobody types at once."""


class Burst(events.Paste):
    """A word and Enter or Tab, read at once: keys where a field has the focus, else a paste."""

    def __init__(self, text: str, keys: list[events.Key]) -> None:
        super().__init__(text)
        self.keys = keys


class Keyboard:
    """Reads bytes and gives messages, without ever failing on what a terminal sends."""

    def __init__(self) -> None:
        # What is in another encoding becomes replacement characters.
        self._decode = getincrementaldecoder("utf-8")("replace").decode
        self._splitter = Splitter()
        self._tables = KeyTables()
        self._read_at = 0.0

    @property
    def due(self) -> float | None:
        """Seconds until `tick` has to be called, or None where nothing has begun."""
        patience = self._splitter.patience
        return None if patience is None else max(0.0, self._read_at + patience - time.monotonic())

    def feed(self, data: bytes) -> list[Message]:
        """Return what `data` completes."""
        self._read_at = time.monotonic()
        return list(self._messages(self._splitter.feed(self._decode(data))))

    def tick(self) -> list[Message]:
        """Return what was begun, once nothing came that would complete it."""
        return list(self._messages(self._splitter.expire())) if self.due == 0.0 else []

    def _messages(self, tokens: Iterable[Token]) -> Iterator[Message]:
        for token in tokens:
            match token:
                case Paste(text):
                    yield events.Paste(text.replace("\x00", ""))
                case Sequence(text):
                    yield from self._sequence(text)
                case Text(text):
                    keys = self._typed(text)
                    if _PASTED.search(text):
                        yield Burst(text, keys)
                    else:
                        yield from keys

    def _typed(self, text: str) -> list[events.Key]:
        if text == ESC:
            return [events.Key("escape", ESC)]
        return [key for character in text for key in self._tables.of_protocol(character)]

    def _sequence(self, text: str) -> Iterator[Message]:
        """Yield what a sequence says; nothing where it is unknown, or an answer nobody asked for.

        A size that the terminal reports is one of them: the kernel knows it.
        """
        if text in _FOCUS:
            yield _FOCUS[text]()
        elif _SYNCHRONIZED_OUTPUT.fullmatch(text):
            yield messages.TerminalSupportsSynchronizedOutput()
        elif _MOUSE.fullmatch(text):
            if (mouse := self._tables.mouse(text)) is not None:
                yield mouse
        elif match := _KEY.fullmatch(text):
            yield from self._key(match, text)
        else:
            yield from self._tables.of_table(text)

    def _key(self, match: re.Match[str], text: str) -> list[events.Key]:
        """Return the key of a sequence of kitty's protocol, or of one that looks like it."""
        if match["kind"] == _RELEASE:
            return []
        code, end, modifiers = int(match["code"] or 1), match["end"], match["modifiers"] or ""
        typed = ":".join(each for each in (match["text"] or "").split(":") if _is_typed(each))
        known = (
            f"{code}{end}" in FUNCTIONAL_KEYS
            or (end == "u" and _is_typed(str(code)))
            or (f"{code}{end}" == _MODIFIED_OTHER_KEY and typed)
        )
        if not known:
            return self._tables.of_table(text)
        return self._tables.of_protocol(f"{ESC}[{code};{modifiers};{typed}{end}")


def _is_typed(code: str) -> bool:
    """Say whether a code point is that of a character which keys type."""
    return 0 < len(code) <= 7 and int(code) <= 0x10FFFF and chr(int(code)).isprintable()

"""Terminals that know fewer characters than Unicode has."""

from collections.abc import Sequence

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

_REPLACEMENTS = dict(
    zip(
        "─━│┃╭╮╰╯┌┐└┘▔▁▂▃▄▅▆▇█▌▐▊▎▏●•·■…⏎↑↓←→▲▼\N{MULTIPLICATION SIGN}»✓",
        "-=||++++++++-_______#|||||**-*.<^v<>^vx>x",
        strict=True,
    )
)


class EncodingFallback(LineFilter):
    """Writes a character that an encoding lacks with others that fill the same cells."""

    def __init__(self, encoding: str) -> None:
        super().__init__()
        self._encoding = encoding

    def apply(self, segments: Sequence[Segment], _: Color) -> list[Segment]:
        return [Segment(self._known(text), style, control) for text, style, control in segments]

    def _known(self, text: str) -> str:
        return text if self._knows(text) else "".join(map(self._replace, text))

    def _replace(self, char: str) -> str:
        return char if self._knows(char) else _REPLACEMENTS.get(char, "?" * cell_len(char))

    def _knows(self, text: str) -> bool:
        try:
            text.encode(self._encoding)
        except UnicodeEncodeError:
            return False
        return True

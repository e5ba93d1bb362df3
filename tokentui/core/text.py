"""Which characters may reach a terminal."""

import json
import unicodedata

# Control, format, surrogate, and line and paragraph separators: the characters that move the
# cursor, set the clipboard or turn the reading direction instead of being read themselves.
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def printable(text: str) -> str:
    """Return `text` with every character that would act on a terminal written out as an escape.

    Names are checked when they are typed, but a store may come from an older version, an import
    or another program: whatever shows a text from a store passes it through here.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        char.encode("unicode_escape").decode("ascii")
        if unicodedata.category(char) in _UNSAFE
        else char
        for char in text
    )


def ascii_json(value: object, *, indent: int | None = 2) -> str:
    """Return `value` as JSON in which no character of a name acts on a terminal."""
    # ASCII but for the one control character of it that JSON lets stand.
    return json.dumps(value, indent=indent, ensure_ascii=True).replace("\x7f", "\\u007f")

"""Texts for people: which characters may reach a terminal, and what was probably meant."""

import json
import unicodedata
from collections.abc import Iterable, Sequence

# Control, format, surrogate, and line and paragraph separators: the characters that move the
# cursor, set the clipboard or turn the reading direction instead of being read themselves.
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})

_LONGEST_COMPARED = 100


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


def similar(word: str, known: Iterable[str]) -> list[str]:
    """Return those of `known` that `word` may be a misspelling of, best first, letter case aside.

    The work is bounded: a word of more than 100 characters is similar to none.
    """
    from difflib import get_close_matches  # slow to load, and seldom needed

    if len(word) > _LONGEST_COMPARED:
        return []
    folded = {each.casefold(): each for each in known if len(each) <= _LONGEST_COMPARED}
    return [folded[each] for each in get_close_matches(word.casefold(), folded)]


def did_you_mean(similar: Sequence[str]) -> str:
    """Return a question that follows a sentence about an unknown word; nothing without a guess."""
    return f' Did you mean "{similar[0]}"?' if similar else ""

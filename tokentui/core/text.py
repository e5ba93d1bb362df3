"""Texts for people: which characters may reach a terminal, and what was probably meant."""

import re
from collections.abc import Iterable, Iterator, Sequence

import msgspec

# Control, format, surrogate, and line and paragraph separators: the characters that move the
# cursor, set the clipboard or turn the reading direction instead of being read themselves.
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})

# What JSON may hold as it is, and a terminal should not get from us.
_NOT_PLAIN = r"[^\x00-\x7e]"

_LONGEST_COMPARED = 100


def printable(text: str) -> str:
    """Return `text` with every character that would act on a terminal written out as an escape.

    Names are checked when they are typed, but a store may come from an older version, an import
    or another program: whatever shows a text from a store passes it through here.
    """
    if text.isascii() and text.isprintable():
        return text
    import unicodedata  # slow to load, and seldom needed

    return "".join(
        char.encode("unicode_escape").decode("ascii")
        if unicodedata.category(char) in _UNSAFE
        else char
        for char in text
    )


def ascii_json(value: object, *, indent: int | None = 2) -> str:
    """Return `value` as JSON in which no character of a name acts on a terminal."""
    import json  # slow to load

    # ASCII but for the one control character of it that JSON lets stand.
    return json.dumps(value, indent=indent, ensure_ascii=True).replace("\x7f", "\\u007f")


def ascii_json_list(items: Iterable[object], indent: str = "") -> Iterator[str]:
    """Yield what `ascii_json` returns for a list of `items`, in parts: a batch at a time is taken.

    The items hold no floating-point numbers. All lines but the first begin with `indent`.
    """
    from tokentui.core.batches import growing_batches  # seldom needed

    before = "["
    for batch in growing_batches(items):
        text = msgspec.json.format(msgspec.json.encode(batch), indent=2).decode()
        inner = re.sub(_NOT_PLAIN, _escaped, text)[1:-2]
        yield before + inner.replace("\n", f"\n{indent}")
        before = ","
    yield "[]" if before == "[" else f"\n{indent}]"


def _escaped(found: re.Match[str]) -> str:
    """Return a character as JSON escapes it: in UTF-16."""
    units = found.group().encode("utf-16-be")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


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

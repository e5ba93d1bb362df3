"""The texts of many tokens, joined, so that one look for a word tells of a thousand of them."""

from collections.abc import Sequence
from functools import cached_property

from tokentui.core.cancel import Cancel
from tokentui.core.search import Word, owner_key
from tokentui.core.token import Token, name_key
from tokentui.stores.file.slices import in_slices


class Haystack:
    """What words are looked for in, of tokens in an order. It is joined once it is needed."""

    def __init__(self, tokens: Sequence[Token], cancel: Cancel) -> None:
        """Raise `Cancelled`."""
        self._parts = tuple(_Part(tuple(part)) for part in cancel.checked(in_slices(tokens)))

    def join(self, cancel: Cancel) -> None:
        """Join all texts, before any word is looked for; raise `Cancelled`."""
        for part in cancel.checked(self._parts):
            part.join()

    def having(self, word: Word, cancel: Cancel) -> list[Token]:
        """Return the tokens that have a word, in their order; raise `Cancelled`.

        Where the word is excluded, those that do not have it.
        """
        found: list[Token] = []
        for part in cancel.checked(self._parts):
            found += part.having(word)
        return found


class _Part:
    """Some tokens, with a line for each of its name, and one of the rest that is searched."""

    def __init__(self, tokens: tuple[Token, ...]) -> None:
        self._tokens = tokens

    def join(self) -> str:
        """Join the texts, which is done once, and return them."""
        return self._names + self._others

    @cached_property
    def _names(self) -> str:
        return _lines([token.name for token in self._tokens]).casefold()

    @cached_property
    def _others(self) -> str:
        others = _lines([f"{each.id}\0{each.account}\0{each.note}" for each in self._tokens])
        if others.isascii():
            return others.casefold()
        # Each has letter case of its own.
        return _lines(
            [
                f"{each.id.lower()}\0{owner_key(each.account)}\0{name_key(each.note)}"
                for each in self._tokens
            ]
        )

    def having(self, word: Word) -> Sequence[Token]:
        key, wanted = word.key, not word.excluded
        in_names = key in self._names
        in_others = not word.short and key in self._others
        if not in_names and not in_others:
            return () if wanted else self._tokens
        if in_names and in_others:
            both = zip(self._tokens, self._names.split("\n"), self._others.split("\n"), strict=True)
            return [t for t, name, other in both if (key in name or key in other) is wanted]
        lines = (self._names if in_names else self._others).split("\n")
        pairs = zip(self._tokens, lines, strict=True)
        return [token for token, line in pairs if (key in line) is wanted]


def _lines(texts: Sequence[str]) -> str:
    """Return a line for each text: in a file that others wrote, a name may be several."""
    joined = "\n".join(texts)
    if joined.count("\n") < len(texts):
        return joined
    return "\n".join([text.replace("\n", "\0") for text in texts])

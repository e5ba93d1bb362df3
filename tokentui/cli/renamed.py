"""Names of options and values that were replaced: still accepted, but left out of the help."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import click


class RenamedOption(click.Option):
    """An option that also has the earlier names `old`."""

    def __init__(self, names: Sequence[str], *, old: Sequence[str], **kwargs: Any) -> None:
        super().__init__([*names, *old], **kwargs)
        self.old = frozenset(name for each in old for name in each.split("/"))

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        if (record := super().get_help_record(ctx)) is None:
            return None
        names, text = record
        for name in self.old:
            names = names.replace(f", {name}", "")
        return names, text


class RenamedChoice(click.Choice[str]):
    """A choice whose values are shown by new names; `stored` has the word for each such name.

    The value of the option is the word, which may be given instead of the name, or by what
    `spoken` has for it, in any letter case.
    """

    def __init__(
        self,
        words: Sequence[str],
        stored: Mapping[str, str],
        spoken: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._stored = stored
        self._spoken = {text.casefold(): word for text, word in spoken.items()}
        shown = {word: name for name, word in stored.items()}
        super().__init__([shown.get(word, word) for word in words])
        self._shown = shown

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        word = self._spoken.get(str(value).casefold(), value)
        name = super().convert(self._shown.get(word, word), param, ctx)
        return self._stored.get(name, name)

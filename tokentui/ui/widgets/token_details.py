"""All that is known of a token, beside the list."""

from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest
from textwrap import wrap
from typing import Self

from textual.content import Content
from textual.geometry import Region
from textual.widgets import Static

from tokentui import formatting
from tokentui.core.audit import Entry
from tokentui.core.display import DisplayContext
from tokentui.core.query import TokenRow
from tokentui.core.text import printable
from tokentui.core.token import Token
from tokentui.formatting.audit import details, event
from tokentui.ui.widgets.token_columns import GAP, fit
from tokentui.ui.widgets.token_row import ends, row_text

_LABELS = 11
_TONES = {"": "$ok", "soon": "$warn", "unsaved": "$warn", "expired": "$bad", "muted": "$dim"}
_ABOVE = {"Name", "Note", "Status", "Expires", "Created"}
"""What stands above the labels, in another form."""
_BLANK = Content(" ")
"""An empty line, which is painted as any other line is; one that is missing is not."""
EVENTS = 5
"""How many of the latest events are shown."""
_ROOM_FOR_MORE = 12
"""Fewest cells beside an event in which the details of the event are shown."""


class TokenDetails(Static):
    """Shows one token: name, status and note, how much of the lifetime has passed, then the rest.

    The rest is what else is known, its latest events, and how to use it. `key` tells which key an
    action has.
    """

    def __init__(self, key: Callable[[str], str], *, id: str) -> None:  # noqa: A002 - Textual's
        super().__init__(id=id)
        self._key = key
        self._shown: tuple[DisplayContext, TokenRow] | None = None
        self.events: Sequence[Entry] | str | None = None
        """The latest events of the token, or why there are none; None until they are read."""
        self._drawn: list[Content] = []
        self._changed: list[Region] = []
        """What is painted again, where that is not all: each cell is sent to the terminal."""

    def show(self, context: DisplayContext, row: TokenRow | None) -> None:
        """Show a token, or nothing. Events of the same token stay until they are read again."""
        before = self._shown and self._shown[1].token.id
        self._shown = None if row is None else (context, row)
        if row is None or row.token.id != before:
            self.events = None
        self._draw()

    def show_events(self, events: Sequence[Entry] | str | None) -> None:
        """Show the latest events of the token, a sentence in their place, or none yet."""
        if events != self.events:
            self.events = events
            self._draw()

    def _draw(self) -> None:
        lines: list[Content] = []
        if self._shown is not None:
            context, row = self._shown
            width = max(_LABELS + 1, self.size.width)
            lines += _facts(context, row, width)
            for section in self._sections(context, row.token, width):
                if len(lines) + 1 + len(section) <= self.size.height:
                    lines += [_BLANK, *section]
        self._changed = list(self._differences(lines))
        self._drawn = lines
        if self._changed:
            self.update(Content("\n").join(lines), layout=False)
            self._changed = []

    def _differences(self, lines: list[Content]) -> Iterator[Region]:
        """Yield where lines look unlike those that are shown."""
        pairs = zip_longest(lines, self._drawn, fillvalue=Content(""))
        for y, (line, before) in enumerate(pairs):
            if (line.plain, line.spans) != (before.plain, before.spans):
                yield Region(0, y, self.size.width, 1)

    def refresh(self, *regions: Region, **how: bool) -> Self:
        """Paint all again, or what has changed alone."""
        return super().refresh(*(regions or self._changed), **how)

    def _sections(
        self, context: DisplayContext, token: Token, width: int
    ) -> Iterator[Sequence[Content]]:
        """Yield what is shown where there is room for all of it."""
        history = [_title("History", self._key("list.history"), "all", width)]
        history += _events(context, self.events, width)
        yield history + [_BLANK] * (1 + EVENTS - len(history))
        if token.revoked_at is None:
            example = formatting.EXAMPLE_REQUEST.replace(" -H", " \\\n  -H").split("\n")
            title = _title("Example", self._key("list.copy-example"), "copy", width)
            yield [title, *(Content.styled(line, "$dim") for line in example)]


def _facts(context: DisplayContext, row: TokenRow, width: int) -> Iterator[Content]:
    token = row.token
    words = row_text(context, row)
    tone = _TONES[words.tone]
    for line in fold(words.name, width):
        yield Content.styled(line, "bold $ink")
    status = formatting.status(context, token)
    yield Content.assemble((words.glyph, tone), f" {status}")
    for line in wrap(printable(token.note), width):
        yield Content.styled(line, "$dim")
    yield _BLANK
    if token.revoked_at is None:
        yield from _life(context, token, width, tone)
    for label, value in formatting.details(context, row):
        if label not in _ABOVE:
            yield from _labelled(label, value, width)


def _life(context: DisplayContext, token: Token, width: int, tone: str) -> Iterator[Content]:
    """Yield when a token expires, and how far between its creation and its end it is."""
    yield Content.assemble(("Expires".ljust(_LABELS), "$dim"), ends(context, token))
    created = formatting.day(context, token.created_at)
    if token.expires_at is None:
        yield Content.assemble(("Created".ljust(_LABELS), "$dim"), created)
        yield _BLANK
        return
    passed = (context.now - token.created_at) / (token.expires_at - token.created_at)
    filled = round(width * min(1.0, max(0.0, passed)))
    yield Content.assemble(("━" * filled, tone), ("─" * (width - filled), "$rule"))
    expires = formatting.day(context, token.expires_at)
    yield Content.styled(created + expires.rjust(width - len(created)), "$dim")
    yield _BLANK


def _labelled(label: str, value: str, width: int) -> Iterator[Content]:
    lines = wrap(value, max(1, width - _LABELS)) or [""]
    for number, line in enumerate(lines):
        shown = label if number == 0 else ""
        yield Content.assemble((f"{shown} ".ljust(_LABELS), "$dim"), line)


def _title(title: str, key: str, what: str, width: int) -> Content:
    """Return the title of a section, and at its right end a key and what it does."""
    gap = " " * max(1, width - len(title) - len(key) - 1 - len(what))
    return Content.assemble((title, "bold $ink"), gap, (key, "bold $accent"), (f" {what}", "$dim"))


def _events(
    context: DisplayContext, events: Sequence[Entry] | str | None, width: int
) -> Iterator[Content]:
    if isinstance(events, str):
        yield from (Content.styled(line, "$dim") for line in wrap(printable(events), width))
    elif events is not None:
        yield from (_event(context, entry, width) for entry in events)
        if not events:
            yield Content.styled("No events yet.", "$dim")


def _event(context: DisplayContext, entry: Entry, width: int) -> Content:
    when = formatting.minute(context, entry.time) + " " * GAP
    what = fit(event(entry), min(len(event(entry)), max(1, width - len(when))))
    room = width - len(when) - len(what) - GAP
    if room < _ROOM_FOR_MORE:
        return Content.assemble((when, "$dim"), what)
    more = Content.styled(details(context, entry), "$dim").truncate(room, ellipsis=True)
    return Content.assemble((when, "$dim"), what, " " * GAP, more)


def fold(name: str, width: int) -> list[str]:
    """Return a name in lines of at most `width` cells, broken behind a - or _ where it has one."""
    if len(name) <= max(1, width):
        return [name]
    behind = max(name.rfind(each, 0, width) for each in "-_") + 1 or width
    return [name[:behind], *fold(name[behind:], width)]

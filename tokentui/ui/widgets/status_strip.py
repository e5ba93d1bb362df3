"""How many tokens there are of each status, each count a filter."""

from collections.abc import Iterable
from typing import ClassVar, NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from tokentui.core.query import UNUSED_FOR, Count, Filter
from tokentui.core.summary import Summary
from tokentui.core.token import Status
from tokentui.ui.widgets.token_row import LOOKS, UNSAVED

_GAP = 3
_MARGIN = 2
_UNUSED = f"unused for {UNUSED_FOR.days} days"


class _Entry(NamedTuple):
    shown: Filter
    glyph: str
    tone: str
    text: str

    @property
    def width(self) -> int:
        return cell_len(self.glyph) + cell_len(self.text)


_WITHOUT = "", "muted"
_WORDS = {
    Filter.ALL: (_WITHOUT, ("tokens", "token")),
    Filter.ACTIVE: (LOOKS[Status.ACTIVE], ("active", "active")),
    Filter.EXPIRES_SOON: (LOOKS[Status.EXPIRES_SOON], ("expire soon", "expires soon")),
    Filter.EXPIRED: (LOOKS[Status.EXPIRED], ("expired", "expired")),
    Filter.NEVER_SAVED: (UNSAVED, ("not saved", "not saved")),
    Filter.REPLACED: (LOOKS[Status.REPLACED], ("replaced", "replaced")),
    Filter.NEVER_USED: (_WITHOUT, ("never used", "never used")),
    Filter.UNUSED: (_WITHOUT, (_UNUSED, _UNUSED)),
    Filter.REVOKED: (_WITHOUT, ("revoked", "revoked")),
}
"""A glyph with its tone, and what is said of many and of one, from left to right."""


class StatusStrip(Widget):
    """One line with the counts that are not zero; what is clicked is what is to be shown.

    It is the legend of the glyphs in the list as well. Of what has no room, the last go first.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "status-strip--current",
        "status-strip--active",
        "status-strip--soon",
        "status-strip--expired",
        "status-strip--unsaved",
        "status-strip--muted",
    }

    class Chosen(Message):
        """A count was clicked."""

        def __init__(self, shown: Filter) -> None:
            self.shown = shown
            super().__init__()

    def __init__(self) -> None:
        super().__init__()
        self._summary = Summary()
        self._current = Filter.ALL
        self._total: Count | None = None
        self._placed: list[tuple[int, _Entry]] = []

    def show(self, current: Filter, total: Count | None) -> None:
        """Show what is listed, and of how many tokens that is, where it is nothing less."""
        if (self._current, self._total) != (current, total):
            self._current, self._total = current, total
            self.refresh()

    def show_summary(self, summary: Summary) -> None:
        """Show other counts."""
        if self._summary != summary:
            self._summary = summary
            self.refresh()

    def beside(self, steps: int) -> Filter:
        """Return the filter that stands so many places right of the current one, round and round.

        Those without room stand there as well.
        """
        filters = [entry.shown for entry in self._entries()]
        return filters[(filters.index(self._current) + steps) % len(filters)]

    def on_click(self, event: events.Click) -> None:
        for start, entry in self._placed:
            if start <= event.x < start + entry.width:
                self.post_message(self.Chosen(entry.shown))

    def render_line(self, _: int) -> Strip:
        width = self.size.width
        self._placed = self._place(width)
        segments, end = [], 0
        for start, entry in self._placed:
            segments.append(Segment(" " * (start - end), self.rich_style))
            segments.append(Segment(entry.glyph, self._style(entry.tone)))
            current = entry.shown is self._current
            segments.append(Segment(entry.text, self._style("current" if current else "muted")))
            end = start + entry.width
        return Strip(segments).adjust_cell_length(width, self.rich_style)

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(f"status-strip--{name}")

    def _place(self, width: int) -> list[tuple[int, _Entry]]:
        """Return the entries that have room, each with the cell that it starts at."""
        entries = self._entries()
        left = width - 2 * _MARGIN - _needed(entry for entry in entries if self._stays(entry))
        placed, start = [], _MARGIN
        for entry in entries:
            if not self._stays(entry):
                left -= entry.width + _GAP
                if left < 0:
                    continue
            placed.append((start, entry))
            start += entry.width + _GAP
        return placed

    def _stays(self, entry: _Entry) -> bool:
        return entry.shown in (Filter.ALL, self._current)

    def _entries(self) -> list[_Entry]:
        found = []
        for shown, ((glyph, tone), words) in _WORDS.items():
            count = self._summary.get(shown)
            if shown is self._current and self._total is not None:
                count = self._total
            if shown in (Filter.ALL, self._current) or (count is not None and count.value):
                glyph = f"{glyph} " if glyph else ""
                found.append(_Entry(shown, glyph, tone or "active", _counted(count, words)))
        return found


def _counted(count: Count | None, words: tuple[str, str]) -> str:
    many, one = words
    if count is None:
        return many
    if count.exact:
        return f"{count.value:,} {one if count.value == 1 else many}"
    return f"{count.value:,}+ {many}"


def _needed(entries: Iterable[_Entry]) -> int:
    return sum(entry.width + _GAP for entry in entries) - _GAP

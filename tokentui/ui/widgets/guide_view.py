"""A page of the guide: lines to scroll, links to select, words to find."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from tokentui.ui.textual_compat import LineView

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.style import Style
    from textual import events

    from tokentui.guide.rendering import Link, RenderedPage, Span

_WIDE = 56
"""From how many columns on the margins are two columns wide."""
_STYLES = {
    "heading": ("markdown.h1", "markdown.h2", "markdown.h3", "markdown.table.header"),
    "code": ("markdown.code", "markdown.code_block"),
    "link": ("markdown.link_url",),
    "rule": ("markdown.table.border", "markdown.item.bullet", "markdown.item.number"),
}
"""The styles of Rich that each component class stands for."""


class GuideView(LineView, can_focus=True, inherit_bindings=False):
    """Shows a rendered page. One link can be selected; words that were searched for stand out."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "guide-view--heading",
        "guide-view--code",
        "guide-view--link",
        "guide-view--rule",
        "guide-view--selected",
        "guide-view--match",
    }

    class LinkClicked(Message):
        """A link was clicked."""

        def __init__(self, link: Link) -> None:
            self.link = link
            super().__init__()

    def __init__(self) -> None:
        super().__init__()
        self._page: RenderedPage | None = None
        self.selected: int | None = None
        """The number of the link that is selected."""
        self._matches: list[Span] = []
        self._match: int | None = None

    # -- what is shown --------------------------------------------------------------------------

    @property
    def _margin(self) -> int:
        return 2 if self.size.width >= _WIDE else 1

    @property
    def text_width(self) -> int:
        """The columns that a page has."""
        return max(1, self.scrollable_content_region.width - 2 * self._margin)

    @property
    def line(self) -> int:
        """The first line in sight."""
        return self.scroll_offset.y

    @property
    def link(self) -> Link | None:
        """The link that is selected."""
        selected = self.selected
        return None if self._page is None or selected is None else self._page.links[selected]

    @property
    def matches(self) -> tuple[int, int]:
        """The number of the match that was gone to, from 1 on, or 0; and how many there are."""
        return (0 if self._match is None else self._match + 1), len(self._matches)

    def page_styles(self) -> dict[str, Style]:
        """Return the styles to render a page with, in the colours of the theme."""
        return {
            name: self.get_component_rich_style(f"guide-view--{part}", partial=True)
            for part, names in _STYLES.items()
            for name in names
        }

    def show(
        self,
        page: RenderedPage,
        words: Sequence[str] = (),
        *,
        line: int = 0,
        selected: int | None = None,
    ) -> None:
        """Show `page` from `line` on, its link `selected`, and the `words` in it as matches."""
        self._page, self.selected, self._match = page, selected, None
        self._matches = page.find(words)
        self.virtual_size = Size(self.size.width, len(page.lines))
        self.scroll_to(y=line, animate=False, immediate=True)
        self.refresh()

    # -- moving ---------------------------------------------------------------------------------

    def scroll_by(self, lines: int) -> None:
        """Scroll by so many lines, up where that is negative."""
        self.scroll_to(y=self.line + lines, animate=False, immediate=True)

    def scroll_by_page(self, pages: int) -> None:
        """Scroll by so many windows; a line stays in sight."""
        self.scroll_by(pages * max(1, self.size.height - 1))

    def select_link(self, step: int) -> None:
        """Select the next link, or the one before where `step` is -1; the first one in sight."""
        links = self._page.links if self._page is not None else ()
        if not links:
            return
        if self.selected is None:
            in_sight = range(self.line, self.line + self.size.height)
            starts = [link.spans[0].line for link in links]
            seen = [number for number, start in enumerate(starts) if start in in_sight]
            self.selected = seen[0 if step > 0 else -1] if seen else 0
        else:
            self.selected = (self.selected + step) % len(links)
        self._reveal(links[self.selected].spans)
        self.refresh()

    def go_to_match(self, step: int) -> None:
        """Go to the next match, or the one before where `step` is -1, and from the end round."""
        if not self._matches:
            return
        if self._match is None:
            below = [n for n, span in enumerate(self._matches) if span.line >= self.line]
            self._match = below[0] if below else 0
        else:
            self._match = (self._match + step) % len(self._matches)
        self._reveal(self._matches[self._match : self._match + 1])
        self.refresh()

    def _reveal(self, spans: Sequence[Span]) -> None:
        top, bottom, height = spans[0].line, spans[-1].line, max(1, self.size.height)
        if top < self.line:
            self.scroll_to(y=top, animate=False, immediate=True)
        elif bottom >= self.line + height:
            self.scroll_to(y=bottom - height + 1, animate=False, immediate=True)

    def on_click(self, event: events.Click) -> None:
        cell = event.x - self._margin
        line = event.y + self.line
        for link in self._page.links if self._page is not None else ():
            if any(span.line == line and span.start <= cell < span.end for span in link.spans):
                self.post_message(self.LinkClicked(link))

    # -- drawing --------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        number, base = y + self.line, self.rich_style
        lines = self._page.lines if self._page is not None else ()
        if number >= len(lines):
            return Strip.blank(self.size.width, base)
        strip = Strip(_painted(lines[number], base))
        for spans, name in self._highlights():
            style = self.get_component_rich_style(f"guide-view--{name}")
            for span in (each for each in spans if each.line == number):
                strip = _highlighted(strip, span, style)
        margin = Strip([Segment(" " * self._margin, base)])
        return Strip.join([margin, strip]).adjust_cell_length(self.size.width, base)

    def _highlights(self) -> list[tuple[Sequence[Span], str]]:
        """Return spans and the name of their style; a later one covers an earlier one."""
        link = self.link
        here = [] if self._match is None else [self._matches[self._match]]
        return [
            (self._matches, "match"),
            (here, "selected"),
            (link.spans if link else (), "selected"),
        ]


def _painted(line: Sequence[Segment], base: Style) -> list[Segment]:
    """Return segments on the background of `base`, and without links that a terminal could open."""
    styles = (base + segment.style.update_link() if segment.style else base for segment in line)
    return [Segment(segment.text, style) for segment, style in zip(line, styles, strict=True)]


def _highlighted(strip: Strip, span: Span, style: Style) -> Strip:
    before, inside, after = (
        strip.crop(start, end)
        for start, end in pairwise((0, span.start, span.end, strip.cell_length))
    )
    return Strip.join([before, Strip([Segment(each.text, style) for each in inside]), after])

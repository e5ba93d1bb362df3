"""Pages of the guide as lines for a terminal. Slow to import: load it when a page is shown."""

import re
from collections.abc import Iterator, Mapping, Sequence
from io import StringIO
from typing import ClassVar, NamedTuple

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.markdown import CodeBlock, Heading, Markdown, MarkdownElement, TableElement
from rich.padding import Padding
from rich.segment import Segment
from rich.style import Style
from rich.table import Table
from rich.text import Text
from rich.theme import Theme

from tokentui.guide import anchor

ANCHOR = "anchor"
"""The key in the meta data of a style that marks a heading; its value is the anchor."""

WIDEST = 100
"""In how many columns a page is set at most: longer lines are hard to read."""

_COLUMN = 18
"""How many columns of the terminal a column of a table needs."""

STYLES = {
    "markdown.paragraph": Style(),
    "markdown.h1": Style(bold=True),
    "markdown.h2": Style(bold=True),
    "markdown.h3": Style(bold=True),
    "markdown.code": Style(color="cyan"),
    "markdown.code_block": Style(color="cyan"),
    "markdown.link_url": Style(underline=True),
    "markdown.item.bullet": Style(),
    "markdown.item.number": Style(),
    "markdown.table.header": Style(bold=True),
    "markdown.table.border": Style(dim=True),
}
"""The styles of a page in a terminal, by their names in Rich."""

Lines = tuple[tuple[Segment, ...], ...]


class Span(NamedTuple):
    """Cells of a line, from `start` up to `end`."""

    line: int
    start: int
    end: int


class Link(NamedTuple):
    """A link and where it stands, in the order of reading."""

    target: str
    spans: tuple[Span, ...]


class RenderedPage(NamedTuple):
    """A page as lines, its links, and the lines of its headings by their anchors."""

    lines: Lines = ()
    links: tuple[Link, ...] = ()
    anchors: Mapping[str, int] = {}

    def find(self, words: Sequence[str]) -> list[Span]:
        """Return where each of `words` stands, whatever its letter case."""
        if not words:
            return []
        wanted = re.compile("|".join(map(re.escape, words)), re.IGNORECASE)
        return [
            Span(number, cell_len(text[: found.start()]), cell_len(text[: found.end()]))
            for number, line in enumerate(self.lines)
            for text in ("".join(segment.text for segment in line),)
            for found in wanted.finditer(text)
        ]


_LINK = re.compile(r"\[(?P<text>[^\]]+)\]\((?P<target>[^)]+)\)")


class _Heading(Heading):
    """A heading at the left edge, with its anchor in the meta data of its style."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        text = self.text.copy()
        text.stylize(Style(meta={ANCHOR: anchor(text.plain)}))
        yield text


class _Code(CodeBlock):
    """An example, indented and in one colour."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        code = Text(str(self.text).rstrip(), self.style, overflow="fold")
        yield Padding(code, (0, 0, 0, 2))


class _Table(TableElement):
    """A table; where its columns have no room, each row is a line with the other cells below."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        header = self.header.row.cells if self.header and self.header.row else []
        titles = [cell.content for cell in header]
        rows = [
            [cell.content for cell in row.cells] for row in (self.body and self.body.rows) or ()
        ]
        if options.max_width < _COLUMN * len(titles):
            for row in rows:
                yield from _stacked(titles, row)
            return
        table = Table(
            box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, style="markdown.table.border"
        )
        for title in titles:
            table.add_column(Text(title.plain, "markdown.table.header"), overflow="fold")
        for row in rows:
            table.add_row(*row)
        yield table


def _stacked(titles: list[Text], row: list[Text]) -> RenderResult:
    first, *others = row
    if first.plain:
        yield Text.assemble(first, style="markdown.table.header")
    for title, cell in zip(titles[1:], others, strict=False):
        if cell.plain:
            yield Padding(Text.assemble(f"{title.plain}: ", cell), (0, 0, 0, 2))


class _Page(Markdown):
    elements: ClassVar[dict[str, type[MarkdownElement]]] = {
        **Markdown.elements,
        "heading_open": _Heading,
        "fence": _Code,
        "code_block": _Code,
        "table_open": _Table,
    }


def render_page(text: str, width: int, styles: Mapping[str, Style]) -> RenderedPage:
    """Return Markdown as lines for the app; `styles` are as in `STYLES`."""
    console = Console(
        file=StringIO(),
        width=min(width, WIDEST),
        force_terminal=True,
        color_system="truecolor",
        theme=Theme({**STYLES, **styles}),
    )
    rendered = console.render_lines(_Page(text), pad=False)
    lines = tuple(tuple(line) for line in rendered)
    return RenderedPage(lines, tuple(_links(lines)), dict(_anchors(lines)))


def _spans(lines: Lines) -> Iterator[tuple[Span, Style]]:
    for number, line in enumerate(lines):
        start = 0
        for segment in line:
            end = start + segment.cell_length
            if segment.style is not None:
                yield Span(number, start, end), segment.style
            start = end


def _links(lines: Lines) -> Iterator[Link]:
    """Yield the links; one that is wrapped has several spans."""
    link, last = Link("", ()), ""
    for span, style in _spans(lines):
        if style.link is None:
            continue
        goes_on = style.link_id == last and span.line - link.spans[-1].line <= 1
        if goes_on:
            link = Link(link.target, (*link.spans, span))
        else:
            if link.spans:
                yield link
            link, last = Link(style.link, (span,)), style.link_id
    if link.spans:
        yield link


def _anchors(lines: Lines) -> Iterator[tuple[str, int]]:
    for span, style in _spans(lines):
        if ANCHOR in style.meta:
            yield style.meta[ANCHOR], span.line


def render_text(text: str, width: int) -> str:
    """Return Markdown as text with escape sequences for a pager; links name the command."""
    console = Console(
        file=StringIO(), width=min(width, WIDEST), force_terminal=True, theme=Theme(STYLES)
    )
    with console.capture() as captured:
        console.print(_Page(_LINK.sub(_as_command, text), hyperlinks=False))
    return captured.get()


def _as_command(link: re.Match[str]) -> str:
    topic, end, _ = link["target"].partition(".md")
    return f"{link['text']} (`tokentui guide {topic}`)" if end and topic else link["text"]

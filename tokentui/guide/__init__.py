"""The guide: pages of Markdown that are shipped with the program."""

import re
from collections.abc import Iterator
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import NamedTuple

from tokentui.core.errors import InvalidInput

TOPICS = (
    "app",
    "commands",
    "rotation",
    "settings",
    "accounts",
    "audit",
    "backups",
    "security",
    "python",
    "proxies",
    "postgresql",
    "upgrading",
    "troubleshooting",
    "screen-readers",
    "uninstalling",
)
"""The names of the pages, in the order in which they are listed."""

_LINE = re.compile(r"^(?P<fence>```)|^#+ (?P<heading>.+)$|^(?P<comment><!--.*-->)$")


class UnknownTopic(InvalidInput):
    """The guide has no page of this name."""


class Page(NamedTuple):
    """A page of the guide; `summary` is its first paragraph, a sentence."""

    topic: str
    title: str
    summary: str
    text: str


class Section(NamedTuple):
    """A heading of a page and the lines below it, up to the next heading."""

    topic: str
    heading: str
    lines: tuple[str, ...]


class Match(NamedTuple):
    """A section that contains what was searched for; `line` is the first line that does."""

    section: Section
    line: str


@cache
def page(topic: str) -> Page:
    """Return a page by its name; raise `UnknownTopic`, which suggests the nearest name."""
    if topic not in TOPICS:
        nearest = get_close_matches(topic.lower(), TOPICS, n=1, cutoff=0.5)
        hint = f"Did you mean {nearest[0]}?" if nearest else "tokentui guide lists the topics."
        raise UnknownTopic(f"The guide has no topic {topic}. {hint}")
    text = Path(__file__).with_name(f"{topic}.md").read_text("utf-8")
    title, summary = (block.removeprefix("# ") for block in text.split("\n\n", 2)[:2])
    return Page(topic, title, summary, text)


def pages() -> Iterator[Page]:
    """Yield all pages in the order of `TOPICS`."""
    return map(page, TOPICS)


def anchor(heading: str) -> str:
    """Return the name by which links refer to a heading, as on GitHub."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def sections(topic: str) -> Iterator[Section]:
    """Yield the sections of a page; a `#` in an example is no heading."""
    heading, lines, fenced = "", list[str](), False
    for line in page(topic).text.split("\n"):
        found = _LINE.match(line)
        kind = found.lastgroup if found else None
        if kind == "fence":
            fenced = not fenced
        elif kind == "heading" and found and not fenced:
            if heading:
                yield Section(topic, heading, tuple(lines))
            heading, lines = found["heading"], []
        elif kind != "comment" and line:
            lines.append(line)
    yield Section(topic, heading, tuple(lines))


def search(text: str, first: str | None = None) -> list[Match]:
    """Return the sections that contain all words of `text`, those of the page `first` first.

    The letter case of the words does not matter. Headings come before other lines.
    """
    words = text.casefold().split()
    if not words:
        return []
    found = [
        Match(section, _matching_line(section, words))
        for topic in TOPICS
        for section in sections(topic)
        if _contains(" ".join((section.heading, *section.lines)), words)
    ]
    return sorted(
        found,
        key=lambda match: (
            match.section.topic != first,
            not _contains(match.section.heading, words),
        ),
    )


def index() -> str:
    """Return a page with a link to each topic."""
    rows = (f"| [{page.topic}]({page.topic}.md) | {page.summary} |" for page in pages())
    return "\n".join(("# Guide", "", "| topic | content |", "| --- | --- |", *rows))


def results(text: str, first: str | None = None) -> str:
    """Return a page with a link to each section that contains `text`: see `search`."""
    found = search(text, first)
    if text.split() and not found:
        return f"The guide does not contain {_literal(text)}. Try fewer or other words."
    lines = ("Type words that a section has to contain.",) if not found else map(_result, found)
    return "\n".join(lines)


def _result(match: Match) -> str:
    topic, heading, _ = match.section
    title = page(topic).title
    where = title if heading == title else f"{title}: {heading}"
    line = "" if match.line == heading else f": {_literal(_plain(match.line))}"
    return f"* [{where}]({topic}.md#{anchor(heading)}){line}"


def _plain(line: str) -> str:
    """Return a line of Markdown without marks for links, emphasis, code, lists and tables."""
    line = re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", line.strip("|* "))
    return (
        re.sub(r"\s*(?<!\\)\|\s*", ": ", line)
        .replace("\\|", "|")
        .replace("`", "")
        .replace("**", "")
    )


def _literal(text: str) -> str:
    """Return Markdown that shows `text` as it is."""
    return re.sub(r"([\\`*_\[\]<>#|~!])", r"\\\1", " ".join(text.split()))


def _contains(text: str, words: list[str]) -> bool:
    folded = text.casefold()
    return all(word in folded for word in words)


def _matching_line(section: Section, words: list[str]) -> str:
    """Return the line with most of the words."""
    return max(
        (section.heading, *section.lines),
        key=lambda line: sum(word in line.casefold() for word in words),
    )

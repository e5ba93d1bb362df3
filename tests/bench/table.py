"""Measurements as text."""

import sys
from collections.abc import Sequence
from statistics import median, quantiles


def milliseconds(seconds: Sequence[float]) -> str:
    return number(median(seconds) * 1000)


def p90(seconds: Sequence[float]) -> str:
    return number(quantiles(seconds, n=10)[-1] * 1000)


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> str:
    return number(median(ours) / median(theirs))


def number(value: float) -> str:
    """Return three digits that count, and all of those before the point."""
    return f"{value:,.0f}" if value >= 100 else f"{value:#.3g}"


def progress(said: str) -> None:
    """Say on a terminal what is measured just now; the next call, or a table, takes its place."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{said}", end="", file=sys.stderr, flush=True)


def show(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a Markdown table, the first column at the left and the numbers at the right."""
    progress("")
    table = [titles, *rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    for what, *numbers in [titles, rule, *rows]:
        cells = [what.ljust(widths[0])]
        cells += [text.rjust(width) for text, width in zip(numbers, widths[1:], strict=True)]
        print(f"| {' | '.join(cells)} |")
    print()

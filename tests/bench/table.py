"""Measurements as text."""

import sys
from collections.abc import Collection, Mapping, Sequence
from statistics import median, quantiles
from typing import NamedTuple


class Spent(NamedTuple):
    """What one run took, in seconds; `cpu` is that of all threads, of user and system."""

    cpu: float
    wall: float


Times = dict[str, list[Spent]]
"""What the runs of each work took."""


def add(times: Times, taken: Mapping[str, Spent]) -> None:
    """Add what a run of each work took."""
    for title, spent in taken.items():
        times.setdefault(title, []).append(spent)


def cpu_ratio(ours: Sequence[Spent], theirs: Sequence[Spent]) -> float:
    return median(each.cpu for each in ours) / median(each.cpu for each in theirs)


def wall_ratio(ours: Sequence[Spent], theirs: Sequence[Spent]) -> float:
    return median(each.wall for each in ours) / median(each.wall for each in theirs)


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


def show_spent(what: str, times: Times, baseline: str) -> None:
    """Print what each work took, beside the one that is the baseline."""
    rows = [
        (
            title,
            milliseconds([each.cpu for each in taken]),
            milliseconds([each.wall for each in taken]),
            p90([each.wall for each in taken]),
            number(cpu_ratio(taken, times[baseline])),
            number(wall_ratio(taken, times[baseline])),
        )
        for title, taken in times.items()
    ]
    show((what, "CPU ms", "ms", "p90", "CPU", "wall"), rows)


def show(titles: Sequence[str], rows: Sequence[Sequence[str]], texts: Collection[str] = ()) -> None:
    """Print a Markdown table: the first column and `texts` at the left, numbers at the right."""
    progress("")
    left = {titles[0], *texts}
    columns = [
        _column(title in left, [title, *cells])
        for title, cells in zip(titles, zip(*rows, strict=True), strict=True)
    ]
    for cells in zip(*columns, strict=True):
        print(f"| {' | '.join(cells)} |")
    print()


def _column(left: bool, cells: Sequence[str]) -> list[str]:
    """Return the cells of a column in one width, with the rule below its title."""
    width = max(map(len, cells))
    title, *others = [cell.ljust(width) if left else cell.rjust(width) for cell in cells]
    return [title, "-" * width if left else "-" * (width - 1) + ":", *others]

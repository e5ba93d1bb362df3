"""What all measurements have in common: their options, what they need, and what they found."""

import argparse
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import redirect_stdout
from importlib.util import find_spec
from io import StringIO
from typing import NamedTuple

import msgspec

from ..conftest import which
from . import table
from .table import Spent, cpu_ratio, wall_ratio

_RATIOS = ("CPU", "wall")


class Goal(msgspec.Struct, frozen=True):
    """What the figures of a row must be; those that it does not name have no goal."""

    at_most: dict[str, float] = {}
    at_least: dict[str, float] = {}

    def __str__(self) -> str:
        parts = [f"{what} <= {_short(limit)}" for what, limit in self.at_most.items()]
        parts += [f"{what} >= {_short(limit)}" for what, limit in self.at_least.items()]
        return ", ".join(parts)

    def holds(self, figures: Mapping[str, float]) -> bool:
        """Return whether all figures that have a goal reach it."""
        return all(figures[what] <= limit for what, limit in self.at_most.items()) and all(
            figures[what] >= limit for what, limit in self.at_least.items()
        )


NO_GOAL = Goal()


class Row(msgspec.Struct, frozen=True):
    """One figure, or several, of some work beside its baseline, from the same run.

    "CPU" and "wall" are ratios of times; what else there is has its unit in its name.
    """

    work: str
    baseline: str
    figures: dict[str, float]
    goal: Goal = NO_GOAL


def compare(
    work: str, baseline: str, ours: Sequence[Spent], theirs: Sequence[Spent], goal: Goal = NO_GOAL
) -> Row:
    """Return a row of the ratios of the medians of two works that were done in turns."""
    return Row(
        work, baseline, {"CPU": cpu_ratio(ours, theirs), "wall": wall_ratio(ours, theirs)}, goal
    )


class Needs(NamedTuple):
    """What a part of a measurement needs beside what the tests need."""

    programs: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()

    def missing(self) -> list[str]:
        """Return the names of what is not installed."""
        programs = [name for name in self.programs if which(name) is None]
        return programs + [name for name in self.packages if find_spec(name) is None]


class Options(NamedTuple):
    """What a person asked for."""

    rounds: int
    sizes: Sequence[int]
    against: str | None
    """Another tokentui, to be run in the same turns."""
    parts: frozenset[str]
    """The parts of which nothing is missing."""


class Found(msgspec.Struct):
    """What a measurement found, and what of it was left out and why, a line each."""

    rows: list[Row]
    left_out: list[str]


class Bench(NamedTuple):
    """A measurement, which prints tables of its own and returns a row for each goal."""

    doc: str
    measure: Callable[[Options], Iterable[Row] | None]
    rounds: int
    sizes: tuple[int, ...] = ()
    """The numbers of tokens that are measured by default; empty where none are chosen."""
    counted: str = "tokens"
    """What there is so many of."""
    needs: Mapping[str, Needs] = {}
    """What the parts need that not every machine has, by their names."""
    compares: bool = False
    """Whether another tokentui can be run beside ours."""

    def main(self) -> None:
        """Measure as the command line says, and print what was found."""
        given = self._parser().parse_args()
        missing = {part: needs.missing() for part, needs in self.needs.items()}
        options = Options(
            given.rounds,
            given.sizes if self.sizes else (),
            given.against if self.compares else None,
            frozenset(part for part, names in missing.items() if not names),
        )
        left_out = [
            f"{part}: not installed: {', '.join(names)}" for part, names in missing.items() if names
        ]
        if given.json:
            with redirect_stdout(StringIO()):
                rows = self._rows(options)
            sys.stdout.buffer.write(msgspec.json.encode(Found(rows, left_out)))
        else:
            show_found(Found(self._rows(options), left_out))

    def _rows(self, options: Options) -> list[Row]:
        return [*(self.measure(options) or ())]

    def _parser(self) -> argparse.ArgumentParser:
        needs = "".join(
            f"\n  {part}: {', '.join((*each.programs, *each.packages))}"
            for part, each in self.needs.items()
        )
        parser = argparse.ArgumentParser(
            description=self.doc,
            epilog=f"What parts of it need:{needs}" if needs else None,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        add_rounds(parser, self.rounds)
        if self.sizes:
            add_sizes(parser, self.sizes, self.counted)
        if self.compares:
            parser.add_argument("--against", metavar="PROGRAM", help="another tokentui to compare")
        parser.add_argument("--json", action="store_true", help="print only the rows, as JSON")
        return parser


def add_rounds(parser: argparse.ArgumentParser, default: int | None) -> None:
    """Add the option for the number of runs; two are the least that have a median and a p90."""
    said = "two or more" if default is None else f"two or more; default: {default}"
    parser.add_argument("--rounds", type=_rounds, default=default, help=f"runs of each, {said}")


def add_sizes(
    parser: argparse.ArgumentParser, default: Sequence[int] | None, counted: str = "tokens"
) -> None:
    said = "" if default is None else f"; default: {' '.join(map(str, default))}"
    parser.add_argument(
        "--sizes", type=int, nargs="+", default=default, help=f"numbers of {counted}{said}"
    )


def _rounds(text: str) -> int:
    if (number := int(text)) < 2:
        raise argparse.ArgumentTypeError("must be 2 or more")
    return number


def show_found(found: Found) -> None:
    """Print one table of all rows, and below it what was left out."""
    titles = ("work", "baseline", *_RATIOS, "other", "goal", "holds")
    if found.rows:
        table.show(titles, [_cells(row) for row in found.rows], ("baseline", "other", "goal"))
    for line in found.left_out:
        print(f"Left out: {line}.")


def _cells(row: Row) -> tuple[str, ...]:
    ratios = [_short(row.figures[what]) if what in row.figures else "" for what in _RATIOS]
    other = [f"{what} {_short(x)}" for what, x in row.figures.items() if what not in _RATIOS]
    holds = "yes" if row.goal.holds(row.figures) else "NO"
    return (
        row.work,
        row.baseline,
        *ratios,
        ", ".join(other),
        str(row.goal),
        "" if row.goal == NO_GOAL else holds,
    )


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"

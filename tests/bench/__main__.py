"""All that has a goal, in one table: `python -m tests.bench`.

Each measurement runs in a process of its own, and leaves out what this machine cannot run.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence

import msgspec

from . import table
from .common import Found, add_rounds, add_sizes, show_found

_WITH_GOALS = (
    "start",
    "postgresql_start",
    "lists",
    "commands",
    "changes",
    "verify",
    "flood",
    "forward",
    "serve",
)
"""The modules of this folder that measure something that has a goal."""


def main() -> None:
    """Measure, and print what was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=_WITH_GOALS, default=_WITH_GOALS)
    add_rounds(parser, None)
    add_sizes(parser, None)
    given = parser.parse_args()
    options = ["--rounds", str(given.rounds)] if given.rounds else []
    if given.sizes:
        options += ["--sizes", *map(str, given.sizes)]
    load, cores = os.getloadavg()[0], len(os.sched_getaffinity(0))
    show_found(_all(given.only, options))
    if load > cores / 2:
        print(f"Other work was running (load {load:.1f}): wall times and seconds say little.")


def _all(names: Sequence[str], options: Sequence[str]) -> Found:
    """Run measurements, one after the other, until all are done or somebody presses Ctrl+C."""
    found = Found([], [])
    for number, name in enumerate(names):
        table.progress(f"{name}, {number + 1} of {len(names)} ...")
        try:
            one = _found(name, options)
        except KeyboardInterrupt:
            found.left_out.append(f"{', '.join(names[number:])}: stopped")
            break
        found.rows += one.rows
        found.left_out += one.left_out
    return found


def _found(name: str, options: Sequence[str]) -> Found:
    command = [sys.executable, "-m", f"tests.bench.{name}", "--json", *options]
    ended = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    if ended.returncode:
        return Found([], [f"{name}: ended with {ended.returncode}"])
    return msgspec.json.decode(ended.stdout, type=Found)


if __name__ == "__main__":
    main()

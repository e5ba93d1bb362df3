"""What a durable change costs: `python -m tests.bench.changes`.

A rename within a process stands beside a file of the same size that is written, synced and
renamed, and its folder synced: a file cannot be replaced durably with less. All are taken in turns.
The ratio of wall times depends on the disk, which TMPDIR chooses: the slower, the nearer to 1.
"""

import os
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from time import perf_counter, process_time

from tests.opening import open_files
from tokentui.core.audit import Actor
from tokentui.core.commands import TokenCommands

from . import table
from .common import NO_GOAL, Bench, Goal, Options, Row, compare
from .samples import fill, sample

_FEW = 100
_IN_A_ROUND = 20
"""Changes, which are short."""
_DURABLE = {"without an audit log": Goal({"wall": 1.5}), "with its audit log": Goal({"wall": 2.1})}
_RAW = "write + fsync + rename + fsync of the folder"


def _measure(options: Options) -> Iterator[Row]:
    for count in options.sizes:
        with tempfile.TemporaryDirectory() as home:
            yield from _durable(options.rounds * _IN_A_ROUND, Path(home), count)


def _durable(rounds: int, home: Path, count: int) -> Iterator[Row]:
    sides = {}
    for title, actor in zip(_DURABLE, (None, Actor("ada")), strict=True):
        path = home / title / "tokens.json"
        fill(path, [sample(number, "") for number in range(count)])
        service = TokenCommands(open_files(str(path), actor), account="ada")
        sides[title] = partial(_rename, service, sample(count // 2, "").id)
    sides[_RAW] = partial(_write, home / "raw", path.read_bytes())
    times: table.Times = {}
    for turn in range(rounds + 2):
        table.progress(f"Changes: round {turn} of {rounds}.")
        taken = {title: _timed(side(f"renamed-{turn}")) for title, side in sides.items()}
        if turn > 1:  # the first ones read the store
            table.add(times, taken)
    print(f"{count:,} tokens, {rounds} changes, medians.\n")
    table.show_spent("renaming within a process", times, _RAW)
    for title, goal in _DURABLE.items():
        what = f"durable change {title}, {count:,} tokens"
        yield compare(what, _RAW, times[title], times[_RAW], goal if count == _FEW else NO_GOAL)


def _rename(service: TokenCommands, token_id: str, name: str) -> Callable[[], object]:
    return partial(service.rename, service.queries.get(token_id), name)


def _write(folder: Path, content: bytes, _: str) -> Callable[[], object]:
    """Return what replaces a file, with nothing but the calls that make it durable."""
    folder.mkdir(exist_ok=True)
    path, new = folder / "file", folder / "new"

    def write() -> None:
        file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        os.write(file, content)
        os.fsync(file)
        os.close(file)
        new.rename(path)
        entries = os.open(folder, os.O_RDONLY)
        os.fsync(entries)
        os.close(entries)

    return write


def _timed(do: Callable[[], object]) -> table.Spent:
    began, spent = perf_counter(), process_time()
    do()
    return table.Spent(process_time() - spent, perf_counter() - began)


BENCH = Bench(doc=__doc__, measure=_measure, rounds=15, sizes=(_FEW,))

if __name__ == "__main__":
    BENCH.main()

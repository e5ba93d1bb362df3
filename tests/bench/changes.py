"""What a change costs: `python -m tests.bench.changes`.

The commands stand beside a Python that only imports what a command needs. A change within a process
stands beside a file of the same size that is written, synced and renamed, and its folder synced:
nothing that is durable can do less. All are taken in turns.
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
from .common import NO_GOAL, Bench, Goal, Options, Row, Spent, compare, cpu_ratio, wall_ratio
from .processes import BASELINE, IMPORTS, PROGRAM, Runner
from .samples import environment, fill, fill_used, sample

_COMMANDS = {
    "create": ("create", "{old}"),
    "rename": ("rename", "{old}", "{new}"),
    "revoke": ("revoke", "--yes", "{new}"),
}
_FEW = 100
_COMMAND = Goal({"CPU": 1.7})
_DURABLE = {"without an audit log": Goal({"wall": 1.5}), "with its audit log": Goal({"wall": 2.1})}
_RAW = "write + fsync + rename + fsync of the folder"
_IN_PROCESS = 20
"""Changes in each round: they are short beside a command."""

_Times = dict[str, list[Spent]]


def _measure(options: Options) -> Iterator[Row]:
    for count in options.sizes:
        with tempfile.TemporaryDirectory() as home:
            yield from _commands(options, home, count)
        with tempfile.TemporaryDirectory() as home:
            yield from _durable(options.rounds * _IN_PROCESS, Path(home), count)


def _commands(options: Options, home: str, count: int) -> Iterator[Row]:
    path = Path(home) / "data" / "tokens.json"
    fill_used(path, count)
    env = environment(home, path)
    programs = {"": PROGRAM, **({", the other": options.against} if options.against else {})}
    times: _Times = {}
    with Runner() as runner:
        for turn in range(options.rounds + 1):
            table.progress(f"Commands: round {turn} of {options.rounds}.")
            imported = runner.run(BASELINE, env).spent
            taken = {IMPORTS: imported}
            for number, (which, program) in enumerate(programs.items()):
                names = {"old": f"old-{turn}-{number}", "new": f"new-{turn}-{number}"}
                for title, arguments in _COMMANDS.items():
                    command = [program, *(each.format(**names) for each in arguments)]
                    taken[title + which] = runner.run(command, env).spent
            if turn:  # the first one compiles and warms
                _add(times, taken)
    print(f"{count:,} tokens, {options.rounds} runs, medians.\n")
    _show("command", times, IMPORTS)
    for title in _COMMANDS:
        goal = _COMMAND if count == _FEW else NO_GOAL
        yield compare(f"{title}, {count:,} tokens", IMPORTS, times[title], times[IMPORTS], goal)


def _durable(rounds: int, home: Path, count: int) -> Iterator[Row]:
    sides = {}
    for title, actor in zip(_DURABLE, (None, Actor("ada")), strict=True):
        path = home / title / "tokens.json"
        fill(path, [sample(number, "") for number in range(count)])
        service = TokenCommands(open_files(str(path), actor), account="ada")
        sides[title] = partial(_rename, service, sample(count // 2, "").id)
    sides[_RAW] = partial(_write, home / "raw", path.read_bytes())
    times: _Times = {}
    for turn in range(rounds + 2):
        table.progress(f"Changes: round {turn} of {rounds}.")
        taken = {title: _timed(side(f"renamed-{turn}")) for title, side in sides.items()}
        if turn > 1:  # the first ones read the store
            _add(times, taken)
    print(f"{count:,} tokens, {rounds} changes, medians.\n")
    _show("renaming within a process", times, _RAW)
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


def _timed(do: Callable[[], object]) -> Spent:
    began, spent = perf_counter(), process_time()
    do()
    return Spent(process_time() - spent, perf_counter() - began)


def _add(times: _Times, taken: dict[str, Spent]) -> None:
    for title, spent in taken.items():
        times.setdefault(title, []).append(spent)


def _show(what: str, times: _Times, baseline: str) -> None:
    rows = [
        (
            title,
            table.milliseconds([each.cpu for each in taken]),
            table.milliseconds([each.wall for each in taken]),
            table.p90([each.wall for each in taken]),
            table.number(cpu_ratio(taken, times[baseline])),
            table.number(wall_ratio(taken, times[baseline])),
        )
        for title, taken in times.items()
    ]
    table.show((what, "CPU ms", "ms", "p90", "CPU", "wall"), rows)


BENCH = Bench(doc=__doc__, measure=_measure, rounds=15, sizes=(_FEW,), compares=True)

if __name__ == "__main__":
    BENCH.main()

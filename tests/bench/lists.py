"""What the commands that read all tokens cost: `python -m tests.bench.lists`.

The CPU and wall time of each stands beside that of a Python that only imports what a command needs,
taken in turns. Also: when the first of the output comes, and the most memory that is resident.
"""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

from tests.opening import open_audit_log
from tokentui.core.audit import Actor

from . import table
from .common import NO_GOAL, Bench, Goal, Needs, Options, Row, compare
from .processes import BASELINE, IMPORTS, Run, Runner, programs
from .samples import environment, fill_log, fill_used
from .table import Spent, cpu_ratio, wall_ratio

_IN_POSTGRESQL = "lists in PostgreSQL"
_FOUND = (0, 10)
"""The exit codes of a command that finds nothing amiss, and of `report` where it finds tokens."""
_COMMANDS = {
    "list": ("list",),
    "list --json": ("list", "--json"),
    "export": ("export",),
    "report": ("report", "--within", "3650"),
    "check": ("check",),
    "audit": ("audit", "--last", "0"),
}
_MANY = 100_000
_GOALS = {10_000: Goal({"CPU": 5}), _MANY: Goal({"CPU": 40})}
_FLAT = Goal({"memory": 1.2})
_STREAMED = Goal({"first line (s)": 0.3, "memory": 1.2})


class _Command(NamedTuple):
    """A command to be run, and the name that the tables give it."""

    title: str
    command: Sequence[str]
    env: Mapping[str, str]


_Runs = dict[str, list[Run]]


def _measure(options: Options) -> Iterator[Row]:
    with Runner() as runner:
        for count in options.sizes:
            with tempfile.TemporaryDirectory() as home:
                yield from _file(runner, options, home, count)
        if _IN_POSTGRESQL in options.parts:
            yield from _postgresql(runner, options)


def _file(runner: Runner, options: Options, home: str, count: int) -> Iterator[Row]:
    table.progress(f"Making a file of {count:,} tokens.")
    path = Path(home) / "data" / "tokens.json"
    fill_used(path, count)
    fill_log(open_audit_log(str(path), actor=Actor("ada")), count)
    env = environment(home, path)
    size = path.stat().st_size
    commands = _commands(env, options.against)
    runs = _in_turns(runner, options.rounds, [_Command("imports", BASELINE, env), *commands])
    imports = runs["imports"]
    print(f"{count:,} tokens in a file of {size / 1e6:.2f} MB, {options.rounds} runs, medians.\n")
    _show(runs, imports)
    yield compare(
        f"list, {count:,} tokens",
        IMPORTS,
        _spent(runs["list"]),
        _spent(imports),
        _GOALS.get(count, NO_GOAL),
    )


def _postgresql(runner: Runner, options: Options) -> Iterator[Row]:
    """Measure in databases, whose rows can be read a part at a time."""
    from tests.postgresql.server import Server

    from .databases import SETTINGS, database, keys_of, opened

    small, large = min(options.sizes), max(options.sizes)
    runs: dict[int, _Runs] = {}
    with (
        Server(fsync=True, settings=SETTINGS) as server,
        tempfile.TemporaryDirectory() as home,
    ):
        for count in {small, large}:
            url = database(server, keys_of(home), count)
            backend = opened(url, keys_of(home))
            fill_log(backend.audit, count)
            backend.close()
            env = environment(home, url)
            program = (BASELINE[0], "-c", "import click, psycopg, bcrypt")
            commands = [_Command("imports", program, env), *_commands(env, options.against)]
            runs[count] = _in_turns(runner, options.rounds, commands)
            print(f"{count:,} tokens in PostgreSQL, {options.rounds} runs, medians.\n")
            _show(runs[count], runs[count]["imports"])
    for title in _COMMANDS:
        taken = runs[large][title]
        figures = {"memory": _peak(taken) / _peak(runs[small][title])}
        goal = _FLAT
        if taken[0].size:  # `check` has nothing to say
            figures["first line (s)"] = median(each.first for each in taken)
            goal = _STREAMED
        goal = goal if large == _MANY else NO_GOAL
        yield Row(f"{title}, PostgreSQL, {large:,} tokens", f"{small:,} tokens", figures, goal)


def _commands(env: Mapping[str, str], against: str | None) -> list[_Command]:
    return [
        _Command(title + which, (program, *arguments), env)
        for title, arguments in _COMMANDS.items()
        for which, program in programs(against).items()
    ]


def _in_turns(runner: Runner, rounds: int, commands: Sequence[_Command]) -> _Runs:
    runs: _Runs = {each.title: [] for each in commands}
    for each in commands:
        runner.run(each.command, each.env, codes=_FOUND)  # compiles, and fills the disk's cache
    for turn in range(rounds):
        for each in commands:
            table.progress(f"{each.title}: round {turn + 1} of {rounds}.")
            runs[each.title].append(runner.run(each.command, each.env, codes=_FOUND))
    return runs


def _spent(runs: Sequence[Run]) -> list[Spent]:
    return [each.spent for each in runs]


def _peak(runs: Sequence[Run]) -> float:
    return median(each.peak for each in runs)


def _show(runs: _Runs, imports: Sequence[Run]) -> None:
    rows = [
        (
            title,
            table.milliseconds([each.cpu for each in taken]),
            table.milliseconds([each.wall for each in taken]),
            table.milliseconds([each.first for each in taken]) if taken[0].size else "",
            table.number(taken[0].size / 1e3),
            table.number(_peak(taken) / 1e6),
            table.number(cpu_ratio(_spent(taken), _spent(imports))),
            table.number(wall_ratio(_spent(taken), _spent(imports))),
        )
        for title, taken in runs.items()
    ]
    table.show(("command", "CPU ms", "ms", "first ms", "kB out", "peak MB", "CPU", "wall"), rows)


BENCH = Bench(
    doc=__doc__,
    measure=_measure,
    rounds=5,
    sizes=(100, 10_000, _MANY),
    needs={_IN_POSTGRESQL: Needs(("initdb", "postgres", "setpriv"), ("psycopg",))},
    compares=True,
)

if __name__ == "__main__":
    BENCH.main()

"""What short commands cost: `python -m tests.bench.commands`.

Each stands beside a Python that only imports what a command needs, taken in turns.
"""

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from . import table
from .common import NO_GOAL, Bench, Goal, Options, Row, compare
from .processes import BASELINE, IMPORTS, Runner, programs
from .samples import environment, fill_used

_NOTHING = "python -c pass"
_CHANGES = ("create", "rename", "revoke")
_COMMANDS = {
    "create": ("create", "{old}"),
    "rename": ("rename", "{old}", "{new}"),
    "revoke": ("revoke", "--yes", "{new}"),
    "--help": ("--help",),
    "paths": ("paths",),
    "list": ("list",),
    "verify (bcrypt, cost 4)": ("verify",),
}
_FEW = 100
_GOAL = Goal({"CPU": 1.7})


class _Setting(NamedTuple):
    """What the commands of one measurement share."""

    runner: Runner
    env: Mapping[str, str]
    secret: str
    programs: Mapping[str, str]
    """The programs by what their rows end with."""


def _measure(options: Options) -> Iterator[Row]:
    for count in options.sizes:
        with tempfile.TemporaryDirectory() as home, Runner() as runner:
            path = Path(home) / "data" / "tokens.json"
            secret = fill_used(path, count)
            env = environment(home, path)
            setting = _Setting(runner, env, secret, programs(options.against))
            times = _in_turns(setting, options.rounds)
        print(f"{count:,} tokens, {options.rounds} runs, medians.\n")
        table.show_spent("command", times, IMPORTS)
        for title in _CHANGES:
            goal = _GOAL if count == _FEW else NO_GOAL
            yield compare(f"{title}, {count:,} tokens", IMPORTS, times[title], times[IMPORTS], goal)


def _in_turns(setting: _Setting, rounds: int) -> table.Times:
    times: table.Times = {}
    for turn in range(rounds + 1):
        table.progress(f"Commands: round {turn} of {rounds}.")
        taken = _one_turn(setting, turn)
        if turn:  # the first one compiles and warms
            table.add(times, taken)
    return times


def _one_turn(setting: _Setting, turn: int) -> dict[str, table.Spent]:
    runner, env, secret, ours = setting
    taken = {
        IMPORTS: runner.run(BASELINE, env).spent,
        _NOTHING: runner.run((BASELINE[0], "-c", "pass"), env).spent,
    }
    for number, (which, program) in enumerate(ours.items()):
        names = {"old": f"old-{turn}-{number}", "new": f"new-{turn}-{number}"}
        for title, arguments in _COMMANDS.items():
            command = [program, *(each.format(**names) for each in arguments)]
            taken[title + which] = runner.run(command, env, secret).spent
    return taken


BENCH = Bench(doc=__doc__, measure=_measure, rounds=15, sizes=(_FEW,), compares=True)

if __name__ == "__main__":
    BENCH.main()

"""How fast the app starts on PostgreSQL: `python -m tests.bench.postgresql_start`.

The app stands beside a bare Textual app that also imports psycopg, taken in turns. What the server
does meanwhile is in the wall time, and not in the CPU time.
"""

import sys
import tempfile
from collections.abc import Iterator

from . import table
from .common import NO_GOAL, Bench, Goal, Needs, Options, Row, compare
from .processes import programs
from .samples import environment
from .start import BARE_APP
from .terminal import TimedTerminal

_SERVER = "start on PostgreSQL"
_BARE = "bare Textual list + import psycopg"
_MANY = 1_000_000
_GOAL = Goal({"CPU": 1.3, "wall": 1.3})


def _measure(options: Options) -> Iterator[Row]:
    if _SERVER not in options.parts:
        return
    from tests.postgresql.server import Server

    from .databases import FIRST, SETTINGS, database, keys_of

    program = (
        f"import psycopg, runpy, sys; sys.argv[1:] = ['{FIRST}'] * 20; "
        f"runpy.run_path({BARE_APP!r}, run_name='__main__')"
    )
    text = FIRST.encode()
    with Server(fsync=True, settings=SETTINGS) as server, tempfile.TemporaryDirectory() as home:
        starts = {_BARE: ([sys.executable, "-c", program], environment(home, "none"))}
        for count in options.sizes:
            env = environment(home, database(server, keys_of(home), count))
            for which, ours in programs(options.against).items():
                starts[f"tokentui{which}, {count:,} tokens"] = [ours], env
        times: table.Times = {}
        for turn in range(options.rounds + 1):
            table.progress(f"Starts: round {turn} of {options.rounds}.")
            for what, (command, env) in starts.items():
                with TimedTerminal(command, env) as terminal:
                    spent = terminal.start(text).settled
                if turn:  # the first one compiles and warms
                    table.add(times, {what: spent})
    print(f"From the start to the complete screen, {options.rounds} runs, medians.\n")
    table.show_spent("what", times, _BARE)
    for count in options.sizes:
        yield compare(
            f"start on PostgreSQL, {count:,} tokens",
            _BARE,
            times[f"tokentui, {count:,} tokens"],
            times[_BARE],
            _GOAL if count == _MANY else NO_GOAL,
        )


BENCH = Bench(
    doc=__doc__,
    measure=_measure,
    rounds=11,
    sizes=(_MANY,),
    needs={_SERVER: Needs(("initdb", "postgres", "setpriv"), ("psycopg",))},
    compares=True,
)

if __name__ == "__main__":
    BENCH.main()

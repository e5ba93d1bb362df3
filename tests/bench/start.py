"""How fast the app starts and answers a key: `python -m tests.bench.start`.

The app stands beside the least that Textual can do: for a start and a cursor key a list of 20 rows
(`bare_app.py`), for a letter of the filter an Input above as many rows (`bare_filter.py`). A screen
is complete when nothing more is painted for a while. All are taken in turns.
"""

import compileall
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

import tokentui

from . import table
from .common import NO_GOAL, Bench, Goal, Options, Row, compare
from .processes import PROGRAM
from .samples import environment, fill_used, name
from .table import cpu_ratio, wall_ratio
from .terminal import Answer, TimedTerminal

_BARE_ROWS = 20
_KEYS = 5
_DOWN = b"\x1b[B"

BARE_APP = str(Path(__file__).with_name("bare_app.py"))
_BARE_FILTER = str(Path(__file__).with_name("bare_filter.py"))

_FEW, _MANY = 100, 100_000
_STARTS = {
    _FEW: Goal({"CPU": 1.2, "wall": 1.12}),
    10_000: Goal({"CPU": 1.25}),
    _MANY: Goal({"CPU": 2.5}),
}
_LETTERS = {_FEW: Goal({"CPU": 1.3}), 10_000: Goal({"CPU": 1.4}), _MANY: Goal({"CPU": 1.5})}
_SIZE = Goal({"bytes": 1.4})
_CURSOR = Goal({"wall": 1.05, "bytes": 1})
_MEMORY = Goal({"resident": 1.2})


class Session(NamedTuple):
    """One start of an app, and the keys pressed in it."""

    start: Answer
    resident: int
    """Bytes of memory, once the screen was complete."""
    put_off: float
    """CPU time of what the app does after that, before any key is pressed."""
    keys: list[Answer]
    filtered: list[Answer]


class App(NamedTuple):
    """A program to measure, and the name that the tables give it."""

    title: str
    command: tuple[str, ...]
    moves: bool = True
    """Whether it has a cursor."""
    opens_filter: bytes = b""
    """The key that opens its filter, if it needs one."""
    filters: bool = True


_OURS = App("tokentui", (PROGRAM,), opens_filter=b"/")
_BARE_LIST = App(
    "bare list", (sys.executable, BARE_APP, *map(name, range(_BARE_ROWS))), filters=False
)

_Sessions = Mapping[App, Sequence[Session]]


def _measure(options: Options) -> Iterator[Row]:
    compileall.compile_dir(str(Path(tokentui.__file__).parent), quiet=1)
    for count in options.sizes:
        with tempfile.TemporaryDirectory() as home:
            table.progress(f"Making a file of {count:,} tokens.")
            path = Path(home) / "data" / "tokens.json"
            fill_used(path, count)
            bare_filter = App(
                "bare filter", (sys.executable, _BARE_FILTER, str(count)), moves=False
            )
            apps = [_BARE_LIST, bare_filter, _OURS]
            if options.against:
                apps.append(App("the other", (options.against,), opens_filter=b"/"))
            sessions = _in_turns(options.rounds, environment(home, path), apps)
        print(f"{count:,} tokens, {_BARE_ROWS} rows in the bare list, {options.rounds} runs.\n")
        _show(sessions)
        yield from _rows(count, sessions[_OURS], sessions[_BARE_LIST], sessions[bare_filter])


def _in_turns(rounds: int, env: Mapping[str, str], apps: Sequence[App]) -> _Sessions:
    for app in apps:
        _session(app, env)  # compiles what is not, and fills the disk's cache
    sessions: dict[App, list[Session]] = {app: [] for app in apps}
    for turn in range(1, rounds + 1):
        table.progress(f"Apps: round {turn} of {rounds}.")
        for app in apps:
            sessions[app].append(_session(app, env))
    return sessions


def _session(app: App, env: Mapping[str, str]) -> Session:
    keys: list[Answer] = []
    filtered: list[Answer] = []
    with TimedTerminal(app.command, env) as terminal:
        start = terminal.start(name(0).encode())
        resident, put_off = terminal.resident(), terminal.settle()
        if app.moves:
            keys = [terminal.press(_DOWN) for _ in range(_KEYS)]
        if app.filters:
            if app.opens_filter:
                terminal.press(app.opens_filter)
            # The digits of a name, one after the other: fewer and fewer are left.
            filtered = [terminal.press(digit.encode()) for digit in "77"]
    return Session(start, resident, put_off, keys, filtered)


def _starts(sessions: Sequence[Session]) -> list[Answer]:
    return [each.start for each in sessions]


def _keys(sessions: Sequence[Session]) -> list[Answer]:
    return [answer for each in sessions for answer in each.keys]


def _letters(sessions: Sequence[Session]) -> list[Answer]:
    return [answer for each in sessions for answer in each.filtered]


def _rows(
    count: int, ours: Sequence[Session], bare: Sequence[Session], bare_filter: Sequence[Session]
) -> Iterator[Row]:
    """Return what has a goal."""
    listed, filtered = "bare Textual list", "bare Input over Line API list"
    yield _compare(
        f"start to the complete screen, {count:,} tokens",
        listed,
        _starts(ours),
        _starts(bare),
        _STARTS.get(count, NO_GOAL),
    )
    if count == _FEW:
        sizes = {"bytes": _size_ratio(_starts(ours), _starts(bare))}
        yield Row(f"bytes written at a start, {count:,} tokens", listed, sizes, _SIZE)
        memory = median(each.resident for each in ours) / median(each.resident for each in bare)
        yield Row(f"resident memory, {count:,} tokens", listed, {"resident": memory}, _MEMORY)
        cursor = _compare("cursor key", listed, _keys(ours), _keys(bare), _CURSOR)
        cursor.figures["bytes"] = _size_ratio(_keys(ours), _keys(bare))
        yield cursor
    yield _compare(
        f"letter of the filter, {count:,} tokens",
        filtered,
        _letters(ours),
        _letters(bare_filter),
        _LETTERS.get(count, NO_GOAL),
    )


def _compare(
    work: str, baseline: str, ours: Sequence[Answer], bare: Sequence[Answer], goal: Goal
) -> Row:
    spent, least = ([each.settled for each in answers] for answers in (ours, bare))
    return compare(work, baseline, spent, least, goal)


def _size_ratio(ours: Sequence[Answer], bare: Sequence[Answer]) -> float:
    return median(each.size for each in ours) / median(each.size for each in bare)


def _show(sessions: _Sessions) -> None:
    """Print starts and keys, each beside the bare program that does the least for it."""
    titles = ("what", "painted ms", "p90", "settled ms", "CPU ms", "bytes", "settled", "CPU")
    moving = {app.title: seen for app, seen in sessions.items() if app.moves}
    filtering = {app.title: seen for app, seen in sessions.items() if app.filters}
    rows = [
        *_columns("start", {title: _starts(seen) for title, seen in moving.items()}),
        *_columns("cursor down", {title: _keys(seen) for title, seen in moving.items()}),
        *_columns("letter of the filter", {title: _letters(x) for title, x in filtering.items()}),
    ]
    table.show(titles, rows)
    bare = median(each.resident for each in sessions[_BARE_LIST])
    rows = [
        (
            title,
            table.number(median(each.resident for each in seen) / 1e6),
            table.number(median(each.resident for each in seen) / bare),
            table.milliseconds([each.put_off for each in seen]),
        )
        for title, seen in moving.items()
    ]
    table.show(("after the start", "resident MB", "ratio", "put off, CPU ms"), rows)


def _columns(what: str, answers: Mapping[str, Sequence[Answer]]) -> list[tuple[str, ...]]:
    """Return a row for each program, the first of them as the baseline of the two ratios."""
    bare = [answer.settled for answer in next(iter(answers.values()))]
    rows: list[tuple[str, ...]] = []
    for title, ours in answers.items():
        painted, settled = [each.text_after for each in ours], [each.settled for each in ours]
        rows.append(
            (
                f"{what}, {title}",
                table.milliseconds(painted),
                table.p90(painted),
                table.milliseconds([each.wall for each in settled]),
                table.milliseconds([each.cpu for each in settled]),
                f"{median(each.size for each in ours):.0f}",
                table.number(wall_ratio(settled, bare)),
                table.number(cpu_ratio(settled, bare)),
            )
        )
    return rows


BENCH = Bench(doc=__doc__, measure=_measure, rounds=15, sizes=(_FEW, 10_000, _MANY), compares=True)

if __name__ == "__main__":
    BENCH.main()

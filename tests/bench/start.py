"""How fast the program starts and answers a key: `python -m tests.bench.start`.

Every figure stands beside a baseline from the same run, taken in turns: only the ratios last.
"""

import argparse
import compileall
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import NamedTuple

import tokentui
from tests.opening import open_usage
from tokentui.core.clock import utc_now
from tokentui.core.credential import BcryptHasher, mint

from . import table
from .samples import fill, name, sample
from .terminal import Answer, TimedTerminal

_TOKENS = 100
_LARGE = 100_000
_BARE_ROWS = 20
_KEYS = 15
_DOWN = b"\x1b[B"

PROGRAM = str(Path(sys.executable).with_name("tokentui"))
BARE_APP = str(Path(__file__).with_name("bare_app.py"))
BARE_FILTER = str(Path(__file__).with_name("bare_filter.py"))
_IMPORTS = "import click, tinydb, bcrypt"


class Session(NamedTuple):
    """One start of an app, and the keys pressed in it."""

    start: Answer
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


def main() -> None:
    """Measure, and print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="runs of each, two or more")
    parser.add_argument("--large", action="store_true", help=f"also with {_LARGE} tokens")
    parser.add_argument("--sizes", type=int, nargs="+", help="numbers of tokens")
    parser.add_argument("--against", metavar="PROGRAM", help="another tokentui, in the same turns")
    options = parser.parse_args()
    rounds = options.rounds
    compileall.compile_dir(str(Path(tokentui.__file__).parent), quiet=1)
    for count in options.sizes or ([_TOKENS, _LARGE] if options.large else [_TOKENS]):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "data" / "tokens.json"
            secret = _make_store(path, count)
            env = environment(folder, path)
            _show_apps(count, _run_apps(rounds, env, _apps(count, options.against)))
            if count == _TOKENS:
                _show_commands(_run_commands(rounds, env, secret))


def _apps(count: int, against: str | None) -> list[App]:
    bare = (sys.executable, BARE_APP, *map(name, range(_BARE_ROWS)))
    others = [App("the other", (against,), opens_filter=b"/")] if against else []
    return [
        App("bare list", bare, filters=False),
        App("bare filter", (sys.executable, BARE_FILTER, str(count)), moves=False),
        App("tokentui", (PROGRAM,), opens_filter=b"/"),
        *others,
    ]


def _make_store(path: Path, count: int) -> str:
    """Make a store of tokens that were all used, and return the secret of the last."""
    hasher, minted = BcryptHasher(4), mint()
    shared = hasher.hash(mint().secret)
    tokens = [sample(number, shared) for number in range(count - 1)]
    known = sample(count - 1, hasher.hash(minted.secret))
    minted = minted._replace(id=known.id)
    fill(path, [*tokens, known])
    usage = open_usage(str(path))
    for token in (*tokens, known):
        usage.record(token.id, utc_now())
    usage.flush()
    return minted.encode().reveal()


def environment(home: str, store: Path | str) -> dict[str, str]:
    """Return the environment of a program that knows nothing of the person who measures."""
    return {
        "PATH": os.defpath,
        "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
        "HOME": home,
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "TOKENTUI_STORE": str(store),
        "TOKENTUI_HASH_COST": "4",
    }


def _run_apps(rounds: int, env: Mapping[str, str], apps: Sequence[App]) -> dict[App, list[Session]]:
    """Return the sessions of each app."""
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
        if app.moves:
            keys = [terminal.press(_DOWN) for _ in range(_KEYS)]
        if app.filters:
            if app.opens_filter:
                terminal.press(app.opens_filter)
            # The digits of a name, one after the other: fewer and fewer are left.
            filtered = [terminal.press(digit.encode()) for digit in "77"]
    return Session(start, keys, filtered)


def _run_commands(rounds: int, env: Mapping[str, str], secret: str) -> dict[str, list[float]]:
    """Return the wall times of each command; the first one is what the others stand beside."""
    commands = {
        f'python -c "{_IMPORTS}"': [sys.executable, "-c", _IMPORTS],
        "python -c pass": [sys.executable, "-c", "pass"],
        "tokentui --help": [PROGRAM, "--help"],
        "tokentui paths": [PROGRAM, "paths"],
        "tokentui list": [PROGRAM, "list"],
        "tokentui list --json": [PROGRAM, "list", "--json"],
        "tokentui verify (bcrypt, cost 4)": [PROGRAM, "verify"],
    }
    times: dict[str, list[float]] = {title: [] for title in commands}
    for turn in range(rounds + 1):
        table.progress(f"Commands: round {turn} of {rounds}.")
        for title, command in commands.items():
            elapsed = _wall_time(command, env, secret)
            if turn:  # the first one compiles and warms
                times[title].append(elapsed)
    return times


def _wall_time(command: Sequence[str], env: Mapping[str, str], secret: str) -> float:
    began = perf_counter()
    silent = subprocess.DEVNULL
    subprocess.run(
        command, env=env, input=secret.encode(), stdout=silent, stderr=silent, check=True
    )
    return perf_counter() - began


def _show_apps(count: int, sessions: Mapping[App, Sequence[Session]]) -> None:
    """Print starts and keys, each beside the bare program that does the least for it."""
    rounds = len(next(iter(sessions.values())))
    print(f"{count:,} tokens, {_BARE_ROWS} rows in the bare list, {rounds} runs.\n")
    starts, keys, letters = {}, {}, {}
    for app, seen in sessions.items():
        if app.moves:
            starts[app.title] = [each.start for each in seen]
            keys[app.title] = [answer for each in seen for answer in each.keys]
        if app.filters:
            letters[app.title] = [answer for each in seen for answer in each.filtered]
    titles = ("what", "painted ms", "p90", "settled ms", "CPU ms", "bytes", "settled", "CPU")
    rows = [
        *_rows("start", starts),
        *_rows("cursor down", keys),
        *_rows("a letter of the filter", letters),
    ]
    table.show(titles, rows)


def _rows(what: str, answers: Mapping[str, Sequence[Answer]]) -> list[tuple[str, ...]]:
    """Return a row for each program, the first of them as the baseline of the two ratios."""
    bare, *_ = answers.values()
    return [(f"{what}, {title}", *_columns(each, bare)) for title, each in answers.items()]


def _columns(ours: Sequence[Answer], bare: Sequence[Answer]) -> tuple[str, ...]:
    painted = [answer.text_after for answer in ours]
    settled = [[answer.settled_after for answer in answers] for answers in (ours, bare)]
    cpu = [[answer.cpu for answer in answers] for answers in (ours, bare)]
    size = median(answer.size for answer in ours)
    return (
        table.milliseconds(painted),
        table.p90(painted),
        table.milliseconds(settled[0]),
        table.milliseconds(cpu[0]),
        f"{size:.0f}",
        table.ratio(*settled),
        table.ratio(*cpu),
    )


def _show_commands(times: Mapping[str, list[float]]) -> None:
    """Print the commands, each beside the first."""
    baseline, *_ = times.values()
    rows = [
        (title, table.milliseconds(taken), table.p90(taken), table.ratio(taken, baseline), "2.00")
        for title, taken in times.items()
    ]
    table.show(("command", "ms", "p90", "ratio", "target"), rows)


if __name__ == "__main__":
    main()

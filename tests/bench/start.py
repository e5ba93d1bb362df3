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
_IMPORTS = "import click, tinydb, bcrypt"


class Session(NamedTuple):
    """One start of an app, and the keys pressed in it."""

    start: Answer
    keys: list[Answer]
    filtered: list[Answer]
    """Keys typed into the filter; the bare app has none."""


def main() -> None:
    """Measure, and print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="runs of each, two or more")
    parser.add_argument("--large", action="store_true", help=f"also with {_LARGE} tokens")
    options = parser.parse_args()
    rounds = options.rounds
    compileall.compile_dir(str(Path(tokentui.__file__).parent), quiet=1)
    for count in [_TOKENS, _LARGE] if options.large else [_TOKENS]:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "data" / "tokens.json"
            secret = _make_store(path, count)
            env = environment(folder, path)
            _show_apps(count, *_run_apps(rounds, env))
            if count == _TOKENS:
                _show_commands(_run_commands(rounds, env, secret))


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


def _run_apps(rounds: int, env: Mapping[str, str]) -> tuple[list[Session], list[Session]]:
    """Return the sessions of the app and those of the bare one."""
    ours = [PROGRAM]
    bare = [sys.executable, BARE_APP, *map(name, range(_BARE_ROWS))]
    _session(ours, env), _session(bare, env)  # compiles what is not, and fills the disk's cache
    pairs = []
    for turn in range(1, rounds + 1):
        table.progress(f"Apps: round {turn} of {rounds}.")
        pairs.append((_session(ours, env), _session(bare, env)))
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def _session(command: Sequence[str], env: Mapping[str, str]) -> Session:
    with TimedTerminal(command, env) as terminal:
        start = terminal.start(name(0).encode())
        keys = [terminal.press(_DOWN, name(row).encode()) for row in range(1, _KEYS + 1)]
        filtered = []
        if command[0] == PROGRAM:
            terminal.press(b"/", b"Name, note, ID")
            # The digits of a name, one after the other: fewer and fewer are left.
            filtered = [terminal.press(digit.encode(), name(77).encode()) for digit in "77"]
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


def _show_apps(count: int, ours: Sequence[Session], bare: Sequence[Session]) -> None:
    """Print starts and keys, the app's beside those of the bare one."""
    table.progress("")
    print(
        f"{count:,} tokens in the app, {_BARE_ROWS} rows in a bare DataTable, {len(ours)} runs.\n"
    )
    rows = [
        _row("start to painted list", [s.start for s in ours], [s.start for s in bare]),
        _row("cursor down to painted row", _keys(ours), _keys(bare)),
        _row("a letter of the filter", [a for s in ours for a in s.filtered], _keys(bare)),
    ]
    measured = ("p90", "settled", "bytes")
    table.show(("what", "app ms", *measured, "bare ms", *measured, "ratio", "target"), rows)


def _keys(sessions: Sequence[Session]) -> list[Answer]:
    return [answer for session in sessions for answer in session.keys]


def _row(what: str, ours: Sequence[Answer], bare: Sequence[Answer]) -> tuple[str, ...]:
    painted = [[answer.text_after for answer in answers] for answers in (ours, bare)]
    return what, *_columns(ours), *_columns(bare), table.ratio(*painted), "1.25"


def _columns(answers: Sequence[Answer]) -> tuple[str, str, str, str]:
    painted = [answer.text_after for answer in answers]
    settled = [answer.settled_after for answer in answers]
    size = median(answer.size for answer in answers)
    return (
        table.milliseconds(painted),
        table.p90(painted),
        table.milliseconds(settled),
        f"{size:.0f}",
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

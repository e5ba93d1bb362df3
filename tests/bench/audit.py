"""What the audit log and the log-in cost: `python -m tests.bench.audit`.

Every figure stands beside a baseline from the same run, taken in turns: only the ratios last.
"""

import argparse
import hmac
import os
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter

import bcrypt

from tests.opening import (
    open_audit_log,
    open_failures,
    open_files,
)
from tokentui.core import chain
from tokentui.core.account import Role
from tokentui.core.accounts import AccountService
from tokentui.core.audit import Action, Actor, Event
from tokentui.core.authenticator import PASSWORD_COST, Authenticator
from tokentui.core.chain import START, Link
from tokentui.core.clock import utc_now
from tokentui.core.commands import TokenCommands
from tokentui.core.credential import BcryptHasher, Secret
from tokentui.core.rights import Rights

from . import table
from .samples import fill, sample

_PASSWORD = "correct horse battery"
_ACTOR = Actor("tokens", "192.0.2.7")


def main() -> None:
    """Measure, and print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="runs of each, two or more")
    parser.add_argument("--lines", type=int, default=1_000_000, help="of the trail to check")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        _log_in(Path(folder) / "log-in" / "tokens.json", chosen.rounds)
        for count in (100, 10_000):
            _change(Path(folder) / str(count) / "tokens.json", count, chosen.rounds)
        _check(Path(folder) / "check" / "tokens.json", chosen.lines)


def _timed(do: Callable[[], object]) -> float:
    start = perf_counter()
    do()
    return perf_counter() - start


def _log_in(path: Path, rounds: int) -> None:
    backend = open_files(str(path), _ACTOR)
    accounts, trail = backend.accounts, backend.audit
    hasher = BcryptHasher(PASSWORD_COST)
    service = AccountService(backend, Rights("root"), trail, by="root", hasher=hasher)
    service.add("ann", Role.ADMINISTRATOR, Secret(_PASSWORD))
    authenticator = Authenticator(accounts, open_failures(str(path)), trail, hasher)
    hashed = bcrypt.hashpw(_PASSWORD.encode(), bcrypt.gensalt(PASSWORD_COST))
    ours, theirs = [], []
    for _ in range(rounds):
        theirs.append(_timed(partial(bcrypt.checkpw, _PASSWORD.encode(), hashed)))
        ours.append(_timed(partial(authenticator.authenticate, "ann", Secret(_PASSWORD))))
    table.show(
        ["log-in", "ms", "bcrypt.checkpw, ms", "ratio"],
        [
            [
                "right password",
                table.milliseconds(ours),
                table.milliseconds(theirs),
                table.ratio(ours, theirs),
            ]
        ],
    )


def _change(path: Path, count: int, rounds: int) -> None:
    """Rename with and without a trail, beside one small write that is synced."""
    path.parent.mkdir(parents=True)
    hashed = BcryptHasher(4).hash(Secret("x"))
    fill(path, [sample(number, hashed) for number in range(count)])
    bare = TokenCommands(open_files(str(path)), account="ada")
    traced = TokenCommands(open_files(str(path), _ACTOR), account="ada")
    token = bare.queries.list_all(bare.queries.query())[0]
    small = os.open(path.with_name("small"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    without: list[float] = []
    with_it: list[float] = []
    synced: list[float] = []

    def sync() -> None:
        os.write(small, b"x" * 300)
        os.fsync(small)

    for number in range(rounds + 2):
        for kind, service, seconds in (("bare", bare, without), ("traced", traced, with_it)):
            token = service.queries.get(token.id)
            seconds.append(_timed(partial(service.rename, token, f"{kind}{number}")))
        synced.append(_timed(sync))
    os.close(small)
    more = median(with_it[2:]) - median(without[2:])
    table.show(
        [f"renaming, {count:,} tokens", "ms"],
        [
            ["without a trail", table.milliseconds(without[2:])],
            ["with one", table.milliseconds(with_it[2:])],
            ["one small write and fsync", table.milliseconds(synced[2:])],
            ["what the trail adds, in such writes", table.number(more / median(synced[2:]))],
        ],
    )


def _check(path: Path, count: int) -> None:
    trail = open_audit_log(str(path), actor=_ACTOR)
    event = Event(account="ann", action=Action.CREATE, token="0123456789", name="ci-deploy")
    trail.record(event)
    last = _lengthen(path, count, event)
    ours, theirs = [], []
    for _ in range(5):
        theirs.append(_timed(partial(_bare, path)))
        ours.append(_timed(trail.verify))
    assert trail.verify() == last
    table.show(
        [f"checking {count:,} lines", "s", "bare loop, s", "ratio"],
        [
            [
                "audit verify",
                table.number(median(ours)),
                table.number(median(theirs)),
                table.ratio(ours, theirs),
            ]
        ],
    )


def _lengthen(path: Path, count: int, event: Event) -> Link:
    """Make the trail `count` lines long, as `record` would, but without a sync a line."""
    key = bytes.fromhex(path.with_name("audit.key").read_text())
    file, anchor = path.with_name("audit.jsonl"), path.with_name("audit.anchor")
    last, now = START, utc_now()
    with file.open("wb") as lines:
        for number in range(1, count + 1):
            line, last = chain.sealed(key, last, chain.entry(number, now, _ACTOR, event))
            lines.write(line)
    anchor.write_text(f"{last}\n")
    return last


def _bare(path: Path) -> bytes:
    """Read the lines and HMAC each with the one before it, and do nothing else."""
    key = bytes.fromhex(path.with_name("audit.key").read_text())
    mac = bytes(32)
    with path.with_name("audit.jsonl").open("rb") as lines:
        for line in lines:
            mac = hmac.digest(key, mac + line[:-75], "sha256")
    return mac


if __name__ == "__main__":
    main()

"""What signing in and the check of an audit log cost: `python -m tests.bench.audit`.

Every figure stands beside a baseline from the same run, taken in turns: only the ratios last.
"""

import hmac
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
from tokentui.core.credential import BcryptHasher, Secret
from tokentui.core.rights import Rights

from . import table
from .common import Bench, Options

_PASSWORD = "correct horse battery"
_ACTOR = Actor("tokens", "192.0.2.7")


def _measure(options: Options) -> None:
    with tempfile.TemporaryDirectory() as folder:
        _sign_in(Path(folder) / "sign-in" / "tokens.json", options.rounds)
        for count in options.sizes:
            _check(Path(folder) / str(count) / "tokens.json", count, options.rounds)


def _timed(do: Callable[[], object]) -> float:
    start = perf_counter()
    do()
    return perf_counter() - start


def _sign_in(path: Path, rounds: int) -> None:
    backend = open_files(str(path), _ACTOR)
    accounts, log = backend.accounts, backend.audit
    hasher = BcryptHasher(PASSWORD_COST)
    service = AccountService(backend, Rights("root"), log, by="root", hasher=hasher)
    service.add("ann", Role.ADMINISTRATOR, Secret(_PASSWORD))
    authenticator = Authenticator(accounts, open_failures(str(path)), log, hasher)
    hashed = bcrypt.hashpw(_PASSWORD.encode(), bcrypt.gensalt(PASSWORD_COST))
    ours, theirs = [], []
    for _ in range(rounds):
        theirs.append(_timed(partial(bcrypt.checkpw, _PASSWORD.encode(), hashed)))
        ours.append(_timed(partial(authenticator.authenticate, "ann", Secret(_PASSWORD))))
    table.show(
        ["sign-in", "ms", "bcrypt.checkpw, ms", "ratio"],
        [
            [
                "right password",
                table.milliseconds(ours),
                table.milliseconds(theirs),
                table.ratio(ours, theirs),
            ]
        ],
    )


def _check(path: Path, count: int, rounds: int) -> None:
    log = open_audit_log(str(path), actor=_ACTOR)
    event = Event(account="ann", action=Action.CREATE, token="0123456789", name="ci-deploy")
    log.record(event)
    last = _lengthen(path, count, event)
    ours, theirs = [], []
    for turn in range(rounds):
        table.progress(f"Checks: round {turn + 1} of {rounds}.")
        theirs.append(_timed(partial(_bare, path)))
        ours.append(_timed(log.verify))
    assert log.verify() == last
    table.show(
        [f"checking {count:,} entries", "s", "bare loop, s", "ratio"],
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
    """Make the log `count` lines long, as `record` would, but without a sync a line."""
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


BENCH = Bench(doc=__doc__, measure=_measure, rounds=5, sizes=(1_000_000,), counted="entries")

if __name__ == "__main__":
    BENCH.main()

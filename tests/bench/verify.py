"""How fast secrets are checked: `python -m tests.bench.verify`.

Every figure stands beside a baseline from the same run, taken in turns: only the ratios last.
With `pip install djangorestframework-api-key`, that is measured as well.
"""

import argparse
import asyncio
import hmac
import itertools
import math
import os
import secrets
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext, suppress
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from threading import Event
from time import perf_counter
from typing import NamedTuple

import bcrypt
from msgspec.structs import replace

from tests.opening import one, open_store, open_usage
from tokentui.core.credential import BcryptHasher, Credential, mint
from tokentui.core.snapshot_lookup import SnapshotLookup
from tokentui.core.verdicts import Refused
from tokentui.core.verifier import Verifier

from . import table
from .samples import fill, sample

_PEER = ("django", "rest_framework", "rest_framework_api_key")
_COUNTS = (10, 10_000)
_SEEN = 200
_NEW = 5
_COSTS = (4, 10)
_CALLS = 2_000
_SOURCES = 20
_FLOOD = 1_000
_WINDOW = 1.0
# The first wrong secrets of each caller are checked, before a flood is told from mistakes.
_SETTLING = 2.0
_FLOODED = (1, 20, 200)
_ELSEWHERE = "198.51.100.1"

_Call = Callable[[], object]


def main() -> None:
    """Measure, and print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="runs of each, two or more")
    rounds = parser.parse_args().rounds
    if missing := [name for name in _PEER if find_spec(name) is None]:
        print(f"Not installed, so not measured beside it: {', '.join(missing)}.\n")
    for count in _COUNTS:
        with tempfile.TemporaryDirectory() as folder:
            _measure(Path(folder), count, rounds)


def _measure(folder: Path, count: int, rounds: int) -> None:
    path = str(folder / "tokens.json")
    known = _make_store(Path(path), count, _COSTS[0], _SEEN)
    with _opened(path) as verifier:
        _show_calls(count, rounds, _calls(folder, verifier, known, count))
    for cost in _COSTS:
        _show_first_sight(folder, count, cost, rounds)
    _show_flood(folder, count, rounds)


def _make_store(path: Path, count: int, cost: int, used: int) -> list[str]:
    """Make a store, and return the secrets of those of its tokens that are used."""
    tokens = [sample(number, "$2b$04$" + "." * 53) for number in range(count)]
    known = []
    for place, token in enumerate(tokens[:used]):
        minted = Credential(token.id, mint().secret)
        known.append(minted.encode().reveal())
        tokens[place] = replace(token, hash=BcryptHasher(cost).hash(minted.secret))
    fill(path, tokens)
    return known


@contextmanager
def _opened(path: str) -> Iterator[Verifier]:
    lookup = SnapshotLookup(open_store(path, read_only=True))
    with Verifier(lookup, usage=open_usage(path)) as verifier:
        verifier.refresh()
        yield verifier


# -- one after the other ----------------------------------------------------------------------


def _calls(
    folder: Path, verifier: Verifier, known: Sequence[str], count: int
) -> dict[str, Callable[[], float]]:
    """Return what is measured; each returns how many seconds one call takes."""
    for secret in known:
        verifier.verify(secret)
    key = secrets.token_bytes(32)
    bare = {hmac.digest(key, secret.encode(), "sha256"): secret for secret in known}
    turns = itertools.cycle(known)
    unknown = mint().encode().reveal()
    wrong = known[0][:-1] + ("0" if known[0][-1] != "0" else "1")

    def refused(secret: str) -> _Call:
        def call() -> None:
            with suppress(Refused):
                verifier.verify(secret, "GET", "192.0.2.1")

        return call

    async def asking() -> float:
        began = perf_counter()
        for _ in range(_CALLS):
            await verifier.averify(next(turns), "GET", "192.0.2.1")
        return (perf_counter() - began) / _CALLS

    calls = {
        "a bare dict + HMAC": _timed(
            lambda: bare[hmac.digest(key, next(turns).encode(), "sha256")]
        ),
        "verify, seen before": _timed(lambda: verifier.verify(next(turns), "GET", "192.0.2.1")),
        "averify, seen before": lambda: asyncio.run(asking()),
        "an unknown id": _timed(refused(unknown)),
        "a wrong checksum": _timed(refused(wrong)),
        "one character": _timed(refused("x")),
    }
    if (is_valid := _peer(folder, count)) is not None:
        calls["djangorestframework-api-key"] = _timed(is_valid, _CALLS // 20)
    return calls


def _timed(call: _Call, times: int = _CALLS) -> Callable[[], float]:
    def measured() -> float:
        began = perf_counter()
        for _ in range(times):
            call()
        return (perf_counter() - began) / times

    return measured


def _peer(folder: Path, count: int) -> _Call | None:
    """Return a call of `is_valid` among as many keys in SQLite, where that is installed."""
    if any(find_spec(name) is None for name in _PEER):
        return None
    import django
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connections

    database = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(folder / "keys.sqlite")}
    if not settings.configured:
        settings.configure(
            INSTALLED_APPS=["rest_framework_api_key"], DATABASES={"default": database}
        )
        django.setup()
    connections.close_all()
    connections["default"].settings_dict["NAME"] = database["NAME"]
    call_command("migrate", verbosity=0)
    from rest_framework_api_key.models import APIKey

    made = [APIKey(name=str(number)) for number in range(count)]
    keys = [APIKey.objects.assign_key(each) for each in made]
    APIKey.objects.bulk_create(made)
    turns = itertools.cycle(keys[:_SEEN])
    return lambda: APIKey.objects.is_valid(next(turns))


def _show_calls(count: int, rounds: int, calls: dict[str, Callable[[], float]]) -> None:
    taken = _in_turns(rounds, calls)
    bare = taken["a bare dict + HMAC"]
    print(f"{count:,} tokens, {rounds} rounds of {_CALLS:,} calls, medians.\n")
    rows = [
        (what, table.number(median(times) * 1e6), table.ratio(times, bare))
        for what, times in taken.items()
    ]
    table.show(("what", "microseconds", "times the bare one"), rows)


def _in_turns(rounds: int, calls: dict[str, Callable[[], float]]) -> dict[str, list[float]]:
    taken: dict[str, list[float]] = {what: [] for what in calls}
    for _ in range(rounds):
        for what, call in calls.items():
            taken[what].append(call())
    return taken


# -- a secret that was never seen -------------------------------------------------------------


def _show_first_sight(folder: Path, count: int, cost: int, rounds: int) -> None:
    path = folder / str(cost) / "tokens.json"
    new = _make_store(path, count, cost, _NEW)
    store = open_store(str(path))
    hashes = [(one(store, secret[3:13]).hash or "").encode() for secret in new]

    def first_sight() -> float:
        with _opened(str(path)) as verifier:
            turns = iter(new)
            return _timed(lambda: verifier.verify(next(turns)), _NEW)()

    def bare() -> float:
        turns = iter(zip(new, hashes, strict=True))

        def check() -> bool:
            secret, hashed = next(turns)
            return bcrypt.checkpw(secret[14:46].encode(), hashed)

        return _timed(check, _NEW)()

    taken = _in_turns(rounds, {"ours": first_sight, "bcrypt.checkpw": bare})
    ours, theirs = taken.values()
    row = (str(cost), *map(table.milliseconds, (ours, theirs)), table.ratio(ours, theirs))
    table.show(("first sight at cost", "ours, ms", "bcrypt.checkpw, ms", "ratio"), [row])


# -- a flood of wrong secrets -----------------------------------------------------------------


class _Flood(NamedTuple):
    """Wrong secrets at a steady pace, from as many addresses as there are sources."""

    verifier: Verifier
    ids: Sequence[str]
    rates: list[float]
    """How many were sent a second, in each round: the pace is what is offered at most."""
    waits: list[float]
    """How many seconds the check of a right secret took that was not seen before."""

    @contextmanager
    def running(self) -> Iterator[None]:
        over = Event()
        with ThreadPoolExecutor(_SOURCES) as pool:
            sent = [pool.submit(self._send, number, over) for number in range(_SOURCES)]
            yield
            over.set()
        self.rates.append(sum(each.result() for each in sent) / (_SETTLING + _WINDOW))

    def _send(self, number: int, over: Event) -> int:
        turns = itertools.islice(itertools.cycle(self.ids), number, None)
        aims = itertools.islice(turns, _FLOOD // _SOURCES)
        wrong = [Credential(token_id, mint().secret).encode() for token_id in aims]
        for sent, secret in enumerate(itertools.cycle(wrong)):
            if over.wait(_SOURCES / _FLOOD):
                return sent
            with suppress(Refused):
                self.verifier.verify(secret, "GET", f"192.0.2.{number}")
        return 0


def _show_flood(folder: Path, count: int, rounds: int) -> None:
    """Show how many secrets seen before are let in a second, all of it on one core."""
    path = folder / "flood" / "tokens.json"
    known = _make_store(path, count, _COSTS[-1], _SEEN)
    # The one that is never seen before has an id that is always flooded.
    ids = [secret[3:13] for secret in (*known[_SOURCES:], *known[:_SOURCES])]
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        with _opened(str(path)) as limited, _opened(str(path)) as unlimited:
            free = unlimited._checker
            free._hashing._budget._leeway = free._failures._limit._leeway = math.inf
            floods: dict[str, _Flood | None] = {"none": None}
            for many in _FLOODED:
                floods[f"for {many} known ids"] = _Flood(limited, ids[:many], [], [])
            floods["the last, without limits"] = _Flood(unlimited, ids, [], [])
            taken = _in_turns(
                rounds,
                {what: partial(_rate, limited, known, flood) for what, flood in floods.items()},
            )
    finally:
        os.sched_setaffinity(0, cores)
    print("Wrong secrets for known ids, all on one core.\n")
    calm = taken["none"]
    rows = [
        (
            what,
            table.number(median(flood.rates)) if flood else "",
            table.number(median(taken[what])),
            table.ratio(taken[what], calm),
            table.number(median(flood.waits)) if flood else "",
        )
        for what, flood in floods.items()
    ]
    titles = ("flood", "wrong, a second", "let in, a second", "of those without", "first sight, s")
    table.show(titles, rows)


def _rate(verifier: Verifier, secrets: Sequence[str], flood: _Flood | None) -> float:
    """Return how many secrets that were seen before are let in a second."""
    *known, fresh = secrets[: _SOURCES + 1]
    for secret in known:
        verifier.verify(secret)
    with flood.running() if flood else nullcontext():
        if flood is None:
            return _count(verifier, known, _WINDOW)
        _count(verifier, known, _SETTLING)
        rate = _count(verifier, known, _WINDOW)
        began = perf_counter()
        flood.verifier.verify(fresh, "GET", _ELSEWHERE)
        flood.waits.append(perf_counter() - began)
        right = flood.verifier._checker._right
        right._hashes.pop(right.digest(fresh))
        return rate


def _count(verifier: Verifier, known: Sequence[str], seconds: float) -> float:
    turns, passed, began = itertools.cycle(known), 0, perf_counter()
    while perf_counter() - began < seconds:
        for _ in range(100):
            verifier.verify(next(turns))
        passed += 100
    return passed / (perf_counter() - began)


if __name__ == "__main__":
    main()

"""What a flood of wrong secrets leaves to valid traffic: `python -m tests.bench.flood`.

How many secrets that were seen before are accepted a second, while wrong secrets for known token
IDs come in from many addresses, all on one core; beside the same without a flood, in turns.
"""

import itertools
import math
import os
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from statistics import median
from threading import Event
from time import perf_counter, sleep
from typing import NamedTuple

from tokentui.core.credential import Credential, mint
from tokentui.core.verdicts import Refused, TooManyFailures
from tokentui.core.verifier import Verifier

from . import table
from .common import Bench, Goal, Options, Row
from .verifiers import make_store, opened

_SEEN = 200
_COST = 10
_SOURCES = 20
_FLOOD = 1_000
_WINDOW = 1.0
# The first wrong secrets of each caller are checked, before a flood is told from mistakes.
_SETTLING = 2.0
_FLOODED = (1, 20, 200)
_ELSEWHERE = "198.51.100.1"
_AGAIN, _PATIENCE = 0.5, 5.0
_CALM = "none"
_GOAL = Goal(at_least={"kept": 0.8})


class _Flood(NamedTuple):
    """Wrong secrets at a steady pace, from as many addresses as there are sources."""

    verifier: Verifier
    ids: Sequence[str]
    rates: list[float]
    """How many were sent a second, in each round: the pace is what is offered at most."""
    waits: list[float]
    """How many seconds a right secret took that was not seen before; infinity if refused."""

    @contextmanager
    def running(self) -> Iterator[None]:
        over = Event()
        with ThreadPoolExecutor(_SOURCES) as pool:
            sent = [pool.submit(self._send, number, over) for number in range(_SOURCES)]
            try:
                yield
            finally:
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


def _measure(options: Options) -> Iterator[Row]:
    for count in options.sizes:
        with tempfile.TemporaryDirectory() as folder:
            yield from _flooded(Path(folder) / "tokens.json", count, options.rounds)


def _flooded(path: Path, count: int, rounds: int) -> Iterator[Row]:
    known = make_store(path, count, _COST, _SEEN)
    # The one that is never seen before has an id that is always flooded.
    ids = [secret[3:13] for secret in (*known[_SOURCES:], *known[:_SOURCES])]
    rates: dict[str, list[float]] = {}
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        with opened(str(path)) as limited, opened(str(path)) as unlimited:
            free = unlimited._checker
            free._hashing._budget._leeway = free._failures._limit._leeway = math.inf
            floods: dict[str, _Flood | None] = {_CALM: None}
            for many in _FLOODED:
                floods[f"for {many} known IDs"] = _Flood(limited, ids[:many], [], [])
            floods["the last, without limits"] = _Flood(unlimited, ids, [], [])
            for turn, (what, flood) in itertools.product(range(rounds), floods.items()):
                table.progress(f"Flood {what}: round {turn + 1} of {rounds}.")
                rates.setdefault(what, []).append(_rate(limited, known, flood))
    finally:
        os.sched_setaffinity(0, cores)
    _show(count, floods, rates)
    for what in [f"for {many} known IDs" for many in _FLOODED]:
        kept = median(rates[what]) / median(rates[_CALM])
        yield Row(f"valid traffic in a flood {what}", "without a flood", {"kept": kept}, _GOAL)


def _show(count: int, floods: dict[str, _Flood | None], rates: dict[str, list[float]]) -> None:
    print(f"{count:,} tokens, wrong secrets for known IDs, all on one core.\n")
    rows = [
        (
            what,
            table.number(median(flood.rates)) if flood else "",
            table.number(median(rates[what])),
            table.ratio(rates[what], rates[_CALM]),
            table.number(median(flood.waits)) if flood else "",
        )
        for what, flood in floods.items()
    ]
    titles = ("flood", "wrong, a second", "valid, a second", "of those without", "first sight, s")
    table.show(titles, rows)


def _rate(verifier: Verifier, secrets: Sequence[str], flood: _Flood | None) -> float:
    """Return how many secrets that were seen before are accepted a second."""
    *known, fresh = secrets[: _SOURCES + 1]
    for secret in known:
        verifier.verify(secret)
    with flood.running() if flood else nullcontext():
        if flood is None:
            return _count(verifier, known, _WINDOW)
        _count(verifier, known, _SETTLING)
        rate = _count(verifier, known, _WINDOW)
        flood.waits.append(_first_sight(flood.verifier, fresh))
        return rate


def _first_sight(verifier: Verifier, secret: str) -> float:
    """Return how many seconds a right secret that was not seen before takes to be accepted.

    Where it is rate limited it is presented again, as a client does, until a client gives up.
    """
    began = perf_counter()
    while perf_counter() - began < _PATIENCE:
        with suppress(TooManyFailures):
            verifier.verify(secret, "GET", _ELSEWHERE)
            right = verifier._checker._right
            right._hashes.pop(right.digest(secret))
            return perf_counter() - began
        sleep(_AGAIN)
    return math.inf


def _count(verifier: Verifier, known: Sequence[str], seconds: float) -> float:
    turns, passed, began = itertools.cycle(known), 0, perf_counter()
    while perf_counter() - began < seconds:
        for _ in range(100):
            verifier.verify(next(turns))
        passed += 100
    return passed / (perf_counter() - began)


BENCH = Bench(doc=__doc__, measure=_measure, rounds=5, sizes=(10_000,))

if __name__ == "__main__":
    BENCH.main()

"""How fast secrets are checked: `python -m tests.bench.verify`.

A secret that was seen before stands beside an HMAC and a dict, and beside the peer
djangorestframework-api-key (which `pip install djangorestframework djangorestframework-api-key`
installs), a secret never seen before beside bcrypt: all taken in turns.
"""

import asyncio
import hmac
import itertools
import secrets
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

import bcrypt

from tests.opening import one, open_store
from tokentui.core.credential import mint
from tokentui.core.verdicts import Refused
from tokentui.core.verifier import Verifier

from . import table
from .common import NO_GOAL, Bench, Goal, Needs, Options, Row, compare
from .table import Spent, cpu_ratio, wall_ratio
from .verifiers import make_store, opened

_MANY = 10_000
_SEEN = 200
_NEW = 5
_COSTS = (4, 10)
_CALLS = 2_000
_LEAST = "a bare dict + HMAC"
_WARM = "verify, seen before"
_BCRYPT = "bcrypt.checkpw"
_PEER = "djangorestframework-api-key"
_GOAL = Goal({"CPU": 2})
_FASTER = Goal(at_least={"times as fast": 60})

_Call = Callable[[], object]
_Timed = Callable[[], Spent]


def _measure(options: Options) -> Iterator[Row]:
    for count in options.sizes:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            path = folder / "tokens.json"
            table.progress(f"Making a file of {count:,} tokens.")
            known = make_store(path, count, _COSTS[0], _SEEN)
            with opened(str(path)) as verifier:
                calls = _calls(verifier, known)
                if _PEER in options.parts:
                    calls[_PEER] = _timed(_peer(folder, count), _CALLS // 20)
                yield from _show_calls(count, options.rounds, calls)
            for cost in _COSTS:
                _show_first_sight(folder, count, cost, options.rounds)


# -- one after the other ----------------------------------------------------------------------


def _calls(verifier: Verifier, known: Sequence[str]) -> dict[str, _Timed]:
    """Return what is measured; each returns what one call takes."""
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

    async def asking() -> None:
        for _ in range(_CALLS):
            await verifier.averify(next(turns), "GET", "192.0.2.1")

    return {
        _LEAST: _timed(lambda: bare[hmac.digest(key, next(turns).encode(), "sha256")]),
        _WARM: _timed(lambda: verifier.verify(next(turns), "GET", "192.0.2.1")),
        "averify, seen before": _timed(lambda: asyncio.run(asking()), 1, _CALLS),
        "an unknown id": _timed(refused(unknown)),
        "a wrong checksum": _timed(refused(wrong)),
        "one character": _timed(refused("x")),
    }


def _timed(call: _Call, times: int = _CALLS, each: int = 1) -> _Timed:
    """Return what measures a call that does the same thing so many times."""

    def measured() -> Spent:
        began, spent = perf_counter(), process_time()
        for _ in range(times):
            call()
        done = times * each
        return Spent((process_time() - spent) / done, (perf_counter() - began) / done)

    return measured


def _peer(folder: Path, count: int) -> _Call:
    """Return a call of `is_valid` among as many keys in SQLite."""
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


def _show_calls(count: int, rounds: int, calls: dict[str, _Timed]) -> Iterator[Row]:
    taken = _in_turns(rounds, calls)
    print(f"{count:,} tokens, {rounds} rounds of {_CALLS:,} calls, medians.\n")
    least, warm = taken[_LEAST], taken[_WARM]
    rows = [
        (
            what,
            table.number(median(each.cpu for each in spent) * 1e6),
            table.number(median(each.wall for each in spent) * 1e6),
            table.number(cpu_ratio(spent, least)),
            table.number(wall_ratio(spent, least)),
        )
        for what, spent in taken.items()
    ]
    table.show(("what", "CPU us", "us", "CPU", "wall"), rows)
    title, goals = f"warm verify, {count:,} tokens", count == _MANY
    yield compare(title, _LEAST, warm, least, _GOAL if goals else NO_GOAL)
    if peer := taken.get(_PEER):
        faster = {"times as fast": cpu_ratio(peer, warm)}
        yield Row(title, _PEER, faster, _FASTER if goals else NO_GOAL)


def _in_turns(rounds: int, calls: dict[str, _Timed]) -> table.Times:
    taken: table.Times = {}
    for turn in range(rounds):
        for what, call in calls.items():
            table.progress(f"{what}: round {turn + 1} of {rounds}.")
            table.add(taken, {what: call()})
    return taken


# -- a secret that was never seen -------------------------------------------------------------


def _show_first_sight(folder: Path, count: int, cost: int, rounds: int) -> None:
    path = folder / str(cost) / "tokens.json"
    new = make_store(path, count, cost, _NEW)
    store = open_store(str(path))
    hashes = [(one(store, secret[3:13]).hash or "").encode() for secret in new]

    def first_sight() -> Spent:
        with opened(str(path)) as verifier:
            turns = iter(new)
            return _timed(lambda: verifier.verify(next(turns)), _NEW)()

    def bare() -> Spent:
        turns = iter(zip(new, hashes, strict=True))

        def check() -> bool:
            secret, hashed = next(turns)
            return bcrypt.checkpw(secret[14:46].encode(), hashed)

        return _timed(check, _NEW)()

    taken = _in_turns(rounds, {"ours": first_sight, _BCRYPT: bare})
    table.show_spent(f"first sight at cost {cost}", taken, _BCRYPT)


_MODULES = ("django", "rest_framework", "rest_framework_api_key")
BENCH = Bench(
    doc=__doc__,
    measure=_measure,
    rounds=15,
    sizes=(10, _MANY),
    needs={_PEER: Needs(packages=_MODULES)},
)

if __name__ == "__main__":
    BENCH.main()

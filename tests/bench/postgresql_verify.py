"""How verifiers fare over PostgreSQL: `python -m tests.bench.postgresql_verify`.

Every figure stands beside a baseline from the same run, taken in turns: only the ratios last. The
server is one on a Unix socket, which syncs to disk and has no standby.
"""

import itertools
import tempfile
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from statistics import median
from threading import Barrier, Thread
from time import perf_counter

import psycopg

from tests.postgresql.lookups import create, revoke, writer
from tests.postgresql.server import NEEDED, Server
from tokentui.core.credential import BcryptHasher, Secret
from tokentui.core.lookup import CredentialLookup
from tokentui.core.snapshot_lookup import SnapshotLookup
from tokentui.core.verdicts import TokenRevoked, UnknownToken
from tokentui.core.verifier import Verifier
from tokentui.stores.postgresql.accounts import AccountTable
from tokentui.stores.postgresql.connections import Connections
from tokentui.stores.postgresql.lookup import MOST, DatabaseLookup
from tokentui.stores.postgresql.opening import created
from tokentui.stores.postgresql.tokens import TokenTable
from tokentui.stores.postgresql.url import conninfo_of

from . import table
from .common import Bench, Needs, Options

_SERVER = "a server"
_SEEN = 50
_CALLS = 2_000
_VERIFIERS = 3
_HASHER = BcryptHasher(4)

_INSERT = (
    "INSERT INTO tokens (id, account, name, name_key, created_at, expires_at, hash, revision, "
    "changed) SELECT lpad(n::text, 10, '0'), 'ada', 'svc-' || n, 'svc-' || n, now(), "
    "now() + interval '10 years', rpad('$2b$10$', 60, md5(n::text)), 1, 1 "
    "FROM generate_series(1, %s) AS n"
)


def _measure(options: Options) -> None:
    if _SERVER in options.parts:
        for count in options.sizes:
            _measure_one(count, options.rounds)


def _measure_one(count: int, rounds: int) -> None:
    with Server(fsync=True) as server, tempfile.TemporaryDirectory() as keys:
        url = server.create_database()
        created(url, Path(keys))
        with closing(psycopg.connect(url, autocommit=True)) as connection:
            connection.execute(_INSERT, [count])
            connection.execute("UPDATE head SET tokens = 1")
            connection.execute("VACUUM ANALYZE")
        with writer(url, Path(keys)) as backend:
            secrets = [create(backend, number)[1] for number in range(_SEEN)]
        _show_memory(url)
        _show_calls(url, secrets, count, rounds)
        _show_revocations(url, Path(keys), rounds)


@contextmanager
def _opened(url: str, *, whole: bool = False, most: int = MOST) -> Iterator[CredentialLookup]:
    """Open a lookup: ours, or one that reads the store whole whenever anything changes."""
    connections = Connections(url, conninfo_of(url))
    lookup: CredentialLookup
    if whole:
        lookup = SnapshotLookup(TokenTable(connections), AccountTable(connections), grace=3600)
    else:
        lookup = DatabaseLookup(connections, most=most)
    try:
        yield lookup
    finally:
        lookup.close()
        connections.close()


def _show_memory(url: str) -> None:
    rows = []
    for what, whole in (("DatabaseLookup", False), ("SnapshotLookup", True)):
        with _opened(url, whole=whole) as lookup:
            began = perf_counter()
            lookup.refresh()
            seconds = perf_counter() - began
        tracemalloc.start()
        try:
            with _opened(url, whole=whole) as lookup:
                lookup.refresh()
                held, peak = tracemalloc.get_traced_memory()
                count = lookup.health().tokens
        finally:
            tracemalloc.stop()
        sizes = (table.number(size / count) for size in (held, peak))
        rows.append((f"{what}, {count:,} tokens", *sizes, table.number(seconds)))
    table.show(("memory", "bytes a token", "at most", "to read them, s"), rows)


def _show_calls(url: str, secrets: Sequence[Secret], count: int, rounds: int) -> None:
    with ExitStack() as opened:
        lookups = {
            "verify, seen before": opened.enter_context(_opened(url)),
            "the same, look-up on a miss": opened.enter_context(_opened(url, most=0)),
            "the same, SnapshotLookup": opened.enter_context(_opened(url, whole=True)),
        }
        calls = {what: _verifying(lookup, secrets) for what, lookup in lookups.items()}
        recent = opened.enter_context(_opened(url, most=0))
        recent.refresh()
        numbers = itertools.cycle(range(1, count))
        calls["look-up on a miss"] = _timed(lambda: recent.find(f"{next(numbers):010}"))
        bare = opened.enter_context(closing(psycopg.connect(url, autocommit=True)))
        statement = "SELECT id, account, name, hash FROM tokens WHERE id = %s"
        calls["psycopg, by ID"] = _timed(
            lambda: bare.execute(statement, [f"{next(numbers):010}"]).fetchall()
        )
        polled = opened.enter_context(_opened(url, most=0))
        assert isinstance(polled, DatabaseLookup)
        polled.refresh()
        calls["look at the store"] = _timed(polled._look)
        taken: dict[str, list[float]] = {what: [] for what in calls}
        for _, (what, call) in itertools.product(range(rounds), calls.items()):
            taken[what].append(call())
    rows = [
        (what, table.number(median(times) * 1e6), table.number(max(times) * 1e6))
        for what, times in taken.items()
    ]
    print(f"{rounds} rounds of {_CALLS:,} calls, microseconds a call.\n")
    table.show(("what", "median", "slowest round"), rows)


def _verifying(lookup: CredentialLookup, secrets: Sequence[Secret]) -> Callable[[], float]:
    verifier = Verifier(lookup, hasher=_HASHER)
    for secret in secrets:
        verifier.verify(secret)
    turns = itertools.cycle([secret.reveal() for secret in secrets])
    return _timed(lambda: verifier.verify(next(turns), "GET", "192.0.2.1"))


def _timed(call: Callable[[], object]) -> Callable[[], float]:
    def measured() -> float:
        began = perf_counter()
        for _ in range(_CALLS):
            call()
        return (perf_counter() - began) / _CALLS

    return measured


def _show_revocations(url: str, keys: Path, rounds: int) -> None:
    """Show how long after a revocation was acknowledged each of some verifiers refuses."""
    waits: list[float] = []
    slowest: list[float] = []
    with ExitStack() as opened:
        backend = opened.enter_context(writer(url, keys))
        verifiers = [
            Verifier(opened.enter_context(_opened(url, most=most)), hasher=_HASHER)
            for most in (MOST, 0, MOST)
        ]
        for turn in range(rounds):
            token, secret = create(backend, 1_000 + turn)
            refused = _Refusals(verifiers, secret)
            revoke(backend, token)
            seconds = refused.after(perf_counter())
            waits += seconds
            slowest.append(refused.slowest)
    print(f"{rounds} revocations, each refused by {_VERIFIERS} verifiers.\n")
    titles = ("acknowledged to refused, ms", "median", "max", "slowest verify")
    figures = (median(waits), max(waits), max(slowest))
    table.show(titles, [("", *(table.number(each * 1000) for each in figures))])


class _Refusals:
    """Verifiers that ask for one secret, over and over, until it is refused."""

    def __init__(self, verifiers: Sequence[Verifier], secret: Secret) -> None:
        self.slowest = 0.0
        self._ends: list[float] = []
        self._known = Barrier(len(verifiers) + 1)
        self._threads = [Thread(target=self._ask, args=[each, secret]) for each in verifiers]
        for thread in self._threads:
            thread.start()
        self._known.wait()

    def _ask(self, verifier: Verifier, secret: Secret) -> None:
        # Until the feed has it, where all tokens are in memory.
        while not self._passes(verifier, secret):
            continue
        self._known.wait()
        while True:
            began = perf_counter()
            try:
                verifier.verify(secret)
            except TokenRevoked:
                self._ends.append(perf_counter())
                return
            self.slowest = max(self.slowest, perf_counter() - began)

    @staticmethod
    def _passes(verifier: Verifier, secret: Secret) -> bool:
        try:
            verifier.verify(secret)
        except UnknownToken:
            return False
        return True

    def after(self, began: float) -> list[float]:
        """Wait for all, and return how many seconds after a moment each refused."""
        for thread in self._threads:
            thread.join()
        return [max(0.0, end - began) for end in self._ends]


BENCH = Bench(
    doc=__doc__,
    measure=_measure,
    rounds=15,
    sizes=(MOST - 2 * _SEEN,),
    needs={_SERVER: Needs(NEEDED)},
)

if __name__ == "__main__":
    BENCH.main()

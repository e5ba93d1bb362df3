"""How fast our store is beside stock TinyDB: `python -m tests.bench.store`.

Both work on the same documents, in turns, in one run: only the ratios last. Ours also locks,
syncs to disk, checks names and revisions and reads what others wrote; stock TinyDB does not.
"""

import shutil
import tempfile
import tracemalloc
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter
from typing import Protocol

import msgspec
from tinydb import TinyDB, where

from tests.opening import one, open_store
from tokentui.core.clock import utc_now
from tokentui.core.query import Query, Sort
from tokentui.core.search_language import parse
from tokentui.core.token import Token
from tokentui.core.window import FIRST, Offset

from . import table
from .common import Bench, Options
from .samples import fill, sample

_WINDOW = 40
_REPEATS = 5
_WORDS = ("svc-0", "00077", "nowhere", "7-7", "svc-00009")
_HASH = "$2b$04$" + "." * 53


class _Side(Protocol):
    """One of the two, over a file that exists."""

    def find(self, offset: int) -> Sequence[object]: ...
    def search(self, word: str) -> Sequence[object]: ...
    def get(self, token_id: str) -> object: ...
    def add(self, token: Token) -> None: ...
    def replace(self, token: Token) -> None: ...


class _Ours:
    def __init__(self, path: Path) -> None:
        self._store = open_store(str(path))

    def find(self, offset: int) -> Sequence[object]:
        query = Query(now=utc_now(), sort=Sort.CREATED)
        return self._store.page(query, Offset(offset), _WINDOW).rows

    def search(self, word: str) -> Sequence[object]:
        query = Query(now=utc_now(), search=parse(word))
        return self._store.page(query, FIRST, _WINDOW).rows

    def get(self, token_id: str) -> object:
        return one(self._store, token_id)

    def add(self, token: Token) -> None:
        self._store.apply(added=[token])

    def replace(self, token: Token) -> None:
        self._store.apply(replaced=[token])


class _Stock:
    """TinyDB as it comes, but for its query cache, which misses what other processes write."""

    def __init__(self, path: Path) -> None:
        self._table = TinyDB(path).table("tokens", cache_size=0)

    def find(self, offset: int) -> Sequence[object]:
        listed = self._table.search(where("revoked_at") == None)  # noqa: E711 - builds a query
        listed.sort(key=lambda document: str(document["created_at"]))
        return listed[offset : offset + _WINDOW]

    def search(self, word: str) -> Sequence[object]:
        """Look in names alone, where ours looks in IDs, owners and notes as well."""
        has_word = where("name").test(lambda name: word in name)
        found = self._table.search((where("revoked_at") == None) & has_word)  # noqa: E711
        found.sort(key=lambda document: str(document["name"]))
        return found[:_WINDOW]

    def get(self, token_id: str) -> object:
        return self._table.get(where("id") == token_id)

    def add(self, token: Token) -> None:
        self._table.insert(msgspec.to_builtins(token))

    def replace(self, token: Token) -> None:
        self._table.update(msgspec.to_builtins(token), where("id") == token.id)


_SIDES: dict[str, Callable[[Path], _Side]] = {"ours": _Ours, "stock": _Stock}
_Times = dict[str, list[float]]


def _measure(options: Options) -> None:
    for count in options.sizes:
        with tempfile.TemporaryDirectory() as folder:
            _measure_one(count, Path(folder), options.rounds)


def _measure_one(count: int, folder: Path, rounds: int) -> None:
    made = folder / "made" / "tokens.json"
    fill(made, [sample(number, _HASH) for number in range(count)])
    paths = {side: folder / side / "tokens.json" for side in _SIDES}
    for path in paths.values():
        shutil.copytree(made.parent, path.parent)
    times = {side: _Times() for side in _SIDES}
    for turn in range(rounds):
        table.progress(f"{count:,} tokens: round {turn + 1} of {rounds}.")
        for side, path in paths.items():
            for what, seconds in _one_turn(_SIDES[side], path, count, turn).items():
                times[side].setdefault(what, []).append(seconds)
    memory = {side: _memory(_SIDES[side], path) for side, path in paths.items()}
    _show(count, rounds, made.stat().st_size, times, memory)


def _one_turn(side: Callable[[Path], _Side], path: Path, count: int, turn: int) -> dict[str, float]:
    """Return how long each thing takes, one after the other on a newly opened store."""
    middle = sample(count // 2, _HASH)
    changed = msgspec.structs.replace(middle, revision=turn + 2)
    added = sample(count + turn, _HASH)
    windows = [count // 2 * step // _REPEATS for step in range(_REPEATS)]
    watch = _Watch()
    opened = side(path)
    opened.get(middle.id)
    watch.lap("open + first get")
    opened.find(0)
    watch.lap("first find")
    for offset in windows:
        opened.find(offset)
    watch.lap("find a window", _REPEATS)
    opened.search("svc")
    watch.lap("first search")
    for word in _WORDS:
        opened.search(word)
    watch.lap("search", len(_WORDS))
    for _ in windows:
        opened.get(middle.id)
    watch.lap("get", _REPEATS)
    opened.add(added)
    watch.lap("add")
    opened.replace(changed)
    watch.lap("replace")
    return watch.laps


class _Watch:
    """Notes how long what was done since the last lap took."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._since = perf_counter()

    def lap(self, what: str, times: int = 1) -> None:
        self.laps[what] = (perf_counter() - self._since) / times
        self._since = perf_counter()


def _memory(side: Callable[[Path], _Side], path: Path) -> tuple[int, int]:
    """Return how many bytes an opened and listed store holds, and what a change takes at most."""
    added = msgspec.structs.replace(sample(0, _HASH), id="peak000000", name="peak")
    tracemalloc.start()
    try:
        opened = side(path)
        opened.find(0)
        held, _ = tracemalloc.get_traced_memory()
        opened.add(added)
        return held, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def _show(
    count: int,
    rounds: int,
    size: int,
    times: dict[str, _Times],
    memory: dict[str, tuple[int, int]],
) -> None:
    print(f"{count:,} tokens in {size / 1e6:.2f} MB, {rounds} rounds, medians in ms.\n")
    ours, stock = times["ours"], times["stock"]
    rows = [
        (what, *map(table.milliseconds, (taken, stock[what])), table.ratio(taken, stock[what]))
        for what, taken in ours.items()
    ]
    for what, mine, theirs in zip(
        ("held, times the file", "peak, times the file"), *memory.values(), strict=True
    ):
        rows.append(
            (
                what,
                table.number(mine / size),
                table.number(theirs / size),
                table.number(mine / theirs),
            )
        )
    table.show(("what", "ours", "stock TinyDB", "ratio"), rows)


BENCH = Bench(doc=__doc__, measure=_measure, rounds=11, sizes=(100, 1_000, 10_000))

if __name__ == "__main__":
    BENCH.main()

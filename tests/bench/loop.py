"""How long work on a large file holds the event loop beside it: `python -m tests.bench.loop`.

The work is done in a thread, as a session does it; a heartbeat in the loop says how late it is
woken (interpreter lock). The screen cannot follow a key for as long as that.
"""

import asyncio
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import perf_counter, sleep
from typing import NamedTuple

from msgspec.structs import replace

from tests.opening import one, open_files
from tokentui.core.clock import utc_now
from tokentui.core.query import Query, Sort
from tokentui.core.search_language import parse
from tokentui.core.window import Offset
from tokentui.stores.file.backend import FileBackend

from . import table
from .common import Bench, Options
from .samples import fill, sample

_BEAT = 0.001
_HASH = "$2b$04$" + "." * 53
_NOW = utc_now()
_LIST = Query(now=_NOW)


class Held(NamedTuple):
    """How long the work took, and how late the loop was woken at most, in seconds."""

    took: float
    held: float


async def _heartbeat(gaps: list[float]) -> None:
    while True:
        before = perf_counter()
        await asyncio.sleep(_BEAT)
        gaps.append(perf_counter() - before - _BEAT)


async def _beside(work: Callable[[], object]) -> Held:
    gaps: list[float] = []
    beating = asyncio.create_task(_heartbeat(gaps))
    await asyncio.sleep(0.02)
    gaps.clear()
    begun = perf_counter()
    await asyncio.to_thread(work)
    took = perf_counter() - begun
    await asyncio.sleep(0.005)
    beating.cancel()
    return Held(took, max(gaps))


def _measure(options: Options) -> None:
    for count in options.sizes:
        with tempfile.TemporaryDirectory() as folder:
            _measure_one(Path(folder) / "tokens.json", count, options.rounds)


def _measure_one(path: Path, count: int, rounds: int) -> None:
    fill(path, [sample(number, _HASH) for number in range(count)])
    _use(path, count)
    _change(open_files(str(path)), count)  # as a file is that was written here
    found: dict[str, list[Held]] = {}
    for turn in range(rounds):
        table.progress(f"{count:,} tokens: round {turn + 1} of {rounds}.")
        for what, held in asyncio.run(_one_round(path, count)).items():
            found.setdefault(what, []).append(held)
    print(f"{count:,} tokens, all used, {rounds} rounds, in ms.\n")
    rows = [
        (
            what,
            table.milliseconds([each.took for each in all_]),
            table.milliseconds([each.held for each in all_]),
            f"{1000 * max(each.held for each in all_):.1f}",
        )
        for what, all_ in found.items()
    ]
    table.show(("work in a thread", "takes, median", "loop held, median", "at worst"), rows)


def _use(path: Path, tokens: int) -> None:
    backend = open_files(str(path))
    for number in range(tokens):
        backend.usage.record(sample(number, _HASH).id, _NOW, "192.0.2.1")
    backend.close()


def _change(by: FileBackend, tokens: int) -> None:
    token = one(by.tokens, sample(tokens // 2, _HASH).id)
    by.tokens.apply(replaced=[replace(token, revision=token.revision + 1)])


async def _one_round(path: Path, tokens: int) -> dict[str, Held]:
    """Return how long the loop was held by each kind of work on a newly opened store."""
    backend, other = open_files(str(path)), open_files(str(path))
    middle = sample(tokens // 2, _HASH)

    def use(by: FileBackend) -> None:
        by.usage.record(middle.id, _NOW)
        by.usage.flush()

    def page(query: Query) -> Callable[[], object]:
        return lambda: backend.tokens.page(query)

    held = {"nothing, for comparison": await _beside(partial(sleep, 0.3))}
    held["open, first page"] = await _beside(page(_LIST))
    _change(other, tokens)
    held["page after a change elsewhere"] = await _beside(page(_LIST))
    held["another window"] = await _beside(lambda: backend.tokens.page(_LIST, Offset(tokens // 2)))
    for sort in (Sort.CREATED, Sort.USED, Sort.STATUS):
        held[f"sort by {sort}"] = await _beside(page(replace(_LIST, sort=sort)))
    for word in ("4", "42", "421", "4217"):
        held[f"search {word}"] = await _beside(page(replace(_LIST, search=parse(word))))
    held["never used"] = await _beside(page(replace(_LIST, never_used=True)))
    use(other)
    held["sort by used after a use elsewhere"] = await _beside(page(replace(_LIST, sort=Sort.USED)))
    held["scan"] = await _beside(lambda: sum(1 for _ in backend.tokens.scan(_LIST)))
    held["change"] = await _beside(lambda: _change(backend, tokens))
    held["note a use"] = await _beside(lambda: use(backend))
    held["snapshot for a verifier"] = await _beside(backend.tokens.snapshot)
    return held


BENCH = Bench(doc=__doc__, measure=_measure, rounds=5, sizes=(100_000,))

if __name__ == "__main__":
    BENCH.main()

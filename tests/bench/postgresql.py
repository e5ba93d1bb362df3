"""How a store in PostgreSQL grows: `python -m tests.bench.postgresql`.

Each size is a database of its own on one server, which syncs to disk. Windows stand beside those of
the smallest size, changes beside those of a file with as many tokens: all in turns, in one run.
"""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter

from msgspec.structs import replace

from tests.postgresql.delay import Link
from tests.postgresql.server import NEEDED, Server
from tokentui.core.backend import Backend, new_key
from tokentui.core.change import Create, Import, Revoke
from tokentui.core.clock import utc_now
from tokentui.core.query import Query, Sort
from tokentui.core.search_language import parse
from tokentui.core.window import After, Around, First, Offset

from . import table
from .common import Bench, Needs, Options
from .databases import FIRST, SETTINGS, database, keys_of, opened
from .processes import PROGRAM
from .samples import environment, fill, sample
from .terminal import TimedTerminal

_SERVER = "a server"
_FILES = [100, 100_000]
_HASH = "$2b$04$" + "." * 53
_SEARCHES = (
    *("d", "dep", "web-0000", "0077", "zzznope", "zz", "dep !web"),
    *("status:expired", "used:never", "used:>60d dep", "from:192.0.2.0/24"),
    *("note:ni", "!note:none"),
)
_ROUND_TRIPS = (0.0, 0.005, 0.05, 0.5)

Times = dict[str, list[float]]


def _measure(options: Options) -> None:
    if _SERVER in options.parts:
        _show(options.sizes, options.rounds)


def _show(sizes: Sequence[int], rounds: int) -> None:
    with Server(fsync=True, settings=SETTINGS) as server, tempfile.TemporaryDirectory() as home:
        keys = keys_of(home)
        urls = {count: database(server, keys, count) for count in sizes}
        _show_windows({count: opened(url, keys) for count, url in urls.items()}, rounds)
        _show_changes(server, keys, Path(home), rounds)
        _show_distances(server, urls[max(urls)], home, rounds)


def _timed(times: Times, what: str, call: Callable[[], object]) -> None:
    began = perf_counter()
    call()
    times.setdefault(what, []).append(perf_counter() - began)


def _show_windows(backends: dict[int, Backend], rounds: int) -> None:
    """Print how long windows and look-ups take, by size."""
    times: dict[int, Times] = {count: {} for count in backends}
    for turn in range(rounds):
        for count, backend in backends.items():
            table.progress(f"Windows of {count:,}: round {turn + 1} of {rounds}.")
            for what, call in _windows(backend, count).items():
                _timed(times[count], what, call)
    base = times[min(times)]
    rows = [
        (
            what,
            *(table.milliseconds(each[what]) for each in times.values()),
            table.ratio(times[max(times)][what], base[what]),
        )
        for what in base
    ]
    print(f"One server, {rounds} rounds, medians in ms.\n")
    table.show(("what", *(f"{count:,}" for count in times), "ratio"), rows)


def _windows(backend: Backend, count: int) -> dict[str, Callable[[], object]]:
    tokens, query, middle = backend.tokens, Query(now=utc_now()), count // 2
    seen = tokens.page(query, Offset(middle), 1).rows[0]
    calls: dict[str, Callable[[], object]] = {}
    for sort in (Sort.NAME, Sort.CREATED, Sort.EXPIRES, Sort.USED, Sort.STATUS):
        wanted = replace(query, sort=sort)
        calls[f"first 200 by {sort}"] = lambda wanted=wanted: tokens.page(wanted, First())  # type: ignore[misc]
    calls["the next 1,000 by keyset"] = lambda: _next(backend, query)
    calls["200 from the middle, by number"] = lambda: tokens.page(query, Offset(middle))
    calls["200 around a token of the middle"] = lambda: tokens.page(
        query, Around(seen.token.id, middle - 100)
    )
    calls["200 after a row, with its number"] = lambda: tokens.page(query, After(seen))
    for text in _SEARCHES:
        wanted = query.searching(parse(text))
        calls[f'search "{text}"'] = lambda wanted=wanted: tokens.page(wanted)  # type: ignore[misc]
    calls["count"] = lambda: tokens.count(query)
    calls["summary"] = lambda: tokens.summary(query.now)
    calls["versions"] = backend.versions
    calls["one token by its ID"] = lambda: tokens.get_many([seen.token.id])
    return calls


def _next(backend: Backend, query: Query) -> None:
    scan = backend.tokens.scan(query)
    for _ in range(1_001):
        next(scan, None)
    scan.close()  # type: ignore[attr-defined]


def _show_changes(server: Server, keys: Path, folder: Path, rounds: int) -> None:
    """Print how long changes take beside those of a file with as many tokens."""
    rows = []
    for count in _FILES:
        path = folder / str(count) / "tokens.json"
        path.parent.mkdir()
        fill(path, [sample(number, _HASH) for number in range(count)])
        sides = {
            "database": opened(database(server, keys, count), keys),
            "file": opened(str(path), keys),
        }
        times: dict[str, Times] = {side: {} for side in sides}
        for turn in range(rounds):
            for side, backend in sides.items():
                table.progress(f"Changes of {count:,}: round {turn + 1} of {rounds}.")
                _change(times[side], backend, turn)
        ours, file = times["database"], times["file"]
        rows += [
            (
                f"{what}, {count:,} tokens",
                table.milliseconds(ours[what]),
                table.milliseconds(file[what]),
                table.ratio(ours[what], file[what]),
            )
            for what in ours
        ]
        for backend in sides.values():
            backend.close()
    print(f"Durable changes with their audit log, {rounds} rounds, medians in ms.\n")
    table.show(("what", "PostgreSQL", "file", "ratio"), rows)


def _change(times: Times, backend: Backend, turn: int) -> None:
    made = [
        replace(sample(0, _HASH), id=f"new{turn:03}{number:04}", name=f"new-{turn}-{number}")
        for number in range(1_000)
    ]
    one, *_ = made
    _timed(times, "create", lambda: backend.commit(Create(token=one), "ada", new_key()))
    backend.commit(Import(tokens=tuple(made[1:])), "ada", new_key())
    gone = Revoke(seen=tuple(made), at=utc_now(), by="ada")
    _timed(times, "revoke 1,000", lambda: backend.commit(gone, "ada", new_key()))


def _show_distances(server: Server, url: str, home: str, rounds: int) -> None:
    """Print how long a filter takes from its last key to its rows, by the distance."""
    database = url.partition("///")[2].partition("?")[0]
    times: Times = {}
    for round_trip in _ROUND_TRIPS:
        what = f"{round_trip * 1000:.0f}"
        for turn in range(rounds):
            table.progress(f"At {what} ms: round {turn + 1} of {rounds}.")
            with (
                Link(server.socket, round_trip=round_trip) as link,
                TimedTerminal([PROGRAM], environment(home, link.url(database))) as terminal,
            ):
                terminal.start(FIRST.encode())
                terminal.press(b"/", b"ame, note, ID")  # its first letter is under the cursor
                answer = terminal.press(b"web", b"web-0")
            times.setdefault(what, []).append(answer.text_after)
    rows = [
        (what, table.milliseconds(each), table.number(2 * float(what) + 150))
        for what, each in times.items()
    ]
    print(f"From the last key of a filter to its rows, {rounds} rounds, medians in ms.\n")
    table.show(("round trip", "ms", "goal"), rows)


BENCH = Bench(
    doc=__doc__,
    measure=_measure,
    rounds=7,
    sizes=(10_000, 1_000_000),
    needs={_SERVER: Needs(NEEDED)},
)

if __name__ == "__main__":
    BENCH.main()

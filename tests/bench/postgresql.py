"""How a store in PostgreSQL grows: `python -m tests.bench.postgresql`.

Each size is a database of its own on one server, which syncs to disk. Windows stand beside those of
the smallest size, changes beside those of a file with as many tokens, a start beside that of a bare
app that imports psycopg: all taken in turns in one run, so the ratios last.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import psycopg
from msgspec.structs import replace

from tests.postgresql.delay import Link
from tests.postgresql.server import Server
from tokentui.core.audit import Actor
from tokentui.core.backend import Backend, new_key
from tokentui.core.change import Create, Import, Revoke
from tokentui.core.clock import utc_now
from tokentui.core.query import Query, Sort
from tokentui.core.search_language import parse
from tokentui.core.window import After, Around, First, Offset
from tokentui.stores import AuditOptions, open_backend
from tokentui.stores.postgresql.opening import created

from . import table
from .processes import PROGRAM
from .samples import environment, fill, sample
from .start import BARE_APP
from .terminal import TimedTerminal

_SIZES = [10_000, 1_000_000]
_FILES = [100, 100_000]
_ROUNDS = 7
_HASH = "$2b$04$" + "." * 53
_FILL = """
INSERT INTO tokens (id, account, name, name_key, created_at, expires_at, saved_at, hash, revision,
    changed)
SELECT lpad(n::text, 10, '0'), 'ada', name, name, '2026-01-01'::timestamptz + n * interval '1 min',
    CASE WHEN n %% 3 = 0 THEN 'infinity'
        ELSE now() + (n %% 700 - 50) * interval '1 day' END,
    now(), %(hash)s, 1, 1
FROM (
    SELECT n, (ARRAY['deploy', 'backup', 'ci', 'vendor', 'web'])[1 + n::bigint * 7919 %% 5]
        || '-' || lpad(n::text, 8, '0') AS name
    FROM generate_series(0, %(count)s - 1) AS n
) AS named
"""
_USE = (
    "INSERT INTO uses SELECT id, now() - random() * interval '90 days', 1, NULL FROM tokens "
    "WHERE random() < 0.5"
)

_FIRST = "backup-0"
"""What the name of the first token begins with."""
_SEARCHES = (
    *("d", "dep", "web-0000", "0077", "zzznope", "zz", "dep !web"),
    *("status:expired", "used:never", "used:>60d dep", "from:192.0.2.0/24"),
    *("note:ni", "!note:none"),
)
_ROUND_TRIPS = (0.0, 0.005, 0.05, 0.5)
_BARE = "a bare Textual app that imports psycopg"

Times = dict[str, list[float]]


def main() -> None:
    """Measure, and print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=_SIZES, help="numbers of tokens")
    parser.add_argument("--rounds", type=int, default=_ROUNDS, help="runs of each, two or more")
    options = parser.parse_args()
    settings = {"shared_buffers": "1GB", "max_wal_size": "4GB"}
    with Server(fsync=True, settings=settings) as server, tempfile.TemporaryDirectory() as folder:
        keys = Path(folder) / ".local" / "share" / "tokentui" / "keys"
        urls = {count: _database(server, keys, count) for count in options.sizes}
        _show_windows({count: _opened(url, keys) for count, url in urls.items()}, options.rounds)
        _show_changes(server, keys, Path(folder), options.rounds)
        _show_starts(urls, folder, options.rounds)
        _show_distances(server, urls[max(urls)], folder, options.rounds)


def _database(server: Server, keys: Path, count: int) -> str:
    """Make a store of so many tokens, half of them used, and return its URL."""
    table.progress(f"Making a database of {count:,} tokens.")
    url = server.create_database()
    created(url, keys)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_FILL.encode(), {"count": count, "hash": _HASH})
        connection.execute(_USE.encode())
        connection.execute("UPDATE head SET tokens = 1")
        connection.execute("VACUUM ANALYZE")
    return url


def _opened(url: str, keys: Path) -> Backend:
    return open_backend(url, audit=AuditOptions(Actor("ada"), keys=str(keys)))


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
            "database": _opened(_database(server, keys, count), keys),
            "file": _opened(str(path), keys),
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


def _show_starts(urls: dict[int, str], home: str, rounds: int) -> None:
    """Print how long the program takes to the first tokens, beside a bare app with psycopg."""
    commands = {
        f"tokentui, {count:,} tokens": ([PROGRAM], environment(home, url))
        for count, url in urls.items()
    }
    program = (
        f"import psycopg, runpy, sys; sys.argv[1:] = ['{_FIRST}'] * 20; "
        f"runpy.run_path({BARE_APP!r}, run_name='__main__')"
    )
    command = [sys.executable, "-c", program]
    commands[_BARE] = command, environment(home, "none")
    times: Times = {}
    for turn in range(rounds):
        for what, (command, env) in commands.items():
            table.progress(f"Starts: round {turn + 1} of {rounds}.")
            with TimedTerminal(command, env) as terminal:
                painted = terminal.start(_FIRST.encode()).text_after
            times.setdefault(what, []).append(painted)
    rows = [
        (what, table.milliseconds(each), table.ratio(each, times[_BARE]))
        for what, each in times.items()
    ]
    print(f"From the start to the first rows, {rounds} rounds, medians in ms.\n")
    table.show(("what", "ms", "ratio"), rows)


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
                terminal.start(_FIRST.encode())
                terminal.press(b"/", b"Name, note, ID")
                answer = terminal.press(b"web", b"web-0")
            times.setdefault(what, []).append(answer.text_after)
    rows = [
        (what, table.milliseconds(each), table.number(2 * float(what) + 150))
        for what, each in times.items()
    ]
    print(f"From the last key of a filter to its rows, {rounds} rounds, medians in ms.\n")
    table.show(("round trip", "ms", "goal"), rows)


if __name__ == "__main__":
    main()

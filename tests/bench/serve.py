"""What a change elsewhere does to `tokentui serve`: `python -m tests.bench.serve`.

Requests are due at a steady pace, and how long an answer took counts from when its request was due:
one that waits behind a slow answer is late as well (open loop, no coordinated omission). The same
is measured while another process changes a token twice a second, and while nothing changes.
"""

import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter, sleep
from typing import NamedTuple

from ..program.conftest import Sandbox
from ..program.serving import endpoint
from . import table
from .common import NO_GOAL, Bench, Goal, Needs, Options, Row
from .processes import cpu_time
from .samples import fill_used

_PART = "tokentui serve"
_PACE = 200
"""Requests a second."""
_SECONDS = 5
_MANY = 100_000
_GOAL = Goal({"p99 (ms)": 30})
_QUIET, _CHANGING = "nothing changes", "another process makes changes"

# Renames a token twice a second for as long as its input is open, and says how often it did.
_WRITER = """
import select, sys
from time import monotonic
from tests.bench.samples import sample
from tests.opening import open_files
from tokentui.core.commands import TokenCommands
service = TokenCommands(open_files(sys.argv[1]), account="ada")
number, due = 0, monotonic()
service.queries.get(sample(0, "").id)
print("ready", flush=True)
while not select.select([sys.stdin], [], [], max(0, due - monotonic()))[0]:
    number, due = number + 1, due + 0.5
    service.rename(service.queries.get(sample(0, "").id), f"renamed-{number}")
print(number)
"""


class _Taken(NamedTuple):
    """What a few seconds of requests took, in seconds."""

    latencies: list[float]
    cpu: float
    """CPU time of the server."""


def _measure(options: Options) -> Iterator[Row]:
    if _PART not in options.parts:
        return
    for count in options.sizes:
        with tempfile.TemporaryDirectory() as folder:
            yield from _serve(Sandbox(Path(folder)), count, options.rounds)


def _serve(sandbox: Sandbox, count: int, rounds: int) -> Iterator[Row]:
    table.progress(f"Making a file of {count:,} tokens.")
    secret = fill_used(sandbox.store, count)
    taken: dict[str, list[_Taken]] = {_QUIET: [], _CHANGING: []}
    changes = 0
    with endpoint(sandbox) as served, socket.socket(socket.AF_UNIX) as connection:
        connection.connect(served.place)
        pid = served.process.pid
        _load(connection, secret, pid)  # the first look at a secret is slow
        for turn in range(rounds):
            table.progress(f"Requests: round {turn + 1} of {rounds}.")
            taken[_QUIET].append(_load(connection, secret, pid))
            with _changes(sandbox.store) as writer:
                taken[_CHANGING].append(_load(connection, secret, pid))
                changes += _end(writer)
    print(f"{count:,} tokens, {_PACE} requests a second, {rounds} rounds of {_SECONDS} s, medians.")
    print(f"{changes / rounds:.1f} changes in each round.\n")
    rows = [
        (
            what,
            *(table.number(_percentile(each, number)) for number in (50, 90, 99)),
            table.number(median(max(one.latencies) for one in each) * 1000),
            table.milliseconds([one.cpu / _SECONDS for one in each]),
        )
        for what, each in taken.items()
    ]
    table.show(("while", "p50 ms", "p90", "p99", "longest", "CPU ms a second"), rows)
    quiet, changing = taken.values()
    figures = {
        "CPU": median(each.cpu for each in changing) / median(each.cpu for each in quiet),
        "p99 (ms)": _percentile(changing, 99),
        "quiet (ms)": _percentile(quiet, 99),
    }
    goal = _GOAL if count == _MANY else NO_GOAL
    yield Row(f"serve beside changes elsewhere, {count:,} tokens", _QUIET, figures, goal)


def _percentile(taken: list[_Taken], number: int) -> float:
    """Return a percentile of the latencies, in milliseconds: the median of those of the rounds."""
    return median(quantiles(each.latencies, n=100)[number - 1] for each in taken) * 1000


@contextmanager
def _changes(store: Path) -> Iterator[subprocess.Popen[str]]:
    """Let a process change a token again and again; the store is read when the block begins."""
    with subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(store)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
        yield writer


def _end(writer: subprocess.Popen[str]) -> int:
    """Let the process end, and return how many changes it made."""
    return int(writer.communicate()[0])


def _load(connection: socket.socket, secret: str, pid: int) -> _Taken:
    """Send requests at a steady pace, one after the other."""
    request = (
        f"GET /auth HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 192.0.2.1\r\n"
        f"X-Forwarded-Method: GET\r\nX-API-Key: {secret}\r\n\r\n"
    ).encode()
    spent, latencies, began = cpu_time(pid), list[float](), perf_counter()
    for number in range(_PACE * _SECONDS):
        due = began + number / _PACE
        sleep(max(0.0, due - perf_counter()))
        connection.sendall(request)
        answer = b""
        while not answer.endswith(b"\r\n\r\n"):
            answer += connection.recv(4096)
        assert answer.startswith(b"HTTP/1.1 204 "), answer
        latencies.append(perf_counter() - due)
    return _Taken(latencies, cpu_time(pid) - spent)


BENCH = Bench(
    doc=__doc__,
    measure=_measure,
    rounds=5,
    sizes=(_MANY,),
    needs={_PART: Needs(packages=("httptools", "uvicorn", "uvloop"))},
)

if __name__ == "__main__":
    BENCH.main()

"""Several processes at once, and processes that are killed."""

import json
import signal
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path

from tests.opening import one, open_store
from tokentui.core.repositories import every_token

from .samples import ALL, token

_PRELUDE = """
import random, sys
from tokentui.core.credential import BcryptHasher
from tokentui.core.errors import NameTaken, StoreBusy, TokenChanged
from tokentui.core.commands import TokenCommands
from tests.opening import open_files
path, worker, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
service = TokenCommands(
    open_files(path), account="ada", hasher=BcryptHasher(4)
)
def patiently(verb, *what):
    while True:
        try:
            return verb(*what)
        except StoreBusy:
            pass  # on a slow machine; nothing was changed, so the same again
"""

# Adds, renames and revokes, and tells what was acknowledged only after it was.
_WORKER = """
for number in range(rounds):
    token = patiently(service.create, f"{worker}-{number}", None).token
    print(f"{token.id} {token.name}", flush=True)
    if number % 3 == 1:
        token = patiently(service.rename, token, f"{worker}-{number}-renamed")
        print(f"{token.id} {token.name}", flush=True)
    if number % 3 == 2:
        patiently(service.revoke, [token])
        print(f"{token.id} -", flush=True)
"""

# Renames and revokes what all its likes do, as it was last seen, and tells what was acknowledged.
_RIVAL = """
seen = list(service.queries.list_all(service.queries.query()))
for number in range(rounds):
    place = random.randrange(len(seen))
    token = seen[place]
    try:
        if number % 10:
            seen[place] = patiently(service.rename, token, f"{worker}-{number}")
        else:
            patiently(service.revoke, [token])
            seen[place] = service.queries.get(token.id)
        print(token.id, seen[place].revision, flush=True)
    except TokenChanged as error:
        seen[place] = error.current
        assert error.current.revision > token.revision, error
    if seen[place].revoked_at is not None:
        seen[place] = patiently(service.create, f"{worker}-{number}", None).token
"""

# Tells which of the names that all its likes want it got.
_CLAIMANT = """
for number in range(rounds):
    try:
        token = patiently(service.create, f"name-{number}", None).token
    except NameTaken:
        continue
    print(f"{token.id} {token.name}", flush=True)
"""


def _start(path: Path, worker: str, rounds: int, program: str = _WORKER) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _PRELUDE + program, str(path), worker, str(rounds)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _acknowledged(output: str) -> dict[str, str]:
    """Return the last name that was acknowledged for each id; - for revoked."""
    # A killed worker may have got only half a line out.
    lines = [
        (line.split()[0], line.split()[1])
        for line in output.splitlines(keepends=True)
        if line.endswith("\n")
    ]
    return dict(lines)


def _check(path: Path, acknowledged: dict[str, str]) -> None:
    store = open_store(str(path))
    for token_id, name in acknowledged.items():
        found = one(store, token_id)
        assert (found.revoked_at is not None) if name == "-" else (found.name == name)
    assert store.warnings() == []


def _outputs(workers: list[subprocess.Popen[str]]) -> list[str]:
    outputs = []
    for worker in workers:
        output, trouble = worker.communicate(timeout=120)
        assert (worker.returncode, trouble) == (0, "")
        outputs.append(output)
    return outputs


def test_eight_processes_lose_nothing(store_path: Path) -> None:
    outputs = _outputs([_start(store_path, f"w{number}", 60) for number in range(8)])
    acknowledged: dict[str, str] = {}
    for output in outputs:
        acknowledged |= _acknowledged(output)
    assert len(acknowledged) == 8 * 60
    _check(store_path, acknowledged)
    live = open_store(str(store_path)).page(ALL)
    assert live.total.value == 8 * (60 - 20)
    assert len(json.loads(store_path.read_text())["tokens"]) == 8 * 60


def test_no_process_overwrites_what_another_changed(store_path: Path) -> None:
    store = open_store(str(store_path))
    store.apply(added=[token(number) for number in range(8)])
    outputs = _outputs([_start(store_path, f"w{number}", 60, _RIVAL) for number in range(4)])
    acknowledged = [tuple(line.split()) for output in outputs for line in output.splitlines()]
    assert len(set(acknowledged)) == len(acknowledged), "one revision was acknowledged twice"
    changes = Counter(token_id for token_id, _ in acknowledged)
    for found in every_token(store):
        assert found.revision == 1 + changes[found.id]


def test_a_name_goes_to_one_of_four(store_path: Path) -> None:
    acknowledged: dict[str, str] = {}
    for output in _outputs(
        [_start(store_path, f"w{number}", 40, _CLAIMANT) for number in range(4)]
    ):
        acknowledged |= _acknowledged(output)
    assert sorted(acknowledged.values()) == sorted(f"name-{number}" for number in range(40))
    _check(store_path, acknowledged)


def test_a_killed_process_loses_nothing_that_it_acknowledged(store_path: Path) -> None:
    for attempt in range(12):
        with _start(store_path, f"k{attempt}", 10_000) as worker:
            assert worker.stdout is not None
            lines = [worker.stdout.readline() for _ in range(3 + attempt)]
            # Anywhere within a change, not always just after one.
            with suppress(subprocess.TimeoutExpired):
                worker.wait(attempt * 0.003)
            worker.send_signal(signal.SIGKILL)
            output = "".join(lines) + worker.stdout.read()
        store = open_store(str(store_path))
        for token_id, name in _acknowledged(output).items():
            found = one(store, token_id)
            # The step after the last acknowledged one may have been done, unacknowledged.
            assert found.revoked_at is not None or name in {found.name, found.name[:-8]}
    open_store(str(store_path)).apply(added=[token(1)])
    assert list(store_path.parent.glob(".*.tmp")) == []

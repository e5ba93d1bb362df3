"""What a killed process loses: `python -m tests.bench.crash --rounds 1000`.

Each round starts a process that changes a store as fast as it can and says what was
acknowledged, kills it at a random moment, and looks at what is left. All counts must be 0.
"""

import random
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from contextlib import suppress
from pathlib import Path

from tests.opening import one as one_token
from tests.opening import open_store
from tokentui.core.errors import StoreError

from . import table
from .common import Bench, Options
from .samples import fill, sample

_LOSSES = ("corrupt", "lost changes", "half revokes", "stray files")

# Adds two tokens, renames the first, revokes both together; a line once each is acknowledged.
_WORKER = """
import sys
from tokentui.core.credential import BcryptHasher
from tokentui.core.commands import TokenCommands
from tests.opening import open_files
path, worker = sys.argv[1:]
service = TokenCommands(open_files(path), account="ada", hasher=BcryptHasher(4))
for number in range(1000):
    one = service.create(f"{worker}-{number}-one", None).token
    two = service.create(f"{worker}-{number}-two", None).token
    print("made", one.id, two.id, flush=True)
    one = service.rename(one, f"{worker}-{number}-new")
    print("renamed", one.id, one.name, flush=True)
    service.revoke([one, two])
    print("revoked", one.id, two.id, flush=True)
"""


def _measure(options: Options) -> None:
    """Kill, look, count, and print what was counted."""
    rows: list[list[str]] = []
    for size in options.sizes:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "data" / "tokens.json"
            fill(path, [sample(number, "hash") for number in range(size)])
            found: Counter[str] = Counter()
            for number in range(options.rounds):
                table.progress(f"{size:,} tokens: kill {number + 1} of {options.rounds}.")
                found += _round(path, f"w{number}")
            rows.append([f"{size:,}", str(found["changes"]), *(str(found[x]) for x in _LOSSES)])
    print(f"{options.rounds} kills for each size.\n")
    table.show(["tokens", "acknowledged", *_LOSSES], rows)


def _round(path: Path, worker: str) -> Counter[str]:
    """Kill one process and count what it acknowledged, and what of it is missing."""
    with subprocess.Popen(
        [sys.executable, "-c", _WORKER, str(path), worker], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(random.randint(1, 9))]
        # Anywhere within a change, not always just after one.
        with suppress(subprocess.TimeoutExpired):
            process.wait(random.uniform(0, 0.05))
        process.send_signal(signal.SIGKILL)
        said += process.stdout.readlines()
    said = [line for line in said if line.endswith("\n")]
    found = Counter({"changes": len(said)})
    try:
        found += _compare(path, [tuple(line.split()) for line in said])
    except StoreError:
        found["corrupt"] += 1
    return found


def _compare(path: Path, said: list[tuple[str, ...]]) -> Counter[str]:
    store = open_store(str(path))
    revoked = {line[1] for line in said if line[0] == "revoked"}
    found: Counter[str] = Counter()
    for verb, one, other in said:
        try:
            token = one_token(store, one)
        except KeyError:
            found["lost changes"] += 1
            continue
        if verb == "made":
            # Revoked together or not at all, whether or not that was acknowledged.
            both = token.revoked_at is None, one_token(store, other).revoked_at is None
            found["half revokes"] += both[0] is not both[1]
        elif verb == "renamed":
            found["lost changes"] += token.name != other
        found["lost changes"] += one in revoked and token.revoked_at is None
    found["stray files"] += len(list(path.parent.glob(".*.tmp")))
    return found


BENCH = Bench(doc=__doc__, measure=_measure, rounds=30, sizes=(1, 100, 10_000))

if __name__ == "__main__":
    BENCH.main()

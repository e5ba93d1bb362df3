"""How long nobody can write when a leader dies: `python -m tests.bench.failover --rounds 50`.

A cluster of three, with the timings of the tests (ttl 5 s): eight writers create, rename and
revoke tokens while the leader is killed, again and again. The gap lies between two changes that
were acknowledged, each of which is one more line of the audit log: what only looks or asks again
is none. All differences between what was acknowledged and what is there must be 0.
"""

import math
import sys
import tempfile
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from tests.bench import table
from tests.bench.common import Bench, Needs, Options
from tests.contracts.kinds import opened
from tests.postgresql.cluster import NEEDED, Cluster
from tests.postgresql.processes import wait_until
from tests.postgresql.writers import Acknowledged, Writers, differences
from tokentui.core.chain import Broken
from tokentui.stores.postgresql.opening import created

_WRITERS = 8
_CLUSTER = "a cluster"
_BEFORE = 100
"""So many changes are made before each kill, and after it."""


def _measure(options: Options) -> None:
    """Kill, measure, and print what was measured."""
    if _CLUSTER in options.parts:
        _fail_over(options.rounds)


def _fail_over(kills: int) -> None:
    with Cluster() as cluster, tempfile.TemporaryDirectory() as folder:
        created(cluster.url(), Path(folder))
        with Writers(cluster.url(), Path(folder), _WRITERS) as writers:
            moments = [_kill(cluster, writers, f"kill {n + 1}") for n in range(kills)]
        if trouble := writers.trouble():
            sys.exit(f"A writer ended: {trouble}")
        backend = opened(cluster.url(), Path(folder))
        wrong = [*differences(writers, backend)]
        verified = backend.audit.verify()
        backend.close()
    if isinstance(verified, Broken):
        wrong.append(f"line {verified.line} of the audit log {verified.what}")
    changes = writers.acknowledged()
    gaps = [_gap(changes, *span) for span in pairwise([*moments, math.inf])]
    print(f"{kills} kills, {len(changes):,} changes acknowledged by {_WRITERS} writers.\n")
    table.show(
        ["gap between two changes", "p50, s", "longest, s", "unknown", "differences"],
        [
            [
                "leader killed",
                _p50(gaps),
                f"{max(gaps):.1f}",
                str(len(writers.unknown())),
                str(len(wrong)),
            ]
        ],
    )
    if wrong:
        sys.exit("\n".join(wrong))


def _kill(cluster: Cluster, writers: Writers, said: str) -> float:
    """Kill the leader in the midst of writes, wait for more of them; return when it was."""
    table.progress(said)
    _wait_for_more(writers)
    moment = time.monotonic()
    cluster.kill_leader()
    _wait_for_more(writers)
    cluster.start_standbys()
    return moment


def _wait_for_more(writers: Writers) -> None:
    enough = sum(writers.counts()) + _BEFORE
    wait_until(
        lambda: sum(writers.counts()) >= enough, "writes do not go on", unless=writers.trouble
    )


def _gap(changes: Sequence[Acknowledged], kill: float, until: float) -> float:
    """Return the longest time without a change, of those that ended in between, in seconds."""
    pairs = pairwise(change.moment for change in changes)
    return max(after - before for before, after in pairs if kill < after < until)


def _p50(gaps: Sequence[float]) -> str:
    return f"{sorted(gaps)[len(gaps) // 2]:.1f}"


BENCH = Bench(doc=__doc__, measure=_measure, rounds=5, needs={_CLUSTER: Needs(NEEDED)})

if __name__ == "__main__":
    BENCH.main()

"""Verifiers and uses in processes that were forked from one that had used them."""

import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from tests.opening import open_usage, used
from tokentui.core.commands import TokenCommands
from tokentui.core.new_token import NewToken
from tokentui.core.usage import Usage

from ..conftest import NOW

_PROGRAM = """
import asyncio, os, sys
from threading import Event, Thread
from tokentui.core.snapshot_lookup import SnapshotLookup
from tokentui.core.verifier import Verifier
from tests.opening import open_store, open_usage
from tests.conftest import NOW

path, first, second, how = sys.argv[1:]
store = open_store(path, read_only=True)
lookup = SnapshotLookup(store)
verifier = Verifier(lookup, usage=open_usage(path), clock=lambda: NOW)
asyncio.run(verifier.averify(first))
locked, over = Event(), Event()

def hold():
    # What other threads of the parent hold, the child must not wait for.
    held = [
        lookup._freshness._looking, verifier._checker._right._guard,
        verifier._checker._wrong._guard, verifier._checker._hashing._changed,
        verifier._usage._buffer._writing, verifier._usage._buffer._guard,
        verifier._usage._guard, verifier._usage._reading,
        verifier._threads._refreshing._guard, verifier._threads._finding._guard, store._guard,
    ]
    for lock in held:
        lock.acquire()
    locked.set()
    over.wait()
    for lock in reversed(held):
        lock.release()

thread = Thread(target=hold)
thread.start()
locked.wait()
lookup._freshness._due_at = 0
child = os.fork()
if not child:
    try:
        for secret in (first, second):
            if how == "verify":
                verifier.verify(secret)
            else:
                asyncio.run(verifier.averify(secret))
        verifier.close()
        os._exit(0)
    finally:
        os._exit(1)
_, status = os.waitpid(child, 0)
over.set()
thread.join()
verifier.close()
sys.exit(os.waitstatus_to_exitcode(status))
"""


@pytest.mark.parametrize("how", ["verify", "averify"])
def test_a_child_waits_for_nothing_and_counts_its_own_uses(
    service: TokenCommands, store_path: Path, how: str
) -> None:
    first, second = service.create("first", None), service.create("second", date(2027, 1, 1))
    secrets = [made.secret.reveal() for made in (first, second)]
    program = [sys.executable, "-W", "ignore", "-c", _PROGRAM, str(store_path), *secrets, how]
    subprocess.run(program, check=True, timeout=60)
    assert uses(store_path, first) == Usage(last_used_at=NOW, count=2)
    assert uses(store_path, second) == Usage(last_used_at=NOW, count=1)


def uses(store_path: Path, made: NewToken) -> Usage | None:
    return used(open_usage(str(store_path)), made.token.id)

"""The monkey, for a short while: fixed seeds, and what holds however slow the machine is."""

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.monkey.hunt import Hunt
from tests.monkey.invariants import Fault, Witness, check_store, without_echo
from tests.monkey.process import Process
from tests.monkey.profiles import PROFILES
from tests.monkey.shrink import ddmin
from tests.program.conftest import Sandbox

_ACTIONS = 30
_SEEDS = [1]
_BUDGET = 20

needs_proc = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="/proc tells when the app is at rest"
)


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    """Return a sandbox of which nothing was used yet."""
    return Sandbox(tmp_path)


@needs_proc
@pytest.mark.parametrize("seed", _SEEDS)
@pytest.mark.parametrize("name", PROFILES)
def test_nothing_that_is_pressed_does_what_nobody_meant(name: str, seed: int) -> None:
    hunt = Hunt(PROFILES[name], budget=_BUDGET)
    finding = hunt.run(seed, _ACTIONS)
    if finding is not None:
        finding = hunt.confirm(finding)
        assert not finding.certain, str(finding)


@needs_proc
def test_what_others_take_of_a_core_is_told_apart() -> None:
    core = min(os.sched_getaffinity(0))
    endless = f"import os; os.sched_setaffinity(0, [{core}])\nwhile True: pass"
    busy = [subprocess.Popen([sys.executable, "-c", endless]) for _ in range(2)]
    try:
        process = Process(busy[0].pid)
        before = process.queued()
        until = time.monotonic() + 20
        while process.queued_since(before) < 0.1 and time.monotonic() < until:
            os.sched_yield()
        assert process.queued_since(before) >= 0.1
    finally:
        for each in busy:
            each.kill()
            each.wait()


@pytest.mark.parametrize("needed", [{3}, {0, 19}, {4, 5, 6, 17}, set(range(20))])
def test_the_smallest_log_is_found(needed: set[int]) -> None:
    assert ddmin(range(20), lambda kept: needed <= set(kept)) == sorted(needed)


def test_what_fails_by_chance_is_kept_whole_rather_than_lost() -> None:
    luck = random.Random(1)
    kept = ddmin(range(50), lambda kept: 7 in kept and luck.random() < 0.5)
    assert 7 in kept


def test_a_change_that_nobody_was_asked_about_is_found(sandbox: Sandbox) -> None:
    sandbox.run("create", "deploy", "--never")
    witness = Witness(sandbox)
    sandbox.run("rename", "deploy", "other")
    with pytest.raises(Fault, match="rename without a question"):
        witness.judge({"revoke"})
    sandbox.run("rename", "other", "deploy")
    witness.judge(set())  # undone
    sandbox.run("revoke", "deploy", "--yes")
    witness.judge({"revoke"})


def test_what_is_typed_at_the_end_is_no_word_of_the_app() -> None:
    typed = b"\x11\x1b]52;c;report\r3\rrotate"
    assert without_echo("^[]52;c;report\n3\nrotate\n", typed).strip() == ""
    assert without_echo("Ended.\n3\n", typed).strip() == "Ended."


def test_a_secret_in_the_store_is_found(sandbox: Sandbox) -> None:
    sandbox.run("create", "deploy", "--never", "--to-file", "deploy.token").check_returncode()
    check_store(sandbox)
    (sandbox.home / "deploy.token").rename(sandbox.store.with_name("deploy.token"))
    with pytest.raises(Fault, match="secret on disk"):
        check_store(sandbox)

"""A process that is killed at a step of a change: store and audit log agree after the next one."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from .killing import CHANGES, MUTANTS

_ROOT = Path(__file__).parents[2]


def killed(folder: Path, *what: str) -> Any:
    """Return what was found after each kill, and how many steps there were."""
    ended = subprocess.run(
        [sys.executable, "-m", "tests.stores.killing", str(folder), *what],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


@pytest.mark.parametrize("name", CHANGES)
def test_a_kill_leaves_no_contradiction(tmp_path: Path, name: str) -> None:
    found = killed(tmp_path, name)
    assert found["contradictions"] == []
    assert found["steps"] > 20, "the steps are no longer seen"


@pytest.mark.parametrize("mutant", MUTANTS)
def test_no_mutant_lives(tmp_path: Path, mutant: str) -> None:
    assert killed(tmp_path, "rotate", mutant)["contradictions"]

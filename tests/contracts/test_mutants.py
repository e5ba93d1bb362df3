"""The contract is held by its suites: a backend that breaks it in one way fails one of them."""

import json
import os
import subprocess
import sys
from pathlib import Path

from .mutants import MUTANTS

_ROOT = Path(__file__).parents[2]
_PYTEST = [sys.executable, "-m", "pytest", "-n", "0", "-p", "no:cacheprovider", "--tb=no"]


def test_no_mutant_lives(tmp_path: Path) -> None:
    killed = tmp_path / "killed.json"
    suites = [f"tests/contracts/{suite}.py" for suite in MUTANTS]
    tried = subprocess.run(
        [*_PYTEST, "-p", "tests.contracts.mutants.plugin", f"--killed={killed}", *suites],
        cwd=_ROOT,
        # A run with coverage begins by deleting what other processes have measured.
        env={**os.environ, "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert killed.exists(), tried.stdout + tried.stderr
    # The double itself, which is tried with them, is not among them.
    alive = {name for mutants in MUTANTS.values() for name in mutants}
    assert set(json.loads(killed.read_text())) == alive

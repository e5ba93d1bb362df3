"""The contract is held by its suites: a backend that breaks it in one way fails one of them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from .mutants import MUTANTS

_ROOT = Path(__file__).parents[2]
_WITHOUT = ["-p", "no:cacheprovider", "-p", "no:schemathesis"]  # which is slow to load
_PYTEST = [sys.executable, "-m", "pytest", "-n", "0", *_WITHOUT, "--tb=no"]


@pytest.mark.parametrize("suite", MUTANTS)
def test_no_mutant_lives(tmp_path: Path, suite: str) -> None:
    killed, tests = tmp_path / "killed.json", f"tests/contracts/{suite}.py"
    tried = subprocess.run(
        [*_PYTEST, "-p", "tests.contracts.mutants.plugin", f"--killed={killed}", tests],
        cwd=_ROOT,
        # A run with coverage begins by deleting what other processes have measured.
        env={**os.environ, "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert killed.exists(), tried.stdout + tried.stderr
    # The double itself, which is tried with them, is not among them.
    assert set(json.loads(killed.read_text())) == set(MUTANTS[suite])

"""What measurements say where something is missing."""

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from tests.bench import __main__ as everything
from tests.bench.common import Bench, Found, Goal, Row, show_found

_ROOT = Path(__file__).parents[1]
_BENCHES = sorted(
    path.stem
    for path in Path(__file__).with_name("bench").glob("*.py")
    if "BENCH =" in path.read_text()
)


def measured(name: str, hidden: str, path: str = os.defpath) -> subprocess.CompletedProcess[str]:
    """Run a measurement that does not find a package or the programs outside of `path`."""
    program = (
        "import importlib.util, runpy, sys\n"
        "find = importlib.util.find_spec\n"
        f"hide = lambda name, *more: None if name == {hidden!r} else find(name, *more)\n"
        "importlib.util.find_spec = hide\n"
        f"sys.argv = [{name!r}]\n"
        f"runpy.run_module('tests.bench.{name}', run_name='__main__')\n"
    )
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=_ROOT,
        env={"PATH": path, "PYTHONPATH": str(_ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_without_a_package_of_the_tests() -> None:
    ended = measured("store", "httpx")
    assert ended.stderr == "Not installed: httpx. Run: pip install -e '.[dev]'\n"


def test_without_a_program(tmp_path: Path) -> None:
    ended = measured("forward", "", path=str(tmp_path))
    assert ended.returncode == 0
    assert ended.stdout.startswith("Left out: forward authentication: not installed: ")
    assert "wrk" in ended.stdout


@pytest.mark.parametrize("name", _BENCHES)
def test_options(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = import_module(f"tests.bench.{name}").BENCH
    assert isinstance(bench, Bench)
    monkeypatch.setattr(sys, "argv", [name, "--help"])
    with pytest.raises(SystemExit, match="0"):
        bench.main()
    said = capsys.readouterr().out
    assert f"python -m tests.bench.{name}" in said
    assert "--rounds" in said


def test_one_table_of_all() -> None:
    command = [sys.executable, "-m", "tests.bench", "--only", "changes"]
    ended = subprocess.run(
        [*command, "--rounds", "2", "--sizes", "10"],
        cwd=_ROOT,
        env={"PATH": os.defpath},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert not ended.stderr
    title, rule, *rows = [line for line in ended.stdout.splitlines() if line.startswith("|")]
    assert title.startswith("| work ")
    assert rule.startswith("| ---")
    assert rows[0].startswith("| durable change without an audit log, 10 tokens ")
    assert rows[-1].startswith("| durable change with its audit log, 10 tokens ")


def test_what_was_found_is_kept_when_somebody_presses_ctrl_c(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    row = Row("a start", "bare", {"CPU": 1.2})

    def found(name: str, options: object) -> Found:
        if name == "lists":
            raise KeyboardInterrupt
        return Found([row], [])

    monkeypatch.setattr(everything, "_found", found)
    stopped = Found([row], ["lists, serve: stopped"])
    assert everything._all(["start", "lists", "serve"], []) == stopped


def test_goals(capsys: pytest.CaptureFixture[str]) -> None:
    figures = {"CPU": 1.2, "wall": 1.5, "kept": 0.7}
    goals = Goal({"CPU": 1.2}), Goal({"wall": 1.4}), Goal(at_least={"kept": 0.8}), Goal()
    rows = [Row("a start", "bare", figures, goal) for goal in goals]
    show_found(Found(rows, ["a flood: not installed: nginx"]))
    _, _, *shown, empty, left_out = capsys.readouterr().out.splitlines()
    assert not empty
    assert left_out == "Left out: a flood: not installed: nginx."
    assert [[cell.strip() for cell in line.split("|")[3:-1]] for line in shown] == [
        ["1.2", "1.5", "kept 0.7", "CPU <= 1.2", "yes"],
        ["1.2", "1.5", "kept 0.7", "wall <= 1.4", "NO"],
        ["1.2", "1.5", "kept 0.7", "kept >= 0.8", "NO"],
        ["1.2", "1.5", "kept 0.7", "", ""],
    ]

"""What a command loads, which is most of what a short one costs: counts, not times."""

import sys

import pytest

from tokentui.console import ExitCode

from .conftest import Sandbox

_LIBRARIES = "import click, msgspec, pathlib"
_SLOW = {
    *("asyncio", "bcrypt", "concurrent", "dataclasses", "difflib", "email", "filelock", "http"),
    *("logging", "multiprocessing", "platformdirs", "prometheus_client", "psycopg", "random"),
    *("rich", "secrets", "socket", "ssl", "subprocess", "tempfile", "textual", "tinydb", "tomllib"),
    *("traceback", "unicodedata", "uvicorn"),
}
"""What takes long to load, and most short commands do not need."""
_NEEDED = {"create": {"bcrypt", "tinydb"}, "verify": {"bcrypt"}}
_LOADED = "print(*sys.modules, file=sys.stderr)"


def _modules(sandbox: Sandbox, program: str, stdin: str = "") -> set[str]:
    """Return what a fresh process has loaded after a program."""
    told = sandbox.execute([sys.executable, "-c", f"import sys\n{program}\n{_LOADED}"], stdin)
    assert told.returncode == ExitCode.OK, told.stderr
    return set(told.stderr.splitlines()[-1].split())


@pytest.mark.parametrize(
    ("arguments", "most"),
    [
        (["--help"], 42),
        (["serve", "--help"], 43),
        (["paths"], 50),
        (["list"], 76),
        (["show", "deploy"], 76),
        (["verify"], 83),
        (["create", "other"], 75),
        (["rename", "deploy", "release"], 72),
        (["revoke", "--yes", "deploy"], 72),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, list) else "",
)
def test_a_command_loads_what_it_needs(sandbox: Sandbox, arguments: list[str], most: int) -> None:
    secret = sandbox.run("create", "deploy").stdout
    libraries = _modules(sandbox, _LIBRARIES)
    loaded = _modules(sandbox, f"from tokentui.cli import run\nassert not run({arguments})", secret)
    ours = {each for each in loaded if each.partition(".")[0] == "tokentui"}
    slow = {each.partition(".")[0] for each in loaded - libraries} & _SLOW
    assert slow == _NEEDED.get(arguments[0], set())
    assert len(ours) <= most, sorted(ours)

"""A plugin of pytest that tries each suite on the mutants that it has to notice."""

import json
from functools import partial
from pathlib import Path

import pytest

from tokentui.core.errors import TokentuiError

from ...doubles.memory import Store
from ..kinds import KINDS, Opener
from . import MUTANTS
from .having import Kind

_FAILURES = (AssertionError, pytest.fail.Exception, TokentuiError)
"""What kills a mutant; any other error is a mistake in it."""

_killed_by: dict[str, str] = {}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--killed", type=Path, help="where to write what each mutant was killed by")


def pytest_configure() -> None:
    for mutants in MUTANTS.values():
        KINDS.update({name: partial(_opened, kind) for name, kind in mutants.items()})


def _opened(kind: Kind, _: Path) -> Opener:
    return partial(kind, Store())


@pytest.hookimpl(tryfirst=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "opener" in metafunc.fixturenames:
        mutants = MUTANTS[metafunc.module.__name__.rpartition(".")[2]]
        # The double itself is tried with them, and is not to be killed. A mark, since that is what
        # takes the place of the parameters of a fixture.
        kinds = pytest.mark.parametrize("opener", ["memory", *mutants], indirect=True)
        metafunc.definition.add_marker(kinds)


def _kind(item: pytest.Item) -> str:
    """Return which of the backends a test is of."""
    callspec = getattr(item, "callspec", None)
    return str(callspec.params.get("opener", "")) if callspec else ""


def pytest_runtest_setup(item: pytest.Item) -> None:
    if _kind(item) in _killed_by:
        pytest.skip("killed already")


def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    if call.excinfo and issubclass(call.excinfo.type, _FAILURES):
        _killed_by.setdefault(_kind(item), item.name)


def pytest_sessionfinish(session: pytest.Session) -> None:
    session.config.getoption("--killed").write_text(json.dumps(_killed_by))

"""How much commands hold of what they print, and how often they call the system."""

import gc
import io
import os
import shutil
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from tests.bench.samples import environment, fill, fill_log, sample
from tokentui.cli import run
from tokentui.core import chain
from tokentui.core.audit import Action, Actor, Entry, Event
from tokentui.core.batches import SIZE
from tokentui.core.cancel import NEVER, Cancel
from tokentui.core.clock import utc_now
from tokentui.core.query import Query, TokenRow
from tokentui.core.token import Token
from tokentui.stores import AuditOptions, open_backend
from tokentui.stores.file.audit_log import AuditLogFile
from tokentui.stores.file.tinydb import TinyDBStore

_FEW, _MANY = 3 * SIZE, 10 * SIZE
_HELD = 50_000
"""How many bytes more may be held with `_MANY` tokens, which take 5 MB."""
_CALLS = 15
"""How many calls of the system a batch takes: one writes, others look at files."""
_COMMANDS = [
    "list",
    "list --json",
    "export",
    "export --format csv",
    "report --only expires-soon --within 3650",
    "report --only expires-soon --within 3650 --json",
    "check",
    "audit --last 0",
    "audit --last 0 --json",
    "audit --last 0 --csv",
]


class _Nowhere(io.RawIOBase):
    """A file that keeps nothing and counts what is written at a time."""

    def __init__(self) -> None:
        self.writes = 0

    def writable(self) -> bool:
        return True

    def write(self, content: Any, /) -> int:
        self.writes += 1
        return len(content)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "data" / "tokens.json"
    for name, value in environment(tmp_path, path).items():
        monkeypatch.setenv(name, value)
    fill(path, [_token(0)])
    return path


def _writes(command: str) -> int:
    """Run a command and return how often it writes."""
    nowhere = _Nowhere()
    with redirect_stdout(io.TextIOWrapper(io.BufferedWriter(nowhere))):
        run(command.split())
    return nowhere.writes


def _token(number: int) -> Token:
    return sample(number, "$2b$04$" + "." * 53)


def _entry(number: int) -> Entry:
    event = Event(account="ada", action=Action.CREATE, token="1" * 10, name="deploy")
    return chain.entry(number + 1, utc_now(), Actor("ada"), event)


@pytest.mark.parametrize("command", _COMMANDS)
@pytest.mark.usefixtures("store")
def test_memory_does_not_grow_with_the_output(
    monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    def peak(count: int) -> int:
        def scan(_: TinyDBStore, query: Query, cancel: Cancel = NEVER) -> Iterator[TokenRow]:
            return (TokenRow(_token(number)) for number in range(count))

        def newest(*_: object) -> Iterator[Entry]:
            return map(_entry, reversed(range(count)))

        def oldest(*_: object) -> Iterator[Entry]:
            return map(_entry, range(count))

        monkeypatch.setattr(TinyDBStore, "scan", scan)
        monkeypatch.setattr(AuditLogFile, "newest", newest)
        monkeypatch.setattr(AuditLogFile, "oldest", oldest)
        gc.collect()
        tracemalloc.start()
        try:
            _writes(command)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(_FEW)  # what is loaded once is loaded
    # Once is enough: other threads of this process may hold something meanwhile.
    assert any(peak(_MANY) < peak(_FEW) + _HELD for _ in range(3))


@pytest.mark.parametrize("command", _COMMANDS)
def test_calls_of_the_system_are_for_batches(
    store: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    calls = 0

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        def count(*arguments: Any, **more: Any) -> Any:
            nonlocal calls
            calls += 1
            return call(*arguments, **more)

        return count

    def asked(count: int) -> int:
        nonlocal calls
        shutil.rmtree(store.parent)
        fill(store, [_token(number) for number in range(count)])
        fill_log(open_backend(str(store), audit=AuditOptions(Actor("ada"))).audit, count)
        calls = 0
        return _writes(command) + calls

    asked(1)  # what is loaded once is loaded
    for name in ("stat", "lstat", "fstat", "open", "access", "scandir"):
        monkeypatch.setattr(os, name, counted(getattr(os, name)))
    few = asked(_FEW)
    batches = (_MANY - _FEW) // SIZE
    assert asked(_MANY) - few <= _CALLS * batches

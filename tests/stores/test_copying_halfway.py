"""Copies that fail, are interrupted or are killed: all of it, or nothing."""

import os
import signal
from collections.abc import Callable
from contextlib import closing
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any
from unittest import mock

import psycopg
import pytest

from tokentui.core.change import Create
from tokentui.core.errors import OutcomeUnknown, StoreBusy, StoreError, StoreUnreadable
from tokentui.stores import contents, lock
from tokentui.stores.file import copying as file_copying
from tokentui.stores.file import migrations
from tokentui.stores.postgresql import audit_table, copying, token_rows
from tokentui.stores.postgresql.connections import Connection

from ..contracts import test_accounts as accounts
from ..contracts.samples import add, commit, token
from ..postgresql.server import NEEDED
from .copies import DATABASE, FILE, Office, every_way
from .killing import STEPS, Dying

pytestmark = pytest.mark.needs(*NEEDED)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


@every_way
def test_a_copy_that_is_not_the_same_is_none(office: Office, before: str, after: str) -> None:
    source, target = office.filled(before), office.new(after)
    empty, keys = office.state(target), set(office.keys.iterdir()) if office.keys.exists() else ()
    kind = copying.DatabaseDestination if after == DATABASE else file_copying.FileDestination
    real = kind.uses

    def short(self: contents.Contents) -> object:
        return list(real(self))[:-1]  # type: ignore[arg-type]

    with mock.patch.object(kind, "uses", short), pytest.raises(StoreError, match="uses differ"):
        office.copy(source, target)
    assert office.state(target) == empty
    assert after == FILE or set(office.keys.iterdir()) == keys
    office.copy(source, target)
    assert office.state(target) == office.state(source)


def test_an_answer_that_was_lost_keeps_the_key(office: Office) -> None:
    source, target = office.filled(FILE), office.new(DATABASE)
    real = Connection.execute

    def lost(self: Connection, query: bytes, *more: object) -> object:
        done = real(self, query, *more)  # type: ignore[call-overload]
        if query == b"COMMIT":
            self.close()
            raise psycopg.OperationalError
        return done

    with mock.patch.object(Connection, "execute", lost), pytest.raises(OutcomeUnknown):
        office.copy(source, target)
    with closing(office.open(target)) as backend:
        add(backend, token(7))
    assert office.state(target)["tokens"] == {
        **office.state(source)["tokens"],
        token(7).id: token(7),
    }


@every_way
def test_a_copy_can_be_interrupted(office: Office, before: str, after: str) -> None:
    source, target = office.filled(before), office.new(after)
    empty = office.state(target)

    def interrupted(*_: object) -> None:
        signal.raise_signal(signal.SIGINT)

    with mock.patch.object(contents, "_compared", interrupted), pytest.raises(KeyboardInterrupt):
        office.copy(source, target)
    assert office.state(target) == empty


@pytest.mark.parametrize("kind", [FILE, DATABASE])
def test_the_source_is_not_changed_meanwhile(office: Office, kind: str) -> None:
    source, target = office.filled(kind), office.new(DATABASE)
    load, before = token_rows.load, office.state(source)

    def refused() -> None:
        with mock.patch.object(lock, "LOCK_TIMEOUT", 0.1), closing(office.open(source)) as backend:
            for change in (Create(token=token(8)), accounts.CHANGES["add an auditor"]):
                with pytest.raises(StoreBusy, match=_WHO[kind]):
                    commit(backend, change)

    def loaded(*given: Any) -> None:
        assert ended(refused) == 0
        load(*given)

    with mock.patch.object(token_rows, "load", loaded):
        office.copy(source, target)
    assert office.state(source) == before


_WHO = {
    FILE: "is locked by process",
    DATABASE: "The store cannot be changed until it is copied by ada on host",
}


def ended(work: Callable[[], object]) -> int:
    """Do something in a process of its own, and return how it ended."""
    if child := os.fork():
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    code = 1
    try:
        work()
        code = 0
    finally:
        os._exit(code)


def killed(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize(
    ("module", "name"),
    [
        (token_rows, "load"),
        (audit_table, "load"),
        (contents, "_compared"),
        (copying, "_commit"),
        (copying.DatabaseDestination, "finish"),
    ],
)
def test_a_database_has_a_copy_or_none_whenever_it_is_killed(
    office: Office, module: object, name: str
) -> None:
    source, target = office.filled(FILE), office.new(DATABASE)
    empty = office.state(target)
    with mock.patch.object(module, name, killed):
        assert ended(lambda: office.copy(source, target)) == -signal.SIGKILL
    if name == "finish":
        assert office.state(target) == office.state(source)
        return
    assert office.state(target) == empty
    assert office.copy(source, target).tokens == 3
    assert office.state(target) == office.state(source)


def test_a_file_has_a_copy_or_none_whenever_it_is_killed(office: Office) -> None:
    source, target = office.filled(DATABASE), office.new(FILE)
    whole, half = office.state(source), 0
    for step in count():

        def copied(step: int = step) -> None:
            dying = Dying(step)
            for name in STEPS:
                mock.patch.object(os, name, partial(dying, getattr(os, name), name)).start()
            office.copy(source, target)

        if ended(copied) == 0:
            break
        if not Path(target).exists():
            continue
        if migrations.is_unfinished(Path(target)):
            half += 1
            with pytest.raises(StoreUnreadable, match="run tokentui store copy again"):
                office.state(target)
            continue
        assert office.state(target) == whole
        for path in Path(target).parent.iterdir():
            path.unlink()
    assert half > 20
    assert office.state(target) == whole
    assert not list(Path(target).parent.glob(".*"))

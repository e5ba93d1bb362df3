"""Stores that are copied from one backend to another: all of it, or nothing."""

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

from tokentui.core.account_change import AddAccount
from tokentui.core.audit import Actor
from tokentui.core.backend import Backend
from tokentui.core.chain import Link
from tokentui.core.change import Create
from tokentui.core.commands import TokenCommands
from tokentui.core.errors import OutcomeUnknown, StoreBusy, StoreError, StoreUnreadable
from tokentui.stores import AuditOptions, administration, contents, lock, open_backend
from tokentui.stores.file import copying as file_copying
from tokentui.stores.file import migrations
from tokentui.stores.postgresql import audit_table, copying, token_rows
from tokentui.stores.postgresql.connections import Connection

from ..conftest import CHEAPEST, NOW
from ..contracts import test_accounts as accounts
from ..contracts.samples import add, commit, token
from ..postgresql.server import NEEDED
from ..postgresql.stores import fresh_store
from .killing import STEPS, Dying

pytestmark = pytest.mark.needs(*NEEDED)

FILE, DATABASE = "file", "database"
WAYS = [(FILE, DATABASE), (DATABASE, FILE), (DATABASE, DATABASE)]
every_way = pytest.mark.parametrize(("before", "after"), WAYS)


class Office:
    """Stores of one host."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.keys = folder / "keys"
        self._number = 0

    def new(self, kind: str) -> str:
        """Return where a store can be copied to."""
        self._number += 1
        if kind == FILE:
            return str(self.folder / f"store{self._number}" / "tokens.json")
        return fresh_store(self.keys)

    def open(self, url: str) -> Backend:
        options = AuditOptions(Actor("ada"), keys=str(self.keys))
        return open_backend(url, audit=options, clock=lambda: NOW)

    def state(self, url: str) -> dict[str, Any]:
        """Return all that a store holds."""
        with closing(self.open(url)) as backend:
            people = backend.accounts.list_all()
            tokens = backend.tokens.snapshot()
            return {
                "tokens": tokens,
                "accounts": people,
                "passwords": {name: backend.accounts.hash_of(name) for name in people},
                "uses": dict(backend.usage.get_many(tokens)),
                "log": list(backend.audit.newest()),
                "end": backend.audit.verify(),
            }

    def copy(self, source: str, target: str) -> contents.Copied:
        return administration.copy(source, target, who="ada on host", keys=str(self.keys))

    def filled(self, kind: str) -> str:
        """Return a store with one of everything."""
        url = self.new(kind)
        with closing(self.open(url)) as backend:
            service = self.service(backend)
            kept = service.create("kept", None).token
            gone = service.create("gone", None).token
            service.revoke([gone])
            add(backend, token(1, networks=("192.0.2.0/24", "2001:db8::/32"), read_only=True))
            commit(backend, accounts.CHANGES["add"])
            commit(backend, AddAccount(name="eve", role=None, password=None, at=NOW))
            backend.usage.record(kept.id, NOW, "192.0.2.7")
        return url

    def service(self, backend: Backend) -> TokenCommands:
        return TokenCommands(backend, account="ada", hasher=CHEAPEST, clock=lambda: NOW)


def line_count(backend: Backend) -> int:
    """Return the number of the last line of an audit log that is whole."""
    end = backend.audit.verify()
    assert isinstance(end, Link)
    return end.seq


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


@every_way
def test_everything_is_copied(office: Office, before: str, after: str) -> None:
    source, target = office.filled(before), office.new(after)
    copied = office.copy(source, target)
    there = office.state(source)
    assert office.state(target) == there
    assert len(there["tokens"]) == copied.tokens == 3
    assert (copied.accounts, copied.uses, copied.audit_lines) == (2, 1, len(there["log"]))
    with closing(office.open(target)) as backend:
        office.service(backend).create("later", None)
        assert line_count(backend) > copied.audit_lines


def test_secrets_go_on_working_there_and_back(office: Office) -> None:
    first = office.new(FILE)
    with closing(office.open(first)) as backend:
        secret = office.service(backend).create("ci", None).secret
    database, last = office.new(DATABASE), office.new(FILE)
    office.copy(first, database)
    with closing(office.open(database)) as backend:
        service = office.service(backend)
        assert service.queries.verifier().verify(secret).name == "ci"
        service.rename(service.queries.look_up("ci"), "cd")
    office.copy(database, last)
    with closing(office.open(last)) as backend:
        assert office.service(backend).queries.verifier().verify(secret).name == "cd"
        assert line_count(backend) == 2


@every_way
def test_a_large_store_is_copied_in_parts(office: Office, before: str, after: str) -> None:
    source, target = office.new(before), office.new(after)
    with closing(office.open(source)) as backend:
        add(backend, *(token(number) for number in range(2001)))
        for number in range(2001):
            backend.usage.record(f"{number:010}", NOW)
    assert office.copy(source, target).uses == 2001
    assert office.state(target) == office.state(source)


def test_a_store_without_a_log_begins_one_in_a_database(office: Office) -> None:
    source, target = office.new(FILE), office.new(DATABASE)
    with closing(open_backend(source)) as backend:
        add(backend, token(1))
    office.copy(source, target)
    with closing(office.open(target)) as backend:
        add(backend, token(2))
        assert line_count(backend) == 1


# -- what is refused -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [FILE, DATABASE])
def test_nothing_is_copied_over_what_is_there(office: Office, kind: str) -> None:
    source, target = office.filled(DATABASE), office.filled(kind)
    before = office.state(target)
    with pytest.raises(StoreError, match="Nothing was copied"):
        office.copy(source, target)
    assert office.state(target) == before


@pytest.mark.parametrize(
    "name", ["accounts.json", "passwords.json", "usage.json", "audit.jsonl", "audit-7.jsonl"]
)
def test_what_lies_beside_a_file_is_not_taken_over(office: Office, name: str) -> None:
    source, target = office.filled(DATABASE), Path(office.new(FILE))
    target.parent.mkdir()
    (target.parent / name).write_text("somebody's")
    with pytest.raises(StoreError, match=f"{name} is there already. Nothing was copied"):
        office.copy(source, str(target))
    assert not target.exists()
    assert (target.parent / name).read_text() == "somebody's"


def test_a_store_that_is_not_there_is_not_copied(office: Office) -> None:
    source = office.new(FILE)
    with pytest.raises(StoreError, match="There is no store"):
        office.copy(source, office.new(DATABASE))
    assert not Path(source).parent.exists()


def test_files_are_copied_by_other_means(office: Office) -> None:
    with pytest.raises(StoreError, match="copy their folder"):
        office.copy(office.new(FILE), office.new(FILE))


@pytest.mark.parametrize("kind", [FILE, DATABASE])
def test_a_log_that_is_broken_is_not_copied(office: Office, kind: str) -> None:
    source, target = office.filled(kind), office.new(DATABASE)
    if kind == FILE:
        log = Path(source).with_name("audit.jsonl")
        log.write_bytes(log.read_bytes().replace(b"kept", b"kepd", 1))
    else:
        alter(source, "UPDATE audit_log SET line = set_byte(line, 20, 33) WHERE seq = 1")
    empty = office.state(target)
    with pytest.raises(StoreError, match=r"Line 1 of the audit log of .* was altered"):
        office.copy(source, target)
    assert office.state(target) == empty


def alter(url: str, statement: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(statement.encode())


def test_a_damaged_record_is_not_left_behind_unsaid(office: Office) -> None:
    source = office.filled(FILE)
    path = Path(source)
    path.write_text(path.read_text().replace('"name":"kept"', '"name":7'))
    with pytest.raises(StoreError, match=r"Record 1 is left out.*Nothing was copied"):
        office.copy(source, office.new(DATABASE))


# -- what goes wrong -------------------------------------------------------------------------------


@every_way
def test_a_copy_that_is_not_the_same_is_none(office: Office, before: str, after: str) -> None:
    source, target = office.filled(before), office.new(after)
    empty, keys = office.state(target), set(office.keys.iterdir()) if office.keys.exists() else ()
    kind = copying.DatabaseDestination if after == DATABASE else file_copying.FileDestination
    real = kind.uses

    def short(self: contents.Contents) -> object:
        return list(real(self))[:-1]  # type: ignore[arg-type]

    with mock.patch.object(kind, "uses", short), pytest.raises(StoreError, match="uses are not"):
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
    FILE: "is kept locked by process",
    DATABASE: "ada on host is copying the store, so nothing can be changed until that is done",
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

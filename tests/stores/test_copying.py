"""Stores that are copied from one backend to another: all of it."""

from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from tokentui.core.errors import StoreError
from tokentui.stores import open_backend

from ..conftest import NOW
from ..contracts.samples import add, token
from ..postgresql.server import NEEDED
from .copies import DATABASE, FILE, Office, every_way, line_count

pytestmark = pytest.mark.needs(*NEEDED)


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
    with pytest.raises(StoreError, match=f"{name} exists already. Nothing was copied"):
        office.copy(source, str(target))
    assert not target.exists()
    assert (target.parent / name).read_text() == "somebody's"


def test_a_store_that_is_not_there_is_not_copied(office: Office) -> None:
    source = office.new(FILE)
    with pytest.raises(StoreError, match="There is no store"):
        office.copy(source, office.new(DATABASE))
    assert not Path(source).parent.exists()


def test_files_are_copied_by_other_means(office: Office) -> None:
    with pytest.raises(StoreError, match="Copy the folder"):
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
    with pytest.raises(StoreError, match=r"Entry 1 of the audit log of .* was altered"):
        office.copy(source, target)
    assert office.state(target) == empty


def alter(url: str, statement: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(statement.encode())


def test_a_damaged_record_is_not_left_behind_unsaid(office: Office) -> None:
    source = office.filled(FILE)
    path = Path(source)
    path.write_text(path.read_text().replace('"name":"kept"', '"name":7'))
    with pytest.raises(StoreError, match=r"Record 1 was skipped.*Nothing was copied"):
        office.copy(source, office.new(DATABASE))

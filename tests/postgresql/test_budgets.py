"""How many statements reach a database: counts, not times. Each one waits for the network."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from msgspec.structs import replace

from tokentui.core.backend import Backend
from tokentui.core.batches import FEW
from tokentui.core.freshness import EVERY
from tokentui.core.query import Query, Sort
from tokentui.core.search_language import parse
from tokentui.core.window import First, Last, Offset, Position
from tokentui.stores.postgresql.connections import Connection
from tokentui.stores.postgresql.statements import Selection

from ..conftest import NOW
from ..contracts.samples import add, token
from .lookups import Lookups, create, revoke, writer
from .server import NEEDED

pytestmark = pytest.mark.needs(*NEEDED)

_LIST = Query(now=NOW)


class Counted:
    """Counts the statements that a call sends."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sent: list[str] = []
        send = Connection.send

        def counting(connection: Connection, statement: str, values: Any = ()) -> Any:
            self.sent.append(statement)
            return send(connection, statement, values)

        monkeypatch.setattr(Connection, "send", counting)

    def of(self, call: Callable[[], object]) -> int:
        self.sent.clear()
        call()
        return len(self.sent)


@pytest.fixture
def backend(url: str, tmp_path: Path) -> Iterator[Backend]:
    with writer(url, tmp_path) as backend:
        add(backend, *map(token, range(1, 300)))
        backend.tokens.page(_LIST)
        yield backend


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counted:
    return Counted(monkeypatch)


def test_a_thousand_verifications(
    url: str, backend: Backend, lookups: Lookups, counted: Counted
) -> None:
    _, secret = create(backend, 1000)
    verifier = lookups.verifier(url)
    verifier.verify(secret)

    def thousand() -> None:
        for _ in range(1000):
            verifier.verify(secret)

    assert counted.of(thousand) == 0
    lookups.ticks.now += EVERY
    assert counted.of(thousand) == 1
    made, _ = create(backend, 1001)
    revoke(backend, made)
    lookups.ticks.now += EVERY
    assert counted.of(thousand) == 1, "what has changed comes with the answer that it has"


def test_a_secret_of_more_tokens_than_are_kept(
    url: str, backend: Backend, lookups: Lookups, counted: Counted
) -> None:
    _, secret = create(backend, 1000)
    verifier = lookups.verifier(url, most=10)
    verifier.refresh()
    assert counted.of(lambda: verifier.verify(secret)) == 1
    assert counted.of(lambda: verifier.verify(secret)) == 0


_PAGES: dict[str, tuple[Query, Position]] = {
    "start": (_LIST, First()),
    "end": (_LIST, Last()),
    "page down": (_LIST, Offset(100)),
    "letter": (replace(_LIST, search=parse("t1")), First()),
    "sort": (replace(_LIST, sort=Sort.CREATED), First()),
}


@pytest.mark.parametrize(("query", "at"), _PAGES.values(), ids=_PAGES)
def test_a_key_in_the_list(backend: Backend, counted: Counted, query: Query, at: Position) -> None:
    assert counted.of(lambda: backend.tokens.page(query, at)) == 1


def test_what_the_list_shows_besides(backend: Backend, counted: Counted) -> None:
    assert counted.of(backend.versions) == 1
    assert counted.of(lambda: backend.tokens.count(_LIST)) == 1
    assert counted.of(lambda: backend.tokens.summary(NOW)) == 1


def test_the_first_line_of_output_waits_for_few_rows(backend: Backend, counted: Counted) -> None:
    assert counted.of(lambda: next(backend.tokens.scan(_LIST))) == 1
    assert f"LIMIT {FEW} " in counted.sent[0]
    assert counted.of(lambda: next(backend.audit.newest())) == 1
    assert counted.sent == [f"SELECT seq, line FROM audit_log ORDER BY seq DESC LIMIT {FEW}"]


def test_uses_of_the_rows_that_are_shown_alone_are_read(url: str, backend: Backend) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO uses SELECT lpad(n::text, 10, 'x'), now(), 1, NULL "
            "FROM generate_series(1, 20000) AS n"
        )
        connection.execute("ANALYZE")
        wanted = Selection(_LIST)
        for statement in (wanted.part(None, 1000), wanted.page(First(), 200)):
            plan = connection.execute(f"EXPLAIN {statement}".encode(), wanted.values).fetchall()
            assert any("uses_pkey" in line for (line,) in plan)
            assert not any("Seq Scan on uses" in line for (line,) in plan)

"""The pgbouncer of the tests: a session of a client is no session of the server."""

from contextlib import closing

import psycopg
import pytest

from .pgbouncer import NEEDED, Pgbouncer
from .server import fresh_database, shared_server
from .test_server import prepare

pytestmark = pytest.mark.needs(*NEEDED)


def backend(connection: psycopg.Connection) -> int:
    row = connection.execute("SELECT pg_backend_pid()").fetchone()
    assert row is not None
    return int(row[0])


def test_two_clients_share_a_connection_by_turns() -> None:
    database = psycopg.conninfo.conninfo_to_dict(fresh_database(prepare))["dbname"]
    with (
        Pgbouncer(shared_server(), connections=1) as pooler,
        closing(psycopg.connect(pooler.url(str(database)), autocommit=True)) as one,
        closing(psycopg.connect(pooler.url(str(database)), autocommit=True)) as other,
    ):
        with one.transaction():
            one.execute("INSERT INTO names VALUES ('ci')")
            served_by = backend(one)
        assert backend(other) == served_by
        assert other.execute("SELECT name FROM names").fetchall() == [("ci",)]


def test_it_ends_with_its_block() -> None:
    with Pgbouncer(shared_server()) as pooler:
        psycopg.connect(pooler.url()).close()
        url = pooler.url()
    assert not pooler.folder.exists()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)

"""A database that is slow, hangs, loses its quorum, or goes: nothing is lost or made up."""

import gc
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from tokentui.core.audit import Outcome
from tokentui.core.backend import Backend, committed, new_key
from tokentui.core.cancel import Cancel, Cancelled
from tokentui.core.chain import Link as ChainLink
from tokentui.core.change import Create, Rename
from tokentui.core.errors import OutcomeUnknown, StoreUnavailable
from tokentui.core.query import WINDOW
from tokentui.core.window import FIRST
from tokentui.stores.postgresql import backend as postgresql_backend
from tokentui.stores.postgresql import connections
from tokentui.stores.postgresql.connections import Connection
from tokentui.stores.postgresql.opening import created
from tokentui.stores.postgresql.transactions import in_transaction, lock_head
from tokentui.stores.postgresql.url import conninfo_of

from ..contracts.kinds import opened
from ..contracts.samples import LIVE, add, commit, events, names, token
from .delay import Link
from .processes import PATIENCE, wait_until
from .quorum import need_standby
from .server import NEEDED, Server

pytestmark = pytest.mark.needs(*NEEDED)

_IDLE = "idle_in_transaction_session_timeout"
_REPLICATING = {"wal_level": "replica", "max_wal_senders": "4"}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Return a server that can be told to wait for standbys; it has none."""
    with Server(settings=_REPLICATING) as started:
        yield started


@pytest.fixture
def link(server: Server) -> Iterator[Link]:
    with Link(server.socket) as between:
        yield between


@pytest.fixture
def backend(server: Server, link: Link, tmp_path: Path) -> Iterator[Backend]:
    """Return a backend over an empty store behind `link`."""
    url = server.create_database()
    created(url, tmp_path)
    database = url.partition("///")[2].partition("?")[0]
    backend = opened(link.url(database), tmp_path)
    yield backend
    backend.close()


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no statement take more than a moment."""
    monkeypatch.setattr(connections, "PATIENCE", 0.2)
    monkeypatch.setattr(connections, "_CANCELLATION", 0.2)


@pytest.fixture
def aside() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor() as threads:
        yield threads


@contextmanager
def no_quorum(server: Server) -> Iterator[None]:
    """Let every commit wait for a standby that never comes."""
    need_standby(server, "nobody")
    try:
        yield
    finally:
        need_standby(server, "")


def waiting(server: Server, event: str) -> Callable[[], bool]:
    """Return what says whether a statement waits for an event."""
    question = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = %s"

    def ask() -> bool:
        with psycopg.connect(server.url()) as connection:
            return connection.execute(question, [event]).fetchone() != (0,)

    return ask


class TestConnections:
    def test_one_that_died_while_nobody_used_it_is_replaced(
        self, backend: Backend, link: Link
    ) -> None:
        add(backend, token(1))
        link.cut()
        assert names(backend, LIVE) == ["t1"]
        link.cut()
        add(backend, token(2))
        assert names(backend, LIVE) == ["t1", "t2"]
        assert len(events(backend)) == 2

    def test_a_backend_that_is_forgotten_leaves_none(self, server: Server, tmp_path: Path) -> None:
        created(url := server.create_database(), tmp_path)
        forgotten = opened(url, tmp_path)
        add(forgotten, token(1))
        del forgotten
        gc.collect()
        with psycopg.connect(url) as connection:
            others = (
                "SELECT count(*) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            wait_until(lambda: connection.execute(others).fetchone() == (0,), "one is open still")

    def test_a_database_that_is_away_is_named(self, backend: Backend, link: Link) -> None:
        add(backend, token(1))
        link.refuse()
        link.cut()
        for ask in (lambda: names(backend, LIVE), backend.versions, lambda: add(backend, token(2))):
            with pytest.raises(StoreUnavailable, match="does not respond"):
                ask()
        link.accept()
        assert names(backend, LIVE) == ["t1"]

    def test_without_a_server_that_takes_changes_there_is_no_primary(
        self, server: Server, backend: Backend, tmp_path: Path
    ) -> None:
        add(backend, token(1))
        reading = f"{backend.url}&options=-c%20default_transaction_read_only%3Don"
        standby = opened(reading, tmp_path)
        with pytest.raises(StoreUnavailable, match="has no primary at the moment"):
            names(standby, LIVE)
        any_of_them = opened(f"{reading}&target_session_attrs=any", tmp_path)
        assert names(any_of_them, LIVE) == ["t1"]
        with pytest.raises(StoreUnavailable, match="has no primary at the moment"):
            add(any_of_them, token(2))
        for each in (standby, any_of_them):
            each.close()

    @pytest.mark.usefixtures("hurried")
    def test_one_that_hangs_is_given_up(self, backend: Backend, link: Link) -> None:
        add(backend, token(1))
        link.hold()
        with pytest.raises(StoreUnavailable):
            backend.versions()
        link.release()
        assert names(backend, LIVE) == ["t1"]

    def test_nobody_waits_for_what_is_cancelled(
        self, backend: Backend, server: Server, aside: ThreadPoolExecutor
    ) -> None:
        add(backend, token(1))
        cancel = Cancel()
        database = backend.url.partition("///")[2].partition("?")[0]
        with psycopg.connect(server.url(database)) as other:
            other.execute("LOCK TABLE tokens")
            page = aside.submit(backend.tokens.page, LIVE, FIRST, WINDOW, cancel)
            wait_until(waiting(server, "relation"), "it waits for no lock")
            cancel.request()
            with pytest.raises(Cancelled):
                page.result(60)
        assert names(backend, LIVE) == ["t1"]

    def test_a_statement_that_takes_too_long_is_no_hang(
        self, backend: Backend, server: Server, hurried: None
    ) -> None:
        add(backend, token(1))
        database = backend.url.partition("///")[2].partition("?")[0]
        with psycopg.connect(server.url(database)) as other:
            other.execute("LOCK TABLE tokens")
            with pytest.raises(StoreUnavailable, match="too long"):
                names(backend, LIVE)
        assert names(backend, LIVE) == ["t1"]


class TestCommit:
    def test_one_that_waits_for_others_too_long_is_refused(
        self, backend: Backend, server: Server, hurried: None
    ) -> None:
        database = backend.url.partition("///")[2].partition("?")[0]
        with psycopg.connect(server.url(database)) as other:
            other.execute("SELECT FROM head FOR UPDATE")
            with pytest.raises(StoreUnavailable):
                add(backend, token(1))
        assert names(backend, LIVE) == []
        assert events(backend) == []

    def test_one_whose_process_stops_does_not_keep_others_waiting(self, backend: Backend) -> None:
        def stop(connection: Connection) -> None:
            assert connection.one(f"SELECT current_setting('{_IDLE}')") == ("2s",)
            connection.send(f"SELECT set_config('{_IDLE}', '50ms', true)")
            lock_head(connection)()
            add(backend, token(1))
            connection.one("SELECT true")

        others = connections.Connections(backend.url, conninfo_of(backend.url))
        with pytest.raises(StoreUnavailable):
            in_transaction(others, stop)
        assert names(backend, LIVE) == ["t1"]

    def test_of_one_whose_session_is_ended_by_the_server_nothing_is_known(
        self, backend: Backend, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A server that shuts down may say so after the change is made, and before it hangs up."""
        monkeypatch.setattr(Connection, "closed", False)

        def be_ended(connection: Connection) -> None:
            lock_head(connection)()
            connection.send("SELECT pg_terminate_backend(pg_backend_pid())")

        others = connections.Connections(backend.url, conninfo_of(backend.url))
        with pytest.raises(OutcomeUnknown):
            in_transaction(others, be_ended)

    def test_no_answer_is_no_refusal_that_the_audit_log_tells(
        self, backend: Backend, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: object, **__: object) -> None:
            raise StoreUnavailable("It does not respond.")

        monkeypatch.setattr(postgresql_backend, "in_transaction", fail)
        with pytest.raises(StoreUnavailable):
            add(backend, token(1))
        assert events(backend) == []

    @pytest.mark.usefixtures("hurried")
    def test_without_a_quorum_nothing_is_said_to_be_done(
        self, backend: Backend, server: Server
    ) -> None:
        change, key = Create(token=token(1)), new_key()
        with no_quorum(server):
            for _ in range(3):
                with pytest.raises(OutcomeUnknown):
                    backend.commit(change, "ada", key)
            with pytest.raises(OutcomeUnknown):
                committed(backend, Create(token=token(2)), "ada", pause=lambda _: None)
            assert names(backend, LIVE) == ["t1", "t2"], "reading goes on"
        assert backend.commit(change, "ada", key).tokens == {token(1).id: token(1)}
        assert [event.outcome for event in events(backend)] == [Outcome.DONE] * 2
        assert isinstance(backend.audit.verify(), ChainLink)

    def test_an_answer_that_is_lost_is_asked_for(
        self,
        backend: Backend,
        server: Server,
        link: Link,
        aside: ThreadPoolExecutor,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(connections, "PATIENCE", PATIENCE)
        add(backend, token(1))
        with no_quorum(server):
            asked = threading.Event()

            def pause(_: float) -> None:
                asked.set()
                wait_until(quorum.is_set, "there is no quorum again")

            quorum = threading.Event()
            change = Rename(seen=token(1), name="other")
            done: Future[object] = aside.submit(committed, backend, change, "ada", pause)
            wait_until(waiting(server, "SyncRep"), "it waits for no standby")
            link.cut()
            assert asked.wait(60)
        quorum.set()
        done.result(60)
        assert names(backend, LIVE) == ["other"]
        assert len(events(backend)) == 2
        assert isinstance(backend.audit.verify(), ChainLink)

    def test_what_was_not_done_is_done_then(self, backend: Backend, link: Link) -> None:
        add(backend, token(1))
        change, key = Rename(seen=token(1), name="other"), new_key()
        link.refuse()
        link.cut()
        with pytest.raises(StoreUnavailable):
            backend.commit(change, "ada", key)
        link.accept()
        backend.commit(change, "ada", key)
        commit(backend, Create(token=token(2)))
        assert names(backend, LIVE) == ["other", "t2"]
        assert len(events(backend)) == 3


def test_nothing_is_written_on_the_terminal(
    backend: Backend, link: Link, capfd: pytest.CaptureFixture[str]
) -> None:
    add(backend, token(1))
    link.refuse()
    link.cut()
    with pytest.raises(StoreUnavailable):
        add(backend, token(2))
    assert capfd.readouterr() == ("", "")

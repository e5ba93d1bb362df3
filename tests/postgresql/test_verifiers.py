"""Verifiers of a store in a database: servers that die, come back, or are not what they seem."""

import asyncio
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from tokentui.core import lookup_threads
from tokentui.core.backend import Backend
from tokentui.core.credential import Secret
from tokentui.core.errors import StoreOutOfDate, StoreUnavailable
from tokentui.core.freshness import EVERY, GRACE
from tokentui.core.lookup import NOT_IN_MEMORY
from tokentui.core.verdicts import TokenRevoked, UnknownToken
from tokentui.stores.postgresql import lookup, pulse
from tokentui.stores.postgresql.connections import Connection
from tokentui.stores.postgresql.opening import created
from tokentui.stores.postgresql.pulse import COUNTS, Pulse

from .delay import Link
from .lookups import Lookups, create, revoke, writer
from .processes import give, wait_until
from .quorum import need_standby
from .server import NEEDED, Server, shared_server

pytestmark = pytest.mark.needs(*NEEDED)

SIZES = pytest.mark.parametrize("most", [0, 200_000], ids=["recent", "all"])
_REPLICATING = {"wal_level": "replica", "max_wal_senders": "1"}


@pytest.fixture
def server() -> Iterator[Server]:
    """Return a server that a test may kill, or cut off from its standbys."""
    with Server(settings=_REPLICATING) as server:
        yield server


@pytest.fixture
def store(server: Server, tmp_path: Path) -> str:
    """Return the URL of an empty store in that server."""
    url = server.create_database()
    created(url, tmp_path)
    return url


@SIZES
def test_a_revocation_is_seen_by_every_verifier(
    url: str, backend: Backend, lookups: Lookups, most: int
) -> None:
    token, secret = create(backend)
    verifiers = [lookups.verifier(url, most=most) for _ in range(3)]
    for each in verifiers:
        assert each.verify(secret).id == token.id
    revoke(backend, token)
    lookups.ticks.now += EVERY
    for each in verifiers:
        with pytest.raises(TokenRevoked):
            each.verify(secret)


class TestKilled:
    @SIZES
    def test_what_is_known_counts_for_a_while(
        self, server: Server, store: str, tmp_path: Path, lookups: Lookups, most: int
    ) -> None:
        with writer(store, tmp_path) as backend:
            (_, known), (_, cold) = create(backend, 1), create(backend, 2)
        verifier = lookups.verifier(store, most=most)
        verifier.verify(known)
        server.kill()
        for _ in range(3):
            lookups.ticks.now += GRACE / 4
            assert verifier.verify(known)
        health = verifier.health()
        assert (health.serving, health.tokens) == (True, 2 if most else 1)
        assert "does not respond" in health.problems[0]
        if not most:
            with pytest.raises(StoreOutOfDate, match="does not respond"):
                verifier.verify(cold)
        lookups.ticks.now += GRACE / 4 + EVERY
        for secret in (known, cold):
            with pytest.raises(StoreOutOfDate, match=r"^All tokens are refused"):
                verifier.verify(secret)
        assert not verifier.health().serving
        server.start()
        lookups.ticks.now += EVERY
        for secret in (known, cold):
            assert verifier.verify(secret)
        assert (verifier.health().serving, verifier.health().problems) == (True, [])

    @SIZES
    def test_a_server_of_the_past_is_not_followed(
        self, server: Server, store: str, tmp_path: Path, lookups: Lookups, most: int
    ) -> None:
        """A copy takes the place of a server, as a standby first; as many changes were made."""
        server.stop()
        past = server.folder / "past"
        subprocess.run(["cp", "-a", server.data, past], check=True)
        server.start()
        with writer(store, tmp_path) as backend:
            _, lost = create(backend)
        anywhere = f"{store}&target_session_attrs=any"
        verifier = lookups.verifier(anywhere, most=most)
        verifier.verify(lost)

        server.stop()
        shutil.rmtree(server.data)
        past.rename(server.data)
        give_standby_signal(server)
        server.start()
        lookups.ticks.now += EVERY
        verifier.verify(lost)
        assert "is a standby" in verifier.health().problems[0]

        with closing(psycopg.connect(store, autocommit=True)) as connection:
            connection.execute("SELECT pg_promote()")
        with writer(store, tmp_path) as backend:
            _, secret = create(backend)
        lookups.ticks.now += EVERY
        assert verifier.verify(secret)
        with pytest.raises(UnknownToken):
            verifier.verify(lost)


def give_standby_signal(server: Server) -> None:
    signal = server.data / "standby.signal"
    signal.touch()
    give(signal)


class TestPulse:
    @pytest.fixture
    def secret(self, backend: Backend) -> Secret:
        return create(backend)[1]

    @SIZES
    def test_a_primary_without_its_standbys_is_not_believed(
        self,
        server: Server,
        store: str,
        tmp_path: Path,
        lookups: Lookups,
        most: int,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        with writer(store, tmp_path) as backend:
            (_, secret), (_, cold) = create(backend, 1), create(backend, 2)
        verifier = lookups.verifier(store, most=most)
        verifier.verify(secret)
        monkeypatch.setattr(pulse, "_PATIENCE", 0.1)
        need_standby(server, "nobody")
        lookups.ticks.now += COUNTS
        assert verifier.verify(secret)
        assert verifier.health().problems == []
        lookups.ticks.now += EVERY
        assert verifier.verify(secret)
        assert "no standby confirms" in verifier.health().problems[0]
        if not most:
            with pytest.raises(StoreOutOfDate, match="no standby confirms"):
                verifier.verify(cold)
        lookups.ticks.now += GRACE
        with pytest.raises(StoreOutOfDate, match="may be a former primary"):
            verifier.verify(secret)
        need_standby(server, "")
        lookups.ticks.now += EVERY
        assert verifier.verify(secret)

    def test_it_is_ended_with_the_lookup(
        self, server: Server, store: str, lookups: Lookups
    ) -> None:
        known = lookups.refreshed(lookups.open(store))
        need_standby(server, "nobody")
        lookups.refreshed(known, after=pulse.EVERY)
        with closing(psycopg.connect(server.url(), autocommit=True)) as connection:
            wait_until(lambda: waiting_for_standbys(connection) == 1, "there is no pulse")
            known.close()
            assert not known._pulse._writing.under_way
            wait_until(lambda: waiting_for_standbys(connection) == 0, "the pulse goes on")

    def test_nobody_waits_for_one_while_the_last_one_counts(
        self, url: str, backend: Backend, lookups: Lookups
    ) -> None:
        token, secret = create(backend)
        verifier = lookups.verifier(url)
        verifier.verify(secret)
        with closing(psycopg.connect(url)) as connection:
            connection.execute("LOCK TABLE pulse IN EXCLUSIVE MODE")
            lookups.ticks.now += pulse.EVERY
            assert verifier.verify(secret)
            revoke(backend, token)
            lookups.ticks.now += EVERY
            with pytest.raises(TokenRevoked):
                verifier.verify(secret)
            connection.rollback()

    def test_one_is_written_each_second_and_old_ones_are_forgotten(
        self, url: str, lookups: Lookups
    ) -> None:
        known = lookups.open(url)
        with closing(psycopg.connect(url, autocommit=True)) as connection:
            ages = "SELECT now() - at < interval '1 hour' FROM pulse ORDER BY 1"
            connection.execute("INSERT INTO pulse VALUES ('gone', now() - interval '1 day')")
            known.refresh()
            assert connection.execute(ages).fetchall() == [(False,), (True,)]
            moments = set()
            for _ in range(3):
                lookups.refreshed(known, after=pulse.EVERY)
                known._pulse.join(60)
                moments.add(connection.execute("SELECT max(at) FROM pulse").fetchone())
            assert connection.execute(ages).fetchall() == [(True,)]
        assert len(moments) == 3

    def test_it_is_believed_only_of_the_server_that_answers(
        self, url: str, secret: Secret, lookups: Lookups, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        verifier = lookups.verifier(url)
        monkeypatch.setattr(Pulse, "_confirmed", lambda *_: "another")
        with pytest.raises(StoreOutOfDate, match="Two servers"):
            verifier.verify(secret)
        monkeypatch.undo()
        lookups.ticks.now += EVERY
        assert verifier.verify(secret)

    def test_another_server_does_not_find_a_token(
        self, url: str, secret: Secret, lookups: Lookups
    ) -> None:
        known = lookups.refreshed(lookups.open(url, most=0))
        known._state = known._state._replace(server="another")
        with pytest.raises(StoreUnavailable, match="Another server"):
            known.find("0000000001")
        assert known.peek("0000000001") is NOT_IN_MEMORY
        assert known._connections._idle == []


def waiting_for_standbys(connection: psycopg.Connection) -> int:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
    ((count,),) = connection.execute(waiting).fetchall()
    return int(count)


class TestRoles:
    @pytest.fixture
    def user(self, url: str) -> Iterator[str]:
        """Return a user of the database without any rights."""
        name = f"user_of_{psycopg.conninfo.conninfo_to_dict(url)['dbname']}"
        with closing(psycopg.connect(url, autocommit=True)) as connection:
            statements = ("CREATE ROLE {} LOGIN", "DROP OWNED BY {}; DROP ROLE {}")
            begin, end = (sql.SQL(each).format(*[sql.Identifier(name)] * 2) for each in statements)
            connection.execute(begin)
            yield name
            connection.execute(end)

    def grant(self, url: str, user: str, rights: sql.SQL) -> str:
        """Give a user rights; return the URL for it."""
        with closing(psycopg.connect(url, autocommit=True)) as connection:
            connection.execute(sql.SQL("GRANT {} TO {}").format(rights, sql.Identifier(user)))
        return f"{url}&user={user}"

    @SIZES
    def test_that_of_verifiers_suffices(
        self, url: str, backend: Backend, lookups: Lookups, user: str, most: int
    ) -> None:
        _, secret = create(backend)
        theirs = self.grant(url, user, sql.SQL("tokentui_verifier"))
        known = lookups.open(theirs, most=most)
        for _ in range(3):
            lookups.refreshed(known, after=pulse.EVERY)
            known._pulse.join(60)
        assert lookups.verifier(theirs, most=most).verify(secret)
        assert known.health().last_error is None

    def test_one_that_cannot_write_a_pulse_verifies_nobody(
        self, url: str, backend: Backend, lookups: Lookups, user: str
    ) -> None:
        _, secret = create(backend)
        theirs = self.grant(url, user, sql.SQL("SELECT ON ALL TABLES IN SCHEMA public"))
        with pytest.raises(StoreOutOfDate, match=r"denied for table pulse.*tokentui_verifier"):
            lookups.verifier(theirs).verify(secret)


class TestHeld:
    """A database that does not respond, and does not say so."""

    @pytest.fixture
    def link(self, url: str) -> Iterator[Link]:
        with Link(shared_server().socket) as link:
            yield link
            link.release()

    @pytest.fixture
    def far(self, url: str, link: Link) -> str:
        """Return the URL of the store behind the link."""
        database = str(psycopg.conninfo.conninfo_to_dict(url)["dbname"])
        return f"{link.url(database)}&connect_timeout=60"

    @SIZES
    async def test_the_event_loop_never_waits_for_it(
        self,
        link: Link,
        far: str,
        backend: Backend,
        lookups: Lookups,
        most: int,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        (_, known), (_, cold) = create(backend, 1), create(backend, 2)
        asked = not_in_an_event_loop(monkeypatch)
        verifier = lookups.verifier(far, most=most)
        await verifier.averify(known)
        monkeypatch.setattr(lookup_threads, "_REFRESH_PATIENCE", 0)
        link.hold()
        lookups.ticks.now += EVERY
        assert await verifier.averify(known)
        asking = asyncio.create_task(verifier.averify(cold))
        await asyncio.to_thread(wait_until, lambda: link.waiting > 0, "nothing is asked")
        assert most or not asking.done()
        await asyncio.to_thread(link.release)
        assert await asking
        assert len(asked) >= 4

    def test_it_is_not_waited_for_twice(
        self,
        link: Link,
        far: str,
        backend: Backend,
        lookups: Lookups,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        token, secret = create(backend)
        verifier = lookups.verifier(far)
        verifier.verify(secret)
        revoke(backend, token)
        link.hold()
        patience = lookup._PATIENCE
        for seconds in (0, patience):
            monkeypatch.setattr(lookup, "_PATIENCE", seconds)
            lookups.ticks.now += EVERY
            assert verifier.verify(secret)
            assert "is slow to respond" in verifier.health().problems[0]
        link.release()
        reading = verifier._lookup._reading  # type: ignore[attr-defined]
        wait_until(lambda: not reading.under_way, "it goes on")
        lookups.ticks.now += EVERY
        with pytest.raises(TokenRevoked):
            verifier.verify(secret)


def not_in_an_event_loop(monkeypatch: pytest.MonkeyPatch) -> list[None]:
    """Fail whatever waits for a database in the thread of an event loop; return what waits."""
    wait, waits = Connection.wait, list[None]()

    def checked(self: Connection, *arguments: Any) -> Any:
        waits.append(None)
        with pytest.raises(RuntimeError, match="no running event loop"):
            asyncio.get_running_loop()
        return wait(self, *arguments)

    monkeypatch.setattr(Connection, "wait", checked)
    return waits


_PREFORKING = """
import os, sys
from threading import Event, Thread
from tokentui.core.verifier import Verifier
from tokentui.stores import open_backend
from tokentui.stores.postgresql.lookup import DatabaseLookup

url, most, *secrets = sys.argv[1:]
backend = open_backend(url, read_only=True)
connections = backend._connections
lookup = DatabaseLookup(connections, most=int(most))
verifier = Verifier(lookup)

def serve():
    for secret in secrets:
        verifier.verify(secret)
    lookup._pulse.join(60)
    return connections.ask(lambda it: it.one("SELECT pg_backend_pid()")[0])

# So that each asks what it asks for one after the other.
pids = [serve()]
locked, over = Event(), Event()

def hold():
    # What other threads of the parent hold, the child must not wait for.
    memory = [lookup._memory._guard] if int(most) == 0 else []
    held = [
        *memory, lookup._guard, lookup._unknown._guard, lookup._freshness._looking,
        connections._guard, verifier._threads._finding._guard,
    ]
    for lock in held:
        lock.acquire()
    lookup._reading._under_way = lookup._pulse._writing._under_way = True
    locked.set()
    over.wait()
    lookup._reading._under_way = lookup._pulse._writing._under_way = False
    for lock in held:
        lock.release()

thread = Thread(target=hold)
thread.start()
locked.wait()
lookup._freshness._due_at = 0
lookup._pulse._confirmed_at = float("-inf")
for _ in range(2):
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.write(writing, str(serve()).encode())
            backend.close()
            os._exit(0)
        finally:
            os._exit(1)
    os.close(writing)
    assert os.waitpid(child, 0)[1] == 0
    pids.append(int(os.read(reading, 100)))
over.set()
thread.join()
lookup._freshness._due_at = 0
pids.append(serve())
lookup.close()
backend.close()
print(*pids)
"""


@SIZES
def test_forked_workers_have_connections_of_their_own(
    url: str, backend: Backend, most: int
) -> None:
    secrets = [create(backend, number)[1].reveal() for number in (1, 2)]
    program = [sys.executable, "-W", "ignore", "-c", _PREFORKING, url, str(most), *secrets]
    done = subprocess.run(program, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    before, *children, after = done.stdout.split()
    assert before == after
    assert len({before, *children}) == 3
    with closing(psycopg.connect(url)) as connection:
        assert connection.execute("SELECT count(*) FROM pulse").fetchone() == (3,)

"""What a verifier keeps of the tokens in a database, and what it asks for."""

import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event
from typing import Any

import psycopg
import pytest

from tokentui.core import credential
from tokentui.core.account_change import AddAccount, DisableAccount
from tokentui.core.backend import Backend
from tokentui.core.errors import StoreUnavailable
from tokentui.core.lookup import NOT_IN_MEMORY, StoredCredential
from tokentui.core.verdicts import UnknownToken
from tokentui.stores.postgresql import feed, lookup
from tokentui.stores.postgresql.feed import MAX_GAP, Found
from tokentui.stores.postgresql.lookup import DatabaseLookup
from tokentui.stores.postgresql.token_memory import AllTokens

from ..contracts.samples import add, commit, token
from .lookups import Lookups, revoke
from .server import NEEDED

pytestmark = pytest.mark.needs(*NEEDED)

ONE, TWO, THREE, FOUR = (f"000000000{number}" for number in range(1, 5))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the IDs that are looked up."""
    find, ids = feed.find, list[str]()

    def counted(connection: Any, token_id: str, server: str) -> Found:
        ids.append(token_id)
        return find(connection, token_id, server)

    monkeypatch.setattr(feed, "find", counted)
    return ids


def meanwhile(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object]) -> None:
    """Let something happen between what the database says of a token and its arrival."""
    find = feed.find

    def slow(*arguments: Any) -> Found:
        found = find(*arguments)
        monkeypatch.setattr(feed, "find", find)
        happens()
        return found

    monkeypatch.setattr(feed, "find", slow)


def name(found: object) -> str | None:
    return found.name if isinstance(found, StoredCredential) else None


class TestAllTokens:
    def test_no_token_is_looked_up(
        self, url: str, backend: Backend, lookups: Lookups, asked: list[str]
    ) -> None:
        add(backend, token(1))
        known = lookups.refreshed(lookups.open(url))
        add(backend, token(2))
        lookups.refreshed(known)
        found = [name(known.find(each)) for each in (ONE, TWO, THREE)]
        assert (found, asked) == ([token(1).name, token(2).name, None], [])
        assert known.health().tokens == 2

    def test_they_are_read_in_parts(
        self, url: str, backend: Backend, lookups: Lookups, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(feed, "_LOAD", feed._LOAD.replace("LIMIT 5000", "LIMIT 2"))
        monkeypatch.setattr(feed, "_PART", 2)
        add(backend, *(token(number) for number in range(1, 5)))
        known = lookups.refreshed(lookups.open(url))
        assert [name(known.peek(each)) for each in (ONE, FOUR)] == [token(1).name, token(4).name]
        assert known.health().tokens == 4

    def test_more_than_are_kept_are_looked_up(
        self, url: str, backend: Backend, lookups: Lookups, asked: list[str]
    ) -> None:
        add(backend, token(1), token(2))
        known = lookups.refreshed(lookups.open(url, most=2))
        assert known.health().tokens == 2
        add(backend, token(3))
        for _ in range(2):
            lookups.refreshed(known)
        assert (known.peek(ONE), known.health().tokens) == (NOT_IN_MEMORY, 0)
        assert (name(known.find(ONE)), asked) == (token(1).name, [ONE])

    def test_the_memory_that_a_token_takes(self, url: str, lookups: Lookups) -> None:
        count = 5_000
        insert(url, count)
        tracemalloc.start()
        try:
            known = lookups.open(url)
            known.refresh()
            held, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert known.health().tokens == count
        assert held / count < 400


def insert(url: str, count: int) -> None:
    """Write many tokens in one change, as an import does."""
    with psycopg.connect(url) as connection:
        connection.execute(
            "INSERT INTO tokens (id, account, name, name_key, created_at, hash, revision, changed) "
            "SELECT lpad(n::text, 10, '0'), 'ada', 'svc-' || n, 'svc-' || n, now(), "
            "rpad('$2b$10$', 60, md5(n::text)), 1, h.tokens + 1 "
            "FROM generate_series(1, %s) AS n, head AS h",
            [count],
        )
        connection.execute("UPDATE head SET tokens = tokens + 1")


class TestRecentTokens:
    @pytest.fixture
    def recent(self, url: str, backend: Backend, lookups: Lookups) -> DatabaseLookup:
        """Return a lookup that keeps two tokens, and as many IDs without one, of a store of 3."""
        add(backend, *(token(number) for number in range(1, 4)))
        return lookups.refreshed(lookups.open(url, most=0, recent=2))

    def test_what_was_asked_for_last_is_kept(
        self, recent: DatabaseLookup, asked: list[str]
    ) -> None:
        for token_id in (ONE, TWO, ONE, THREE):
            assert name(recent.find(token_id))
        kept = [recent.peek(each) is not NOT_IN_MEMORY for each in (ONE, TWO, THREE)]
        assert kept == [True, False, True]
        assert (asked, recent.health().tokens) == ([ONE, TWO, THREE], 2)

    def test_ids_without_a_token_are_kept(self, recent: DatabaseLookup, asked: list[str]) -> None:
        unknown = [f"unknown{number:03}" for number in range(3)]
        for token_id in (*unknown, unknown[2]):
            assert recent.find(token_id) is None
        assert [recent.peek(each) for each in unknown] == [NOT_IN_MEMORY, None, None]
        assert asked == unknown

    def test_a_token_is_found_once_it_is_created(
        self, recent: DatabaseLookup, backend: Backend, lookups: Lookups
    ) -> None:
        assert recent.find(FOUR) is None
        add(backend, token(4))
        assert recent.peek(FOUR) is None
        assert name(lookups.refreshed(recent).find(FOUR)) == token(4).name

    @pytest.mark.parametrize("text", ["", "short", "x" * 11, "ä" * 10, "a-b-c-d-e-", "\0" * 10])
    def test_nothing_is_asked_for_what_is_no_id(
        self, recent: DatabaseLookup, asked: list[str], text: str
    ) -> None:
        assert (recent.peek(text), recent.find(text), asked) == (None, None, [])

    def test_a_change_meanwhile_spoils_what_was_found(
        self,
        recent: DatabaseLookup,
        backend: Backend,
        lookups: Lookups,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        def revoked() -> None:
            revoke(backend, token(1))
            lookups.refreshed(recent)

        before = recent.generation
        meanwhile(monkeypatch, revoked)
        assert not getattr(recent.find(ONE), "revoked", True)
        assert recent.generation > before
        assert recent.peek(ONE) is NOT_IN_MEMORY
        assert getattr(recent.find(ONE), "revoked", False)

    def test_a_change_that_is_seen_first_by_a_look_up_is_a_generation(
        self, recent: DatabaseLookup, backend: Backend
    ) -> None:
        before = recent.generation
        recent.find(ONE)
        assert recent.generation == before
        revoke(backend, token(2))
        assert getattr(recent.find(TWO), "revoked", False)
        assert recent.generation > before

    def test_the_owner_of_what_is_kept_is_disabled(
        self, recent: DatabaseLookup, backend: Backend, lookups: Lookups
    ) -> None:
        for owner in ("root", "ada"):
            commit(
                backend, AddAccount(name=owner, role=None, password=None, at=token(1).created_at)
            )
        recent.find(ONE)
        commit(backend, DisableAccount(name="ada", at=token(1).created_at))
        lookups.refreshed(recent)
        assert all(getattr(recent.find(each), "owner_disabled", False) for each in (ONE, TWO))

    def test_only_so_many_ids_without_a_token_are_looked_up(
        self,
        url: str,
        backend: Backend,
        lookups: Lookups,
        asked: list[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(lookup, "_UNKNOWN", (3, 10.0))
        add(backend, token(1))
        recent = lookups.refreshed(lookups.open(url, most=0))
        recent.find(ONE)
        unknown = [f"unknown{number:03}" for number in range(5)]
        for token_id in unknown[:3]:
            assert recent.find(token_id) is None
        with pytest.raises(StoreUnavailable, match="too many"):
            recent.find(unknown[3])
        assert recent.find(unknown[0]) is None
        assert name(recent.find(ONE))
        assert len(asked) == 4
        lookups.refreshed(recent, after=10)
        assert recent.find(unknown[3]) is None

    def test_threads_share_a_look_up(
        self, url: str, backend: Backend, lookups: Lookups, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        add(backend, token(1))
        verifier = lookups.verifier(url, most=0)
        verifier.refresh()
        presented = credential.mint().encode()
        looked_up, all_wait = list[str](), Event()
        find, call = feed.find, verifier._threads._finding.call
        threads, joined = 20, list[object]()

        def held(connection: Any, token_id: str, server: str) -> Found:
            looked_up.append(token_id)
            assert all_wait.wait(20)
            return find(connection, token_id, server)

        def counted(*arguments: Any) -> Any:
            flight = call(*arguments)
            joined.append(flight)
            if len(joined) == threads:
                all_wait.set()
            return flight

        monkeypatch.setattr(feed, "find", held)
        monkeypatch.setattr(verifier._threads._finding, "call", counted)
        with ThreadPoolExecutor(threads) as pool:
            asking = [pool.submit(verifier.verify, presented) for _ in range(threads)]
            assert {type(each.exception(20)) for each in asking} == {UnknownToken}
        assert looked_up == [credential.parse(presented).id]


class TestChanges:
    @pytest.mark.parametrize("most", [0, 200_000], ids=["recent", "all"])
    @pytest.mark.parametrize("count", [MAX_GAP, MAX_GAP + 1])
    def test_many_changes_at_once(
        self, url: str, backend: Backend, lookups: Lookups, most: int, count: int
    ) -> None:
        known = lookups.refreshed(lookups.open(url, most=most))
        assert known.find(f"{count:010}") is None
        memory = known._memory
        insert(url, count)
        lookups.refreshed(known)
        assert (known._memory is memory) == (count == MAX_GAP)
        assert name(known.find(f"{count:010}")) == f"svc-{count}"

    def test_more_changes_than_are_followed(
        self, url: str, backend: Backend, lookups: Lookups
    ) -> None:
        add(backend, token(1))
        known = lookups.refreshed(lookups.open(url))
        with psycopg.connect(url) as connection:
            connection.execute("UPDATE head SET tokens = tokens + %s", [MAX_GAP + 1])
        memory = known._memory
        assert lookups.refreshed(known)._memory is not memory
        assert name(known.peek(ONE))

    def test_a_smaller_number_is_another_store(
        self, url: str, backend: Backend, lookups: Lookups
    ) -> None:
        add(backend, token(1))
        known = lookups.refreshed(lookups.open(url))
        with psycopg.connect(url) as connection:
            connection.execute("DELETE FROM tokens")
            connection.execute("UPDATE head SET tokens = tokens - 1")
        assert lookups.refreshed(known).peek(ONE) is None

    def test_what_changes_while_all_is_read_is_read_after(
        self, url: str, backend: Backend, lookups: Lookups, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        add(backend, token(2))
        load = feed._load

        def slow(*arguments: Any) -> Any:
            loaded = load(*arguments)
            if FOUR not in (loaded or ()):
                add(backend, token(1), token(4))
            return loaded

        monkeypatch.setattr(feed, "_load", slow)
        known = lookups.refreshed(lookups.open(url))
        assert isinstance(known._memory, AllTokens)
        assert known.peek(ONE) is None
        lookups.refreshed(known)
        assert name(known.peek(ONE))
        assert name(known.peek(FOUR))


def test_a_clock_that_is_wrong_is_said(
    url: str, backend: Backend, lookups: Lookups, caplog: pytest.LogCaptureFixture
) -> None:
    with psycopg.connect(url) as connection:
        ((moment,),) = connection.execute("SELECT now()").fetchall()
    clocks = [moment + timedelta(seconds=seconds) for seconds in (90, 30, -90, -90)]
    known = lookups.open(url, clock=lambda: clocks[0])
    errors = []
    while clocks:
        errors.append(lookups.refreshed(known).health().last_error)
        clocks.pop(0)
    assert ["The clocks of" in (error or "") for error in errors] == [True, False, True, True]
    assert len(caplog.records) == 2
    assert known.find(ONE) is None

"""From a presented secret to its token, or to the reason why not."""

import asyncio
import itertools
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from threading import Event, Semaphore
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.opening import raw, used
from tokentui.core import credential, flight
from tokentui.core.commands import TokenCommands
from tokentui.core.credential import Secret
from tokentui.core.errors import StoreOutOfDate
from tokentui.core.flight import Flight
from tokentui.core.freshness import EVERY, GRACE
from tokentui.core.new_token import NewToken
from tokentui.core.public_token import PublicToken
from tokentui.core.snapshot_lookup import SnapshotLookup
from tokentui.core.token import Token
from tokentui.core.verdicts import (
    AddressNotAllowed,
    DamagedHash,
    MalformedSecret,
    NotAllowed,
    Refused,
    TokenExpired,
    TokenReadOnly,
    TokenRevoked,
    TooManyFailures,
    UnknownToken,
    WrongSecret,
)
from tokentui.core.verifier import Verifier, _text

from ..conftest import CHEAPEST, NOW
from .test_limits import Ticks

Open = Callable[[], TokenCommands]


class Counting:
    """A hasher that counts its checks, and holds each until it may go on."""

    def __init__(self) -> None:
        self.checks = 0
        self.checking, self.go_on = Event(), Event()
        self.go_on.set()

    def hash(self, secret: Secret) -> str:
        return CHEAPEST.hash(secret)

    def check(self, secret: Secret, hashed: str) -> bool:
        self.checks += 1
        self.checking.set()
        assert self.go_on.wait(20)
        return CHEAPEST.check(secret, hashed)


@pytest.fixture
def ticks() -> Ticks:
    return Ticks()


@pytest.fixture
def hasher() -> Iterator[Counting]:
    counting = Counting()
    yield counting
    counting.go_on.set()


@pytest.fixture
def verifier(service: TokenCommands, hasher: Counting, ticks: Ticks) -> Iterator[Verifier]:
    clock = lambda: service.queries.now()  # noqa: E731 - tests set another one
    lookup = SnapshotLookup(service.backend.tokens, monotonic=ticks)
    with Verifier(
        lookup, usage=service.backend.usage, hasher=hasher, clock=clock, monotonic=ticks
    ) as opened:
        yield opened


@pytest.fixture
def made(service: TokenCommands) -> NewToken:
    return service.create("ci-deploy", date(2027, 1, 1))


def forged(made: NewToken) -> Secret:
    """Return another secret for the id of a token."""
    return credential.Credential(made.token.id, credential.mint().secret).encode()


def change(service: TokenCommands, made: NewToken, **changes: object) -> None:
    """Change a token as no command does."""
    token = service.queries.get(made.token.id)
    raw(service).apply(replaced=[replace(token, revision=token.revision + 1, **changes)])


class TestWhoComesIn:
    def test_the_right_secret(
        self, service: TokenCommands, verifier: Verifier, made: NewToken
    ) -> None:
        assert verifier.verify(made.secret, "POST", "192.0.2.7") == PublicToken(
            id=made.token.id,
            account="ada",
            name="ci-deploy",
            expires_at=made.token.expires_at,
            read_only=False,
            networks=(),
        )
        service.backend.usage.flush()
        use = used(service.backend.usage, made.token.id)
        assert use is not None
        assert (use.last_used_at, use.count, use.address) == (NOW, 1, "192.0.2.7")

    async def test_what_was_created_a_moment_ago(
        self, service: TokenCommands, verifier: Verifier, ticks: Ticks
    ) -> None:
        verifier.refresh()
        ticks.now += EVERY / 2
        assert verifier.verify(service.create("first", None).secret).name == "first"
        ticks.now += EVERY / 4
        second = service.create("second", None).secret
        assert (await verifier.averify(second)).name == "second"

    def test_written_in_any_way(self, verifier: Verifier, made: NewToken) -> None:
        text = made.secret.reveal()
        assert (
            verifier.verify(text) == verifier.verify(text.encode()) == verifier.verify(Secret(text))
        )

    def test_no_hash_is_given_away(self, verifier: Verifier, made: NewToken) -> None:
        assert made.token.hash is not None
        token = verifier.verify(made.secret)
        assert made.token.hash not in repr(token) + repr(msgspec.to_builtins(token))

    def test_another_prefix(self, service: TokenCommands) -> None:
        service.queries.policy = replace(service.queries.policy, prefix="acme_ci")
        made = service.create("acme", None)
        verifier = Verifier(
            SnapshotLookup(service.backend.tokens), hasher=CHEAPEST, prefix="acme_ci"
        )
        assert verifier.verify(made.secret).name == "acme"

    def test_identifying_is_no_use(
        self, service: TokenCommands, verifier: Verifier, made: NewToken
    ) -> None:
        change(service, made, read_only=True, networks=("192.0.2.0/24",))
        assert verifier.identify(made.secret).read_only
        service.backend.usage.flush()
        assert used(service.backend.usage, made.token.id) is None


class TestWhoDoesNot:
    def test_a_wrong_secret_of_a_known_id(self, verifier: Verifier, made: NewToken) -> None:
        with pytest.raises(WrongSecret) as refused:
            verifier.verify(forged(made))
        assert refused.value.token_id == made.token.id
        assert refused.value.public == "This secret is not valid."

    def test_an_unknown_id(self, verifier: Verifier) -> None:
        minted = credential.mint()
        with pytest.raises(UnknownToken) as refused:
            verifier.verify(minted.encode())
        assert refused.value.token_id == minted.id

    def test_expired_by_the_second(
        self, service: TokenCommands, verifier: Verifier, made: NewToken
    ) -> None:
        assert made.token.expires_at is not None
        last = made.token.expires_at
        service.queries.now = lambda: last
        assert verifier.verify(made.secret)
        service.queries.now = lambda: last + timedelta(seconds=1)
        for ask in (verifier.verify, verifier.identify):
            with pytest.raises(TokenExpired) as refused:
                ask(made.secret)
            assert refused.value.public == "This token has expired."

    def test_two_of_a_name_while_one_replaces_the_other(
        self, service: TokenCommands, verifier: Verifier, made: NewToken
    ) -> None:
        new = service.rotate(made.token, timedelta(hours=1))
        assert verifier.verify(made.secret).id == made.token.id
        assert verifier.verify(new.secret).id == new.token.id
        service.queries.now = lambda: NOW + timedelta(hours=1, seconds=1)
        with pytest.raises(TokenExpired):
            verifier.verify(made.secret)
        assert verifier.verify(new.secret).id == new.token.id

    def test_from_another_network(
        self, service: TokenCommands, verifier: Verifier, made: NewToken
    ) -> None:
        change(service, made, networks=("192.0.2.0/24", "2001:db8::/32"))
        for address in ("192.0.2.1", "::ffff:192.0.2.1", "2001:db8::7"):
            assert verifier.verify(made.secret, "GET", address)
        for elsewhere in ("198.51.100.1", "nonsense", "", None):
            with pytest.raises(AddressNotAllowed) as refused:
                verifier.verify(made.secret, "GET", elsewhere)
            assert refused.value.holder
            assert isinstance(refused.value, NotAllowed)

    @pytest.mark.parametrize("networks", [("nonsense",), ("",)])
    def test_networks_that_are_none_let_nobody_in(
        self, service: TokenCommands, verifier: Verifier, made: NewToken, networks: tuple[str, ...]
    ) -> None:
        change(service, made, networks=networks)
        with pytest.raises(AddressNotAllowed):
            verifier.verify(made.secret, "GET", "192.0.2.1")

    def test_for_anything_but_reading(
        self, service: TokenCommands, verifier: Verifier, made: NewToken
    ) -> None:
        change(service, made, read_only=True)
        for method in ("GET", "HEAD", "OPTIONS"):
            assert verifier.verify(made.secret, method)
        for other in ("POST", "PUT", "PATCH", "DELETE", "get", "PROPFIND", "", None):
            with pytest.raises(TokenReadOnly) as refused:
                verifier.verify(made.secret, other)
            assert refused.value.holder

    @pytest.mark.parametrize(
        "changes", [{"networks": ("192.0.2.0/24",)}, {"read_only": True}, {"expires_at": NOW}]
    )
    def test_why_is_told_only_with_the_right_secret(
        self, service: TokenCommands, verifier: Verifier, made: NewToken, changes: dict[str, Any]
    ) -> None:
        change(service, made, **changes)
        service.queries.now = lambda: NOW + timedelta(days=1)
        with pytest.raises(WrongSecret) as refused:
            verifier.verify(forged(made), "POST", "198.51.100.1")
        assert not refused.value.holder

    @pytest.mark.parametrize("hashed", ["$2b$31$" + "a" * 53, "not a hash", ""])
    def test_a_planted_hash(
        self, service: TokenCommands, verifier: Verifier, made: NewToken, hashed: str
    ) -> None:
        change(service, made, hash=hashed)
        with pytest.raises(DamagedHash) as refused:
            verifier.verify(made.secret)
        assert refused.value.token_id == made.token.id
        assert not refused.value.holder

    def test_a_refusal_is_no_use(
        self, service: TokenCommands, verifier: Verifier, made: NewToken
    ) -> None:
        change(service, made, read_only=True)
        for presented in (made.secret, forged(made)):
            with pytest.raises(Refused):
                verifier.verify(presented, "POST")
        service.backend.usage.flush()
        assert used(service.backend.usage, made.token.id) is None


class TestGarbage:
    @pytest.mark.parametrize(
        "spoiled",
        [
            lambda text: text.upper(),
            lambda text: text[:-1],
            lambda text: text + "x",
            lambda text: text + "\n",
            lambda text: text + "\0",
            lambda text: " " + text,
            lambda text: "\t" + text,
            lambda text: "xx" + text[2:],
            lambda text: "tt_" + text,
            lambda text: text.replace("_", "-"),
            lambda text: text.replace("t", "\N{FULLWIDTH LATIN SMALL LETTER T}", 1),
            lambda text: "Bearer " + text,
            lambda text: text * 2**15,
            lambda text: "",
            lambda text: "\ud800",
            lambda text: "\xff" * 52,
        ],
    )
    def test_a_spoiled_secret(
        self, verifier: Verifier, made: NewToken, spoiled: Callable[[str], str]
    ) -> None:
        text = spoiled(made.secret.reveal())
        verifier.verify(made.secret)
        for presented in (text, Secret(text), text.encode("utf-8", "surrogatepass")):
            with pytest.raises(MalformedSecret):
                verifier.verify(presented)

    def test_no_more_is_read_than_a_secret_has(self) -> None:
        for endless in ("x" * 2**20, b"x" * 2**20, Secret("x" * 2**20)):
            assert len(_text(endless)) < 100

    def test_a_hash_is_no_secret(
        self, verifier: Verifier, hasher: Counting, made: NewToken
    ) -> None:
        assert made.token.hash is not None
        for presented in (made.token.hash, f"tt_{made.token.id}_{made.token.hash}"):
            with pytest.raises(MalformedSecret):
                verifier.verify(presented)
        assert hasher.checks == 0

    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
    @given(
        st.text(max_size=80) | st.binary(max_size=80) | st.text(st.characters(codec=None)),
        st.none() | st.text(max_size=80),
        st.none() | st.text(max_size=80),
    )
    @example("\ud800", "\ud800", "\ud800")
    @example(b"\xff" * 2**20, "x" * 2**20, "x" * 2**20)
    def test_anything_else(
        self,
        verifier: Verifier,
        made: NewToken,
        presented: str | bytes,
        method: str | None,
        address: str | None,
    ) -> None:
        with pytest.raises(MalformedSecret) as refused:
            verifier.verify(presented, method, address)
        assert refused.value.token_id is None
        for ask in (made.secret, forged(made)):
            try:
                verifier.verify(ask, method, address)
            except Refused:
                assert ask is not made.secret


class TestSecretsSeenBefore:
    def test_the_slow_hash_is_paid_for_once(
        self, service: TokenCommands, verifier: Verifier, hasher: Counting, made: NewToken
    ) -> None:
        for _ in range(5):
            verifier.verify(made.secret)
        assert hasher.checks == 1
        service.backend.usage.flush()
        use = used(service.backend.usage, made.token.id)
        assert use is not None
        assert use.count == 5

    def test_the_token_is_judged_anew(
        self, service: TokenCommands, verifier: Verifier, ticks: Ticks, made: NewToken
    ) -> None:
        verifier.verify(made.secret, "POST", "198.51.100.1")
        bound = service.set_access(made.token, read_only=True, networks=())
        ticks.now += EVERY
        with pytest.raises(TokenReadOnly):
            verifier.verify(made.secret, "POST", "198.51.100.1")
        bound = service.set_access(bound, read_only=True, networks=("192.0.2.0/24",))
        ticks.now += EVERY
        with pytest.raises(AddressNotAllowed):
            verifier.verify(made.secret, "GET", "198.51.100.1")
        freed = service.set_access(bound, read_only=False, networks=())
        service.rename(freed, "renamed")
        ticks.now += EVERY
        assert verifier.verify(made.secret, "POST", "198.51.100.1").name == "renamed"

    def test_revoked_by_another_process(
        self, verifier: Verifier, ticks: Ticks, made: NewToken, open_service: Open
    ) -> None:
        verifier.verify(made.secret)
        other = open_service()
        other.revoke([other.queries.look_up("ci-deploy")])
        ticks.now += EVERY
        with pytest.raises(TokenRevoked) as refused:
            verifier.verify(made.secret)
        assert refused.value.public == "This secret is not valid."

    def test_another_hash_is_another_secret(
        self, service: TokenCommands, verifier: Verifier, ticks: Ticks, made: NewToken
    ) -> None:
        verifier.verify(made.secret)
        fresh = credential.mint().secret
        change(service, made, hash=CHEAPEST.hash(fresh))
        ticks.now += EVERY
        with pytest.raises(WrongSecret):
            verifier.verify(made.secret)
        assert verifier.verify(credential.Credential(made.token.id, fresh).encode())

    def test_a_wrong_secret_is_checked_once(
        self, verifier: Verifier, hasher: Counting, made: NewToken
    ) -> None:
        wrong = forged(made)
        for _ in range(50):
            with pytest.raises(WrongSecret):
                verifier.verify(wrong)
        assert hasher.checks == 1
        assert verifier.verify(made.secret)

    def test_what_was_wrong_may_be_right_for_another_hash(
        self, service: TokenCommands, verifier: Verifier, ticks: Ticks, made: NewToken
    ) -> None:
        fresh = credential.mint().secret
        written = credential.Credential(made.token.id, fresh).encode()
        with pytest.raises(WrongSecret):
            verifier.verify(written)
        change(service, made, hash=CHEAPEST.hash(fresh))
        ticks.now += EVERY
        assert verifier.verify(written)


class TestAtTheSameTime:
    def test_revoked_while_it_is_checked(
        self,
        service: TokenCommands,
        verifier: Verifier,
        hasher: Counting,
        ticks: Ticks,
        made: NewToken,
    ) -> None:
        hasher.go_on.clear()
        with ThreadPoolExecutor() as pool:
            asked = pool.submit(verifier.verify, made.secret)
            assert hasher.checking.wait(20)
            service.revoke([made.token])
            ticks.now += EVERY
            hasher.go_on.set()
            with pytest.raises(TokenRevoked):
                asked.result(20)
        # Even if it came back to life, its secret was not seen.
        change(service, made, hash=made.token.hash, revoked_at=None)
        ticks.now += EVERY
        assert verifier.verify(made.secret)
        assert hasher.checks == 2

    def test_replaced_while_it_is_checked(
        self,
        service: TokenCommands,
        verifier: Verifier,
        hasher: Counting,
        ticks: Ticks,
        made: NewToken,
    ) -> None:
        hasher.go_on.clear()
        with ThreadPoolExecutor() as pool:
            asked = pool.submit(verifier.verify, made.secret)
            assert hasher.checking.wait(20)
            change(service, made, hash=CHEAPEST.hash(credential.mint().secret))
            ticks.now += EVERY
            hasher.go_on.set()
            with pytest.raises(WrongSecret):
                asked.result(20)

    def test_one_secret_in_many_threads_is_hashed_once(
        self,
        verifier: Verifier,
        hasher: Counting,
        made: NewToken,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        check, asked_for = verifier._check, Semaphore(0)

        def noted(*asked: Any) -> Flight[None]:
            under_way = check(*asked)
            asked_for.release()
            return under_way

        monkeypatch.setattr(verifier, "_check", noted)
        hasher.go_on.clear()
        with ThreadPoolExecutor(20) as pool:
            asked = [pool.submit(verifier.verify, made.secret) for _ in range(20)]
            assert all(asked_for.acquire(timeout=20) for _ in asked)
            hasher.go_on.set()
            assert {each.result(20).id for each in asked} == {made.token.id}
        assert hasher.checks == 1

    def test_seen_secrets_do_not_wait_for_hashing(
        self, service: TokenCommands, verifier: Verifier, hasher: Counting, made: NewToken
    ) -> None:
        others = [service.create(f"other-{number}", None) for number in range(4)]
        verifier.verify(made.secret)
        hasher.go_on.clear()
        hasher.checking.clear()
        with ThreadPoolExecutor() as pool:
            asked = [pool.submit(verifier.verify, forged(other)) for other in others]
            assert hasher.checking.wait(20)
            assert verifier.verify(made.secret)
            hasher.go_on.set()
            assert all(isinstance(each.exception(20), Refused) for each in asked)

    def test_the_event_loop_goes_on(
        self, service: TokenCommands, verifier: Verifier, hasher: Counting, made: NewToken
    ) -> None:
        other = service.create("other", None)

        async def both() -> list[PublicToken]:
            await verifier.averify(other.secret)
            hasher.go_on.clear()
            hasher.checking.clear()
            first = asyncio.create_task(verifier.averify(made.secret))
            await asyncio.to_thread(hasher.checking.wait, 20)
            seen = await verifier.averify(other.secret)
            assert not first.done()
            hasher.go_on.set()
            return [seen, await first]

        assert [token.name for token in asyncio.run(both())] == ["other", "ci-deploy"]

    async def test_the_event_loop_goes_on_while_the_store_is_read(
        self,
        service: TokenCommands,
        verifier: Verifier,
        made: NewToken,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        snapshot, go_on = service.backend.tokens.snapshot, Event()

        def slow() -> Mapping[str, Token]:
            assert go_on.wait(20)
            return snapshot()

        monkeypatch.setattr(service.backend.tokens, "snapshot", slow)
        asking = asyncio.create_task(verifier.averify(made.secret))
        await asyncio.sleep(0)
        go_on.set()
        assert (await asking).id == made.token.id

    async def test_a_seen_secret_takes_no_thread(self, verifier: Verifier, made: NewToken) -> None:
        await verifier.averify(made.secret)
        asking = verifier.averify(made.secret)
        with pytest.raises(StopIteration) as ended:
            asking.send(None)
        assert ended.value.value.name == "ci-deploy"

    async def test_a_seen_secret_waits_for_no_work_of_the_application(
        self, verifier: Verifier, ticks: Ticks, made: NewToken
    ) -> None:
        await verifier.averify(made.secret)
        loop, over = asyncio.get_running_loop(), Event()
        with ThreadPoolExecutor(1) as pool:
            loop.set_default_executor(pool)
            loop.run_in_executor(None, over.wait)
            ticks.now += EVERY
            try:
                async with asyncio.timeout(20):
                    assert await verifier.averify(made.secret)
            finally:
                over.set()

    async def test_one_thread_looks_for_all_who_ask_meanwhile(
        self,
        verifier: Verifier,
        ticks: Ticks,
        made: NewToken,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        await verifier.averify(made.secret)
        looks: list[Callable[[], object]] = []
        monkeypatch.setattr(flight, "run_in_thread", looks.append)
        ticks.now += 3
        asking = [asyncio.create_task(verifier.averify(made.secret)) for _ in range(50)]
        await asyncio.sleep(0)
        (look,) = looks
        look()
        assert await asyncio.gather(*asking)

    async def test_a_coroutine_is_refused_like_anybody(
        self, service: TokenCommands, verifier: Verifier, ticks: Ticks, made: NewToken
    ) -> None:
        with pytest.raises(WrongSecret):
            await verifier.averify(forged(made))
        with pytest.raises(MalformedSecret):
            await verifier.averify(b"\xff")
        service.revoke([made.token])
        ticks.now += EVERY
        with pytest.raises(TokenRevoked):
            await verifier.averify(made.secret)


class TestFloods:
    @pytest.fixture
    def flooded(self, verifier: Verifier, hasher: Counting, made: NewToken) -> int:
        """Send wrong secrets for one token until they are no longer checked; say how many were."""
        for _ in range(50):
            with pytest.raises(Refused):
                verifier.verify(forged(made))
        return hasher.checks

    def test_wrong_secrets_for_one_token_are_soon_not_checked(
        self, verifier: Verifier, hasher: Counting, ticks: Ticks, made: NewToken, flooded: int
    ) -> None:
        assert flooded == 3
        with pytest.raises(TooManyFailures) as refused:
            verifier.verify(made.secret)
        assert refused.value.public == "This secret is not valid."
        ticks.now += 10
        assert verifier.verify(made.secret)

    def test_others_come_in(
        self, service: TokenCommands, verifier: Verifier, ticks: Ticks, flooded: int
    ) -> None:
        other = service.create("other", None)
        ticks.now += EVERY
        assert verifier.verify(other.secret)

    def test_so_does_the_holder_from_elsewhere(
        self, verifier: Verifier, made: NewToken, flooded: int
    ) -> None:
        assert verifier.verify(made.secret, "GET", "192.0.2.1")

    def test_so_does_a_secret_seen_before(self, verifier: Verifier, made: NewToken) -> None:
        verifier.verify(made.secret)
        for _ in range(50):
            with pytest.raises(Refused):
                verifier.verify(forged(made))
        assert verifier.verify(made.secret)

    @pytest.mark.parametrize("ids", [1, 20, 200])
    def test_a_right_secret_is_the_next_to_be_checked(
        self,
        service: TokenCommands,
        verifier: Verifier,
        hasher: Counting,
        ticks: Ticks,
        made: NewToken,
        monkeypatch: pytest.MonkeyPatch,
        ids: int,
    ) -> None:
        tokens = [made, *(service.create(f"svc-{number}", None) for number in range(ids - 1))]
        checked: list[str] = []

        def check(secret: Secret, hashed: str) -> bool:
            ticks.now += 0.06
            checked.append(secret.reveal())
            return CHEAPEST.check(secret, hashed)

        def ask(secret: Secret, address: str) -> Flight[None]:
            text = secret.reveal()
            stored = verifier._lookup.find(credential.parse(secret).id)
            assert stored is not None
            return verifier._check(text, stored, address)

        monkeypatch.setattr(hasher, "check", check)
        verifier.refresh()
        queue, sent = verifier._checker._hashing, itertools.count()
        while not queue._budget.pause:
            number = next(sent)
            with pytest.raises(WrongSecret):
                ask(forged(tokens[number % ids]), f"192.0.2.{number % 20}").result()
        # As many as have not failed yet may be as good as the holder, who comes last.
        flood = [ask(forged(tokens[n % ids]), f"192.0.2.{n % 20}") for n in range(100)]
        right = ask(made.secret, "198.51.100.1")
        before = len(checked)
        assert before < 20
        assert queue._budget.pause <= 1
        ticks.now += 1
        with queue._changed:
            queue._changed.notify_all()
        right.result()
        assert checked[before] == credential.parse(made.secret).secret.reveal()
        while queue._flights:
            ticks.now += 1
            with queue._changed:
                queue._changed.notify_all()
                queue._changed.wait(0.01)
        for each in flood:
            with pytest.raises((WrongSecret, TooManyFailures)) as refused:
                each.result()
            assert refused.value.token_id

    def test_a_flood_that_waits_is_not_checked_either(
        self, verifier: Verifier, hasher: Counting, made: NewToken
    ) -> None:
        hasher.go_on.clear()
        with ThreadPoolExecutor(40) as pool:
            asked = [pool.submit(verifier.verify, forged(made)) for _ in range(40)]
            assert hasher.checking.wait(20)
            hasher.go_on.set()
            assert all(isinstance(each.exception(20), Refused) for each in asked)
        assert hasher.checks <= 4


class TestAStoreInTrouble:
    @pytest.fixture
    def damaged(self, service: TokenCommands, verifier: Verifier, made: NewToken) -> NewToken:
        """Damage the store after a secret was seen."""
        verifier.verify(made.secret)
        with Path(service.queries.location).open("a") as file:
            file.write("}")
        return made

    def test_it_is_gone_on_with_for_a_while(
        self, verifier: Verifier, ticks: Ticks, damaged: NewToken
    ) -> None:
        ticks.now += GRACE
        assert verifier.verify(damaged.secret)
        health = verifier.health()
        assert (health.serving, health.age, health.tokens) == (True, GRACE, 1)
        assert "is damaged" in health.problems[0]

    async def test_then_nobody_is_let_in(
        self, verifier: Verifier, ticks: Ticks, damaged: NewToken
    ) -> None:
        ticks.now += GRACE + EVERY
        with pytest.raises(StoreOutOfDate, match="is damaged"):
            verifier.verify(damaged.secret)
        with pytest.raises(StoreOutOfDate, match="is damaged"):
            await verifier.averify(damaged.secret)
        health = verifier.health()
        assert (health.serving, len(health.problems)) == (False, 1)

    def test_all_is_well(self, verifier: Verifier, made: NewToken) -> None:
        verifier.verify(made.secret)
        health = verifier.health()
        assert (health.serving, health.tokens, health.problems) == (True, 1, [])

"""A verifier over a lookup that is far away: its answers take time, fail, or are outdated."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Semaphore
from typing import Any

import pytest
from msgspec.structs import replace

from tokentui.core import credential, lookup_threads
from tokentui.core.credential import Secret
from tokentui.core.errors import StoreOutOfDate, StoreUnreadable
from tokentui.core.flight import Flight
from tokentui.core.lookup import NOT_IN_MEMORY, LookupHealth, NotInMemory, StoredCredential
from tokentui.core.verdicts import (
    MalformedSecret,
    ScopesNotEnforced,
    TokenRevoked,
    UnknownToken,
    WrongSecret,
)
from tokentui.core.verifier import Verifier

from ..conftest import CHEAPEST, NOW
from .test_verifier import Counting

MANY = 100


class FarAway:
    """A lookup without a snapshot: `find` answers with what was there when it was asked.

    It waits for `go_on`, and calls what stands in `meanwhile` before it answers.
    """

    def __init__(self) -> None:
        self.generation = 0
        self.due = False
        self.tokens: dict[str, StoredCredential] = {}
        self.memory: dict[str, StoredCredential] = {}
        self.asked: list[str] = []
        self.meanwhile: deque[Callable[[], object]] = deque()
        self.age = 2.5
        self.refreshes = 0
        self.closed = False
        self.asking = Semaphore(0)
        self.go_on = Event()
        self.go_on.set()

    def peek(self, token_id: str) -> StoredCredential | NotInMemory | None:
        return self.memory.get(token_id, NOT_IN_MEMORY)

    def find(self, token_id: str) -> StoredCredential | None:
        self.asked.append(token_id)
        found = self.tokens.get(token_id)
        self._block()
        if self.meanwhile:
            self.meanwhile.popleft()()
        return found

    def refresh(self) -> None:
        self.refreshes += 1
        if self.due:
            self._block()

    def _block(self) -> None:
        self.asking.release()
        assert not _in_an_event_loop(), "it blocks the event loop"
        assert self.go_on.wait(20)

    def wait_until_asked(self) -> None:
        assert self.asking.acquire(timeout=20)

    def health(self) -> LookupHealth:
        return LookupHealth(self.age, len(self.memory), None)

    def close(self) -> None:
        self.closed = True


def _in_an_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


@pytest.fixture
def far() -> Iterator[FarAway]:
    lookup = FarAway()
    yield lookup
    lookup.go_on.set()


@pytest.fixture
def hasher() -> Iterator[Counting]:
    counting = Counting()
    yield counting
    counting.go_on.set()


@pytest.fixture
def remote(far: FarAway, hasher: Counting) -> Verifier:
    return Verifier(far, hasher=hasher, clock=lambda: NOW)


@pytest.fixture
def secret(far: FarAway) -> Secret:
    """Put a token into the store, and return its secret."""
    minted = credential.mint()
    far.tokens[minted.id] = StoredCredential(
        id=minted.id,
        name="ci-deploy",
        account="ada",
        hash=CHEAPEST.hash(minted.secret),
        expires_at=None,
        read_only=False,
        networks=(),
        revoked=False,
        owner_disabled=False,
    )
    return minted.encode()


def id_of(secret: Secret) -> str:
    return credential.parse(secret).id


def change(far: FarAway, secret: Secret, **changes: Any) -> None:
    """Change a token elsewhere, and let the lookup know."""
    far.generation += 1
    far.tokens[id_of(secret)] = replace(far.tokens[id_of(secret)], **changes)


def revoke(far: FarAway, secret: Secret) -> None:
    change(far, secret, revoked=True, hash="")


def fail(error: Exception) -> Callable[[], object]:
    def failing() -> None:
        raise error

    return failing


Ask = Callable[[Secret], object]


@pytest.fixture(params=["verify", "averify", "identify"])
def ask(request: pytest.FixtureRequest, remote: Verifier) -> Ask:
    """Return each way in which a secret is presented."""
    if request.param == "averify":
        return lambda secret: asyncio.run(remote.averify(secret))
    return getattr(remote, request.param)  # type: ignore[no-any-return]


def test_what_is_not_in_memory_is_found(
    ask: Ask, far: FarAway, hasher: Counting, secret: Secret
) -> None:
    for _ in range(3):
        assert ask(secret).id == id_of(secret)  # type: ignore[attr-defined]
    # Once before each judgement, and once after the slow hash.
    assert (len(far.asked), hasher.checks) == (4, 1)


def test_what_is_in_memory_is_not_looked_up(ask: Ask, far: FarAway, secret: Secret) -> None:
    far.memory = far.tokens
    ask(secret)
    assert far.asked == []


@pytest.mark.parametrize("presented", ["", "x", "tt_0000000001", "tt_" + "0" * 49])
def test_nothing_is_looked_up_for_what_is_no_secret(ask: Ask, far: FarAway, presented: str) -> None:
    with pytest.raises(MalformedSecret):
        ask(Secret(presented))
    assert far.asked == []


def test_what_is_nowhere_is_refused(ask: Ask, far: FarAway, hasher: Counting) -> None:
    minted = credential.mint()
    with pytest.raises(UnknownToken) as refused:
        ask(minted.encode())
    assert (refused.value.token_id, hasher.checks) == (minted.id, 0)


def test_a_revoked_token_is_refused_even_with_a_hash(
    ask: Ask, far: FarAway, secret: Secret
) -> None:
    ask(secret)
    change(far, secret, revoked=True)
    with pytest.raises(TokenRevoked):
        ask(secret)


def test_a_token_with_scopes_is_refused(remote: Verifier, far: FarAway, secret: Secret) -> None:
    change(far, secret, scopes=("deploy",))
    with pytest.raises(ScopesNotEnforced):
        remote.verify(secret, "GET", "192.0.2.1")
    assert remote.identify(secret).name == "ci-deploy"


@pytest.mark.parametrize(
    "error", [StoreUnreadable("It is gone."), StoreOutOfDate("It is gone."), TimeoutError()]
)
@pytest.mark.parametrize("answers", [0, 1, 2])
def test_nobody_is_let_in_where_a_token_cannot_be_found(
    ask: Ask, far: FarAway, secret: Secret, error: Exception, answers: int
) -> None:
    """Whether before the slow hash, after it, or for a secret that was seen before."""
    far.meanwhile.extend([lambda: None] * answers)
    if answers == 2:
        ask(secret)
    far.meanwhile.append(fail(error))
    with pytest.raises(StoreOutOfDate, match=r"^All tokens are refused"):
        ask(secret)
    assert ask(secret)


def test_nobody_is_let_in_where_a_lookup_has_a_bug(ask: Ask, far: FarAway, secret: Secret) -> None:
    far.meanwhile.append(fail(ZeroDivisionError()))
    with pytest.raises(ZeroDivisionError):
        ask(secret)


def test_nobody_is_let_in_where_no_answer_comes(
    ask: Ask, far: FarAway, secret: Secret, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookup_threads, "_FIND_PATIENCE", 0)
    far.go_on.clear()
    with pytest.raises(StoreOutOfDate, match="did not answer within"):
        ask(secret)


def test_revoked_while_it_is_looked_up(
    ask: Ask, far: FarAway, hasher: Counting, secret: Secret
) -> None:
    far.meanwhile.append(lambda: revoke(far, secret))
    with pytest.raises(TokenRevoked):
        ask(secret)
    assert hasher.checks == 1


def test_replaced_while_it_is_looked_up(ask: Ask, far: FarAway, secret: Secret) -> None:
    other = CHEAPEST.hash(credential.mint().secret)
    far.meanwhile.append(lambda: change(far, secret, hash=other))
    with pytest.raises(WrongSecret):
        ask(secret)


def test_removed_while_it_is_looked_up(ask: Ask, far: FarAway, secret: Secret) -> None:
    far.meanwhile.append(lambda: far.tokens.clear())
    with pytest.raises(UnknownToken):
        ask(secret)


def test_an_answer_in_flight_while_something_changes_is_not_kept(
    ask: Ask, far: FarAway, hasher: Counting, secret: Secret
) -> None:
    def elsewhere() -> None:
        far.generation += 1

    for checks in (1, 2):
        far.meanwhile.extend([lambda: None, elsewhere])
        ask(secret)
        assert hasher.checks == checks
    # A change during the first look is no reason: the second one saw it.
    far.meanwhile.extend([elsewhere, lambda: None])
    for _ in range(2):
        ask(secret)
    assert hasher.checks == 3


async def test_a_find_does_not_block_the_event_loop(
    remote: Verifier, far: FarAway, secret: Secret
) -> None:
    far.go_on.clear()
    asking = asyncio.create_task(remote.averify(secret))
    await asyncio.to_thread(far.wait_until_asked)
    assert not asking.done()
    far.go_on.set()
    assert (await asking).name == "ci-deploy"


async def test_a_refresh_does_not_block_the_event_loop(
    remote: Verifier, far: FarAway, secret: Secret
) -> None:
    far.memory, far.due = far.tokens, True
    far.go_on.clear()
    asking = [asyncio.create_task(remote.averify(secret)) for _ in range(MANY)]
    await asyncio.to_thread(far.wait_until_asked)
    assert not any(each.done() for each in asking)
    assert far.refreshes == 1
    far.go_on.set()
    assert await asyncio.gather(*asking)


@pytest.mark.parametrize(
    ("age", "impatient", "patient"),
    [
        (0.2, "_YOUNG_PATIENCE", "_REFRESH_PATIENCE"),
        (0.3, "_REFRESH_PATIENCE", "_YOUNG_PATIENCE"),
    ],
)
async def test_what_is_in_memory_counts_while_a_refresh_hangs(
    remote: Verifier,
    far: FarAway,
    secret: Secret,
    monkeypatch: pytest.MonkeyPatch,
    age: float,
    impatient: str,
    patient: str,
) -> None:
    monkeypatch.setattr(lookup_threads, impatient, 0)
    monkeypatch.setattr(lookup_threads, patient, 20)
    far.age = age
    far.memory, far.due = far.tokens, True
    far.go_on.clear()
    assert (await remote.averify(secret)).name == "ci-deploy"
    assert far.refreshes == 1


@pytest.mark.parametrize("known", [True, False])
async def test_coroutines_share_a_look_up(
    remote: Verifier, far: FarAway, secret: Secret, known: bool
) -> None:
    presented = secret if known else credential.mint().encode()
    far.go_on.clear()
    asking = [asyncio.create_task(remote.averify(presented)) for _ in range(MANY)]
    await asyncio.to_thread(far.wait_until_asked)
    await asyncio.sleep(0)
    assert far.asked == [id_of(presented)]
    assert len(remote._threads._finding._flights) == 1
    far.go_on.set()
    outcomes = await asyncio.gather(*asking, return_exceptions=True)
    assert len(outcomes) == MANY
    if known:
        assert {getattr(each, "id", each) for each in outcomes} == {id_of(secret)}
    else:
        assert {type(each) for each in outcomes} == {UnknownToken}
        assert len(far.asked) == 1


def test_threads_share_a_look_up(
    remote: Verifier, far: FarAway, monkeypatch: pytest.MonkeyPatch
) -> None:
    presented, call, joined = (
        credential.mint().encode(),
        remote._threads._finding.call,
        Semaphore(0),
    )

    def noted(*arguments: Any) -> Flight[StoredCredential | None]:
        flight = call(*arguments)
        joined.release()
        return flight

    monkeypatch.setattr(remote._threads._finding, "call", noted)
    far.go_on.clear()
    with ThreadPoolExecutor(MANY) as pool:
        asking = [pool.submit(remote.verify, presented) for _ in range(MANY)]
        assert all(joined.acquire(timeout=20) for _ in asking)
        far.go_on.set()
        assert {type(each.exception(20)) for each in asking} == {UnknownToken}
    assert far.asked == [id_of(presented)]


async def test_an_answer_from_before_a_change_is_not_shared_after_it(
    remote: Verifier, far: FarAway, hasher: Counting, secret: Secret
) -> None:
    far.go_on.clear()
    before = asyncio.create_task(remote.averify(secret))
    await asyncio.to_thread(far.wait_until_asked)
    revoke(far, secret)
    after = asyncio.create_task(remote.averify(secret))
    await asyncio.to_thread(far.wait_until_asked)
    far.go_on.set()
    with pytest.raises(TokenRevoked):
        await after
    with pytest.raises(TokenRevoked):
        await before
    assert far.asked[:2] == [id_of(secret)] * 2


async def test_what_was_seen_is_let_in_while_others_are_looked_up(
    remote: Verifier, far: FarAway, hasher: Counting, secret: Secret
) -> None:
    """As many as there are threads for looking up, and more, may hang."""
    far.memory = {id_of(secret): far.tokens[id_of(secret)]}
    await remote.averify(secret)
    far.go_on.clear()
    unknown = [credential.mint().encode() for _ in range(MANY)]
    asking = [asyncio.create_task(remote.averify(each)) for each in unknown]
    await asyncio.to_thread(far.wait_until_asked)
    assert (await remote.averify(secret)).name == "ci-deploy"
    assert remote.verify(secret).name == "ci-deploy"
    assert remote._threads._finding._workers == lookup_threads.MAX_CONCURRENT_FINDS
    far.go_on.set()
    outcomes = await asyncio.gather(*asking, return_exceptions=True)
    assert {type(each) for each in outcomes} == {UnknownToken}


async def test_a_slow_store_keeps_no_secret_from_being_checked(
    remote: Verifier, far: FarAway, hasher: Counting, secret: Secret
) -> None:
    """The threads that compute slow hashes wait for no store."""
    minted = credential.mint()
    other = replace(
        far.tokens[id_of(secret)], id=minted.id, hash=CHEAPEST.hash(minted.secret), name="near"
    )
    far.memory = {minted.id: other}
    far.meanwhile.append(far.go_on.clear)
    slow = asyncio.create_task(remote.averify(secret))
    for _ in range(2):
        await asyncio.to_thread(far.wait_until_asked)
    assert hasher.checks == 1
    assert (await remote.averify(minted.encode())).name == "near"
    assert not slow.done()
    far.go_on.set()
    assert (await slow).name == "ci-deploy"


def test_health_is_that_of_the_lookup(remote: Verifier, far: FarAway) -> None:
    health = remote.health()
    assert (health.serving, health.age, health.tokens, health.problems) == (True, 2.5, 0, [])


def test_the_lookup_is_closed_with_the_verifier(remote: Verifier, far: FarAway) -> None:
    with remote:
        assert not far.closed
    assert far.closed

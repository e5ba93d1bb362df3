"""What a session promises to screens: threads, the newest wish, changes in order, and states."""

import asyncio
import gc
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any
from weakref import ref

import pytest

from tokentui.core.cancel import Cancel, Cancelled
from tokentui.core.errors import (
    AccountDisabled,
    NameTaken,
    OutcomeUnknown,
    StoreUnavailable,
    TokentuiError,
)
from tokentui.ui import session as module
from tokentui.ui import store_watch
from tokentui.ui.session import Phase, Session, State

from ..conftest import NOW

AWAY = StoreUnavailable("The store does not answer; nothing was changed.")


class Recorded(Session):
    """A session that keeps the states it was in."""

    def __init__(self) -> None:
        self.states: list[State] = []
        self.is_over = False
        super().__init__(lambda: NOW, over=lambda: self.is_over)
        self.follow(self, self.states.append)

    @property
    def phases(self) -> list[Phase]:
        return [state.phase for state in self.states]


@pytest.fixture
def session() -> Iterator[Recorded]:
    made = Recorded()
    yield made
    made.close()


class Held:
    """Work that begins, and ends only when it is let go of."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.cancel: Cancel | None = None
        self._loop = asyncio.get_running_loop()
        self._go = threading.Event()

    def __call__(self, cancel: Cancel | None = None) -> str:
        self.cancel = cancel
        self._loop.call_soon_threadsafe(self.begun.set)
        assert self._go.wait(20)
        if cancel is not None:
            cancel.check()
        return "done"

    def go(self) -> None:
        self._go.set()


@asynccontextmanager
async def under_way(work: Any) -> AsyncIterator["asyncio.Task[Any]"]:
    """Begin to wait for something in the background."""
    task = asyncio.ensure_future(work)
    await asyncio.sleep(0)
    try:
        yield task
    finally:
        task.cancel()


async def comes_to(session: Recorded, *phases: Phase) -> None:
    """Wait until these are the phases that it was in."""
    async with asyncio.timeout(20):
        while session.phases != [*phases]:
            await asyncio.sleep(0)


def raising(error: TokentuiError) -> Any:
    def ask(*_: object) -> None:
        raise error

    return ask


async def test_nothing_is_asked_or_changed_in_the_loop(session: Session) -> None:
    here = threading.current_thread()
    reading = await session.read("list", lambda _: threading.current_thread())
    looking = await session.look(lambda _: threading.current_thread())
    changing = await session.commit(threading.current_thread)
    assert here is not reading is looking
    assert changing not in {here, reading}
    assert reading.daemon
    assert changing.daemon


async def test_the_newest_wish_of_a_kind_replaces_older_ones(session: Session) -> None:
    first = Held()
    asked: list[str] = []
    async with (
        under_way(session.read("list", first)) as running,
        under_way(session.read("other", lambda _: asked.append("other"))) as other,
    ):
        await first.begun.wait()
        async with under_way(session.read("list", lambda _: asked.append("second"))) as second:
            newest = asyncio.ensure_future(session.read("list", lambda _: asked.append("newest")))
            for superseded in (running, second):
                with pytest.raises(asyncio.CancelledError):
                    await superseded
            first.go()
            await newest
            await other
    assert asked == ["other", "newest"]


async def test_what_runs_is_told_that_its_answer_is_for_nobody(session: Session) -> None:
    first = Held()
    async with under_way(session.read("list", first)):
        await first.begun.wait()
        assert first.cancel is not None
        first.cancel.check()
        newest = asyncio.ensure_future(session.read("list", lambda _: "newest"))
        await asyncio.sleep(0)
        with pytest.raises(Cancelled):
            first.cancel.check()
        first.go()
        assert await newest == "newest"


async def test_who_waits_no_longer_cancels_a_question(session: Session) -> None:
    held = Held()
    async with under_way(session.read("list", held)) as waiting:
        await held.begun.wait()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert held.cancel is not None
        with pytest.raises(Cancelled):
            held.cancel.check()
        held.go()
    assert await session.read("list", lambda _: "next") == "next"
    assert not session.busy


async def test_changes_are_made_in_order_and_never_cancelled(session: Session) -> None:
    first, made = Held(), list[str]()
    async with under_way(session.commit(first)) as waiting:
        await first.begun.wait()
        async with under_way(session.commit(lambda: made.append("second"))) as second:
            for each in (waiting, second):
                each.cancel()
            third = asyncio.ensure_future(session.commit(lambda: made.append("third")))
            await asyncio.sleep(0)
            assert not session.finish(0.0)
            first.go()
            await third
    assert made == ["second", "third"]
    assert await asyncio.to_thread(session.finish, 20)


async def test_changes_that_were_begun_outlive_the_end(session: Session) -> None:
    first, made = Held(), list[str]()
    async with (
        under_way(session.commit(first)),
        under_way(session.commit(lambda: made.append("second"))),
    ):
        await first.begun.wait()
        session.close()
    first.go()
    assert await asyncio.to_thread(session.finish, 20)
    assert made == ["second"]


async def test_a_question_that_never_ends_does_not_hold_up_changes(session: Session) -> None:
    held = Held()
    async with under_way(session.read("list", held)):
        await held.begun.wait()
        assert await session.commit(lambda: "made") == "made"
        held.go()


async def test_a_session_is_busy_while_somebody_waits(session: Session) -> None:
    held, look = Held(), Held()
    async with under_way(session.look(look)):
        await look.begun.wait()
        busy = [session.busy]  # nobody waits for a look
        async with under_way(session.commit(held)) as waiting:
            busy.append(session.busy)
            held.go()
            await waiting
        look.go()
    await asyncio.to_thread(session.finish, 20)
    assert [*busy, session.busy] == [False, True, False]


async def test_what_goes_wrong_is_raised_to_who_asked(session: Session) -> None:
    for error in (AWAY, NameTaken("ci"), AccountDisabled("bob")):
        with pytest.raises(type(error)):
            await session.read("list", raising(error))


# -- how current it is ----------------------------------------------------------------------------


async def test_an_answer_in_time_says_nothing(session: Recorded) -> None:
    await session.read("list", lambda _: None)
    assert session.states == []
    assert session.state == State(Phase.CURRENT, NOW)


async def test_an_answer_that_takes_long_is_said_to(
    session: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CALM", 0.0)
    first, second, look = Held(), Held(), Held()
    async with under_way(session.look(look)):
        await look.begun.wait()
        await asyncio.sleep(0.01)
        assert session.phases == [], "nobody waits for a look"
        look.go()
    async with (
        under_way(session.read("list", first)) as waiting,
        under_way(session.read("other", second)) as other,
    ):
        await first.begun.wait()
        await comes_to(session, Phase.LOADING)
        first.go()
        await waiting
        assert session.phases == [Phase.LOADING], "another one is awaited"
        second.go()
        await other
        assert session.phases == [Phase.LOADING, Phase.CURRENT]


async def test_a_change_that_takes_long_is_said_to_wait(
    session: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CALM_OF_CHANGES", 0.0)
    monkeypatch.setattr(module, "CALM", 0.0)
    change, question = Held(), Held()
    async with (
        under_way(session.commit_unasked(change)),
        under_way(session.read("list", question)) as waiting,
    ):
        await question.begun.wait()
        await comes_to(session, Phase.LOADING)  # nobody asked for the change
        async with under_way(session.commit(lambda: None)) as other:
            await comes_to(session, Phase.LOADING, Phase.CHANGING)
            change.go()
            await other
        question.go()
        await waiting
    said = [Phase.LOADING, Phase.CHANGING, Phase.LOADING, Phase.CURRENT]
    assert session.phases == said


@pytest.mark.parametrize("ask", ["read", "look"])
async def test_a_store_that_does_not_answer_is_offline_until_it_does(
    session: Recorded, ask: str
) -> None:
    reading: dict[str, Callable[..., Any]] = {
        "read": lambda what: session.read("list", what),
        "look": session.look,
    }
    asking = reading[ask]
    await asking(lambda _: None)
    with pytest.raises(StoreUnavailable):
        await asking(raising(AWAY))
    assert session.states == [State(Phase.OFFLINE, NOW, str(AWAY))]
    made: list[str] = []
    with pytest.raises(StoreUnavailable, match="nothing was changed"):
        await session.commit(lambda: made.append("change"))
    assert made == [], "it is refused at once"
    await asking(lambda _: None)
    assert session.phases == [Phase.OFFLINE, Phase.CURRENT]
    await session.commit(lambda: made.append("change"))
    assert made == ["change"]


async def test_what_is_prepared_says_nothing_of_the_store(session: Recorded) -> None:
    with pytest.raises(StoreUnavailable):
        await session.look(raising(AWAY))
    done: list[str] = []
    await session.prepare(lambda _: done.append("first"), "prepare")
    await session.prepare(raising(AWAY), "prepare")
    assert done == ["first"]
    assert session.phases == [Phase.OFFLINE]


@pytest.mark.parametrize("error", [AWAY, OutcomeUnknown()])
async def test_a_change_tells_as_well_that_the_store_is_away(
    session: Recorded, error: TokentuiError
) -> None:
    with pytest.raises(type(error)):
        await session.commit(raising(error))
    assert session.phases == [Phase.OFFLINE]


async def test_a_store_that_may_not_be_read_is_denied(session: Recorded) -> None:
    with pytest.raises(AccountDisabled):
        await session.read("list", raising(AccountDisabled("bob")))
    assert session.phases == [Phase.DENIED]


@pytest.mark.parametrize(("took", "pause"), [(0.0, 1.0), (0.4, 1.0), (3.0, 6.0)])
def test_a_store_that_answers_slowly_is_looked_at_less_often(took: float, pause: float) -> None:
    assert store_watch._pause(took) == pause


async def test_who_no_longer_follows_is_told_of_no_state(session: Recorded) -> None:
    session.unfollow(session)
    with pytest.raises(StoreUnavailable):
        await session.read("page", raising(AWAY))
    assert session.states == []


async def test_once_it_is_over_no_follower_is_told_of_a_state(
    session: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CALM", 0.0)
    held = Held()
    session.is_over = True
    async with under_way(session.read("page", held)), asyncio.timeout(20):
        while session.state.phase is not Phase.LOADING:
            await asyncio.sleep(0)
        held.go()
    assert session.states == []


class Answer:
    """What nobody else keeps, such as a secret."""


@pytest.mark.parametrize(
    "ask", [lambda it: it.read("page", lambda _: Answer()), lambda it: it.commit(Answer)]
)
async def test_what_is_done_is_forgotten(ask: Any, session: Session) -> None:
    kept = ref(await ask(session))
    async with asyncio.timeout(20):
        while kept() is not None:  # the thread may not have come to rest yet
            await asyncio.sleep(0)
            gc.collect()

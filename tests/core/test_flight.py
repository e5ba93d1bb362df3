"""One call for all who want its outcome at the same time."""

from collections.abc import Callable, Iterator
from threading import Event, Semaphore, Thread

import pytest

from tokentui.core.flight import SingleFlight


class Calls:
    """Work that waits until it may go on, and remembers what was begun."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.beginning = Semaphore(0)
        self.go_on = Event()

    def named(self, name: str) -> Callable[[], str]:
        def work() -> str:
            self.begun.append(name)
            self.beginning.release()
            assert self.go_on.wait(20)
            return name

        return work


@pytest.fixture
def calls() -> Iterator[Calls]:
    working = Calls()
    yield working
    working.go_on.set()


def test_all_who_ask_for_one_key_share_a_call(calls: Calls) -> None:
    flights = SingleFlight[str](4)
    shared = {flights.call("a", calls.named(name)) for name in ("first", "second", "third")}
    calls.go_on.set()
    assert [each.result(20) for each in shared] == ["first"]
    assert flights.call("a", calls.named("later")).result(20) == "later"
    assert calls.begun == ["first", "later"]


def test_so_many_run_and_the_others_wait_for_their_turn(calls: Calls) -> None:
    flights = SingleFlight[str](2)
    asked = [flights.call(name, calls.named(name)) for name in "abcd"]
    for _ in range(2):
        assert calls.beginning.acquire(timeout=20)
    assert sorted(calls.begun) == ["a", "b"]
    calls.go_on.set()
    assert [each.result(20) for each in asked] == ["a", "b", "c", "d"]
    assert sorted(calls.begun[2:]) == ["c", "d"]


def test_nobody_waits_longer_than_they_want(calls: Calls) -> None:
    with pytest.raises(TimeoutError):
        SingleFlight[str](1).call("a", calls.named("a")).result(0)


async def test_an_error_is_raised_for_all_and_ends_no_other_call(calls: Calls) -> None:
    def failing() -> str:
        assert calls.go_on.wait(20)
        raise LookupError

    flights = SingleFlight[str](1)
    failed = [flights.call("a", failing) for _ in range(2)]
    other = flights.call("b", calls.named("b"))
    calls.go_on.set()
    for each in failed:
        with pytest.raises(LookupError):
            await each.aresult(20)
    assert await other.aresult(20) == "b"


def test_where_no_thread_can_be_had_the_caller_works(
    calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(Thread, "start", refused)
    calls.go_on.set()
    assert SingleFlight[str](1).call("a", calls.named("a")).result(0) == "a"

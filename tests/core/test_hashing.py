"""Whose secret is checked next, and how long wrong ones may take."""

from collections.abc import Callable, Iterator
from threading import Event

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokentui.core.flight import Flight
from tokentui.core.hashing import _WAITING, HashQueue
from tokentui.core.limits import CLEAN, HashBudget, Standing

from .test_limits import Ticks

SLOW = 60.0
"""Longer than any hash takes."""


class Refused(Exception):
    """There was no time to check it."""


class Line:
    """A queue whose first check holds up the others until `go_on` is set."""

    def __init__(self) -> None:
        self.ticks = Ticks()
        self.queue = HashQueue[str](1, self.ticks)
        self.standings: dict[str, Standing] = {}
        self.order: list[str] = []
        self.begun, self.go_on = Event(), Event()

    def join(self, name: str, standing: Standing = CLEAN) -> Flight[str]:
        self.standings[name] = standing
        return self.queue.check(name, self.work(name), lambda: self.standings[name], Refused)

    def work(self, name: str) -> Callable[[], str]:
        def checked() -> str:
            self.order.append(name)
            self.begun.set()
            assert self.go_on.wait(20)
            return name

        return checked

    def spend(self) -> None:
        """Spend the budget."""
        while not self.queue._budget.pause:
            self.queue.pay(SLOW)

    def pass_time(self, seconds: float) -> None:
        self.ticks.now += seconds
        with self.queue._changed:
            self.queue._changed.notify_all()


@pytest.fixture
def line() -> Iterator[Line]:
    made = Line()
    yield made
    made.go_on.set()
    made.pass_time(3600)


@pytest.fixture
def held(line: Line) -> Line:
    """Give a queue that is at its first check."""
    line.join("first")
    assert line.begun.wait(20)
    return line


def failed(caller_at: float, token_at: float) -> Standing:
    return Standing(caller_at, token_at)


def test_those_come_first_against_whom_less_speaks(held: Line) -> None:
    never = CLEAN.caller_failed_at
    flights = [
        held.join("caller just now", failed(9, 1)),
        held.join("caller long ago", failed(1, 9)),
        held.join("token just now", failed(never, 9)),
        held.join("token long ago", failed(never, 1)),
        held.join("clean"),
        held.join("clean as well"),
    ]
    held.go_on.set()
    assert [flight.result() for flight in flights]
    assert held.order == [
        "first",
        "clean",
        "clean as well",
        "token long ago",
        "token just now",
        "caller long ago",
        "caller just now",
    ]


def test_who_fails_while_waiting_goes_behind(held: Line) -> None:
    flights = [held.join("one"), held.join("two")]
    held.standings["one"] = failed(1, 1)
    held.go_on.set()
    assert [flight.result() for flight in flights] == ["one", "two"]
    assert held.order == ["first", "two", "one"]


def test_one_secret_is_checked_once_for_all_who_ask_meanwhile(held: Line) -> None:
    flights = [held.join("second") for _ in range(5)]
    held.go_on.set()
    assert {flight.result() for flight in flights} == {"second"}
    assert held.order == ["first", "second"]
    assert held.join("second").result() == "second"
    assert held.order == ["first", "second", "second"]


def test_an_error_belongs_to_who_asked(line: Line) -> None:
    def fails() -> str:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        line.queue.check("key", fails, lambda: CLEAN, Refused).result()
    line.go_on.set()
    assert line.join("next").result() == "next"


def test_a_spent_budget_delays_even_those_against_whom_nothing_speaks(line: Line) -> None:
    line.go_on.set()
    line.spend()
    waiting = line.join("clean")
    assert line.order == []
    line.pass_time(line.queue._budget.pause)
    assert waiting.result() == "clean"


def test_while_it_is_spent_only_a_few_wait_and_those_who_failed_last_are_refused(
    held: Line,
) -> None:
    held.spend()
    suspects = [held.join(f"suspect {at}", failed(at, at)) for at in range(_WAITING)]
    worst = held.join("worst", failed(1000, 1000))
    better = held.join("better", failed(-1, -1))
    clean = [held.join(f"clean {number}") for number in range(_WAITING * 2)]
    for refused in (worst, suspects[-1]):
        with pytest.raises(Refused):
            refused.result()
    held.go_on.set()
    held.pass_time(3600)
    assert [flight.result() for flight in (better, *suspects[:-1], *clean)]
    assert set(held.order[1 : len(clean) + 1]) == {each.result() for each in clean}
    assert held.order[len(clean) + 1] == "better"


def test_while_it_is_spent_the_newest_of_equals_goes_first(held: Line) -> None:
    held.spend()
    clean = [held.join(f"clean {number}") for number in range(3)]
    suspects = [held.join(f"suspect {number}", failed(1, 1)) for number in range(_WAITING + 2)]
    for refused in suspects[:2]:
        with pytest.raises(Refused):
            refused.result()
    held.go_on.set()
    held.pass_time(held.queue._budget.pause)
    assert clean[-1].result() == held.order[1]
    held.pass_time(3600)
    assert [flight.result() for flight in (*clean, *suspects[2:])]
    assert held.order[-1] == suspects[2].result()


def test_nobody_is_refused_before_it_is_spent(held: Line) -> None:
    waiting = [held.join(str(number), failed(number, number)) for number in range(_WAITING * 3)]
    held.go_on.set()
    assert [flight.result() for flight in waiting] == held.order[1:]


def test_threads_end_with_their_work(line: Line) -> None:
    line.go_on.set()
    for number in range(5):
        line.join(str(number)).result()
    with line.queue._changed:
        assert line.queue._changed.wait_for(lambda: not line.queue._workers, 20)


async def test_a_coroutine_waits_as_well(line: Line) -> None:
    line.go_on.set()
    assert await line.join("first").aresult() == "first"
    landed = line.join("second")
    assert landed.result() == await landed.aresult() == "second"


async def test_a_coroutine_waits_no_longer_than_it_wants(held: Line) -> None:
    with pytest.raises(TimeoutError):
        await held.join("second").aresult(0.001)


@given(st.lists(st.floats(0, 5), max_size=60), st.integers(1, 8))
def test_nobody_who_is_next_waits_longer_than_for_one_wrong_secret(
    taken: list[float], max_concurrent: int
) -> None:
    ticks = Ticks()
    budget = HashBudget(ticks, max_concurrent)
    for seconds in taken:
        ticks.now += budget.pause
        begun = 0
        while begun < max_concurrent and not budget.pause:
            budget.reserve()
            begun += 1
        ticks.now += seconds
        for _ in range(begun):
            budget.spend(seconds)
            budget.release()
        assert budget.pause <= 1.0


def test_a_flood_is_checked_once_a_second() -> None:
    ticks = Ticks()
    budget, began = HashBudget(ticks, 1), ticks.now
    for _ in range(100):
        ticks.now += budget.pause
        budget.reserve()
        ticks.now += 0.06
        budget.spend(0.06)
        budget.release()
    assert 90 < ticks.now - began < 100


def test_what_was_right_costs_nothing() -> None:
    budget = HashBudget(Ticks(), 1)
    for _ in range(1000):
        budget.reserve()
        budget.release()
    assert budget.pause == 0.0

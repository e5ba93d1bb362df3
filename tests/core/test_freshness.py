"""A copy of a store that is never older than it may be."""

from collections.abc import Iterator
from threading import Event, Thread
from unittest import mock

import pytest

from tokentui.core.errors import StoreOutOfDate, StoreUnreadable
from tokentui.core.freshness import EVERY, GRACE, PATIENCE, Freshness

from .test_limits import Ticks


class Looks:
    """Looks at a store: counts them, fails where that is broken, and waits until it may go on."""

    def __init__(self) -> None:
        self.begun = self.ended = 0
        self.broken = False
        self.looking, self.go_on = Event(), Event()
        self.go_on.set()

    def __call__(self) -> None:
        self.begun += 1
        self.looking.set()
        assert self.go_on.wait(20)
        if self.broken:
            raise StoreUnreadable("The disk is gone.")
        self.ended += 1


@pytest.fixture
def looks() -> Looks:
    return Looks()


@pytest.fixture
def ticks() -> Ticks:
    return Ticks()


@pytest.fixture
def fresh(looks: Looks, ticks: Ticks) -> Freshness:
    return Freshness(looks, monotonic=ticks)


def test_the_store_is_looked_at_when_due(fresh: Freshness, looks: Looks, ticks: Ticks) -> None:
    for count in (1, 2):
        due = []
        for _ in range(2):
            due.append(fresh.due)
            fresh.refresh()
        assert (due, looks.begun) == ([True, False], count)
        ticks.now += EVERY


def test_what_cannot_be_read_counts_for_a_while(
    fresh: Freshness, looks: Looks, ticks: Ticks, caplog: pytest.LogCaptureFixture
) -> None:
    fresh.refresh()
    looks.broken = True
    ticks.now += GRACE
    for _ in range(2):
        fresh.refresh()
    ticks.now += EVERY
    for _ in range(2):
        with pytest.raises(StoreOutOfDate, match=r"All tokens are refused.*The disk is gone\."):
            fresh.refresh()
    assert looks.begun == 3
    looks.broken = False
    ticks.now += EVERY
    fresh.refresh()
    assert fresh.last_error is None
    assert [record.message for record in caplog.records] == [
        "The tokens cannot be read. The last copy stays in use for 10 seconds. The disk is gone.",
        "The tokens can be read again.",
    ]


def test_what_was_read_long_ago_does_not_count(
    fresh: Freshness, looks: Looks, ticks: Ticks
) -> None:
    fresh.refresh()
    ticks.now += 3600
    looks.broken = True
    with pytest.raises(StoreOutOfDate):
        fresh.refresh()


@pytest.mark.parametrize(("seconds", "counts"), [(3, True), (GRACE + 1, False)])
def test_what_took_long_to_read_is_as_old_as_the_look(
    ticks: Ticks, seconds: float, counts: bool
) -> None:
    def slow() -> None:
        ticks.now += seconds

    fresh = Freshness(slow, monotonic=ticks)
    if counts:
        fresh.refresh()
    for _ in range(0 if counts else 2):
        with pytest.raises(StoreOutOfDate):
            fresh.refresh()
    assert fresh.age == seconds


def test_what_was_never_read(fresh: Freshness, looks: Looks) -> None:
    looks.broken = True
    for _ in range(2):
        with pytest.raises(StoreOutOfDate, match="The disk is gone"):
            fresh.refresh()


@pytest.fixture
def looking(fresh: Freshness, looks: Looks, ticks: Ticks) -> Iterator[Thread]:
    """Give a thread that looks at the store."""
    fresh.refresh()
    looks.looking.clear()
    looks.go_on.clear()
    ticks.now += EVERY
    thread = Thread(target=fresh.refresh)
    thread.start()
    assert looks.looking.wait(20)
    yield thread
    looks.go_on.set()
    thread.join(20)


def test_others_go_on_while_one_looks(fresh: Freshness, looks: Looks, looking: Thread) -> None:
    assert not fresh.due
    fresh.refresh()
    assert (looks.begun, looks.ended) == (2, 1)
    looks.go_on.set()
    looking.join(20)
    assert looks.ended == 2


def test_others_wait_once_what_there_is_gets_old(
    fresh: Freshness, looks: Looks, ticks: Ticks, looking: Thread
) -> None:
    ticks.now += PATIENCE
    assert fresh.due
    lock = fresh._looking

    def acquire(*, timeout: float) -> bool:
        if timeout:
            looks.go_on.set()
        return lock.acquire(timeout=timeout)

    with mock.patch.object(fresh, "_looking", mock.Mock(acquire=acquire, release=lock.release)):
        fresh.refresh()
    assert looks.ended == 2


def test_a_store_that_hangs_lets_nobody_in(fresh: Freshness, ticks: Ticks, looking: Thread) -> None:
    ticks.now += GRACE
    with pytest.raises(StoreOutOfDate):
        fresh.refresh()

"""A copy of a store that is never older than it may be."""

from collections.abc import Iterator, Mapping
from threading import Event, Thread
from unittest import mock

import pytest

from tokentui.core.errors import StoreOutOfDate, StoreUnreadable
from tokentui.core.fresh import EVERY, GRACE, PATIENCE, FreshTokens
from tokentui.core.token import Token

from .test_limits import Ticks


class Source:
    """A store that counts what it is asked, and may be broken or slow."""

    def __init__(self) -> None:
        self.stamp = 0
        self.looks = self.reads = 0
        self.broken = False
        self.reading, self.go_on = Event(), Event()
        self.go_on.set()

    def changed(self) -> int:
        self.looks += 1
        if self.broken:
            raise StoreUnreadable("The disk is gone.")
        return self.stamp

    def snapshot(self) -> Mapping[str, Token]:
        self.reads += 1
        self.reading.set()
        assert self.go_on.wait(20)
        return {}


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def ticks() -> Ticks:
    return Ticks()


@pytest.fixture
def fresh(source: Source, ticks: Ticks) -> FreshTokens:
    return FreshTokens(source, ticks=ticks)


def test_it_is_looked_at_when_due_and_read_when_changed(
    fresh: FreshTokens, source: Source, ticks: Ticks
) -> None:
    for _ in range(2):
        fresh.refresh()
    assert (source.looks, source.reads, fresh.current.generation) == (1, 1, 1)
    ticks.now += EVERY
    fresh.refresh()
    assert (source.looks, source.reads, fresh.current.generation) == (2, 1, 1)
    source.stamp += 1
    fresh.refresh()
    assert source.reads == 1
    ticks.now += EVERY
    fresh.refresh()
    assert (source.looks, source.reads, fresh.current.generation) == (3, 2, 2)


def test_a_new_generation_is_told_before_it_is_seen(source: Source, ticks: Ticks) -> None:
    told: list[tuple[int, int]] = []

    def advance(generation: int) -> None:
        told.append((generation, watched.current.generation))

    watched = FreshTokens(source, ticks=ticks, advance=advance)
    watched.refresh()
    assert told == [(1, 0)]


def test_what_cannot_be_read_counts_for_a_while(
    fresh: FreshTokens, source: Source, ticks: Ticks, caplog: pytest.LogCaptureFixture
) -> None:
    fresh.refresh()
    source.broken = True
    ticks.now += GRACE
    for _ in range(2):
        fresh.refresh()
    ticks.now += EVERY
    for _ in range(2):
        with pytest.raises(StoreOutOfDate, match=r"Nobody is let in.*The disk is gone\."):
            fresh.refresh()
    assert source.looks == 3
    source.broken = False
    ticks.now += EVERY
    fresh.refresh()
    assert fresh.trouble is None
    assert [record.message for record in caplog.records] == [
        "The tokens cannot be read; what was read last counts for 10 seconds. The disk is gone.",
        "The tokens can be read again.",
    ]


def test_what_was_read_long_ago_does_not_count(
    fresh: FreshTokens, source: Source, ticks: Ticks
) -> None:
    fresh.refresh()
    ticks.now += 3600
    source.broken = True
    with pytest.raises(StoreOutOfDate):
        fresh.refresh()


def test_what_took_long_to_read_is_as_old_as_the_look(
    fresh: FreshTokens, source: Source, ticks: Ticks, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow() -> Mapping[str, Token]:
        ticks.now += 3
        return {}

    monkeypatch.setattr(source, "snapshot", slow)
    fresh.refresh()
    assert fresh.age == 3


def test_what_was_never_read(fresh: FreshTokens, source: Source) -> None:
    source.broken = True
    for _ in range(2):
        with pytest.raises(StoreOutOfDate, match="The disk is gone"):
            fresh.refresh()


@pytest.fixture
def reading(fresh: FreshTokens, source: Source, ticks: Ticks) -> Iterator[Thread]:
    """Give a thread that is at reading a change."""
    fresh.refresh()
    source.stamp += 1
    source.reading.clear()
    source.go_on.clear()
    ticks.now += EVERY
    thread = Thread(target=fresh.refresh)
    thread.start()
    assert source.reading.wait(20)
    yield thread
    source.go_on.set()
    thread.join(20)


def test_others_go_on_while_one_reads(
    fresh: FreshTokens, source: Source, ticks: Ticks, reading: Thread
) -> None:
    assert not fresh.due
    fresh.refresh()
    assert fresh.current.generation == 1
    source.go_on.set()
    reading.join(20)
    assert fresh.current.generation == 2


def test_others_wait_once_what_there_is_gets_old(
    fresh: FreshTokens, source: Source, ticks: Ticks, reading: Thread
) -> None:
    ticks.now += PATIENCE
    assert fresh.due
    lock = fresh._looking

    def acquire(*, timeout: float) -> bool:
        if timeout:
            source.go_on.set()
        return lock.acquire(timeout=timeout)

    with mock.patch.object(fresh, "_looking", mock.Mock(acquire=acquire, release=lock.release)):
        fresh.refresh()
    assert fresh.current.generation == 2


def test_a_store_that_hangs_lets_nobody_in(
    fresh: FreshTokens, source: Source, ticks: Ticks, reading: Thread
) -> None:
    ticks.now += GRACE
    with pytest.raises(StoreOutOfDate):
        fresh.refresh()

"""`SignInAttempts`: counters that outlive a process."""

from datetime import timedelta
from functools import partial
from threading import Event, Thread

from tokentui.core.attempts import Failures
from tokentui.core.backend import Backend

from ..conftest import NOW
from .kinds import Opener
from .samples import at_once

ONE, TWO = Failures(count=1, last_at=NOW), Failures(count=2, last_at=NOW + timedelta(seconds=1))


def test_a_slot_that_nothing_is_known_of(backend: Backend) -> None:
    assert backend.attempts.get(["name 1"]) == {}


def test_what_is_put_is_there_for_all(backend: Backend, reopened: Backend) -> None:
    assert backend.attempts.put({"name 1": None}, {"name 1": ONE, "place 1": TWO})
    for each in (backend, reopened):
        assert each.attempts.get(["name 1", "name 2", "place 1"]) == {"name 1": ONE, "place 1": TWO}
        assert each.attempts.get(["place 1"]) == {"place 1": TWO}


def test_what_is_put_outlives_the_process(backend: Backend, opener: Opener) -> None:
    other = opener()
    other.attempts.put({}, {"name 1": ONE})
    other.close()
    assert backend.attempts.get(["name 1"]) == {"name 1": ONE}


def test_a_slot_that_is_no_longer_as_seen_changes_nothing(
    backend: Backend, reopened: Backend
) -> None:
    backend.attempts.put({}, {"name 1": ONE, "name 2": ONE})
    for seen in (None, TWO):
        assert not reopened.attempts.put({"name 1": seen}, {"name 1": TWO, "name 2": TWO})
    assert not reopened.attempts.put({"name 3": ONE}, {"name 1": TWO})
    assert backend.attempts.get(["name 1", "name 2"]) == {"name 1": ONE, "name 2": ONE}
    assert reopened.attempts.put({"name 1": ONE, "name 3": None}, {"name 1": TWO, "name 2": None})
    assert backend.attempts.get(["name 1", "name 2"]) == {"name 1": TWO}


def test_other_slots_stay_as_they_are(backend: Backend) -> None:
    backend.attempts.put({}, {"name 1": ONE})
    backend.attempts.put({}, {"name 2": TWO})
    assert backend.attempts.get(["name 1", "name 2"]) == {"name 1": ONE, "name 2": TWO}


def test_no_attempt_is_lost(backend: Backend, reopened: Backend) -> None:
    def count(each: Backend) -> None:
        for _ in range(5):
            while True:
                seen = each.attempts.get(["name 1"]).get("name 1")
                more = Failures(count=seen.count + 1 if seen else 1, last_at=NOW)
                if each.attempts.put({"name 1": seen}, {"name 1": more}):
                    break

    at_once(partial(count, each) for each in [backend, reopened] * 2)
    assert backend.attempts.get(["name 1"])["name 1"].count == 20


def test_one_has_its_turn_at_a_time(backend: Backend, reopened: Backend) -> None:
    waits, order = Event(), []

    def other() -> None:
        waits.set()
        with reopened.attempts.turn():
            order.append("other")

    thread = Thread(target=other)
    with backend.attempts.turn():
        thread.start()
        assert waits.wait(20)
        thread.join(0.05)
        order.append("first")
        # Counters are for everybody meanwhile.
        assert reopened.attempts.put({}, {"name 1": ONE})
    thread.join(20)
    assert order == ["first", "other"]

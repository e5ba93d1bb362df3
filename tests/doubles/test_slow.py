"""A backend that is far away does what the near one does, or says that it does not."""

import threading

import pytest

from tokentui.core.change import Create
from tokentui.core.errors import OutcomeUnknown, StoreUnavailable

from ..conftest import NOW
from ..contracts.samples import LIVE, commit, names, token
from .memory import MemoryBackend, Store
from .slow import SlowBackend


@pytest.fixture
def near() -> MemoryBackend:
    return MemoryBackend(Store())


@pytest.fixture
def slow(near: MemoryBackend) -> SlowBackend:
    return SlowBackend(near)


def test_it_is_a_backend_and_counts_its_calls(slow: SlowBackend) -> None:
    commit(slow, Create(token=token(1)))
    assert names(slow, LIVE) == ["t1"]
    slow.usage.record("0000000001", NOW)
    with slow.attempts.turn():
        assert slow.backups.open(slow.backups.make()).page(LIVE).total.value == 1
    slow.audit.on_notice = print
    assert {call.thread for call in slow.calls} == {threading.current_thread()}
    methods = [call.method for call in slow.calls]
    assert methods == ["commit", "tokens.page", "backups.make", "backups.open", "copy.page"]


def test_a_call_takes_its_time(slow: SlowBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr("time.sleep", waits.append)
    slow.delay = 2.0
    slow.versions()
    assert waits == [2.0]


def test_a_call_is_under_way_until_it_is_let_go(slow: SlowBackend) -> None:
    thread = threading.Thread(target=slow.commit, args=(Create(token=token(1)), "ada", "key"))
    with slow.held():
        thread.start()
        assert not slow._backend.tokens.snapshot()
    thread.join(20)
    assert names(slow, LIVE) == ["t1"]


def test_nothing_is_answered_while_it_is_away(slow: SlowBackend, near: MemoryBackend) -> None:
    slow.away = True
    with pytest.raises(StoreUnavailable):
        slow.commit(Create(token=token(1)), "ada", "key")
    with pytest.raises(StoreUnavailable):
        slow.versions()
    assert names(near, LIVE) == []
    slow.away = False
    assert names(slow, LIVE) == []


@pytest.mark.parametrize("done", [True, False])
def test_an_answer_is_lost_once(slow: SlowBackend, near: MemoryBackend, done: bool) -> None:
    slow.lose_answer(done=done)
    with pytest.raises(OutcomeUnknown):
        slow.commit(Create(token=token(1)), "ada", "key")
    assert names(near, LIVE) == (["t1"] if done else [])
    slow.commit(Create(token=token(1)), "ada", "key")
    assert names(near, LIVE) == ["t1"]
    assert near.audit.verify() == near._store.log_end
    assert near._store.log_end.seq == 1

"""A commit whose answer is lost is asked for again, and neither doubled nor lied about."""

import pytest

from tokentui.core import backend
from tokentui.core.backend import Committed
from tokentui.core.change import Rename
from tokentui.core.commands import TokenCommands
from tokentui.core.errors import OutcomeUnknown, StoreBusy, StoreError, StoreUnreadable

from ..conftest import CHEAPEST, NOW
from ..doubles.memory import MemoryBackend, Store
from ..doubles.slow import SlowBackend

Story = list[tuple[str, str]]


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> SlowBackend:
    monkeypatch.setattr(backend, "_PAUSES", (0.0, 0.0))
    return SlowBackend(MemoryBackend(Store(), clock=lambda: NOW))


@pytest.fixture
def service(slow: SlowBackend) -> TokenCommands:
    return TokenCommands(slow, account="ada", hasher=CHEAPEST, clock=lambda: NOW)


def story(service: TokenCommands) -> Story:
    return [(entry.action, entry.outcome) for entry in service.backend.audit.newest()][::-1]


@pytest.mark.parametrize("lost", [[True], [False], [True, True], [False, True], [False, False]])
def test_it_is_made_once(slow: SlowBackend, service: TokenCommands, lost: list[bool]) -> None:
    for done in lost:
        slow.lose_answer(done=done)
    made = service.create("ci", None)
    assert made.unconfirmed is None
    assert service.queries.look_up("ci") == made.token
    renamed = service.rename(made.token, "other")
    assert (renamed.name, renamed.revision) == ("other", 2)
    assert story(service) == [("create", "done"), ("rename", "done")]


@pytest.mark.parametrize("done", [True, False])
def test_where_it_stays_unknown_the_secret_is_kept(
    slow: SlowBackend, service: TokenCommands, done: bool
) -> None:
    for _ in range(3):
        slow.lose_answer(done=done)
    made = service.create("ci", None)
    assert "not known" in (made.unconfirmed or "")
    assert made.secret.reveal().startswith(f"tt_{made.token.id}")
    assert story(service) == ([("create", "done")] if done else [])


@pytest.mark.parametrize("done", [True, False])
def test_where_it_stays_unknown_nothing_is_said_to_be_done(
    slow: SlowBackend, service: TokenCommands, done: bool
) -> None:
    made = service.create("ci", None)
    for _ in range(3):
        slow.lose_answer(done=done)
    with pytest.raises(OutcomeUnknown, match="not known whether the change was made"):
        service.revoke([made.token])
    assert (service.queries.get(made.token.id).revoked_at is not None) is done


def test_a_store_that_is_away_meanwhile_does_not_make_it_known(
    slow: SlowBackend, service: TokenCommands
) -> None:
    change = Rename(seen=service.create("ci", None).token, name="other")
    slow.lose_answer(done=True)
    with pytest.raises(OutcomeUnknown):
        backend.committed(slow, change, "ada", pause=lambda _: setattr(slow, "away", True))


@pytest.mark.parametrize("error", [StoreBusy, StoreUnreadable, StoreError])
def test_a_store_that_refuses_meanwhile_does_not_make_it_known(
    slow: SlowBackend,
    service: TokenCommands,
    error: type[StoreError],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    change = Rename(seen=service.create("ci", None).token, name="other")
    slow.lose_answer(done=True)

    def refuse(*_: object) -> Committed:
        raise error("Not at present.")

    with pytest.raises(OutcomeUnknown):
        backend.committed(
            slow, change, "ada", pause=lambda _: monkeypatch.setattr(slow, "commit", refuse)
        )


def test_nobody_waits_for_long_where_every_answer_takes_long(
    slow: SlowBackend, service: TokenCommands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backend, "_PAUSES", [0.0] * 100)
    change = Rename(seen=service.create("ci", None).token, name="other")
    for _ in range(100):
        slow.lose_answer(done=False)
    slow.calls.clear()
    with pytest.raises(OutcomeUnknown):
        backend.committed(slow, change, "ada", monotonic=lambda: 7.0 * len(slow.calls))
    assert len(slow.calls) == 6

"""`UsageLog`: when, how often and from where tokens were used."""

from datetime import timedelta

import pytest

from tokentui.core.backend import Backend
from tokentui.core.usage import Usage

from ..conftest import NOW
from ..opening import used
from .kinds import Opener
from .samples import add, token

ONE, TWO = "0000000001", "0000000002"
LATER = NOW + timedelta(minutes=1)


@pytest.fixture(autouse=True)
def keeps_usage(backend: Backend) -> None:
    if not backend.capabilities.usage:
        pytest.skip(backend.capabilities.denial_reasons["usage"])
    add(backend, token(1), token(2))


def test_a_token_that_was_never_used(backend: Backend) -> None:
    assert used(backend.usage, ONE) is None
    assert backend.usage.get_many([ONE, "nowhere"]) == {}


def test_uses_are_counted_and_the_last_one_is_kept(backend: Backend, reopened: Backend) -> None:
    reopened.usage.get_many([ONE])
    backend.usage.record(ONE, NOW, "192.0.2.1")
    backend.usage.record(ONE, LATER, "192.0.2.2")
    backend.usage.record(TWO, NOW)
    backend.usage.flush()
    backend.usage.record(ONE, LATER)
    backend.usage.flush()
    one, two = Usage(last_used_at=LATER, count=3), Usage(last_used_at=NOW)
    for each in (backend, reopened):
        assert each.usage.get_many([ONE, TWO]) == {ONE: one, TWO: two}
        assert each.usage.get_many([ONE, "nowhere"]) == {ONE: one}


def test_an_earlier_use_that_comes_later_is_only_counted(backend: Backend) -> None:
    for moment, address in ((LATER, "192.0.2.2"), (NOW, "192.0.2.1")):
        backend.usage.record(ONE, moment, address)
        backend.usage.flush()
    assert used(backend.usage, ONE) == Usage(last_used_at=LATER, count=2, address="192.0.2.2")


def test_uses_elsewhere_are_added(backend: Backend, reopened: Backend) -> None:
    backend.usage.record(ONE, LATER)
    reopened.usage.record(ONE, NOW)
    backend.usage.flush()
    reopened.usage.flush()
    assert used(backend.usage, ONE) == Usage(last_used_at=LATER, count=2)


def test_what_was_recorded_is_written_down_at_the_end(backend: Backend, opener: Opener) -> None:
    other = opener()
    other.usage.record(ONE, NOW)
    other.close()
    assert used(backend.usage, ONE) == Usage(last_used_at=NOW)


def test_the_version_differs_once_more_is_written_down(backend: Backend, reopened: Backend) -> None:
    stamps = [(reopened.usage.version(), reopened.versions().usage)]
    for moment in (NOW, LATER):
        backend.usage.record(ONE, moment)
        backend.usage.flush()
        stamps.append((reopened.usage.version(), reopened.versions().usage))
    backend.usage.flush()
    assert (reopened.usage.version(), reopened.versions().usage) == stamps[-1]
    assert len({stamp for stamp, _ in stamps}) == len({version for _, version in stamps}) == 3


def test_uses_move_no_other_version(backend: Backend) -> None:
    before = backend.versions()
    backend.usage.record(ONE, NOW)
    backend.usage.flush()
    after = backend.versions()
    assert (after.tokens, after.accounts, after.audit) == (
        before.tokens,
        before.accounts,
        before.audit,
    )


def test_all_is_well(backend: Backend) -> None:
    backend.usage.record(ONE, NOW)
    backend.usage.flush()
    assert list(backend.usage.warnings()) == []

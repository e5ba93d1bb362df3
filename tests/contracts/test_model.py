"""Random changes through two openings of a store, against a plain dict."""

from collections.abc import Callable, Sequence
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tokentui.core import change as token_change
from tokentui.core.backend import Backend, new_key
from tokentui.core.chain import Link
from tokentui.core.change import TokenChange

from ..core.test_change import REFUSALS, Draw, after, records
from .kinds import KINDS, Opener
from .samples import add, commit, events


@pytest.fixture(params=KINDS)
def fresh(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], Opener]:
    """Return what makes another empty store each time."""
    return lambda: KINDS[request.param](tmp_path_factory.mktemp("store"))


class Model:
    """What is true of a store, as far as changes are concerned."""

    def __init__(self, drawn: Draw, openings: Sequence[Backend]) -> None:
        self.drawn = drawn
        self.openings = openings
        self.events = list(events(openings[0]))

    def step(self) -> None:
        """Make a change through any opening; often ask for it once more."""
        change, key = self.drawn.change(), new_key()
        try:
            edit = token_change.carry_out(change, records(self.drawn.store))
        except REFUSALS as error:
            self._refused(change, key, type(error))
            return
        for _ in range(1 + self.drawn.number(1)):
            commit(self.drawn.one_of(*self.openings), change, key)
        if edit:
            self.drawn.store = dict(after(self.drawn.store, edit))
            self.events += token_change.events(change, "ada", edit)

    def _refused(self, change: TokenChange, key: str, kind: type[Exception]) -> None:
        with pytest.raises(kind) as refused:
            commit(self.drawn.one_of(*self.openings), change, key)
        told = token_change.events(change, "ada")
        self.events += [event.failed(refused.value) for event in told]


@given(st.randoms(use_true_random=True))
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_any_changes(fresh: Callable[[], Opener], random: Random) -> None:
    opener = fresh()
    drawn = Draw(random)
    openings = [opener(), opener()]
    add(openings[0], *drawn.store.values())
    model = Model(drawn, openings)
    for _ in range(10):
        model.step()
    for backend in openings:
        assert backend.tokens.snapshot() == drawn.store
        assert events(backend) == model.events
        assert isinstance(backend.audit.verify(), Link)
        backend.close()

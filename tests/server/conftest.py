"""A verifier over a store, and secrets to present to it."""

from collections.abc import Iterator
from datetime import date

import pytest

from tokentui.core.commands import TokenCommands
from tokentui.core.new_token import NewToken
from tokentui.core.snapshot_lookup import SnapshotLookup
from tokentui.core.verifier import Verifier

from ..conftest import CHEAPEST


@pytest.fixture
def made(service: TokenCommands) -> NewToken:
    return service.create("ci-deploy", date(2027, 1, 1))


@pytest.fixture
def ticks() -> list[float]:
    """Return a clock that moves when its last number is changed."""
    return [0.0]


@pytest.fixture
def verifier(service: TokenCommands, ticks: list[float]) -> Iterator[Verifier]:
    clock = lambda: service.queries.now()  # noqa: E731 - tests set another one
    lookup = SnapshotLookup(service.backend.tokens, monotonic=lambda: ticks[-1])
    with Verifier(lookup, hasher=CHEAPEST, clock=clock, monotonic=lambda: ticks[-1]) as opened:
        yield opened

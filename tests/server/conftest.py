"""A verifier over a store, and secrets to present to it."""

from collections.abc import Iterator
from datetime import date

import pytest

from tokentui.core.service import NewToken, TokenService
from tokentui.core.verifier import Verifier

from ..conftest import CHEAPEST


@pytest.fixture
def made(service: TokenService) -> NewToken:
    return service.create("ci-deploy", date(2027, 1, 1))


@pytest.fixture
def ticks() -> list[float]:
    """Return a clock that moves when its last number is changed."""
    return [0.0]


@pytest.fixture
def verifier(service: TokenService, ticks: list[float]) -> Iterator[Verifier]:
    clock = lambda: service.now()  # noqa: E731 - tests set another one
    with Verifier(service.store, hasher=CHEAPEST, clock=clock, ticks=lambda: ticks[-1]) as opened:
        yield opened

"""What the tests of verifiers share."""

from collections.abc import Iterator

import pytest

from .lookups import Lookups, be_patient


@pytest.fixture
def lookups(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lookups]:
    be_patient(monkeypatch)
    opened = Lookups()
    yield opened
    opened.close()

"""What tests over a fresh store share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tokentui.core.backend import Backend

from .lookups import Lookups, be_patient, writer
from .stores import fresh_store


@pytest.fixture
def url(tmp_path: Path) -> str:
    return fresh_store(tmp_path)


@pytest.fixture
def backend(url: str, tmp_path: Path) -> Iterator[Backend]:
    with writer(url, tmp_path) as backend:
        yield backend


@pytest.fixture
def lookups(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lookups]:
    be_patient(monkeypatch)
    opened = Lookups()
    yield opened
    opened.close()

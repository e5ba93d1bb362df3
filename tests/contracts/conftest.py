"""The one fixture of the contract: a backend of each kind over an empty store."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tokentui.core.backend import Backend

from ..postgresql.lookups import be_patient
from .kinds import KINDS, Opener


@pytest.fixture(params=KINDS)
def opener(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Opener:
    """Return what opens one and the same store, as often as it is called."""
    be_patient(monkeypatch)
    return KINDS[request.param](tmp_path)


@pytest.fixture
def backend(opener: Opener) -> Iterator[Backend]:
    opened = opener()
    yield opened
    opened.close()


@pytest.fixture
def reopened(opener: Opener, backend: Backend) -> Iterator[Backend]:
    """Open the same store once more, as another process would."""
    opened = opener()
    yield opened
    opened.close()

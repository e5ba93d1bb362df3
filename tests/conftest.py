"""What all tests share: a frozen clock, a cheap hasher, and programs that may be missing."""

import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tokentui.core.credential import BcryptHasher
from tokentui.core.service import TokenService
from tokentui.stores import open_store, open_usage

NOW = datetime(2026, 11, 24, 20, 15, tzinfo=UTC)
CHEAPEST = BcryptHasher(4)


@pytest.fixture
def store_path(tmp_path: Path) -> Path:
    """Return where a store may be made; its folder is not there yet."""
    return tmp_path / "data" / "tokens.json"


@pytest.fixture
def open_service(store_path: Path) -> Callable[[], TokenService]:
    """Return what opens the same store once more, as another process would, at a frozen time."""

    def opened() -> TokenService:
        return TokenService(
            open_store(str(store_path)),
            open_usage(str(store_path)),
            account="ada",
            hasher=CHEAPEST,
            clock=lambda: NOW,
            zone=UTC,
        )

    return opened


@pytest.fixture
def service(open_service: Callable[[], TokenService]) -> TokenService:
    """Return a service over an empty store."""
    return open_service()


def which(program: str) -> str | None:
    """Return where a program is, servers included, which are on no ordinary user's PATH."""
    return shutil.which(program, path=f"{os.environ['PATH']}:/usr/local/sbin:/usr/sbin:/sbin")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what needs a program that is not here; on CI, where all must be, fail instead."""
    for marker in item.iter_markers("needs"):
        missing = [program for program in marker.args if which(program) is None]
        if missing:
            stop = pytest.fail if os.environ.get("CI") else pytest.skip
            stop(f"not installed: {', '.join(missing)}")

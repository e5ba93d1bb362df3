"""What all tests share: a frozen clock, a cheap hasher, and programs that may be missing."""

import errno
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from unittest import mock

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


@contextmanager
def folders_that_do_not_sync(error: int = errno.EIO) -> Iterator[None]:
    """Let the disk take every file, but not confirm what is done to a folder's entries."""
    sync = os.fsync

    def files_only(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(error, os.strerror(error))
        sync(descriptor)

    with mock.patch.object(os, "fsync", files_only):
        yield


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

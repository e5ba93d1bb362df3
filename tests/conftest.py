"""What all tests share: a frozen clock, a cheap hasher, and programs that may be missing."""

import asyncio
import errno
import gc
import os
import shutil
import signal
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from unittest import mock

import pytest

from tokentui.core.commands import TokenCommands
from tokentui.core.credential import BcryptHasher
from tokentui.core.policy import Policy
from tokentui.stores import open_backend

NOW = datetime(2026, 11, 24, 20, 15, tzinfo=UTC)
CHEAPEST = BcryptHasher(4)
_OF_A_PERSON = ("TOKENTUI_", "_TOKENTUI_", "XDG_", "SSH_", "SUDO_", "PG")
"""How variables begin that a person may have set, and that the program goes by."""


def pytest_configure() -> None:
    """Let SIGTERM end a run as Ctrl+C does, so that what tests have started is stopped.

    And let Ctrl+C, although a shell keeps it from what it runs behind it, and so from the
    programs that tests interrupt.
    """
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:  # by nohup; a program inherits that
        signal.signal(signal.SIGHUP, lambda *_: None)
    # An app makes so many objects that a fifth of the time goes into looking for those that only
    # refer to each other. Whoever tests that something is forgotten collects them at once.
    gc.set_threshold(100_000, 50, 50)
    _give_examples_time()


def _give_examples_time() -> None:
    """Let an example take as long as it takes; Hypothesis does so of itself on CI alone."""
    from hypothesis import HealthCheck, settings  # slow to load for programs that import this file

    patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.register_profile("however slow the machine is", patient)
    settings.load_profile("however slow the machine is")


@pytest.fixture(autouse=True, scope="session")
def signals() -> Iterator[None]:
    """Keep the run's signals from the apps that run within it: they would end instead of it."""
    with mock.patch.object(asyncio.SelectorEventLoop, "add_signal_handler"):
        yield


@pytest.fixture(autouse=True, scope="session")
def surroundings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Give every test one umask, time zone, home and environment, whoever runs it and where."""
    before = os.umask(0o022)
    theirs = [name for name in os.environ if name.startswith(_OF_A_PERSON)]
    home = str(tmp_path_factory.mktemp("home"))
    with mock.patch.dict(os.environ, {"HOME": home, "TZ": "UTC"}):
        for name in theirs:
            del os.environ[name]
        time.tzset()
        yield
    time.tzset()
    os.umask(before)


@pytest.fixture
def store_path(tmp_path: Path) -> Path:
    """Return where a store may be made; its folder is not there yet."""
    return tmp_path / "data" / "tokens.json"


@pytest.fixture
def open_service(store_path: Path) -> Callable[[], TokenCommands]:
    """Return what opens the same store once more, as another process would, at a frozen time."""

    def opened() -> TokenCommands:
        return TokenCommands(
            open_backend(str(store_path)),
            account="ada",
            hasher=CHEAPEST,
            clock=lambda: NOW,
            policy=Policy(zone=UTC),
        )

    return opened


@pytest.fixture
def service(open_service: Callable[[], TokenCommands]) -> TokenCommands:
    """Return a service over an empty store."""
    return open_service()


@contextmanager
def nothing_synced() -> Iterator[None]:
    """Do not wait until the disk has confirmed each change: a test ends before the power does."""
    with mock.patch.object(os, "fsync", lambda _: None):
        yield


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
    folders = ["/usr/local/sbin", "/usr/sbin", "/sbin"]
    versions = Path("/usr/lib/postgresql").glob("[0-9]*")
    newest = sorted(versions, key=lambda version: float(version.name), reverse=True)
    folders += [str(version / "bin") for version in newest]
    return shutil.which(program, path=":".join([os.environ["PATH"], *folders]))


def program(name: str) -> str:
    """Return where a program is that was required."""
    path = which(name)
    assert path is not None, name
    return path


def require(*programs: str) -> None:
    """Skip what needs a program that is not here; on CI, where all must be, fail instead."""
    missing = [program for program in programs if which(program) is None]
    if missing:
        stop = pytest.fail if os.environ.get("CI") else pytest.skip
        stop(f"not installed: {', '.join(missing)}")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Require what the markers of a test say that it needs."""
    for marker in item.iter_markers("needs"):
        require(*marker.args)

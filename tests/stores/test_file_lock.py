"""The lock of a file: among threads, processes and forks, and of files that nobody may trust."""

import os
import subprocess
import sys
from pathlib import Path
from threading import Event, Thread

import pytest

from tokentui.stores.file_lock import FileLock


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tokens.json.lock"


_FORKS = """
import os, sys
from pathlib import Path
from tokentui.stores.file_lock import FileLock
path = Path(sys.argv[1])
lock = FileLock(path)
assert lock.acquire(0)
if not os.fork():
    lock.release()  # what it does not hold
    print(lock.is_held, FileLock(path).acquire(0), flush=True)
    sys.stdin.read()
    os._exit(0)
sys.stdin.read()
"""


def test_threads_wait_for_each_other(path: Path) -> None:
    lock, waiting = FileLock(path), Event()
    got: list[bool] = []

    def work() -> None:
        got.append(lock.acquire(0))
        waiting.set()
        got.append(lock.acquire(60))
        lock.release()

    assert lock.acquire(0)
    thread = Thread(target=work)
    thread.start()
    waiting.wait()
    assert lock.is_held
    lock.release()
    thread.join()
    assert got == [False, True]
    assert not lock.is_held


def test_a_forked_child_holds_nothing_and_frees_nothing(path: Path) -> None:
    with _forking(path) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "False False\n"
        assert not FileLock(path).acquire(0)
        parent.kill()
        parent.wait()
        assert FileLock(path).acquire(60), "the child lives, and does not keep it"


def _forking(path: Path) -> subprocess.Popen[str]:
    """Return a process that holds the lock, with a child that lives until stdin is closed."""
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", _FORKS, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_file_that_was_removed_meanwhile_is_made_again(path: Path) -> None:
    first, second = FileLock(path), FileLock(path)
    assert first.acquire(0)
    path.unlink()
    assert second.acquire(0)
    assert path.exists()


def test_it_is_the_owners_alone_whatever_the_umask(path: Path) -> None:
    before = os.umask(0o777)
    try:
        assert FileLock(path).acquire(0)
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_link_is_refused(path: Path, tmp_path: Path) -> None:
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic links"):
        FileLock(path).acquire(0)
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_one_that_another_user_could_replace_is_refused(path: Path, tmp_path: Path) -> None:
    path.touch(0o600)
    os.chown(path, 1234, 1234)
    tmp_path.chmod(0o1777)
    with pytest.raises(PermissionError, match="belongs to another user"):
        FileLock(path).acquire(0)
    os.chown(tmp_path, 1234, 1234)
    assert FileLock(path).acquire(0)

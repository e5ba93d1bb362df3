"""Servers beside the tests: whom they run as, where their files are; none outlives the tests."""

import ctypes
import fcntl
import functools
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep

from filelock import FileLock

from ..conftest import program

PATIENCE = 60.0
_GLANCE = 0.01
_ROOM = 2**30
_PID_FILE_SEGMENT = 6
_PREFIX = "run-"
_SPAWNER = ThreadPoolExecutor(1, "spawner")
"""Starts all servers: the kernel ends a server together with the *thread* that started it."""


def start(
    command: Sequence[str | Path], log: Path, *, ending: signal.Signals = signal.SIGINT
) -> subprocess.Popen[bytes]:
    """Start a server that is sent a signal as soon as the tests die, however they die.

    It runs as a user whom PostgreSQL accepts, which refuses root. Its output goes to the end of a
    log, and a Ctrl+C in the terminal of the tests is not for it.
    """
    return _started([*_as_server_user("--pdeathsig", ending.name), *map(str, command)], log)


def start_kept(command: Sequence[str | Path], log: Path) -> subprocess.Popen[bytes]:
    """Start a server by a keeper, which ends with it and with all the processes that it left.

    SIGTERM tells the keeper to end them all, and so does the death of the tests.
    """
    keeper = [sys.executable, "-I", "-S", str(Path(__file__).with_name("keeper.py"))]
    ending = [program("setpriv"), "--pdeathsig", "SIGTERM", "--"]
    return _started([*ending, *keeper, *_as_server_user(), *map(str, command)], log)


def _started(words: list[str], log: Path) -> subprocess.Popen[bytes]:
    def started() -> subprocess.Popen[bytes]:
        with log.open("ab") as file:
            return subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                cwd="/",
                env=_environment(log.parent),
                start_new_session=True,
            )

    return _SPAWNER.submit(started).result()


def run(command: Sequence[str | Path], folder: Path) -> None:
    """Run a command as the user that the servers run as, and wait for its end."""
    words = [*_as_server_user(), *map(str, command)]
    environment = _environment(folder)
    done = subprocess.run(words, cwd="/", env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def _environment(home: Path) -> dict[str, str]:
    path = f"{os.environ['PATH']}:/usr/sbin:/usr/bin:/sbin:/bin"
    return {"PATH": path, "HOME": str(home), "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def _as_server_user(*options: str) -> list[str]:
    if user := _other_user():
        options += (f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups")
    return [program("setpriv"), *options, "--"] if options else []


@functools.cache
def _other_user() -> pwd.struct_passwd | None:
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


def give(path: Path) -> None:
    """Let the user that the servers run as own a file or a folder."""
    if user := _other_user():
        os.chown(path, user.pw_uid, user.pw_gid)


def wait_until(
    holds: Callable[[], bool],
    what: str,
    *,
    unless: Callable[[], str | None] = lambda: None,
    glance: float = _GLANCE,
) -> None:
    """Wait until a condition holds; fail where it cannot any more, or does not for very long."""
    began = monotonic()
    while not holds():
        reason = unless()
        assert reason is None, f"{what}: {reason}"
        assert monotonic() < began + PATIENCE, f"{what}: not within {PATIENCE:.0f} seconds"
        sleep(glance)


def kill_tree(pid: int) -> None:
    """End a process and its children at once, as a machine does that loses its power.

    Return when all of them have ended.
    """
    # Stopped first, it starts no other child meanwhile.
    for sign in (signal.SIGSTOP, signal.SIGKILL):
        ending = _tree(pid)
        for each in ending:
            with suppress(ProcessLookupError):
                os.kill(each, sign)
    wait_until(lambda: all(state(each) == "Z" for each in ending), "they go on")


def _tree(pid: int) -> list[int]:
    return [pid, *(each for child in children(pid) for each in _tree(child))]


def children(pid: int) -> list[int]:
    """Return the processes that a process has started and that have not ended."""
    try:
        tasks = list(Path(f"/proc/{pid}/task").glob("*/children"))
        return [int(child) for task in tasks for child in task.read_text().split()]
    except OSError:
        return []


def state(pid: int) -> str:
    """Return the state of a process: T where it is stopped, Z where it has ended or is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"


def pid_file(data: Path, line: int) -> str:
    """Return a line of what a PostgreSQL notes of itself; nothing where it has not yet."""
    try:
        return (data / "postmaster.pid").read_text().splitlines()[line].strip()
    except (FileNotFoundError, IndexError):
        return ""


def free_shared_memory(data: Path) -> None:
    """Free the System V shared memory of a PostgreSQL that was killed."""
    if noted := pid_file(data, _PID_FILE_SEGMENT):
        segment, remove = int(noted.split()[1]), 0
        ctypes.CDLL(None).shmctl(segment, remove, None)


# -- folders --------------------------------------------------------------------------------------


def home() -> Path:
    """Return the folder of this user's servers: in memory, where there is room.

    Its path is short, as the path of a Unix socket must be. It stays when the tests end, with the
    template of a server in it.
    """
    memory = Path("/dev/shm")
    roomy = os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > _ROOM
    path = (memory if roomy else Path("/tmp")) / f"tokentui-tests-{os.geteuid()}"
    path.mkdir(mode=0o711, exist_ok=True)
    assert path.lstat().st_uid == os.geteuid(), f"{path} belongs to somebody else"
    return path


@contextmanager
def folder() -> Iterator[Path]:
    """Make a folder for the files of servers, which only they and the tests may enter.

    It is removed at the end of the block. Where the tests are killed before, the next ones remove
    it: its lock ends with the process that holds it.
    """
    with FileLock(home() / "lock"):
        _sweep()
        path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=home()))
        descriptor = os.open(path, os.O_RDONLY)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    give(path)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        os.close(descriptor)


def _sweep() -> None:
    for path in home().glob(f"{_PREFIX}*"):
        try:
            descriptor = os.open(path, os.O_RDONLY)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(path, ignore_errors=True)
        except BlockingIOError:
            continue
        finally:
            os.close(descriptor)

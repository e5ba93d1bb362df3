"""Runs a program for the tests, and ends with them all that it has started: see `start_kept`.

What a program leaves behind is its keeper's, who is told when the tests die. It then ends all
that is still there, even what is stopped and would take note of no signal but SIGKILL.
"""

import ctypes
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

_SET_CHILD_SUBREAPER = 36
_GLANCE = 0.01
_PATIENCE = 2.0


def keep(command: list[str]) -> None:
    """Run a program, and wait until nothing of it is left, or until SIGTERM; then end it all."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        program = subprocess.Popen(command)
        while True:
            os.wait()
    except ChildProcessError:
        program.returncode = 0  # it was waited for here
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        _end()


def _end() -> None:
    """End all that is left, PostgreSQL in its own way, so that it frees its shared memory."""
    began = time.monotonic()
    while left := list(_below(os.getpid())):
        patient = time.monotonic() < began + _PATIENCE
        for pid in left:
            for sign in (signal.SIGQUIT if patient else signal.SIGKILL, signal.SIGCONT):
                try:
                    os.kill(pid, sign)
                except ProcessLookupError:
                    continue
        try:
            while os.waitpid(-1, os.WNOHANG) != (0, 0):
                pass
        except ChildProcessError:
            return
        time.sleep(_GLANCE)


def _below(pid: int) -> Iterator[int]:
    for tasks in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = tasks.read_text().split()
        except OSError:
            continue
        for child in map(int, children):
            yield child
            yield from _below(child)


if __name__ == "__main__":
    keep(sys.argv[1:])

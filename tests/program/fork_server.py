"""A fork server: a process that has imported the program, and forks for each command to be run.

Most of the time of a short command goes into starting Python and importing the program, which is
the same each time. A fork has that behind it; all else is as in a process of its own: arguments,
environment, folder, streams, exit code. Tests of how the program starts start it.
"""

import atexit
import functools
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryFile

_PATIENCE = 60.0
_STREAMS = 3
_PARTS = 5
"""What comes with a request: its file, the three streams, and where to say how it ended."""


# -- where a command is wanted --------------------------------------------------------------------


def run(
    arguments: Sequence[str],
    env: Mapping[str, str],
    cwd: Path,
    stdin: str,
    moment: datetime | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run the program in a fork, as `subprocess.run` runs it without a terminal.

    With `moment`, its clock stands still there.
    """
    now = moment and moment.timestamp()
    (in_, feed), (out, out_), (err, err_), (status, status_) = (os.pipe() for _ in range(4))
    with TemporaryFile() as request:
        request.write(json.dumps([arguments, dict(env), str(cwd), _umask(), now]).encode())
        request.flush()
        socket.send_fds(_server(), [b"run"], [request.fileno(), in_, out_, err_, status_])
    for descriptor in (in_, out_, err_, status_):
        os.close(descriptor)
    with ThreadPoolExecutor(_STREAMS) as pool:
        fed = pool.submit(_feed, feed, stdin)
        written = [pool.submit(_drain, each) for each in (out, err)]
        code = _exit_code(status, arguments)
    fed.result()
    return subprocess.CompletedProcess(arguments, code, *(each.result() for each in written))


@functools.cache
def _server() -> socket.socket:
    """Return the line to the server, which ends with these tests."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        number = theirs.fileno()
        # Pipes, because Python asks what its streams are as it starts, and here they become pipes.
        server = subprocess.Popen(
            [sys.executable, "-P", __file__, str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=[number],
        )
    atexit.register(_end, ours, server)
    return ours


def _end(line: socket.socket, server: subprocess.Popen[bytes]) -> None:
    line.close()
    with server:  # which waits for it
        pass


def _umask() -> int:
    """Return it without a moment in which another thread has a different one."""
    status = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1], 8) for line in status if line.startswith("Umask:"))


def _feed(descriptor: int, text: str) -> None:
    try:
        with os.fdopen(descriptor, "w") as stream:
            stream.write(text)
    except BrokenPipeError:
        pass  # it needed no more


def _drain(descriptor: int) -> str:
    with os.fdopen(descriptor) as stream:
        return stream.read()


def _exit_code(status: int, arguments: Sequence[str]) -> int:
    """Return it once the process has ended; kill one that does not."""
    with os.fdopen(status) as stream:
        pid = int(stream.readline())
        if not select.select([stream], [], [], _PATIENCE)[0]:
            os.kill(pid, signal.SIGKILL)
            raise subprocess.TimeoutExpired(["tokentui", *arguments], _PATIENCE)
        return int(stream.readline())


# -- the server -----------------------------------------------------------------------------------


def _serve(line: socket.socket) -> None:
    """Return in a process that is to be the program; end where nobody asks any longer."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody has to wait for the supervisors
    while True:
        asked, descriptors, *_ = socket.recv_fds(line, 16, _PARTS)
        if not asked:
            os._exit(0)
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            line.close()
            _supervise(*descriptors)
            return
        for descriptor in descriptors:
            os.close(descriptor)


def _supervise(request: int, stdin: int, stdout: int, stderr: int, status: int) -> None:
    """Return in a child that is as it was asked for; say in the other process how that ended."""
    pid = os.fork()
    if pid == 0:
        with os.fdopen(request, "rb", closefd=False) as stream:
            stream.seek(0)
            arguments, env, cwd, umask, now = json.load(stream)
        for number, descriptor in enumerate((stdin, stdout, stderr)):
            os.dup2(descriptor, number)
        os.closerange(_STREAMS, max(request, stdin, stdout, stderr, status) + 1)
        os.chdir(cwd)
        os.umask(umask)
        os.environ.clear()
        os.environ.update(env)
        time.tzset()
        if now is not None:
            time.time = lambda: now
        sys.argv[1:] = arguments
        return
    for descriptor in (stdin, stdout, stderr):
        os.close(descriptor)
    os.write(status, f"{pid}\n".encode())
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.write(status, f"{code}\n".encode())
    os._exit(0)


if __name__ == "__main__":
    from tokentui.__main__ import main
    from tokentui.cli import main as program

    for command in program.commands.values():
        assert command.help
    _serve(socket.socket(fileno=int(sys.argv[1])))
    main()

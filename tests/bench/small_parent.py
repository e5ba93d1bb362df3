"""Runs commands, and says what each took: the small process that `processes.py` starts.

Linux counts the pages of a parent in the peak memory of its child, so this imports next to nothing
and runs as `python -I -S`. It reads a line of JSON for each command, and writes one.
"""

import json
import os
import sys
from time import perf_counter

_CHUNK = 1 << 20


def main() -> None:
    """Run what is asked for, until the input ends."""
    for line in sys.stdin:
        print(json.dumps(run(**json.loads(line))), flush=True)


def run(command: list[str], env: dict[str, str], stdin: str) -> dict[str, float]:
    """Run a command, read what it writes as it comes, and return what it took."""
    (in_, feed), (out, out_), nothing = os.pipe(), os.pipe(), os.open(os.devnull, os.O_WRONLY)
    os.write(feed, stdin.encode())
    os.close(feed)
    streams = [
        (os.POSIX_SPAWN_DUP2, each, number) for number, each in enumerate((in_, out_, nothing))
    ]
    began = perf_counter()
    child = os.posix_spawnp(command[0], command, env, file_actions=streams)
    for each in (in_, out_, nothing):
        os.close(each)
    first, size = 0.0, 0
    while chunk := os.read(out, _CHUNK):
        first = first or perf_counter() - began
        size += len(chunk)
    os.close(out)
    _, status, used = os.wait4(child, 0)
    return {
        "code": os.waitstatus_to_exitcode(status),
        "cpu": used.ru_utime + used.ru_stime,
        "wall": perf_counter() - began,
        "first": first,
        "size": size,
        "peak": used.ru_maxrss * 1024,
    }


if __name__ == "__main__":
    main()

"""The lines of an audit log on disk: appended so that they last, and read from either end."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from tokentui.core import chain
from tokentui.core.chain import Link
from tokentui.core.errors import InvalidInput

TAIL = 64 * 1024
"""How many bytes are read at a time from the end; no line is as long."""


def tail(descriptor: int, size: int) -> bytes:
    """Return the end of a file of `size` bytes."""
    return os.pread(descriptor, TAIL, max(0, size - TAIL))


def end_of(descriptor: int) -> Link | None:
    """Return the end of the chain in a file."""
    return last_link(tail(descriptor, os.fstat(descriptor).st_size))


def write(descriptor: int, content: bytes, size: int) -> None:
    """Append `content` to a file of `size` bytes so that it lasts, or leave the file as it was.

    Raises `OSError`.
    """
    try:
        left = memoryview(content)
        while left:
            left = left[os.write(descriptor, left) :]
        os.fsync(descriptor)
    except BaseException:
        with suppress(OSError):
            os.ftruncate(descriptor, size)
        raise


def last_link(lines: bytes) -> Link | None:
    """Return the end of the chain by the last of `lines` that is one."""
    end = len(lines)
    while end:
        begin = lines.rfind(b"\n", 0, end - 1) + 1
        with suppress(ValueError):
            return chain.link_of(lines[begin:end])
        end = begin
    return None


def backwards(path: Path) -> Iterator[bytes]:
    """Yield the lines of a file, the last one first."""
    with suppress(FileNotFoundError), path.open("rb") as file:
        position, rest = os.fstat(file.fileno()).st_size, b""
        while position:
            step = min(TAIL, position)
            position -= step
            chunk = os.pread(file.fileno(), step, position) + rest
            rest, *lines = chunk.split(b"\n")
            yield from filter(None, reversed(lines))
        if rest:
            yield rest


def up_to(size: int, file: BinaryIO) -> Iterator[bytes]:
    """Yield the lines of a file that begin before `size`."""
    for line in file:
        yield line
        size -= len(line)
        if size <= 0:
            return


def skipped(lines: Iterator[bytes], first: int) -> Link:
    """Return what the line of number `first` says of itself, once it is read.

    Raises `InvalidInput` where there is none.
    """
    for line in lines:
        with suppress(ValueError):
            if (link := chain.link_of(line)).seq == first:
                return link
    raise InvalidInput(f"The audit log has no entry {first}.")


def rotated(path: Path) -> list[Path]:
    """Return the files that were rotated away from `path`, oldest first."""
    names: list[str] = []
    with suppress(FileNotFoundError, NotADirectoryError, PermissionError):
        names = os.listdir(path.parent)  # noqa: PTH208 - only some of them become paths
    beginning = f"{path.stem}-"
    numbered = [
        (int(number), path.with_name(name))
        for name in names
        if name.startswith(beginning)
        and name.endswith(path.suffix)
        and (number := name.removeprefix(beginning).removesuffix(path.suffix)).isdecimal()
    ]
    return [each for _, each in sorted(numbered)]

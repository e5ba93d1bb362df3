"""The key that the hash chain of an audit log is sealed with, in a file."""

import os
from contextlib import suppress
from pathlib import Path

from tokentui import files
from tokentui.core import chain
from tokentui.core.errors import StoreDamaged


def read(path: Path) -> bytes:
    """Read a key.

    Args:
        path: The file.

    Returns:
        The key.

    Raises:
        OSError: The file cannot be read; a `FileNotFoundError` where there is none.
        StoreDamaged: What is in the file is no key.
    """
    content, _ = files.read_regular(path, 1024)
    with suppress(ValueError):
        key = bytes.fromhex(content.decode("ascii"))
        if len(key) == chain.KEY_LENGTH:
            return key
    raise StoreDamaged(f"{path} does not contain a key. Put the right file back.")


def new() -> bytes:
    """Return a key that nobody knows."""
    return os.urandom(chain.KEY_LENGTH)


def write(path: Path, key: bytes) -> None:
    """Write a key.

    Args:
        path: The file that is to hold it.
        key: The key.

    Raises:
        OSError: The file cannot be written.
    """
    # In one step: half a key would be the wrong one for ever.
    files.replace(path, key.hex().encode() + b"\n")

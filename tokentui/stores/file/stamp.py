"""What tells one state of a file from the next."""

import os

import msgspec


class Stamp(msgspec.Struct, frozen=True):
    """Tells one state of the file from the next: each change makes a new file.

    Its mode is part of the state; the moment of the last change of either kind stands for it.
    """

    inode: int
    modified_ns: int
    changed_ns: int
    size: int


def stamp_of(facts: os.stat_result) -> Stamp:
    """Return the stamp of a file with these facts."""
    return Stamp(facts.st_ino, facts.st_mtime_ns, facts.st_ctime_ns, facts.st_size)

"""A TinyDB storage that survives crashes, full disks and other processes."""

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from tinydb import Storage

from tokentui import files
from tokentui.core.errors import (
    StoreBusy,
    StoreDamaged,
    StoreTooNew,
    StoreUnreadable,
    StoreUnsafe,
    StoreUnwritable,
)
from tokentui.core.text import printable

Tables = dict[str, dict[str, Any]]

FORMAT = 1
LOCK_PATIENCE = 0.5
LOCK_TIMEOUT = 4.5
LARGEST = 256 * 1024 * 1024
"""The most bytes that are read as a store: some 700,000 tokens."""

_MARK = "tokentui"
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_OTHERS_READ = stat.S_IRGRP | stat.S_IROTH

_ADVICE = {
    errno.ENOSPC: "Make room on the disk, then try again.",
    errno.EDQUOT: "Make room within your quota, then try again.",
    errno.EROFS: "The disk is mounted read-only: mount it writable, then try again.",
    errno.EACCES: "See who owns the file and its folder (ls -ld).",
    errno.EPERM: "See who owns the file and its folder (ls -ld).",
    errno.EISDIR: "It is a folder: name a file with --store.",
}


class Stamp(NamedTuple):
    """Tells one content of the file from the next: each change makes a new file."""

    inode: int
    modified_ns: int
    size: int


class DurableJSON(Storage):
    """All tables as JSON in one file, replaced whole at each change.

    What was read is kept until the file is another one, so asking again costs one `stat`. Hold
    `lock` from the read to the write: it is another file, because the first one is replaced.
    """

    def __init__(self, path: Path) -> None:
        # The file behind a link is replaced, not the link.
        self.path = path.resolve()
        self._tables: Tables | None = None
        self._seen = False
        self.known: Stamp | None = None
        """The stamp of what `read` returned last; None where there was no file."""

    def stamp(self) -> Stamp | None:
        """Return the stamp of the file as it is now, or None where there is none."""
        try:
            return _stamp(self.path.stat())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _unreadable(self.path, error) from None

    def warnings(self) -> list[str]:
        """Say so where others on the machine can read the file."""
        try:
            mode = self.path.stat().st_mode
        except OSError:
            return []
        if mode & _OTHERS_READ:
            return [f"Others can read {self.path}. Run: chmod 600 {self.path}"]
        return []

    def read(self) -> Tables:
        """Return the tables; those of a file that is not there yet are empty."""
        stamp = self.stamp()
        if stamp is None:
            if self._seen:
                raise StoreUnreadable(
                    f"{self.path} is gone, so nothing was read or changed. Put it back, or start "
                    "tokentui again to begin an empty store."
                )
            return {_MARK: {"1": {"format": FORMAT}}}
        if self._tables is None or stamp != self.known:
            self._tables, self.known = self._load()
            self._seen = True
        return self._tables

    def write(self, data: Tables) -> None:
        """Replace the file, or raise `StoreUnwritable` with the old one untouched."""
        # TinyDB has changed `data`, which is what `read` keeps, in place: until it is on disk,
        # nothing may take it for the content of the file.
        self._tables, self.known = None, None
        try:
            files.replace(self.path, msgspec.json.encode(data))
        except OSError as error:
            raise _unwritable(self.path, error) from None
        self._tables, self.known, self._seen = data, self.stamp(), True

    @contextmanager
    def lock(self, on_wait: Callable[[str], None] = lambda _: None) -> Iterator[None]:
        """Keep other processes from changing the file; raise `StoreBusy` after five seconds.

        `on_wait` is told who is in the way once that takes longer than a moment.
        """
        import filelock  # as slow to load as all the rest; only changes need it

        beside = Path(f"{self.path}.lock")
        try:
            files.private_folder(self.path.parent)
            held = filelock.FileLock(beside, mode=files.PRIVATE_FILE)
            try:
                held.acquire(timeout=LOCK_PATIENCE)
            except filelock.Timeout:
                on_wait(f"Waiting for {_holder(beside)} to finish a change.")
                held.acquire(timeout=LOCK_TIMEOUT)
        except filelock.Timeout:
            raise StoreBusy(
                f"{_holder(beside).capitalize()} keeps {self.path} locked; nothing was changed "
                "here. Try again in a moment."
            ) from None
        except OSError as error:
            raise _unwritable(self.path, error) from None
        try:
            try:
                files.give_to_owner(beside, self.path)
                files.sweep(self.path)
            except OSError as error:
                raise _unwritable(self.path, error) from None
            yield
        finally:
            held.release()

    def _load(self) -> tuple[Tables, Stamp]:
        try:
            content, facts = files.read_regular(self.path, LARGEST)
            folder = self.path.parent.stat()
        except OSError as error:
            raise _unreadable(self.path, error) from None
        _refuse_unsafe(self.path, facts, folder)
        return _tables(self.path, content), _stamp(facts)


def _stamp(facts: os.stat_result) -> Stamp:
    return Stamp(facts.st_ino, facts.st_mtime_ns, facts.st_size)


def damaged(path: Path, what: str) -> StoreDamaged:
    """Return the error of a file that is not as it should be."""
    return StoreDamaged(
        f"{path} {what}. It was left as it is: restore a backup, or name another with --store."
    )


def _tables(path: Path, content: bytes) -> Tables:
    """Decode `content`, and refuse what is not a store or not one of this version."""
    if not content:
        raise damaged(path, "is empty")
    try:
        tables = msgspec.json.decode(content, type=dict[str, dict[str, Any]])
        version = msgspec.convert(tables[_MARK]["1"]["format"], int)
    except (KeyError, TypeError, msgspec.ValidationError):
        raise damaged(path, "is not a tokentui store") from None
    except (msgspec.DecodeError, RecursionError):
        raise damaged(path, "is damaged, or no JSON") from None
    if version > FORMAT:
        raise StoreTooNew(
            f"{path} has format {version}; this version of tokentui reads format {FORMAT}. "
            "It was left as it is: install a newer tokentui."
        )
    return tables


def _refuse_unsafe(path: Path, file: os.stat_result, folder: os.stat_result) -> None:
    """Refuse what others could plant tokens in. A sticky folder keeps them from replacing it."""
    if file.st_mode & _OTHERS_WRITE:
        raise StoreUnsafe(f"Others can change {path}, so it is not used. Run: chmod 600 {path}")
    if folder.st_mode & _OTHERS_WRITE and not folder.st_mode & stat.S_ISVTX:
        raise StoreUnsafe(
            f"Others can replace {path}, so it is not used. Run: chmod go-w {path.parent}"
        )


def _holder(lock: Path) -> str:
    """Return the process that holds a lock as far as Linux tells, such as process 12 (tokentui)."""
    with suppress(OSError, IndexError):
        inode = f":{lock.stat().st_ino}"
        for line in Path("/proc/locks").read_text().splitlines():
            _, kind, _, _, process, file, *_ = line.split()
            if kind == "FLOCK" and file.endswith(inode):
                command = Path(f"/proc/{process}/comm").read_text().strip()
                return f"process {process} ({printable(command)})"
    return "another process"


def _reason(error: OSError) -> str:
    return error.strerror or str(error)


def _unreadable(path: Path, error: OSError) -> StoreUnreadable:
    advice = _ADVICE.get(error.errno or 0, "Check the path, or name another with --store.")
    return StoreUnreadable(f"{path} cannot be read: {_reason(error)}. {advice}")


def _unwritable(path: Path, error: OSError) -> StoreUnwritable:
    advice = _ADVICE.get(error.errno or 0, "Check the disk, then try again.")
    return StoreUnwritable(
        f"{path} could not be written: {_reason(error)}. Nothing was changed. {advice}"
    )

"""A TinyDB storage that survives crashes, full disks and other processes."""

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from shlex import quote
from typing import Any, NamedTuple

import msgspec
from msgspec import Raw
from tinydb import Storage

from tokentui import files
from tokentui.core.errors import (
    StoreDamaged,
    StoreTooNew,
    StoreUnconfirmed,
    StoreUnreadable,
    StoreUnsafe,
    StoreUnwritable,
)
from tokentui.stores import formats
from tokentui.stores.lock import Lock
from tokentui.stores.refusals import reason, refusing, unreadable, unwritable

Tables = dict[str, Any]
"""Each table by its name: that of the kind by places, whatever else is in the file as it stands."""

LARGEST = 256 * 1024 * 1024
"""The most bytes that are read as a store: some 800,000 tokens."""

_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


class Stamp(NamedTuple):
    """Tells one state of the file from the next: each change makes a new file.

    Its mode is part of the state; the moment of the last change of either kind stands for it.
    """

    inode: int
    modified_ns: int
    changed_ns: int
    size: int


class DurableJSON(Storage):
    """All tables as JSON in one file, replaced whole at each change.

    `table` is the one that matters: its records are decoded straight to `kind`, which takes a
    third of the time and of the memory of dicts. A record that is none, and all other tables,
    are kept as they stand in the file. `leftovers` are what a killed process may have left behind;
    `advice` is what to do where the file is damaged, `lost` where it was there and is no more.

    What was read is kept until the file is another one, so asking again costs one `stat`. Hold
    `lock` over a `change`: it is another file, because the first one is replaced. `path` must be
    no link, or the link would be replaced.
    """

    def __init__(
        self,
        path: Path,
        table: str,
        kind: type[msgspec.Struct],
        *,
        leftovers: Sequence[Path] = (),
        advice: str = "Name another with --store.",
        lost: str = "Put it back, or start tokentui again to begin an empty store.",
    ) -> None:
        self.path = path
        self.table = table
        self._kind = kind
        self._lock = Lock(path)
        self._leftovers = leftovers
        self._advice = advice
        self._lost = lost
        self._tables: Tables | None = None
        self._draft: Tables | None = None
        self._seen = False
        self.known: Stamp | None = None
        """The stamp of what `read` returned last; None where there was no file."""
        self.older = False
        """Whether the file that was read has an older format."""

    def stamp(self) -> Stamp | None:
        """Return the stamp of the file as it is now, or None where there is none."""
        with refusing(unreadable, self.path):
            try:
                return _stamp(self.path.stat())
            except FileNotFoundError:
                return None

    def warnings(self) -> list[str]:
        """Say so where everybody on the machine can read the file; a group may be meant to."""
        try:
            mode = self.path.stat().st_mode
        except OSError:
            return []
        if mode & stat.S_IROTH:
            return [f"Others can read {self.path}. Run: chmod 600 {_quoted(self.path)}"]
        return []

    def obstacles(self) -> list[str]:
        """Say so where the file can be read, but this user may not change it."""
        needed = (path for path in (self.path.parent, self._lock.file) if path.exists())
        closed = next((path for path in needed if not os.access(path, os.W_OK)), None)
        if closed is None or not self.path.exists():
            return []
        return [f"You can look, but not change anything: you may not write {closed}."]

    def read(self) -> Tables:
        """Return the tables, within a `change` its draft; a file that is not there has none."""
        if self._draft is not None:
            return self._draft
        stamp = self.stamp()
        if stamp is None:
            if self._seen:
                raise StoreUnreadable(
                    f"{self.path} is gone, so nothing was read or changed. {self._lost}"
                )
            return {formats.MARK: formats.mark(), self.table: {}}
        if self._tables is None or stamp != self.known:
            if not self._seen:
                self._sweep()
            self._tables, self.known = self._load()
            self._seen = True
        return self._tables

    def write(self, data: Tables) -> None:
        """Take what a TinyDB table writes into the draft."""
        self._draft = data

    @contextmanager
    def change(self, base: Tables | None = None) -> Iterator[None]:
        """Give a draft of the tables (or of `base`) to be changed; the end writes it, in one step.

        Raises `StoreUnwritable` with the old file untouched, and `StoreUnconfirmed` where the new
        one is there. Hold the lock.
        """
        current = self.read() if base is None else base
        self._draft = {**current, self.table: dict(current[self.table])}
        try:
            yield
            self._commit(self._draft)
        finally:
            self._draft = None

    def _commit(self, tables: Tables) -> None:
        content = msgspec.json.encode(tables)
        if len(content) > max(LARGEST, self.known.size if self.known else 0):
            raise StoreUnwritable(
                f"{self.path} would have more than {LARGEST:,} bytes, which nobody could read. "
                "Nothing was changed. Begin another store."
            )
        try:
            _refuse_unsafe_folder(self.path)
            files.replace(self.path, content)
        except files.Unconfirmed as error:
            raise StoreUnconfirmed(
                f"The change of {self.path} is done, but the disk did not confirm that it would "
                f"survive a power cut: {reason(error)}. Check the disk."
            ) from None
        except OSError as error:
            raise unwritable(self.path, error) from None
        self._tables, self.known, self._seen, self.older = tables, self.stamp(), True, False

    def lock(self, tell: Callable[[str], None] = lambda _: None) -> AbstractContextManager[None]:
        """Keep other processes from changing the file; see `Lock.held`."""
        return self._lock.held(tell)

    def decode(self, content: bytes) -> Tables:
        """Return the tables in `content`; refuse what is no store, or none of this version."""
        if not content:
            raise self.damaged("is empty")
        try:
            tables = msgspec.json.decode(content, type=dict[str, Raw])
            version, needed = formats.read_mark(tables)
            if version > formats.FORMAT:
                wanted = f"tokentui {needed} or a newer one" if needed else "a newer tokentui"
                raise StoreTooNew(
                    f"{self.path} has format {version}; this version of tokentui reads format "
                    f"{formats.FORMAT}. It was left as it is: install {wanted}."
                )
            self.older = version < formats.FORMAT
            if self.older:
                tables = formats.migrated(tables, version)
            records = self._records(tables.pop(self.table, Raw(b"{}")))
        except (KeyError, msgspec.ValidationError):
            raise self.damaged("is not a tokentui store") from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise self.damaged("is damaged, or no JSON") from None
        # Copies, since what is a part of the content keeps all of it in memory.
        return {name: table.copy() for name, table in tables.items()} | {self.table: records}

    def damaged(self, what: str) -> StoreDamaged:
        """Return the error of a file that is not as it should be."""
        return StoreDamaged(f"{self.path} {what}. It was left as it is. {self._advice}")

    def _load(self) -> tuple[Tables, Stamp]:
        with refusing(unreadable, self.path):
            content, facts = files.read_regular(self.path, LARGEST)
            if facts.st_mode & _OTHERS_WRITE:
                raise StoreUnsafe(
                    f"Others can change {self.path}, so it is not used. "
                    f"Run: chmod 600 {_quoted(self.path)}"
                )
            _refuse_unsafe_folder(self.path)
        return self.decode(content), _stamp(facts)

    def _records(self, table: Raw) -> dict[str, Any]:
        try:
            return msgspec.json.decode(table, type=dict[str, self._kind])  # type: ignore[name-defined]
        except (msgspec.ValidationError, UnicodeDecodeError):
            records = msgspec.json.decode(table, type=dict[str, Raw])
        decoder = msgspec.json.Decoder(self._kind)
        return {place: _record(decoder, record) for place, record in records.items()}

    def _sweep(self) -> None:
        """Remove what a killed process left half-written, unless another is writing it just now."""
        with suppress(OSError):
            left = [path for path in self._leftovers if path.exists()]
            if not left or not self._lock.file.exists():
                return
            with self._lock.held_if_free() as ours:
                for path in left if ours else ():
                    path.unlink(missing_ok=True)


def _record(decoder: msgspec.json.Decoder[Any], record: Raw) -> Any:
    try:
        return decoder.decode(record)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return record.copy()


def _stamp(facts: os.stat_result) -> Stamp:
    return Stamp(facts.st_ino, facts.st_mtime_ns, facts.st_ctime_ns, facts.st_size)


def _refuse_unsafe_folder(path: Path) -> None:
    """Refuse a folder in which others could put a store of theirs, unless it is sticky."""
    mode = path.parent.stat().st_mode
    if mode & _OTHERS_WRITE and not mode & stat.S_ISVTX:
        raise StoreUnsafe(
            f"Others can replace {path}, so it is not used. Run: chmod go-w {_quoted(path.parent)}"
        )


def _quoted(path: Path) -> str:
    return quote(str(path))

"""A file of TinyDB that survives crashes, full disks and other processes."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Raw

from tokentui import files
from tokentui.core.errors import (
    StoreDamaged,
    StoreTooNew,
    StoreUnconfirmed,
    StoreUnreadable,
    StoreUnwritable,
)
from tokentui.stores.file import kept_keys, migrations, safety
from tokentui.stores.file.json_parts import PartDecoder
from tokentui.stores.file.json_slices import Buffer, encoded
from tokentui.stores.file.stamp import Stamp, stamp_of
from tokentui.stores.file.write_ahead import NOTHING_AHEAD, WriteAhead
from tokentui.stores.lock import Lock, once_free
from tokentui.stores.os_errors import lost_in_change, reason, refusing, unreadable, unwritable

Tables = dict[str, Any]
"""Each table by its name: that of the kind by document ID, all others as they stand in the file."""

LARGEST = 256 * 1024 * 1024
"""The most bytes that are read as a store: some 800,000 tokens."""
FULL = LARGEST - LARGEST // 8
"""From how many bytes on nothing is added: the rest is for changes, such as revocations."""


class DurableJSON:
    """All tables as JSON in one file, replaced whole at each change.

    `table` is the one that matters: its records are decoded straight to `kind`, which takes a
    third of the time and of the memory of dicts. A record that is none, and all other tables,
    are kept as they stand in the file. `leftovers` are what a killed process may have left behind;
    `advice` is what to do where the file is damaged, `lost` where it was there and is no more.
    A new file is read by whoever may read `like`.

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
        advice: str = "Name another store with --store.",
        lost: str = "Put it back, or start tokentui again to create an empty store.",
        like: Path | None = None,
    ) -> None:
        self.path = path
        self.table = table
        self._decoder = PartDecoder(table, kind)
        self._lock = Lock(path)
        self._temporary = files.temporary_of(path)
        self._leftovers = leftovers
        self._advice = advice
        self._lost = lost
        self._like = like
        self.on_notice: Callable[[str], None] = lambda _: None
        """Told in a sentence what a person should know of a change: who is in its way, or what the
        file lost by it."""
        self._tables: Tables | None = None
        self._draft: Tables | None = None
        self._seen = False
        self._certain = False
        """Whether the file cannot have been changed since it was read: the lock was held."""
        self.known: Stamp | None = None
        """The stamp of what `read` returned last; None where there was no file."""
        self.older = False
        """Whether the file that was read has an older format."""

    def stamp(self) -> Stamp | None:
        """Return the stamp of the file as it is now, or None where there is none."""
        with refusing(unreadable, self.path):
            try:
                return stamp_of(self.path.stat())
            except FileNotFoundError:
                return None

    def warnings(self) -> list[str]:
        """Say so where everybody on the machine can read the file; a group may be meant to."""
        return safety.warnings(self.path)

    def read_only_reasons(self) -> list[str]:
        """Say so where the file can be read, but this user may not change it."""
        # Where a folder may not be searched, or a name is too long, reading says it.
        needed = filter(os.path.exists, (self.path.parent, self._lock.file))
        closed = next((path for path in needed if not os.access(path, os.W_OK)), None)
        if closed is None or not os.path.exists(self.path):  # noqa: PTH110 - Path raises
            return []
        return [f"The store is read-only: you cannot write to {closed}."]

    def read(self) -> Tables:
        """Return the tables, within a `change` its draft; a file that is not there has none."""
        if self._draft is not None:
            return self._draft
        if self._tables is not None and self._certain and self._lock.is_held:
            return self._tables
        stamp = self.stamp()
        if stamp is None:
            if self._seen:
                raise StoreUnreadable(
                    f"{self.path} is missing, so nothing was read or changed. {self._lost}"
                )
            return {migrations.MARK: migrations.mark(), self.table: {}}
        if self._tables is None or stamp != self.known:
            if not self._seen:
                self._sweep()
            self._tables, self.known = self._load()
            self._seen = True
        self._certain = self._lock.is_held
        return self._tables

    def write(self, data: Tables) -> None:
        """Take what a TinyDB table writes into the draft."""
        self._draft = data

    @property
    def keys(self) -> Mapping[str, int]:
        """The keys of the last changes, and when each was made; `read` raises what this does."""
        return kept_keys.keys_of(self.read())

    def surely_lacks(self, key: str, at: datetime) -> bool:
        """Say whether no change of this key, asked for `at` that moment, was made here.

        Where keys of that time are kept no longer, that is not sure.
        """
        return kept_keys.surely_lack(self.keys, key, at)

    @contextmanager
    def change(
        self,
        base: Tables | None = None,
        *,
        key: str | None = None,
        ahead: WriteAhead = NOTHING_AHEAD,
    ) -> Iterator[None]:
        """Give a draft of the tables (or of `base`) to be changed; the end writes it, in one step.

        With it, the `key` of the change is written. `ahead` begins once nothing but the disk is in
        the way any more; where the change does not come about after that, it is told before any
        other process can change the file. Raises `StoreUnwritable` with the old file untouched,
        and `StoreUnconfirmed` where the new one is there. Hold the lock.
        """
        current = self.read() if base is None else base
        self._draft = {**current, self.table: dict(current[self.table])}
        if key is not None:
            self._draft[kept_keys.TABLE] = kept_keys.with_one_more(current, key)
        try:
            yield
            adds = len(self._draft[self.table]) > len(current[self.table])
            self._commit(self._draft, ahead, FULL if adds else LARGEST)
        finally:
            self._draft = None

    def _commit(self, tables: Tables, ahead: WriteAhead, largest: int) -> None:
        content = encoded(tables, self.table)
        if sum(map(len, content)) > max(largest, self.known.size if self.known else 0):
            raise StoreUnwritable(
                f"{self.path} would exceed {largest:,} bytes, the limit of a store. Nothing was "
                "changed. Use another store."
            )
        self._certain = False
        with ahead.logged(self.stamp):
            self._put(content)
        self._tables, self._seen, self.older = tables, True, False
        # The change is made: a file that cannot be looked at just now is read again next time.
        self.known = None
        with suppress(StoreUnreadable):
            self.known = self.stamp()
            self._certain = self._lock.is_held

    def _put(self, content: Sequence[Buffer]) -> None:
        try:
            safety.check_folder(self.path)
            files.replace(
                self.path,
                content,
                temporary=self._temporary,
                like=self._like,
                on_loss=self._tell_lost,
            )
        except files.Unconfirmed as error:
            raise StoreUnconfirmed(
                f"{self.path} was changed, but the disk did not confirm the change: "
                f"{reason(error)}. It may be lost in a power failure. Check the disk."
            ) from None
        except OSError as error:
            raise unwritable(self.path, error) from None

    def _tell_lost(self, what: Sequence[str]) -> None:
        once_free(partial(self.on_notice, lost_in_change(self.path, what)))

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other processes from changing the file; see `Lock.held`."""
        outermost = not self._lock.is_held
        with self._lock.held(self.on_notice):
            self._certain = self._certain and not outermost
            yield

    def decode(self, content: bytes) -> Tables:
        """Return the tables in `content`; refuse what is no store, or none of this version."""
        if not content:
            raise self.damaged("is empty")
        try:
            tables, records = self._decoder.in_parts(content) or _undecoded(content)
            version = self._supported_format(tables)
            self.older = version < migrations.FORMAT
            if self.older:
                tables, records = migrations.migrated(_undecoded(content)[0], version), None
            if records is None:
                records = self._decoder.whole(tables.pop(self.table, Raw(b"{}")))
        except (KeyError, msgspec.ValidationError):
            raise self.damaged("is not a tokentui store") from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise self.damaged("is damaged or not JSON") from None
        # Copies, since what is a part of the content keeps all of it in memory.
        return {name: table.copy() for name, table in tables.items()} | {self.table: records}

    def _supported_format(self, tables: Mapping[str, Raw]) -> int:
        """Return the format of `tables`; refuse those of no store, or none of this version."""
        if migrations.UNFINISHED in tables:
            raise StoreUnreadable(
                f"A store is being copied to {self.path}, or the copy was interrupted. Wait "
                "until it is complete, or run tokentui store copy again."
            )
        version, needed = migrations.read_mark(tables)
        if version > migrations.FORMAT:
            wanted = f"tokentui {needed} or later" if needed else "a newer version of tokentui"
            raise StoreTooNew(
                f"{self.path} has format {version}, but this version of tokentui supports "
                f"format {migrations.FORMAT}. The file was not changed. Install {wanted}."
            )
        return version

    def damaged(self, what: str) -> StoreDamaged:
        """Return the error of a file that is not as it should be."""
        return StoreDamaged(f"{self.path} {what}. The file was not changed. {self._advice}")

    def _load(self) -> tuple[Tables, Stamp]:
        with refusing(unreadable, self.path):
            content, facts = files.read_regular(self.path, LARGEST)
            safety.check_file(self.path, facts)
            safety.check_folder(self.path)
        return self.decode(content), stamp_of(facts)

    def _sweep(self) -> None:
        """Remove what a killed process left half-written, unless another is writing it just now."""
        with suppress(OSError):
            left = [path for path in self._leftovers if path.exists()]
            if not left or not self._lock.file.exists():
                return
            with self._lock.held_if_free() as ours:
                for path in left if ours else ():
                    path.unlink(missing_ok=True)


def _undecoded(content: bytes) -> tuple[dict[str, Raw], None]:
    return msgspec.json.decode(content, type=dict[str, Raw]), None

"""Copies of a store's file, made before much is at stake, and what is told of them."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from tokentui import files
from tokentui.core.errors import BackupNotFound, StoreUnreadable, TokentuiError
from tokentui.stores.file.durable import LARGEST
from tokentui.stores.os_errors import refusing, unreadable, unwritable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tokentui.core.clock import Clock
    from tokentui.core.repositories import Backup, TokenRepository
    from tokentui.stores.file.tinydb import TinyDBStore

_STAMP = "%Y-%m-%dT%H%M%SZ"


class Reason(StrEnum):
    """Why a copy was made."""

    DAILY = "daily"
    """Before the first change of a day."""
    BULK = "bulk"
    """Before a change of several tokens at once."""
    MIGRATION = "migration"
    """Before the first change of a file that has an older format."""
    DAMAGED = "damaged"
    """Before something else took the place of a damaged file."""
    ASKED = "asked"
    """Somebody asked for it."""


_KEPT = {Reason.DAILY: 14, Reason.BULK: 10, Reason.MIGRATION: 10}
"""How many of the latest copies are kept; of other reasons, all are."""


class Copy(msgspec.Struct, frozen=True, order=True):
    """A copy of the file as it was."""

    made: datetime
    number: int
    reason: Reason
    path: Path


class Copies:
    """The copies of one file, in a folder beside it."""

    def __init__(self, original: Path, clock: Clock) -> None:
        self.folder = original.parent / "backups"
        self._original = original
        self._now = clock
        self._last_daily: date | None = None
        self.leftover = files.temporary_of(self.folder / original.name)
        """What an interrupted copy leaves."""

    def listed(self) -> list[Copy]:
        """Return the copies, latest first; raise `OSError`."""
        if not self.folder.exists():
            if self.folder.is_symlink():
                raise FileNotFoundError(errno.ENOENT, "it is a broken link")
            return []
        found = map(self._copy, self.folder.iterdir())
        return sorted((copy for copy in found if copy is not None), reverse=True)

    def lacks_todays(self) -> bool:
        """Say whether no copy of reason `DAILY` was made today, in UTC."""
        today = self._now().astimezone(UTC).date()
        if self._last_daily != today and any(
            copy.made.date() == today for copy in self.listed() if copy.reason is Reason.DAILY
        ):
            self._last_daily = today
        return self._last_daily != today

    def keep(self, reason: Reason) -> Path:
        """Copy the file, let go of the oldest copies of this reason, and return the new one.

        Raises `OSError`. Hold the lock of the file.
        """
        files.private_folder(self.folder)
        earlier = self.listed()
        path = self._new_path(reason, earlier)
        with suppress(files.Unconfirmed):  # it is there, and the change may say the same of itself
            files.copy(self._original, path, LARGEST)
        if reason in _KEPT:
            alike = [copy for copy in earlier if copy.reason is reason]
            for old in alike[_KEPT[reason] - 1 :]:
                with suppress(OSError):  # one more than needed does no harm
                    old.path.unlink()
        return path

    def _new_path(self, reason: Reason, earlier: Sequence[Copy]) -> Path:
        made = self._now().astimezone(UTC).replace(microsecond=0)
        number = 1 + max((copy.number for copy in earlier if copy.made == made), default=0)
        return self.folder / self._name_of(made, number, reason)

    def _name_of(self, made: datetime, number: int, reason: Reason) -> str:
        which = "" if number == 1 else f"-{number}"
        return f"{self._original.name}.{made:{_STAMP}}{which}.{reason}"

    def _copy(self, path: Path) -> Copy | None:
        """Return the copy that `path` is, or None for any other file."""
        which, _, reason = path.name.removeprefix(f"{self._original.name}.").rpartition(".")
        made, _, number = which.partition("Z-")
        try:
            copy = Copy(
                datetime.fromisoformat(f"{made.removesuffix('Z')}Z"),
                int(number or 1),
                Reason(reason),
                path,
            )
        except ValueError:
            return None
        # A name that says the same in another way is not one of ours.
        named = self._name_of(copy.made, copy.number, copy.reason)
        return copy if path.name == named and path.is_file() else None


class BackupFiles:
    """`Backups`: copies of the file of a store, in a folder beside it."""

    def __init__(self, store: TinyDBStore) -> None:
        self._store = store
        self._copies = store.copies

    def listed(self) -> Sequence[Backup]:
        from tokentui.core.repositories import Backup  # a change needs no list

        with refusing(unreadable, self._copies.folder):
            copies = self._copies.listed()
        return [
            Backup(name=copy.path.name, made_at=copy.made, reason=copy.reason) for copy in copies
        ]

    def make(self) -> str:
        if self._store.version() is None:
            raise StoreUnreadable(
                f"{self._store.path} does not exist yet. There is nothing to back up."
            )
        with self._store.changing(), refusing(unwritable, self._copies.folder):
            self._store.check_readable()
            return str(self._copies.keep(Reason.ASKED))

    def open(self, name: str) -> TokenRepository:
        return self._store.copy(self.path_of(name))

    def path_of(self, name: str) -> Path:
        """Return the file that a backup is, whether named as in the list or by its path.

        Raises `BackupNotFound`.
        """
        path = Path(name) if "/" in name else self._copies.folder / name
        with refusing(unreadable, path):
            if not path.is_file():
                raise BackupNotFound(name)
            return path.resolve()

    def problems(self) -> Iterator[str]:
        folder = self._copies.folder
        if folder.exists() and not os.access(folder, os.W_OK | os.X_OK):
            yield f"Backups cannot be written to {folder}. Check the owner of the folder (ls -ld)."
        try:
            backups = self.listed()
        except StoreUnreadable as error:
            yield f"Backups cannot be made. {error}"
            return
        # What was set aside as damaged is known to be, and was told when it was.
        for each in (each for each in backups if each.reason != Reason.DAMAGED):
            try:
                yield from self.open(each.name).warnings()
            except TokentuiError as error:
                yield str(error)

"""Backups of a database are the database's own."""

from collections.abc import Sequence

from tokentui.core.errors import BackupNotFound, StoreError
from tokentui.core.repositories import Backup, TokenRepository

REASON = "The tokens are in a database. Back it up with its own tools, such as pg_dump."


class NoBackups:
    """`Backups` of which there are none here."""

    def listed(self) -> Sequence[Backup]:
        return ()

    def make(self) -> str:
        raise StoreError(REASON)

    def open(self, name: str) -> TokenRepository:
        raise BackupNotFound(name)

    def problems(self) -> Sequence[str]:
        return ()

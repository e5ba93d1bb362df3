"""A store in a database as a whole: copied from, and copied to, in one transaction."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import psycopg

from tokentui.core import chain
from tokentui.core.account import Account
from tokentui.core.chain import START, Broken, Link
from tokentui.core.errors import OutcomeUnknown, StoreError
from tokentui.core.token import Token
from tokentui.core.usage import Usage
from tokentui.stores.contents import Contents
from tokentui.stores.os_errors import refusing, unwritable
from tokentui.stores.postgresql import accounts, audit_table, chain_files, schema, token_rows
from tokentui.stores.postgresql.chain_files import ChainFiles
from tokentui.stores.postgresql.connections import Connection, Connections
from tokentui.stores.postgresql.errors import translated
from tokentui.stores.postgresql.token_rows import COLUMNS, token_of
from tokentui.stores.postgresql.transactions import begin_copy
from tokentui.stores.postgresql.url import conninfo_of

_PART = 1000
"""How many rows are asked for at a time."""
_PATIENCE = 3600.0
"""How many seconds a statement of a copy may take."""
_TOKENS = f"SELECT {COLUMNS} FROM tokens AS t WHERE id > %s ORDER BY id LIMIT {_PART}"
_USES = f"SELECT id, last_used_at, count, address FROM uses WHERE id > %s ORDER BY id LIMIT {_PART}"
_LINES = f"SELECT seq, line FROM audit_log WHERE seq > %s ORDER BY seq LIMIT {_PART}"
_OWNED = "SELECT has_table_privilege('store', 'UPDATE')"
_FILLED = (
    "SELECT EXISTS (SELECT FROM tokens) OR EXISTS (SELECT FROM accounts) "
    "OR EXISTS (SELECT FROM audit_log) OR EXISTS (SELECT FROM uses)"
)


class Keeping(NamedTuple):
    """Where this host keeps what belongs to audit logs."""

    keys: Path
    anchor: Path | None

    def files(self, fingerprint: str) -> ChainFiles:
        """Return the files of the log whose key has a fingerprint."""
        return ChainFiles(self.keys, self.anchor, lambda: fingerprint)


class DatabaseContents:
    """`Contents` of a database, as they are in one transaction."""

    def __init__(self, url: str, connection: Connection, files: ChainFiles) -> None:
        self.url = url
        self._connection = connection
        self._files = files

    @property
    def key(self) -> bytes:
        return self._files.key()

    def tokens(self) -> Iterator[Token]:
        return map(token_of, self._parts(_TOKENS, "", lambda row: row[0]))

    def accounts(self) -> Iterator[tuple[Account, str | None]]:
        with self._translated():
            rows = accounts.all_with_passwords(self._connection)
        yield from rows

    def uses(self) -> Iterator[tuple[str, Usage]]:
        for token_id, last_used_at, count, address in self._parts(_USES, "", lambda row: row[0]):
            yield token_id, Usage(last_used_at=last_used_at, count=count, address=address)

    def lines(self) -> Iterator[bytes]:
        return (line for _, line in self._parts(_LINES, 0, lambda row: row[0]))

    def verify(self) -> Link | Broken:
        with self._translated():
            end = Link(*self._connection.one("SELECT seq, mac FROM head"))
        if end == START:
            return START
        found = chain.verify(self.key, self.lines(), self._files.anchor.read())
        if isinstance(found, Broken) or found == end:
            return found
        return Broken(found.seq, "does not match the recorded end of the log")

    def _parts(self, statement: str, last: Any, key: Callable[[Any], Any]) -> Iterator[Any]:
        while True:
            with self._translated():
                rows = self._connection.all(statement, [last])
            yield from rows
            if len(rows) < _PART:
                return
            last = key(rows[-1])

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Name this database where it is the one that fails."""
        try:
            yield
        except psycopg.Error as error:
            raise translated(error, self.url) from None


@contextmanager
def reading(url: str, keeping: Keeping, who: str) -> Iterator[DatabaseContents]:
    """Give what a store holds, which nobody else changes during the block.

    Others are told that `who` copies it. Raises `StoreError`.
    """
    with Connections(url, conninfo_of(url)).lent(_PATIENCE) as connection:
        store = schema.check(schema.read(connection), url)
        files = keeping.files(store.fingerprint)
        files.key()
        begin_copy(connection, who)
        yield DatabaseContents(url, connection, files)


class DatabaseDestination(DatabaseContents):
    """A `Destination` in a database. All is one transaction; only the key is a file."""

    def __init__(
        self, url: str, connection: Connection, keeping: Keeping, fingerprint: str
    ) -> None:
        super().__init__(url, connection, keeping.files(fingerprint))
        self._keeping = keeping
        self._end = START
        self._created = self._files.folder
        self._new: Path | None = None

    def take(self, source: Contents, end: Link) -> None:
        if key := source.key:
            self._take_key(key)
        self._end = end
        connection = self._connection
        with self._translated():
            tokens, *_ = connection.one("SELECT tokens FROM head")
            token_rows.load(connection, source.tokens(), tokens + 1)
            accounts.load(connection, source.accounts())
            with connection.cursor().copy(b"COPY uses FROM STDIN") as copy:
                for token_id, each in source.uses():
                    copy.write_row([token_id, each.last_used_at, each.count, each.address])
            audit_table.load(connection, source.lines())
            moved = "UPDATE head SET tokens = %s, accounts = accounts + 1, seq = %s, mac = %s"
            connection.send(moved, [tokens + 1, *end])
            connection.send("UPDATE uses_head SET version = version + 1")

    def _take_key(self, key: bytes) -> None:
        fingerprint = chain_files.fingerprint_of(key)
        self._files = self._keeping.files(fingerprint)
        with refusing(unwritable, self._files.folder):
            if not self._files.folder.exists():
                self._new = self._files.folder
            end = self._files.anchor.read() or START
            chain_files.keep(self._keeping.keys, key, end, self._keeping.anchor)
        with self._translated():
            self._connection.send("UPDATE store SET fingerprint = %s", [fingerprint])

    def finish(self) -> None:
        """Note here what was committed."""
        with refusing(unwritable, self._files.folder):
            self._files.note(self._end)
            if self._files.folder != self._created:
                # Of a log without lines; whoever has the store open must not seal by it.
                shutil.rmtree(self._created, ignore_errors=True)

    def remove(self) -> None:
        """Remove what was written here of a copy that there is not."""
        if self._new is not None:
            shutil.rmtree(self._new, ignore_errors=True)


@contextmanager
def writing(url: str, keeping: Keeping, who: str) -> Iterator[DatabaseDestination]:
    """Give what takes a store, which there is at the end of the block, or else not at all.

    Raises `OutcomeUnknown` where that is not known, and other `StoreError`s.
    """
    with Connections(url, conninfo_of(url)).lent(_PATIENCE) as connection:
        store = schema.check(schema.read(connection), url)
        if connection.one(_OWNED) != (True,):
            raise StoreError("Only the owner of the database can copy into it. Nothing was copied.")
        begin_copy(connection, who)
        if connection.one(_FILLED) != (False,):
            raise StoreError(f"{url} is not empty. Nothing was copied. Create another store.")
        destination = DatabaseDestination(url, connection, keeping, store.fingerprint)
        try:
            yield destination
            _commit(connection)
        except OutcomeUnknown:
            raise
        except BaseException:
            with suppress(psycopg.Error):
                connection.rollback()
            destination.remove()
            raise
        destination.finish()


def _commit(connection: Connection) -> None:
    connection.unconfirmed = False
    try:
        connection.execute(b"COMMIT")
    except BaseException as error:
        if isinstance(error, psycopg.Error) and not connection.closed:
            raise  # it was refused
        raise OutcomeUnknown from None
    if connection.unconfirmed:
        raise OutcomeUnknown

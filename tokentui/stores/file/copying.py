"""A store in files as a whole: copied from, and copied to."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from tokentui import files
from tokentui.core.account import Account
from tokentui.core.chain import Broken, Link
from tokentui.core.errors import StoreDamaged, StoreError, StoreUnknown
from tokentui.core.token import Token, clashing
from tokentui.core.usage import Usage
from tokentui.stores import chain_key
from tokentui.stores.contents import Contents
from tokentui.stores.file import append_log, migrations
from tokentui.stores.file.accounts import Password
from tokentui.stores.file.backend import FileBackend
from tokentui.stores.file.durable import DurableJSON
from tokentui.stores.lock import Lock
from tokentui.stores.os_errors import refusing, unwritable


class FileContents:
    """`Contents` of a store in files."""

    def __init__(self, backend: FileBackend) -> None:
        self.url = backend.url
        self._backend = backend

    @property
    def key(self) -> bytes:
        return self._backend.audit.key.read()

    def tokens(self) -> Iterator[Token]:
        tokens = self._backend.tokens.snapshot()
        return (tokens[each] for each in sorted(tokens))

    def accounts(self) -> Iterator[tuple[Account, str | None]]:
        for name, account in sorted(self._backend.accounts.list_all().items()):
            if account is None:
                raise StoreDamaged(f"The account {name} is damaged. Nothing was copied.")
            yield account, self._backend.accounts.hash_of(name)

    def uses(self) -> Iterator[tuple[str, Usage]]:
        return iter(sorted(self._backend.usage.list_all().items()))

    def lines(self) -> Iterator[bytes]:
        log = self._backend.audit.path
        for path in (*append_log.rotated(log), log):
            if path.exists():
                with path.open("rb") as file:
                    yield from file

    def verify(self) -> Link | Broken:
        return self._backend.audit.verify()


@contextmanager
def reading(backend: FileBackend) -> Iterator[FileContents]:
    """Give what a store holds, which nobody else changes during the block.

    Raises `StoreUnknown` where there is none, `StoreBusy`, and `StoreDamaged`.
    """
    if backend.tokens.version() is None:
        raise StoreUnknown(f"There is no store at {backend.url}. Nothing was copied.")
    with (
        backend.tokens.changing(),
        backend.accounts.changing(),
        backend.usage.locked(),
        backend.audit.locked(),
    ):
        if damage := backend.tokens.damage():
            raise StoreDamaged(f"{damage[0]} Nothing was copied. Run tokentui check.")
        if names := clashing(backend.tokens.snapshot().values()):
            raise StoreDamaged(
                f"Several tokens have the name {min(names)}. Rename all but one. Nothing was "
                "copied."
            )
        backend.finish_log()
        yield FileContents(backend)


class FileDestination(FileContents):
    """A `Destination` in files.

    Until everything is there, the file of the tokens says that it is no store, whoever is killed.
    """

    def __init__(self, backend: FileBackend, usage: Path) -> None:
        super().__init__(backend)
        self._path = backend.tokens.path
        self._usage = usage
        self._staged = files.temporary_of(self._path)

    def begin(self) -> None:
        """Write that a copy has begun; raise `StoreError` where anything is there."""
        if migrations.is_unfinished(self._path):
            self.remove()
        if there := [path for path in (self._path, *self._beside()) if path.exists()]:
            raise StoreError(
                f"{there[0]} exists already. Nothing was copied. Name a file in an empty folder."
            )
        with refusing(unwritable, self._path):
            files.replace(self._path, migrations.unfinished())

    def take(self, source: Contents, end: Link) -> None:
        with refusing(unwritable, self._path):
            self._take_log(source, end)
        accounts = list(source.accounts())
        hashes = {each.name: Password(hashed) for each, hashed in accounts if hashed is not None}
        if accounts:
            records = {each.name: each for each, _ in accounts}
            self._put("accounts.json", "accounts", Account, records, like=self._path)
        if hashes:
            self._put("passwords.json", "passwords", Password, hashes)
        if uses := dict(source.uses()):
            self._backend.usage.put_all(uses)
        self._put(self._staged.name, "tokens", Token, dict(_numbered(source.tokens())))

    def _take_log(self, source: Contents, end: Link) -> None:
        log = self._backend.audit
        if not (key := source.key):
            return
        chain_key.write(log.key.path, key)
        with files.new_private(log.path) as file:
            files.give_to_owner(file.fileno(), log.path.parent)
            file.writelines(source.lines())
        with log.anchor.opened() as anchor:
            anchor.write(end)

    def _put(
        self,
        name: str,
        table: str,
        kind: type[msgspec.Struct],
        records: Mapping[str, Any],
        **more: Any,
    ) -> None:
        file = DurableJSON(self._path.with_name(name), table, kind, **more)
        with file.change({migrations.MARK: migrations.mark(), table: {}}):
            file.read()[table].update(records)

    def tokens(self) -> Iterator[Token]:
        file = DurableJSON(self._staged, "tokens", Token)
        return iter(sorted(file.read()["tokens"].values(), key=lambda token: token.id))

    def finish(self) -> None:
        """Make a store of what was written, in one step."""
        with refusing(unwritable, self._path):
            files.replace(self._path, self._staged.read_bytes())

    def remove(self) -> None:
        """Remove what was written; what says that it is no store goes last."""
        with refusing(unwritable, self._path):
            for path in (self._staged, *self._beside(), self._path):
                path.unlink(missing_ok=True)

    def _beside(self) -> list[Path]:
        names = ("accounts.json", "passwords.json", "failures.json")
        log = self._backend.audit
        anchor = [log.anchor.path] if log.anchor.path.parent == self._path.parent else []
        return [
            *(self._path.with_name(name) for name in names),
            *anchor,
            self._usage,
            *append_log.rotated(log.path),
            log.path,
            log.key.path,
        ]


@contextmanager
def writing(backend: FileBackend, usage: Path) -> Iterator[FileDestination]:
    """Give what takes a store, which there is at the end of the block, or else not at all.

    Raises `StoreError`.
    """
    destination = FileDestination(backend, usage)
    with Lock(backend.tokens.path).held(), backend.audit.locked():
        destination.begin()
        try:
            yield destination
            destination.finish()
        except BaseException:
            destination.remove()
            raise


def _numbered(tokens: Iterator[Token]) -> Iterator[tuple[str, Token]]:
    return ((str(number), token) for number, token in enumerate(tokens, 1))

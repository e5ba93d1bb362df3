"""Accounts in files beside the tokens."""

from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import RLock

import msgspec

from tokentui import files
from tokentui.core.account import Account
from tokentui.core.errors import (
    AccountChanged,
    AccountNotFound,
    AccountTaken,
    StoreError,
    StoreReadOnly,
    StoreUnreadable,
)
from tokentui.core.text import printable
from tokentui.stores.durable import DurableJSON, Stamp

_ACCOUNTS, _PASSWORDS = "accounts", "passwords"


class _Password(msgspec.Struct, frozen=True):
    hash: str


class AccountFiles:
    """An `AccountStore`: `accounts.json`, and `passwords.json` that nobody else can read.

    Two files, because a service that checks secrets has to know who is disabled, but no hash of a
    password. `like` are the tokens: who may read these may read `accounts.json`.
    """

    def __init__(self, folder: Path, like: Path, *, read_only: bool = False) -> None:
        self._like = like
        self._read_only = read_only
        self._guard = RLock()
        self._accounts = _opened(folder, _ACCOUNTS, Account)
        self._passwords = _opened(folder, _PASSWORDS, _Password)
        self._known: Mapping[str, Account | None] | None = None
        self._known_at: Stamp | None = None

    def changed(self) -> Hashable:
        return self._accounts.stamp()

    def everything(self) -> Mapping[str, Account | None]:
        with self._guard:
            self._refuse_lost()
            table = self._accounts.read()[_ACCOUNTS]
            # Asked for at every step: looked at anew only where the file is another one.
            if self._known is None or self._known_at != self._accounts.known:
                self._known = {name: _sound(name, record) for name, record in table.items()}
                self._known_at = self._accounts.known
            return self._known

    def warnings(self) -> Sequence[str]:
        try:
            damaged = [name for name, account in self.everything().items() if account is None]
        except StoreError as error:
            return [str(error)]
        return [
            *self._accounts.warnings(),
            *self._passwords.warnings(),
            *(
                f"The account {printable(name)} is damaged in {self._accounts.path}, so it may "
                "nothing. Put a copy of the file back."
                for name in damaged
            ),
        ]

    def put(
        self,
        account: Account,
        check: Callable[[Collection[Account | None]], None],
        note: Callable[[], None],
    ) -> None:
        with self._changing(self._accounts):
            before = self.everything()
            _refuse_stale(account, before)
            check(({**before, account.name: account}).values())
            note()
            with self._accounts.change():
                self._accounts.read()[_ACCOUNTS][account.name] = account
            if not before:
                files.give_to_readers(self._accounts.path, self._like)

    def hash_of(self, name: str) -> str | None:
        with self._guard:
            record = self._passwords.read()[_PASSWORDS].get(name)
        return record.hash if isinstance(record, _Password) else None

    def set_hash(self, name: str, hashed: str | None, note: Callable[[], None]) -> None:
        if hashed is None and self.hash_of(name) is None:
            return
        with self._changing(self._passwords):
            self._passwords.read()
            note()
            with self._passwords.change():
                passwords = self._passwords.read()[_PASSWORDS]
                passwords.pop(name, None)
                if hashed is not None:
                    passwords[name] = _Password(hashed)

    def _refuse_lost(self) -> None:
        """Refuse to take accounts that were lost for none at all: then all would be allowed."""
        if self._accounts.stamp() is None and self._passwords.stamp() is not None:
            raise StoreUnreadable(
                f"{self._accounts.path} is gone, but {self._passwords.path} is there, so nobody is "
                "let in. Put a copy of it back, or remove the passwords to do without accounts."
            )

    @contextmanager
    def _changing(self, file: DurableJSON) -> Iterator[None]:
        if self._read_only:
            raise StoreReadOnly
        with file.lock(), self._guard:
            yield


def _opened(folder: Path, table: str, kind: type[msgspec.Struct]) -> DurableJSON:
    path = folder / f"{table}.json"
    advice = "Put a copy of it back; until then, nobody is let in by it."
    return DurableJSON(path, table, kind, advice=advice, lost=advice)


def _sound(name: str, record: object) -> Account | None:
    return record if isinstance(record, Account) and record.name == name else None


def _refuse_stale(account: Account, before: Mapping[str, Account | None]) -> None:
    if account.revision == 1:
        if account.name in before:
            raise AccountTaken(account.name)
        return
    current = before.get(account.name)
    if current is None:
        raise AccountNotFound(account.name)
    if current.revision + 1 != account.revision:
        raise AccountChanged(account.name)

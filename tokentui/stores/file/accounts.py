"""Accounts in files beside the tokens."""

from __future__ import annotations

from contextlib import contextmanager
from threading import RLock
from typing import TYPE_CHECKING, Any

import msgspec

from tokentui.core.account import Account
from tokentui.core.errors import StoreError, StoreReadOnly, StoreUnconfirmed, StoreUnreadable
from tokentui.core.forks import renew_in_children
from tokentui.core.text import printable
from tokentui.stores.file.durable import DurableJSON

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from tokentui.core.account_change import AccountEdit, AccountRecords
    from tokentui.stores.file.stamp import Stamp
    from tokentui.stores.file.write_ahead import WriteAhead

_ACCOUNTS, _PASSWORDS = "accounts", "passwords"


class Password(msgspec.Struct, frozen=True):
    """What is kept of a password."""

    hash: str


class AccountFiles:
    """An `AccountRepository`: `accounts.json`, and `passwords.json` that nobody else can read.

    Two files, because a service that checks secrets has to know who is disabled, but no hash of a
    password. `like` are the tokens: who may read these may read `accounts.json`.
    """

    def __init__(self, folder: Path, like: Path, *, read_only: bool = False) -> None:
        self._read_only = read_only
        self._accounts = _opened(folder, _ACCOUNTS, Account, like=like)
        self._passwords = _opened(folder, _PASSWORDS, Password)
        self._known: Mapping[str, Account | None] | None = None
        self._known_at: Stamp | None = None
        self.renew()
        renew_in_children(self)

    def renew(self) -> None:
        self._guard = RLock()

    @property
    def on_notice(self) -> Callable[[str], None]:
        return self._accounts.on_notice

    @on_notice.setter
    def on_notice(self, call: Callable[[str], None]) -> None:
        self._accounts.on_notice = self._passwords.on_notice = call

    def version(self) -> Hashable:
        return self._accounts.stamp(), self._passwords.stamp()

    def list_all(self) -> Mapping[str, Account | None]:
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
            damaged = [name for name, account in self.list_all().items() if account is None]
        except StoreError as error:
            return [str(error)]
        return [
            *self._accounts.warnings(),
            *self._passwords.warnings(),
            *(
                f"The account {printable(name)} is damaged in {self._accounts.path}, so it is "
                "not allowed to do anything. Put a copy of the file back."
                for name in damaged
            ),
        ]

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Keep everybody else from changing an account or a password; raise `StoreReadOnly`."""
        if self._read_only:
            raise StoreReadOnly
        # One lock for both files: a password is of an account.
        with self._accounts.lock(), self._guard:
            yield

    def has(self, key: str) -> bool:
        """Say whether the change of this key was made here. Call it within `changing`."""
        with self._guard:
            return key in self._accounts.keys or key in self._passwords.keys

    def surely_lacks(self, key: str, at: datetime) -> bool:
        """Say whether no such change was made here; see `DurableJSON.surely_lacks`."""
        with self._guard:
            return all(each.surely_lacks(key, at) for each in (self._accounts, self._passwords))

    def records(self, name: str) -> AccountRecords:
        """Return what a change of an account needs. Call it within `changing`."""
        from tokentui.core.account_change import AccountRecords  # only a change needs it

        return AccountRecords(accounts=self.list_all(), password=self.hash_of(name))

    def apply(self, edit: AccountEdit, key: str, ahead: WriteAhead) -> None:
        """Write `edit`. Of two files, the one that takes something away is written first.

        What a kill in between leaves is an account without a password, never a password that is
        another account's. A file whose folder the disk did not confirm is written all the same: the
        other one follows, and `StoreUnconfirmed` is raised in the end.
        """
        if edit.account is None:
            self._write_passwords(edit.passwords, key=key, ahead=ahead)
            return
        unconfirmed: list[StoreUnconfirmed] = []
        with _going_on(unconfirmed):
            self._write_passwords(dict.fromkeys(edit.passwords))
        with _going_on(unconfirmed), self._accounts.change(key=key, ahead=ahead):
            self._accounts.read()[_ACCOUNTS][edit.account.name] = edit.account
        try:
            with _going_on(unconfirmed):
                self._write_passwords(edit.passwords)
        except StoreError as error:
            name = edit.account.name
            raise StoreError(
                f"{name} was added, but has no password yet. Run: tokentui account passwd "
                f"{name}. {error}"
            ) from None
        if unconfirmed:
            raise unconfirmed[0]

    def _write_passwords(self, passwords: Mapping[str, str | None], **more: Any) -> None:
        known = self._passwords.read()[_PASSWORDS]
        if all(hashed is None and name not in known for name, hashed in passwords.items()):
            return
        with self._passwords.change(**more):
            table = self._passwords.read()[_PASSWORDS]
            for name, hashed in passwords.items():
                table.pop(name, None)
                if hashed is not None:
                    table[name] = Password(hashed)

    def hash_of(self, name: str) -> str | None:
        with self._guard:
            record = self._passwords.read()[_PASSWORDS].get(name)
        return record.hash if isinstance(record, Password) else None

    def _refuse_lost(self) -> None:
        """Refuse to take accounts that were lost for none at all: then all would be allowed."""
        if self._accounts.stamp() is None and self._passwords.stamp() is not None:
            raise StoreUnreadable(
                f"{self._accounts.path} is missing, but {self._passwords.path} exists, so "
                "nobody can sign in. Put a copy of the file back, or remove the passwords to "
                "use no accounts."
            )


@contextmanager
def _going_on(unconfirmed: list[StoreUnconfirmed]) -> Iterator[None]:
    """Keep in `unconfirmed` that what the block wrote may not last, and let the rest follow."""
    try:
        yield
    except StoreUnconfirmed as error:
        unconfirmed.append(error)


def _opened(folder: Path, table: str, kind: type[msgspec.Struct], **more: Any) -> DurableJSON:
    path = folder / f"{table}.json"
    advice = "Put a copy of the file back. Until then, nobody can sign in with it."
    return DurableJSON(path, table, kind, advice=advice, lost=advice, **more)


def _sound(name: str, record: object) -> Account | None:
    return record if isinstance(record, Account) and record.name == name else None

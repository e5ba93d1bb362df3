"""Backends that break the contract of commits of account changes, each in one way."""

from collections.abc import Sequence

from msgspec.structs import replace

from tokentui.core.account import Account, Role
from tokentui.core.account_change import AccountEdit, AccountRecords, SetPassword
from tokentui.core.audit import Event
from tokentui.core.backend import Change, Committed
from tokentui.core.change import TokenChange

from ...conftest import NOW
from ...doubles.memory import MemoryBackend
from .commit import ForgetsKeysOnceClosed, ForgetsTheKey, Telling, WritesNoEvent
from .having import Kind


class AsksNobody(MemoryBackend):
    """Lets every account change every account."""

    def commit(self, change: Change, account: str, key: str) -> Committed:
        if not isinstance(change, TokenChange):
            change = replace(change, acting_as=None)
        return super().commit(change, account, key)


class KeepsNoPassword(MemoryBackend):
    def _write_accounts(self, edit: AccountEdit) -> None:
        super()._write_accounts(replace(edit, passwords={}))


class KeepsNoAccount(MemoryBackend):
    def _write_accounts(self, edit: AccountEdit) -> None:
        super()._write_accounts(replace(edit, account=None))


class KeepsNoTombstone(MemoryBackend):
    def _write_accounts(self, edit: AccountEdit) -> None:
        super()._write_accounts(edit)
        kept = {name: each for name, each in self._store.accounts.value.items() if not _gone(each)}
        self._store.accounts.value = kept


class KnowsNoPassword(MemoryBackend):
    """Overwrites a password that is another one by now."""

    def commit(self, change: Change, account: str, key: str) -> Committed:
        if isinstance(change, SetPassword):
            change = replace(change, instead_of=None)
        return super().commit(change, account, key)


class SeesOneAccount(MemoryBackend):
    """Does not see the other accounts, of which one may be the last administrator."""

    def _account_records(self, name: str) -> AccountRecords:
        records = super()._account_records(name)
        everybody = Account(name="root", role=Role.ADMINISTRATOR, created_at=NOW)
        return replace(records, accounts={**records.accounts, "root": everybody})


class MovesNoAccountVersion(MemoryBackend):
    def _write_accounts(self, edit: AccountEdit) -> None:
        version = self._store.accounts.version
        super()._write_accounts(edit)
        self._store.accounts.version = version


class MovesNoPasswordVersion(MemoryBackend):
    def _write_accounts(self, edit: AccountEdit) -> None:
        version = self._store.passwords.version
        super()._write_accounts(edit)
        self._store.passwords.version = version


class MovesTheTokensVersion(MemoryBackend):
    def _write_accounts(self, edit: AccountEdit) -> None:
        super()._write_accounts(edit)
        self._store.tokens.version += 1


class WritesPasswords(Telling):
    def told(self, events: Sequence[Event]) -> Sequence[Event]:
        return [replace(event, about=f"{event.about} {self._store.passwords}") for event in events]


def _gone(account: Account | None) -> bool:
    return account is not None and account.deleted_at is not None


ACCOUNTS: dict[str, Kind] = {
    "asks nobody": AsksNobody,
    "keeps no password": KeepsNoPassword,
    "keeps no account": KeepsNoAccount,
    "keeps no tombstone": KeepsNoTombstone,
    "does not look at the password that is to be changed": KnowsNoPassword,
    "lets the last administrator go": SeesOneAccount,
    "moves no version of accounts": MovesNoAccountVersion,
    "moves no version of passwords": MovesNoPasswordVersion,
    "moves the version of tokens": MovesTheTokensVersion,
    "writes passwords into the log": WritesPasswords,
    "writes no event of accounts": WritesNoEvent,
    "makes an account twice under one key": ForgetsTheKey,
    "forgets keys of accounts once it is closed": ForgetsKeysOnceClosed,
}

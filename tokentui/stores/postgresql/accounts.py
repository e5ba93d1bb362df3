"""Accounts in the database."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any

from tokentui.core.account import Account, Role
from tokentui.core.account_change import AccountEdit, AccountRecords
from tokentui.stores.postgresql.connections import Connection, Connections
from tokentui.stores.postgresql.token_rows import storable

_COLUMNS = "SELECT name, role, created_at, disabled_at, deleted_at, keys, revision"
_ALL = f"{_COLUMNS} FROM accounts"
_ALL_WITH_PASSWORDS = (
    f"{_COLUMNS}, hash FROM accounts LEFT JOIN passwords USING (name) ORDER BY name"
)
_HASH = "SELECT hash FROM passwords WHERE name = %s"
_PUT = (
    "INSERT INTO accounts (name, role, created_at, disabled_at, deleted_at, keys, revision) "
    "VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (name) DO UPDATE SET role = excluded.role, "
    "disabled_at = excluded.disabled_at, deleted_at = excluded.deleted_at, "
    "keys = excluded.keys, revision = excluded.revision"
)
_PUT_HASH = (
    "INSERT INTO passwords (name, hash) VALUES (%s, %s) "
    "ON CONFLICT (name) DO UPDATE SET hash = excluded.hash"
)


class AccountTable:
    """An `AccountRepository` over the tables of accounts and of passwords."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def version(self) -> Hashable:
        (number,) = self._connections.ask(lambda it: it.one("SELECT accounts FROM head"))
        return int(number)

    def list_all(self) -> Mapping[str, Account | None]:
        return _by_name(self._connections.ask(lambda it: it.all(_ALL)))

    def hash_of(self, name: str) -> str | None:
        if not storable(name):
            return None
        found = self._connections.ask(lambda it: it.all(_HASH, [name]))
        return found[0][0] if found else None

    def warnings(self) -> Sequence[str]:
        return ()


def ask_records(connection: Connection, name: str) -> Callable[[], AccountRecords]:
    """Ask for what a change of an account needs, and return what fetches it.

    Both raise `psycopg.Error`.
    """
    accounts, password = connection.send(_ALL), connection.send(_HASH, [name])

    def fetch() -> AccountRecords:
        hashes = password.fetchall()
        return AccountRecords(
            accounts=_by_name(accounts.fetchall()), password=hashes[0][0] if hashes else None
        )

    return fetch


def write(connection: Connection, edit: AccountEdit) -> None:
    """Write what a change makes of accounts. Raises `psycopg.Error`."""
    if (account := edit.account) is not None:
        moments = account.created_at, account.disabled_at, account.deleted_at
        values = [account.name, account.role.value, *moments, list(account.keys), account.revision]
        connection.send(_PUT, values)
    for name, hashed in edit.passwords.items():
        if hashed is None:
            connection.send("DELETE FROM passwords WHERE name = %s", [name])
        else:
            connection.send(_PUT_HASH, [name, hashed])


def all_with_passwords(connection: Connection) -> Sequence[tuple[Account, str | None]]:
    """Return all accounts by name, each with the hash of its password; raise `psycopg.Error`."""
    rows = connection.all(_ALL_WITH_PASSWORDS)
    return [(_account(facts), hashed) for *facts, hashed in rows]


def load(connection: Connection, accounts: Iterable[tuple[Account, str | None]]) -> None:
    """Write accounts, each with the hash of its password; raise `psycopg.Error`."""
    for account, hashed in accounts:
        write(connection, AccountEdit(account=account, passwords={account.name: hashed}))


def _by_name(rows: Sequence[Any]) -> dict[str, Account | None]:
    return {account.name: account for account in map(_account, rows)}


def _account(facts: Sequence[Any]) -> Account:
    name, role, created_at, disabled_at, deleted_at, keys, revision = facts
    return Account(
        name=name,
        role=Role(role),
        created_at=created_at,
        disabled_at=disabled_at,
        deleted_at=deleted_at,
        keys=tuple(keys),
        revision=revision,
    )

"""The backend of many machines: one PostgreSQL database."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cached_property

from tokentui.core import account_change
from tokentui.core import change as token_change
from tokentui.core.account_change import AccountChange, AccountEdit, AccountRecords
from tokentui.core.audit import Event
from tokentui.core.backend import Capabilities, Change, Committed, Versions
from tokentui.core.change import TokenChange
from tokentui.core.errors import (
    OutcomeUnknown,
    StoreError,
    StoreReadOnly,
    StoreUnavailable,
    TokentuiError,
)
from tokentui.core.lookup import CredentialLookup
from tokentui.core.records import Records
from tokentui.stores.postgresql import accounts, token_rows
from tokentui.stores.postgresql.accounts import AccountTable
from tokentui.stores.postgresql.attempts import AttemptsTable
from tokentui.stores.postgresql.audit_table import AuditTable, Written
from tokentui.stores.postgresql.backups import REASON, NoBackups
from tokentui.stores.postgresql.connections import Connection, Connections
from tokentui.stores.postgresql.tokens import TokenTable
from tokentui.stores.postgresql.transactions import in_transaction, lock_head
from tokentui.stores.postgresql.uses import UsesTable

_VERSIONS = "SELECT head.tokens, head.accounts, uses_head.version, head.seq FROM head, uses_head"
_KNOWN = "UPDATE done SET at = now() WHERE key = %s RETURNING true"
_NOTE = "INSERT INTO done (key) VALUES (%s)"
_FORGET = "DELETE FROM done WHERE at < now() - interval '1 day'"
_CAPABILITIES = Capabilities(backups=False, denial_reasons={"backups": REASON})
_OF_AUDITORS = Capabilities(
    backups=False,
    verifies=False,
    denial_reasons={
        "backups": REASON,
        "verifies": "This database user cannot read hashes, so secrets cannot be verified.",
    },
)


class PostgreSQLBackend:
    """A `Backend` over one database.

    A change, what the audit log says of it, its key and its number are one transaction.
    """

    def __init__(
        self,
        connections: Connections,
        audit: AuditTable,
        attempts: AttemptsTable,
        hides_hashes: Callable[[], bool] = lambda: False,
        *,
        read_only: bool,
    ) -> None:
        self.url = connections.url
        self.read_only = read_only
        self.tokens = TokenTable(connections)
        self.usage = UsesTable(connections)
        self.audit = audit
        self.accounts = AccountTable(connections)
        self.attempts = attempts
        self.backups = NoBackups()
        self._connections = connections
        self._hides_hashes = hides_hashes

    @property
    def capabilities(self) -> Capabilities:
        return _OF_AUDITORS if self._hides_hashes() else _CAPABILITIES

    @property
    def on_notice(self) -> Callable[[str], None]:
        return self.audit.on_notice

    @on_notice.setter
    def on_notice(self, call: Callable[[str], None]) -> None:
        self.audit.on_notice = call

    @cached_property
    def lookup(self) -> CredentialLookup:
        from tokentui.stores.postgresql.lookup import DatabaseLookup  # seldom needed

        return DatabaseLookup(self._connections)

    # -- changes --------------------------------------------------------------------------------

    def commit(self, change: Change, account: str, key: str) -> Committed:
        if self.read_only:
            raise StoreReadOnly
        try:
            committed, written = in_transaction(
                self._connections,
                lambda it: self._make(it, change, account, key),
                records=len(change.needs().ids) if isinstance(change, TokenChange) else 0,
            )
        except (OutcomeUnknown, StoreUnavailable):
            # No refusal: an earlier question for the same change may be answered yet.
            raise
        except TokentuiError as error:
            with suppress(StoreError):
                self.audit.record(*(event.failed(error) for event in _tried(change, account)))
            raise
        if written is not None:
            self.audit.finish(written)
        return committed

    def _make(
        self, connection: Connection, change: Change, account: str, key: str
    ) -> tuple[Committed, Written | None]:
        """Make `change` unless that was done; return what it comes to, and what the log got."""
        locked = lock_head(connection)
        # A key that is known is written once more: an answer counts once a standby has it.
        known = connection.send(_KNOWN, [key])
        if isinstance(change, TokenChange):
            tokens = token_rows.ask_records(connection, change.needs())
            head = locked()
            if known.fetchall():
                return Committed(tokens=tokens().tokens), None
            committed, events = _change_tokens(
                connection, change, account, tokens(), head.tokens + 1
            )
        else:
            people = accounts.ask_records(connection, change.name)
            head = locked()
            if known.fetchall():
                return Committed(account=people().accounts.get(change.name)), None
            committed, events = _change_account(connection, change, account, people())
        if not events:
            return committed, None
        connection.send(_NOTE, [key])
        connection.send(_FORGET)
        return committed, self.audit.write(connection, head.link, events, key)

    def versions(self) -> Versions:
        tokens, accounts, usage, audit = self._connections.ask(lambda it: it.one(_VERSIONS))
        return Versions(tokens=tokens, accounts=accounts, usage=usage, audit=audit)

    def warnings(self) -> Sequence[str]:
        return self.usage.warnings()

    def close(self) -> None:
        try:
            self.usage.flush()
        finally:
            if "lookup" in vars(self):  # it was asked for
                self.lookup.close()
            self._connections.close()


def _change_tokens(
    connection: Connection, change: TokenChange, account: str, records: Records, number: int
) -> tuple[Committed, Sequence[Event]]:
    edit = token_change.carry_out(change, records)
    if not edit:
        return Committed(tokens=records.tokens), ()
    token_rows.write(connection, edit, number)
    connection.send("UPDATE head SET tokens = %s", [number])
    after = {**records.tokens, **{token.id: token for token in edit.tokens}}
    return Committed(tokens=after), token_change.events(change, account, edit)


def _change_account(
    connection: Connection, change: AccountChange, account: str, records: AccountRecords
) -> tuple[Committed, Sequence[Event]]:
    edit = account_change.carry_out(change, records)
    if not edit:
        return Committed(account=records.accounts.get(change.name)), ()
    accounts.write(connection, edit)
    connection.send("UPDATE head SET accounts = accounts + 1")
    after = edit.account or records.accounts.get(change.name)
    return Committed(account=after), list(change.events(account, edit))


def _tried(change: Change, account: str) -> Sequence[Event]:
    """Return what the audit log says of a change that was refused."""
    if isinstance(change, TokenChange):
        return token_change.events(change, account)
    return list(change.events(account, AccountEdit()))

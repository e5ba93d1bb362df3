"""The backend of one machine: a TinyDB file, and what lies beside it."""

from __future__ import annotations

from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING

from tokentui.core import change as token_change
from tokentui.core.audit import Action, Entry, Event, Outcome
from tokentui.core.backend import Capabilities, Change, Committed, Versions
from tokentui.core.change import Restore, TokenChange
from tokentui.core.errors import (
    AuditLogUnwritable,
    StoreError,
    StoreUnconfirmed,
    TokentuiError,
)
from tokentui.stores.file.backups import BackupFiles
from tokentui.stores.file.write_ahead import WriteAhead

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from tokentui.core.account_change import AccountChange
    from tokentui.core.clock import Clock
    from tokentui.core.lookup import CredentialLookup
    from tokentui.stores.file.accounts import AccountFiles
    from tokentui.stores.file.attempts import AttemptsFile
    from tokentui.stores.file.audit_log import AuditLogFile
    from tokentui.stores.file.tinydb import TinyDBStore
    from tokentui.stores.file.usage import UsageFile


class FileBackend:
    """A `Backend` over files in one folder.

    A change locks the tokens, then what else it changes, then the audit log, always in that order.
    Its events are appended before the file is replaced, each with the key of the change, which the
    file holds afterwards (write-ahead log): a key in the log alone is of a change that never came
    about, because the process was killed in between. The next change says so in the log.
    """

    capabilities: Capabilities = Capabilities()

    def __init__(
        self,
        tokens: TinyDBStore,
        usage: UsageFile,
        audit: AuditLogFile,
        accounts: AccountFiles,
        clock: Clock,
    ) -> None:
        self.tokens = tokens
        self.usage = usage
        self.audit = audit
        self.accounts = accounts
        self.backups = BackupFiles(tokens)
        self.url = str(tokens.path)
        self.read_only = tokens.read_only
        self._clock = clock
        self._finished: Hashable = None
        """The version of the audit log whose last change was made here, and so needs no look."""

    @property
    def on_notice(self) -> Callable[[str], None]:
        return self.tokens.on_notice

    @on_notice.setter
    def on_notice(self, call: Callable[[str], None]) -> None:
        self.tokens.on_notice = self.accounts.on_notice = self.audit.on_notice = call

    @cached_property
    def attempts(self) -> AttemptsFile:
        from tokentui.stores.file.attempts import AttemptsFile  # seldom needed

        return AttemptsFile(self.tokens.path.with_name("failures.json"), self._clock)

    @cached_property
    def lookup(self) -> CredentialLookup:
        from tokentui.core.snapshot_lookup import SnapshotLookup  # slow to load, seldom needed

        return SnapshotLookup(self.tokens, self.accounts)

    # -- changes --------------------------------------------------------------------------------

    def commit(self, change: Change, account: str, key: str) -> Committed:
        ahead = _Logged(self.audit, key)
        try:
            with self.tokens.changing():
                unconfirmed = self._make(change, account, key, ahead)
                self._finished = self.audit.version()
                return self._made(change, unconfirmed)
        except TokentuiError as error:
            if not ahead.begun:
                # Without the key: that belongs to what was written ahead of a change.
                self._record_refused(change, account, error)
            raise

    def _record_refused(self, change: Change, account: str, error: TokentuiError) -> None:
        with suppress(StoreError):
            self.audit.record(*(event.failed(error) for event in _tried(change, account)))

    def _make(self, change: Change, account: str, key: str, ahead: _Logged) -> str | None:
        """Make `change` unless that was done, and return what the disk did not confirm."""
        with suppress(StoreError):
            if self._part_of(change).has(key):
                return None
        if self._finished != self.audit.version():
            self.finish_log()
        try:
            if isinstance(change, TokenChange):
                self._change_tokens(change, account, key, ahead)
            else:
                self._change_account(change, account, key, ahead)
        except StoreUnconfirmed as error:
            return str(error)
        return None

    def _part_of(self, change: Change) -> TinyDBStore | AccountFiles:
        return self.tokens if isinstance(change, TokenChange) else self.accounts

    def _change_tokens(self, change: TokenChange, account: str, key: str, ahead: _Logged) -> None:
        if isinstance(change, Restore) and change.instead:
            ahead.events = token_change.events(change, account)
            self.tokens.recover(self.backups.path_of(change.name), change, key=key, ahead=ahead)
            return
        edit = token_change.carry_out(change, self.tokens.records(change.needs()))
        ahead.events = token_change.events(change, account, edit)
        self.tokens.apply(added=edit.added, replaced=edit.replaced, key=key, ahead=ahead)

    def _change_account(
        self, change: AccountChange, account: str, key: str, ahead: _Logged
    ) -> None:
        from tokentui.core.account_change import carry_out  # seldom needed

        with self.accounts.changing():
            edit = carry_out(change, self.accounts.records(change.name))
            if edit:
                ahead.events = list(change.events(account, edit))
                self.accounts.apply(edit, key, ahead)

    def _made(self, change: Change, unconfirmed: str | None) -> Committed:
        if isinstance(change, TokenChange):
            tokens = self.tokens.get_many(change.needs().ids)
            return Committed(tokens=tokens, unconfirmed=unconfirmed)
        account = self.accounts.list_all().get(change.name)
        return Committed(account=account, unconfirmed=unconfirmed)

    def finish_log(self) -> None:
        """Say in the audit log that what it says last was not done, where a process was killed.

        Call it while nobody else can change the store.
        """
        with suppress(StoreError):
            last = self.audit.last_change()
            if not last or last[0].outcome != Outcome.DONE or not isinstance(last[0].change, str):
                return
            key, at = last[0].change, last[0].time
            if self.tokens.surely_lacks(key, at) and self.accounts.surely_lacks(key, at):
                self.audit.record(*map(_not_done, reversed(last)), change=key)

    # -- what an administrator should know --------------------------------------------------------

    def versions(self) -> Versions:
        return Versions(
            tokens=_stamp(self.tokens.version),
            accounts=_stamp(self.accounts.version),
            usage=self.usage.version(),
            audit=self.audit.version(),
        )

    def warnings(self) -> Sequence[str]:
        parts = (self.tokens, self.usage, self.accounts, self.audit)
        return [sentence for part in parts for sentence in part.warnings()]

    def close(self) -> None:
        try:
            self.usage.flush()
        finally:
            if "lookup" in vars(self):  # it was asked for
                self.lookup.close()


class _Logged(WriteAhead):
    """Writes the `events` of a change into the audit log."""

    def __init__(self, audit: AuditLogFile, key: str) -> None:
        self.begun = False
        self.events: Sequence[Event] = ()
        self._audit = audit
        self._key = key

    def begin(self) -> None:
        self.begun = True
        self._audit.record(*self.events, change=self._key)

    def fail(self, error: BaseException) -> None:
        if isinstance(error, AuditLogUnwritable):
            return  # there is nothing to take back
        with suppress(StoreError):
            self._audit.record(*(event.failed(error) for event in self.events), change=self._key)


def _tried(change: Change, account: str) -> Sequence[Event]:
    """Return what the audit log says of a change that was refused."""
    if isinstance(change, TokenChange):
        return token_change.events(change, account)
    from tokentui.core.account_change import AccountEdit  # seldom needed

    return list(change.events(account, AccountEdit()))


def _not_done(entry: Entry) -> Event:
    """Return that what `entry` says was not done."""
    return Event(
        account=entry.account,
        action=Action(entry.action),
        outcome=Outcome.FAILED,
        token=entry.token,
        name=entry.name,
        about="The process ended before the change was made. Nothing was changed.",
    )


def _stamp(ask: Callable[[], Hashable]) -> Hashable:
    try:
        return ask()
    except StoreError as error:
        return str(error)

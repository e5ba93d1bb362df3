"""The parts of the backend that is a file, each opened by itself."""

from typing import Any

from tokentui.core.account import NoAccounts
from tokentui.core.audit import Actor
from tokentui.core.clock import utc_now
from tokentui.core.commands import TokenCommands
from tokentui.core.repositories import TokenRepository
from tokentui.core.rows import joined
from tokentui.core.token import Token
from tokentui.core.usage import Usage, UsageLog
from tokentui.stores import AuditOptions, open_backend
from tokentui.stores.file.accounts import AccountFiles
from tokentui.stores.file.attempts import AttemptsFile
from tokentui.stores.file.audit_log import AuditLogFile
from tokentui.stores.file.backend import FileBackend
from tokentui.stores.file.tinydb import TinyDBStore
from tokentui.stores.file.usage import UsageFile


def open_files(location: str, actor: Actor | None = None, **more: Any) -> FileBackend:
    """Return the backend of a file; with `actor`, it keeps an audit log."""
    if actor is not None:
        more["audit"] = AuditOptions(actor)
    backend = open_backend(location, **more)
    assert isinstance(backend, FileBackend)
    return backend


def open_store(location: str, *, read_only: bool = False) -> TinyDBStore:
    return open_files(location, read_only=read_only).tokens


def open_usage(location: str, *, usage: str | None = None, read_only: bool = False) -> UsageFile:
    return open_files(location, usage=usage, read_only=read_only).usage


def open_accounts(location: str, *, read_only: bool = False) -> AccountFiles:
    return open_files(location, read_only=read_only).accounts


def open_failures(location: str) -> AttemptsFile:
    return open_files(location).attempts


def open_audit_log(
    location: str, *, actor: Actor, read_only: bool = False, **more: Any
) -> AuditLogFile:
    options = AuditOptions(actor, kept=not read_only, **more)
    return open_files(location, audit=options).audit


def one(tokens: TokenRepository, token_id: str) -> Token:
    """Return a token that is there."""
    return tokens.get_many([token_id])[token_id]


def used(usage: UsageLog, token_id: str) -> Usage | None:
    """Return what a list tells of the use of a token."""
    token = Token(
        id=token_id, account="ada", name="any", created_at=utc_now(), expires_at=None, hash=None
    )
    [row] = joined([token], usage, NoAccounts())
    return row.usage


def raw(service: TokenCommands) -> TinyDBStore:
    """Return the file under a service, in which records can be put as they are."""
    tokens = service.backend.tokens
    assert isinstance(tokens, TinyDBStore)
    return tokens

"""What commands have in common: options, and the service that they work with."""

from __future__ import annotations

import sys
from contextlib import closing, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import click
from msgspec.structs import asdict, replace

from tokentui import config
from tokentui.config.clock import time_zone
from tokentui.config.values import Keeping
from tokentui.console import echo_error, is_terminal
from tokentui.core import errors
from tokentui.core.audit import Actor
from tokentui.core.commands import TokenCommands
from tokentui.core.credential import BcryptHasher
from tokentui.core.policy import Policy
from tokentui.core.text import printable
from tokentui.loading import loading
from tokentui.stores import AuditOptions, open_backend

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from click.shell_completion import CompletionItem

    from tokentui.core.accounts import AccountService
    from tokentui.core.audit import Recorder
    from tokentui.core.authenticator import Authenticator
    from tokentui.core.backend import Backend
    from tokentui.core.display import DisplayContext
    from tokentui.core.query import TokenRow
    from tokentui.core.token import Token

FLAGS = "flags"
ACCOUNT = "account"
"""The account that the session acts as, if it does."""
OPENED_BY = "opened_by"
"""The SSH keys of which one opened the session, if it came by one."""
GATED = "gated"
"""Whether the session is shut in: no other store, no files."""

T = TypeVar("T")
V = TypeVar("V")


def refuse_gated(ctx: click.Context, param: click.Parameter, value: T | None) -> T | None:
    """Refuse an option that names a file, in a session that reaches none."""
    if value is not None and ctx.meta.get(GATED):
        raise click.UsageError(f"{param.opts[0]} is not permitted over SSH. Nothing was changed.")
    return value


def _remember_store(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
    if refuse_gated(ctx, param, value) is not None:
        ctx.meta[config.STORE] = value


def read_option(parse: Callable[[V], T]) -> Callable[..., T | None]:
    """Return a callback for an option whose value `parse` reads."""

    def read(_: click.Context, param: click.Parameter, value: V | None) -> T | None:
        try:
            return None if value is None else parse(value)
        except errors.InvalidInput as error:
            raise click.BadParameter(f"{error} Nothing was changed.", param=param) from None

    return read


def name_completion(
    ctx: click.Context, _: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    try:
        chosen = config.load(ctx.meta.get(config.STORE))
        with closing(backend_for(chosen)) as backend:
            queries = service_for(chosen, backend).queries
            tokens = queries.list_all(replace(queries.query(), text=incomplete))
    except errors.TokentuiError:
        return []
    from click.shell_completion import CompletionItem  # slow to load

    names = (token.name for token in tokens if printable(token.name) == token.name)
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


store_option = click.option(
    "--store",
    metavar="STORE",
    help=f"File or database URL of the store (also {config.STORE}).",
    expose_value=False,
    callback=_remember_store,
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
name_argument = click.argument("name", shell_complete=name_completion)
names_argument = click.argument(
    "names", metavar="NAME...", nargs=-1, required=True, shell_complete=name_completion
)
yes_option = click.option("--yes", is_flag=True, help="Do not ask for confirmation.")


def settings() -> config.Settings:
    """Return the settings in force for the command that runs."""
    meta = click.get_current_context().meta
    return config.load(meta.get(config.STORE), **meta.get(FLAGS, {}))


def acting() -> str | None:
    """Return the account that the session acts as, or None for whoever has the files."""
    name: str | None = click.get_current_context().meta.get(ACCOUNT)
    return name


def opened_by() -> Collection[str]:
    """Return the SSH keys of which one opened the session; none where it came in another way."""
    keys: Collection[str] = click.get_current_context().meta.get(OPENED_BY, ())
    return keys


def operator_only() -> None:
    """Raise `NotPermitted` where the session acts as an account: this goes round all accounts."""
    if acting() is not None:
        raise errors.NotPermitted(
            "This command is not available to accounts. Leave out --account. Nothing was changed."
        )


def backend_for(settings: config.Settings, *, at_sign_in: bool = False) -> Backend:
    """Return the backend that `settings` describe; an audit log that is not kept can be read.

    It is closed when the command that runs ends. Where the store is only looked at, the log is only
    written `at_sign_in`: who came in is told.
    """
    looking = settings.read_only and not at_sign_in
    with loading():
        backend = open_backend(
            settings.store,
            read_only=settings.read_only,
            usage=settings.usage,
            audit=AuditOptions(
                Actor(config.person(), config.client_address()),
                kept=not looking and settings.audit is not Keeping.OFF,
                required=settings.audit is Keeping.REQUIRED,
                anchor=settings.audit_anchor,
                syslog=settings.audit_syslog,
            ),
        )
    backend.on_notice = echo_error
    if (command := click.get_current_context(silent=True)) is not None:
        command.call_on_close(partial(_close, backend))
    return backend


def _close(backend: Backend) -> None:
    # The command is done; that uses cannot be noted is told by the next one.
    with suppress(errors.StoreError):
        backend.close()


def service_for(
    settings: config.Settings,
    backend: Backend | None = None,
    account: str | None = None,
    opened_by: Collection[str] = (),
) -> TokenCommands:
    """Return the service that `settings` describe, over `backend` if one is open already.

    With `account`, it sees and does what that may, as long as that has the keys `opened_by`.
    Nothing is refused to whoever has the files, so without `account` no refusals are counted.
    """
    zone, remarks = time_zone()
    backend = backend or backend_for(settings)
    policy = Policy(
        prefix=settings.prefix,
        soon=settings.soon,
        default_life=settings.default_life,
        max_life=settings.max_life,
        zone=zone,
        date_format=settings.date_format,
    )
    return TokenCommands(
        backend,
        policy,
        account=account or settings.account,
        signed_in=account is not None,
        opened_by=opened_by,
        recorder=recorder_for(settings, backend) if account is not None else None,
        hasher=BcryptHasher(settings.hash_cost),
        remarks=remarks,
    )


def recorder_for(settings: config.Settings, backend: Backend) -> Recorder:
    """Return what records in the audit log what the session does, and counts what it is refused.

    Where nothing is recorded, nothing is counted either.
    """
    if settings.read_only or settings.audit is Keeping.OFF:
        return backend.audit
    from tokentui.core.attempts import BoundedRecorder  # seldom needed

    return BoundedRecorder(backend.audit, backend.attempts)


def authenticator_for(settings: config.Settings) -> Authenticator:
    """Return what checks the passwords of accounts."""
    from tokentui.core.authenticator import PASSWORD_COST, Authenticator

    backend = backend_for(settings, at_sign_in=True)
    return Authenticator(
        backend.accounts, backend.attempts, backend.audit, BcryptHasher(PASSWORD_COST)
    )


def open_account_service() -> AccountService:
    """Return what looks after the accounts, as far as the session may."""
    from tokentui.core.accounts import AccountService
    from tokentui.core.authenticator import PASSWORD_COST
    from tokentui.core.rights import Rights

    chosen, name = settings(), acting()
    backend = backend_for(chosen)
    by = name or chosen.account
    return AccountService(
        backend,
        Rights(by, backend.accounts, signed_in=name is not None, opened_by=opened_by()),
        recorder_for(chosen, backend),
        by=by,
        hasher=BcryptHasher(PASSWORD_COST),
    )


def open_service() -> TokenCommands:
    """Return the service of the command that runs, once its warnings are said."""
    service = service_for(settings(), account=acting(), opened_by=opened_by())
    warn(service.queries.warnings())
    return service


def warn(sentences: Iterable[str]) -> None:
    """Say what an administrator should know of a store."""
    for sentence in sentences:
        echo_error(f"Warning: {printable(sentence)}")


def open_whole() -> Backend:
    """Return the backend of the command that runs, for whoever has the files; nothing is read."""
    operator_only()
    return backend_for(settings())


def ask(question: str, *, yes: bool) -> None:
    """Go on once somebody says yes, or said so before by `--yes`."""
    if yes:
        return
    if not is_terminal(sys.stdin):
        raise click.UsageError(
            "Confirmation needed: no terminal found. Use --yes. Nothing was changed."
        )
    click.confirm(question, abort=True, err=True)


def to_public_dict(service: TokenCommands, token: Token) -> dict[str, Any]:
    """Return what scripts may know of a token: everything but its hash."""
    return next(to_public_dicts(service, service.queries.rows([token])))


def to_public_dicts(service: TokenCommands, rows: Iterable[TokenRow]) -> Iterator[dict[str, Any]]:
    """Yield the `to_public_dict` of the token of each row."""
    context = service.queries.display_context()
    return (_to_public_dict(context, row) for row in rows)


def _to_public_dict(context: DisplayContext, row: TokenRow) -> dict[str, Any]:
    token, used = row.token, row.usage
    public = asdict(token)
    del public["hash"]
    return public | {
        "status": context.status(token),
        "never_saved": token.never_saved,
        "last_used_at": used and used.last_used_at,
        "last_used_from": used and used.address,
        "uses": used.count if used else 0,
    }

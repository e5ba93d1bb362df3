"""What commands have in common: options, and the service that they work with."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, TypeVar

import click
import msgspec
from click.shell_completion import CompletionItem
from msgspec.structs import replace

from tokentui import config
from tokentui.config.values import Keeping
from tokentui.console import is_terminal, say
from tokentui.core import errors
from tokentui.core.audit import Origin
from tokentui.core.credential import BcryptHasher
from tokentui.core.service import TokenService
from tokentui.core.text import printable
from tokentui.stores import open_accounts, open_failures, open_store, open_trail, open_usage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tokentui.core.accounts import AccountService
    from tokentui.core.audit import Trail
    from tokentui.core.login import Door
    from tokentui.core.store import Archive, TokenStore
    from tokentui.core.token import Token

FLAGS = "flags"
ACCOUNT = "account"
"""The account that the session acts as, if it does."""
GATED = "gated"
"""Whether the session is shut in: no other store, no files."""

T = TypeVar("T")
V = TypeVar("V")


def refuse_gated(ctx: click.Context, param: click.Parameter, value: T | None) -> T | None:
    """Refuse an option that names a file, in a session that reaches none."""
    if value is not None and ctx.meta.get(GATED):
        raise click.UsageError(f"{param.opts[0]} is not for sessions over SSH. Nothing was done.")
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
        service = service_for(config.load(ctx.meta.get(config.STORE)))
        tokens = service.everything(replace(service.query(), text=incomplete))
    except errors.TokentuiError:
        return []
    names = (token.name for token in tokens if printable(token.name) == token.name)
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


store_option = click.option(
    "--store",
    metavar="PATH",
    help=f"The file that holds the tokens; also {config.STORE}.",
    expose_value=False,
    callback=_remember_store,
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
name_argument = click.argument("name", shell_complete=name_completion)
yes_option = click.option("--yes", is_flag=True, help="Do not ask.")


def settings() -> config.Settings:
    """Return the settings in force for the command that runs."""
    meta = click.get_current_context().meta
    return config.load(meta.get(config.STORE), **meta.get(FLAGS, {}))


def acting() -> str | None:
    """Return the account that the session acts as, or None for whoever has the files."""
    name: str | None = click.get_current_context().meta.get(ACCOUNT)
    return name


def operator_only() -> None:
    """Raise `NotPermitted` where the session acts as an account: this goes round all accounts."""
    if acting() is not None:
        raise errors.NotPermitted(
            "That is for whoever has the files: leave --account out. Nothing was changed."
        )


def service_for(
    settings: config.Settings, store: TokenStore | None = None, account: str | None = None
) -> TokenService:
    """Return the service that `settings` describe, over `store` if one is open already.

    With `account`, it sees and does what that may.
    """
    return TokenService(
        store or open_store(settings.store, read_only=settings.read_only),
        open_usage(settings.store, notes=settings.usage, read_only=settings.read_only),
        account=account or settings.account,
        accounts=open_accounts(settings.store, read_only=settings.read_only),
        bound=account is not None,
        trail=trail_for(settings),
        hasher=BcryptHasher(settings.hash_cost),
        prefix=settings.prefix,
        soon=settings.soon,
        default_life=settings.default_life,
        max_life=settings.max_life,
        date_format=settings.date_format,
    )


def trail_for(settings: config.Settings, *, at_the_door: bool = False) -> Trail:
    """Return the audit trail that `settings` describe; one that is not kept can still be read.

    Where the store is only looked at, it is only written `at_the_door`: who came in is told.
    """
    looking = settings.read_only and not at_the_door
    trail = open_trail(
        settings.store,
        origin=Origin(config.person(), config.client_address()),
        anchor=settings.audit_anchor,
        required=settings.audit is Keeping.REQUIRED,
        read_only=looking or settings.audit is Keeping.OFF,
        syslog=settings.audit_syslog,
    )
    trail.tell = say
    return trail


def door_for(settings: config.Settings) -> Door:
    """Return where people log in."""
    from tokentui.core.login import PASSWORD_COST, Door

    return Door(
        open_accounts(settings.store, read_only=settings.read_only),
        open_failures(settings.store),
        trail_for(settings, at_the_door=True),
        BcryptHasher(PASSWORD_COST),
    )


def open_account_service() -> AccountService:
    """Return what looks after the accounts, as far as the session may."""
    from tokentui.core.accounts import AccountService
    from tokentui.core.login import PASSWORD_COST
    from tokentui.core.rights import Rights

    chosen, name = settings(), acting()
    accounts = open_accounts(chosen.store, read_only=chosen.read_only)
    by = name or chosen.account
    return AccountService(
        accounts,
        Rights(by, accounts, bound=name is not None),
        trail_for(chosen),
        by=by,
        hasher=BcryptHasher(PASSWORD_COST),
    )


def open_service() -> TokenService:
    """Return the service of the command that runs, once its warnings are said."""
    service = service_for(settings(), account=acting())
    service.store.tell = say
    warn(service.warnings())
    return service


def warn(sentences: Iterable[str]) -> None:
    """Say what an administrator should know of a store."""
    for sentence in sentences:
        say(f"Warning: {printable(sentence)}")


def open_archive() -> Archive:
    """Return the store of the command that runs, and its backups; nothing is read yet."""
    operator_only()
    chosen = settings()
    archive = open_store(chosen.store, read_only=chosen.read_only)
    archive.tell = say
    return archive


def ask(question: str, *, yes: bool) -> None:
    """Go on once somebody says yes, or said so before by `--yes`."""
    if yes:
        return
    if not is_terminal(sys.stdin):
        raise click.UsageError("There is nobody to ask: give --yes. Nothing was changed.")
    click.confirm(question, abort=True, err=True)


def facts(service: TokenService, token: Token) -> dict[str, Any]:
    """Return what scripts may know of a token: everything but its hash."""
    used = service.used(token)
    public = {key: value for key, value in msgspec.to_builtins(token).items() if key != "hash"}
    return public | {
        "status": service.status(token),
        "never_saved": token.never_saved,
        "last_used_at": used and used.last_used_at,
        "last_used_from": used and used.address,
        "uses": used.count if used else 0,
    }

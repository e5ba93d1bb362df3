"""What commands have in common: options, and the service that they work with."""

import sys
from collections.abc import Iterable
from typing import Any

import click
import msgspec
from click.shell_completion import CompletionItem
from msgspec.structs import replace

from tokentui import config
from tokentui.console import is_terminal, say
from tokentui.core import errors
from tokentui.core.credential import BcryptHasher
from tokentui.core.service import TokenService
from tokentui.core.store import Archive, TokenStore, everything_of
from tokentui.core.text import printable
from tokentui.core.token import Token
from tokentui.stores import open_store, open_usage

FLAGS = "flags"


def _remember_store(ctx: click.Context, _: click.Parameter, value: str | None) -> None:
    if value is not None:
        ctx.meta[config.STORE] = value


def name_completion(
    ctx: click.Context, _: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    try:
        service = service_for(config.load(ctx.meta.get(config.STORE)))
        tokens = everything_of(service.store, replace(service.query(), text=incomplete))
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


def service_for(settings: config.Settings, store: TokenStore | None = None) -> TokenService:
    """Return the service that `settings` describe, over `store` if one is open already."""
    return TokenService(
        store or open_store(settings.store, read_only=settings.read_only),
        open_usage(settings.store, notes=settings.usage, read_only=settings.read_only),
        account=settings.account,
        hasher=BcryptHasher(settings.hash_cost),
        prefix=settings.prefix,
        soon=settings.soon,
        default_life=settings.default_life,
        max_life=settings.max_life,
        date_format=settings.date_format,
    )


def open_service() -> TokenService:
    """Return the service of the command that runs, once its warnings are said."""
    service = service_for(settings())
    service.store.tell = say
    warn(service.warnings())
    return service


def warn(sentences: Iterable[str]) -> None:
    """Say what an administrator should know of a store."""
    for sentence in sentences:
        say(f"Warning: {printable(sentence)}")


def open_archive() -> Archive:
    """Return the store of the command that runs, and its backups; nothing is read yet."""
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

"""Commands about backups of the store."""

from contextlib import closing
from datetime import datetime

import click
from click.shell_completion import CompletionItem

from tokentui import config, formatting
from tokentui.cli.common import (
    ask,
    json_option,
    open_whole,
    service_for,
    settings,
    store_option,
    warn,
    yes_option,
)
from tokentui.cli.renamed import RenamedOption
from tokentui.console import ExitCode, Failure, echo_error, write, write_json
from tokentui.core import errors, restore
from tokentui.core.backend import Backend, committed
from tokentui.core.restore import Restoration
from tokentui.core.text import printable
from tokentui.core.token import Token
from tokentui.stores import open_backend


@click.command()
@store_option
@click.option("--list", "listing", is_flag=True, help="List the backups instead of making one.")
@json_option
def backup(listing: bool, as_json: bool) -> None:
    """Back up the store, or list the backups. Prints the path of the backup."""
    backend = open_whole()
    if not listing:
        path = backend.backups.make()
        write_json({"file": path}) if as_json else write(printable(path))
    elif as_json:
        write_json(backend.backups.listed())
    elif not backend.capabilities.backups:
        echo_error(_denied(backend))
    elif backups := backend.backups.listed():
        context = service_for(settings(), backend).queries.display_context()
        for each in backups:
            made = formatting.minute(context, each.made_at)
            write(f"{printable(each.name)}  {made}  {each.reason}")
    else:
        echo_error("No backups yet. A backup is made before the first change of each day.")


def _denied(backend: Backend) -> str:
    """Return why there are no backups here."""
    return backend.capabilities.denial_reasons["backups"]


def _complete_backup(
    ctx: click.Context, _: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    try:
        store = config.load(ctx.meta.get(config.STORE)).store
        with closing(open_backend(store, read_only=True)) as backend:
            backups = backend.backups.listed()
    except errors.TokentuiError:
        return []
    return [CompletionItem(each.name) for each in backups if each.name.startswith(incomplete)]


@click.command("restore")
@store_option
@click.argument("name", metavar="BACKUP", shell_complete=_complete_backup)
@click.option(
    "--reactivate",
    cls=RenamedOption,
    old=["--revive"],
    metavar="NAME",
    multiple=True,
    help=("Make this token valid again although it was revoked after the backup. Can be repeated."),
)
@click.option("--dry-run", is_flag=True, help="Show what would change, without changing it.")
@yes_option
def restore_backup(name: str, reactivate: tuple[str, ...], dry_run: bool, yes: bool) -> None:
    """Restore a backup. Newer tokens stay, and revoked tokens stay revoked.

    BACKUP is a name from tokentui backup --list, or a path that contains a /.
    """
    backend = open_whole()
    if not backend.capabilities.backups:
        raise Failure(_denied(backend), ExitCode.STORE)
    warn(f"in the backup: {each}" for each in backend.backups.open(name).warnings())
    service = service_for(settings(), backend)
    planned = restore.plan(backend, name, reactivate, service.queries.policy.zone)
    _tell(planned, service.queries.now())
    if not planned.changes:
        echo_error("Nothing to restore.")
    elif dry_run:
        echo_error("Nothing was changed.")
    else:
        ask("Restore?", yes=yes)
        committed(backend, restore.change(name, planned), settings().account).confirmed()
        count = len(planned.added) + len(planned.replaced)
        echo_error(f"Restored {formatting.tokens(count)} from {printable(name)}.")


def _tell(planned: Restoration, now: datetime) -> None:
    if planned.damage is not None:
        echo_error(
            "Warning: the store is damaged. It will be kept among the backups and replaced "
            "by this backup."
        )
    told = {*planned.stay_revoked, *planned.revived}
    lost = [token for token in planned.added if token not in told]
    for what, tokens in (
        ("will be restored", lost),
        ("stays revoked", planned.stay_revoked),
        ("stays, newer than the backup", planned.newer),
    ):
        for token in tokens:
            write(f"{printable(token.name)} ({token.id}) {what}")
    for token in planned.revived:
        write(f"{printable(token.name)} ({token.id}) {_becoming_valid(token, now)}")
    for before, after in planned.replaced:
        if before.revoked_at is None:
            write(f"{printable(before.name)} ({before.id}) {_difference(before, after)}")
    alive = [printable(token.name) for token in lost if token.revoked_at is None]
    if alive:
        echo_error(
            "Warning: the store has no record of these tokens, so they may have been "
            f"revoked after the backup: {', '.join(alive)}. Revoke those that should not be "
            "valid."
        )
    if planned.stay_revoked:
        echo_error("To make a token that stays revoked valid again, use --reactivate NAME.")


def _becoming_valid(token: Token, now: datetime) -> str:
    if token.expired(now):
        return "will be restored, but has expired"
    if token.replaced_by is not None:
        return f"becomes valid again, beside {token.replaced_by}, which replaced it"
    return "becomes valid again"


def _difference(before: Token, after: Token) -> str:
    if after.revoked_at is not None:
        return "becomes revoked, as in the backup"
    if before.name != after.name:
        return f"is renamed to {printable(after.name)}"
    fields = [name for name in before.__struct_fields__ if name not in ("revision", "hash")]
    differing = [name for name in fields if getattr(before, name) != getattr(after, name)]
    return f"gets these values from the backup: {', '.join(differing) or 'hash'}"

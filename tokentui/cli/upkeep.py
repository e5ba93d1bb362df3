"""Commands about the store as a whole."""

import errno
import json
import os
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from tokentui import config, files, memory, words
from tokentui.cli.common import (
    ask,
    json_option,
    open_archive,
    open_service,
    operator_only,
    service_for,
    settings,
    store_option,
    trail_for,
    warn,
    yes_option,
)
from tokentui.console import ExitCode, Failure, say, write, write_json
from tokentui.core import errors, exchange, restore
from tokentui.core.audit import Action, Event, noted, of_token
from tokentui.core.exchange import Form
from tokentui.core.restore import Restoration
from tokentui.core.store import Archive, everything
from tokentui.core.text import printable
from tokentui.core.token import Token
from tokentui.stores import open_store

_LARGEST_IMPORT = 256 * 1024 * 1024
_PROBLEMS_SHOWN = 10


@click.command()
@store_option
def check() -> None:
    """Look for all that is wrong with the store. For cron: exit code 5 if anything is."""
    archive = open_archive()
    service = service_for(settings(), archive)
    problems = [*service.problems(), *_undone(archive), *archive.backup_problems()]
    for problem in problems:
        write(printable(problem))
    if problems:
        raise Failure(f"Problems found: {len(problems)}. Nothing was changed.", ExitCode.STORE)
    say(f"Nothing is wrong with {printable(archive.location)}.")


def _undone(archive: Archive) -> Iterator[str]:
    for token in restore.undone_revocations(archive):
        yield (
            f"{printable(token.name)} ({token.id}) was revoked, as a backup knows, but lives: "
            "the store is an older file. Revoke it again."
        )


@click.command()
@store_option
def paths() -> None:
    """Print the files in use."""
    store = Path(open_archive().location)
    for label, path in (
        ("tokens", store),
        ("lock", f"{store}.lock"),
        ("backups", store.with_name("backups")),
        ("last used", settings().usage or store.with_name("usage.json")),
        ("accounts", store.with_name("accounts.json")),
        ("passwords", store.with_name("passwords.json")),
        ("failures", store.with_name("failures.json")),
        ("audit", store.with_name("audit.jsonl")),
        ("audit key", store.with_name("audit.key")),
        ("anchor", settings().audit_anchor or store.with_name("audit.anchor")),
        ("settings", config.config_path()),
        ("app", memory.memory_path()),
    ):
        write(f"{label:<10} {printable(str(path))}")


@click.command("config")
@store_option
@json_option
def show_config(as_json: bool) -> None:
    """Print the settings in force, and where each comes from."""
    chosen = settings()
    values = {name: config.shown(chosen, name) for name in config.SETTINGS if name != "keys"}
    # Each on its own: some may come from the file, others from the environment.
    values |= {f"keys.{action}": keys for action, keys in chosen.keys.items()}
    if as_json:
        write_json(
            {name: {"value": value, "from": chosen.sources[name]} for name, value in values.items()}
        )
        return
    # As in the file, so that a line can be taken over into it.
    lines = {
        name: f"{name} = {json.dumps(value, ensure_ascii=False)}"
        if value is not None
        else f"# {name} is not set"
        for name, value in values.items()
    }
    width = max(map(len, lines.values()))
    for name, line in lines.items():
        write(printable(f"{line:<{width}}  # {chosen.sources[name]}"))


@click.command()
@store_option
@click.option("--list", "listing", is_flag=True, help="List the backups instead of making one.")
@json_option
def backup(listing: bool, as_json: bool) -> None:
    """Copy the store, or list its copies. Prints where the copy is."""
    archive = open_archive()
    if not listing:
        path = archive.back_up()
        write_json({"file": path}) if as_json else write(printable(path))
    elif as_json:
        write_json(archive.backups())
    elif backups := archive.backups():
        service = service_for(settings(), archive)
        for each in backups:
            write(f"{printable(each.name)}  {words.minute(service, each.made_at)}  {each.reason}")
    else:
        say("No backups yet. One is made before the first change of each day.")


def _complete_backup(
    ctx: click.Context, _: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    try:
        backups = open_store(config.load(ctx.meta.get(config.STORE)).store).backups()
    except errors.TokentuiError:
        return []
    return [CompletionItem(each.name) for each in backups if each.name.startswith(incomplete)]


@click.command("restore")
@store_option
@click.argument("name", metavar="BACKUP", shell_complete=_complete_backup)
@click.option(
    "--revive",
    metavar="NAME",
    multiple=True,
    help="Let this token live again, though it was revoked since; may be repeated.",
)
@click.option("--dry-run", is_flag=True, help="Only say what would change.")
@yes_option
def restore_backup(name: str, revive: tuple[str, ...], dry_run: bool, yes: bool) -> None:
    """Bring back what a backup has. Newer tokens stay, and what was revoked stays revoked.

    BACKUP is a name from tokentui backup --list, or a path with a / in it.
    """
    archive = open_archive()
    warn(f"in the backup: {each}" for each in archive.backup(name).warnings())
    planned = restore.plan(archive, name, revive)
    _tell(planned)
    if not planned.changes:
        say("Nothing is to be restored.")
    elif dry_run:
        say("Nothing was changed.")
    else:
        ask("Restore?", yes=yes)
        events = [
            of_token(token, settings().account, Action.RESTORE, f"From {name}.")
            for token in (*planned.added, *(after for _, after in planned.replaced))
        ]
        noted(
            trail_for(settings()),
            events or [Event(account=settings().account, action=Action.RESTORE, about=name)],
            partial(restore.carry_out, archive, name, planned),
        )
        count = len(planned.added) + len(planned.replaced)
        say(f"Restored {words.tokens(count)} from {printable(name)}.")


def _tell(planned: Restoration) -> None:
    if planned.damage is not None:
        say(
            "Warning: the store is damaged. It will be kept among the backups, and this one take "
            "its place."
        )
    told = {*planned.stay_revoked, *planned.revived}
    lost = [token for token in planned.added if token not in told]
    for what, tokens in (
        ("comes back", lost),
        ("comes back to life", planned.revived),
        ("stays revoked", planned.stay_revoked),
        ("stays, newer than the backup", planned.newer),
    ):
        for token in tokens:
            write(f"{printable(token.name)} ({token.id}) {what}")
    for before, after in planned.replaced:
        if before.revoked_at is None:
            write(f"{printable(before.name)} ({before.id}) {_difference(before, after)}")
    alive = [printable(token.name) for token in lost if token.revoked_at is None]
    if alive:
        say(
            "Warning: the store does not know these, nor whether they were revoked after the "
            f"backup: {', '.join(alive)}. Revoke those that should open no door."
        )
    if planned.stay_revoked:
        say("What stays revoked can be brought back to life with --revive NAME.")


def _difference(before: Token, after: Token) -> str:
    if after.revoked_at is not None:
        return "becomes revoked, as in the backup"
    if before.name != after.name:
        return f"becomes {printable(after.name)} again"
    fields = [name for name in before.__struct_fields__ if name not in ("revision", "hash")]
    differing = [name for name in fields if getattr(before, name) != getattr(after, name)]
    return f"gets back its {', '.join(differing) or 'hash'}"


_form_option = click.option(
    "--format",
    "form",
    type=click.Choice([form.value for form in Form]),
    help="Unless given, the file's ending decides; JSON if that is not .csv.",
)


@click.command("export")
@store_option
@_form_option
@click.option("--hashes", is_flag=True, help="With hashes, for another server. Keep it private.")
@click.option("--to-file", type=click.Path(path_type=Path), help="Write to a new file, mode 0600.")
def export_tokens(form: str | None, hashes: bool, to_file: Path | None) -> None:
    """Print all tokens, revoked ones as well, as JSON or CSV. Never a secret."""
    operator_only()
    tokens = everything(open_service().store)
    text = exchange.write(tokens, _form(form, to_file), hashes=hashes)
    if to_file is None:
        write(text.removesuffix("\n"))
        return
    try:
        with files.new_private(to_file) as file:
            file.write(text.encode())
    except OSError as error:
        raise Failure(words.not_written(to_file, error), ExitCode.FILE) from None
    say(f"Exported {words.tokens(len(tokens))} to {printable(str(to_file))}.")


@click.command("import")
@store_option
@_form_option
@click.argument("source", metavar="FILE", type=click.Path(path_type=Path, allow_dash=True))
def import_tokens(form: str | None, source: Path) -> None:
    """Add the tokens of an export that are not here yet: all of them, or none.

    FILE is JSON or CSV with hashes, or - for stdin. Tokens that are here stay as they are.
    """
    archive = open_archive()
    warn(archive.warnings())
    try:
        tokens = exchange.read(_text(source), _form(form, source))
        new = exchange.missing(tokens, archive)
    except errors.InvalidImport as error:
        for problem in error.problems[:_PROBLEMS_SHOWN]:
            say(printable(problem))
        if len(error.problems) > _PROBLEMS_SHOWN:
            say(f"And {len(error.problems) - _PROBLEMS_SHOWN:,} more.")
        raise Failure(
            f"Problems found: {len(error.problems)}. Nothing was imported.", ExitCode.USAGE
        ) from None
    events = [of_token(token, settings().account, Action.IMPORT) for token in new]
    noted(trail_for(settings()), events, lambda note: archive.apply(added=new, note=note))
    say(f"Imported {words.tokens(len(new))}; {len(tokens) - len(new):,} were here already.")


def _form(chosen: str | None, path: Path | None) -> Form:
    if chosen is not None:
        return Form(chosen)
    return Form.CSV if path is not None and path.suffix.lower() == ".csv" else Form.JSON


def _text(source: Path) -> str:
    try:
        return _content(source).decode("utf-8-sig")
    except OSError as error:
        raise Failure(
            f"{printable(str(source))} cannot be read: {error.strerror}. Nothing was imported.",
            ExitCode.USAGE,
        ) from None
    except UnicodeDecodeError:
        raise errors.InvalidImport(["This is no text in UTF-8."]) from None


def _content(source: Path) -> bytes:
    # A pipe is read to its end: unlike a store, that is what was asked for.
    if str(source) != "-":
        with source.open("rb") as file:
            content = file.read(_LARGEST_IMPORT + 1)
    elif sys.stdin is None:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    else:
        content = sys.stdin.buffer.read(_LARGEST_IMPORT + 1)
    if len(content) > _LARGEST_IMPORT:
        raise OSError(errno.EFBIG, f"it has more than {_LARGEST_IMPORT:,} bytes")
    return content


COMMANDS = (check, paths, show_config, backup, restore_backup, export_tokens, import_tokens)

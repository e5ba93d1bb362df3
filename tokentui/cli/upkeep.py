"""Commands about the store as a whole."""

import errno
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from tokentui import app_state, config, files, formatting
from tokentui.cli.common import (
    json_option,
    open_service,
    open_whole,
    operator_only,
    service_for,
    settings,
    store_option,
    warn,
)
from tokentui.console import ExitCode, Failure, echo_error, write, write_json
from tokentui.core import errors, import_export, restore
from tokentui.core.backend import Backend, committed
from tokentui.core.change import Import
from tokentui.core.commands import TokenCommands
from tokentui.core.import_export import Form
from tokentui.core.problems import find_problems
from tokentui.core.repositories import every_token
from tokentui.core.store_url import is_database
from tokentui.core.text import printable
from tokentui.core.token import Token
from tokentui.stores import absolute, change_problems, default_keys

_LARGEST_IMPORT = 256 * 1024 * 1024
_PROBLEMS_SHOWN = 10


@click.command()
@store_option
def check() -> None:
    """Check the store for problems. For cron: exit code 5 if there are any."""
    backend = open_whole()
    service = service_for(settings(), backend)
    found = 0
    for problem in _problems(service):
        write(printable(problem))
        found += 1
    if found:
        raise Failure(f"Problems found: {found}. Nothing was changed.", ExitCode.STORE)
    echo_error(f"No problems found in {printable(backend.url)}.")


def _problems(service: TokenCommands) -> Iterator[str]:
    yield from find_problems(service.queries)
    yield from _undone(service.backend)
    yield from service.backend.backups.problems()
    yield from _change_problems(service.backend)


def _change_problems(backend: Backend) -> Iterable[str]:
    chosen = settings()
    return () if backend.read_only else change_problems(chosen.store, usage=chosen.usage)


def _undone(backend: Backend) -> Iterator[str]:
    for token in restore.undone_revocations(backend):
        yield (
            f"{printable(token.name)} ({token.id}) was revoked according to a backup, but "
            "is valid: an older file replaced the store. Revoke the token again."
        )


@click.command()
@store_option
def paths() -> None:
    """Show the paths of all files in use."""
    operator_only()
    url = absolute(settings().store)
    beside = _of_database(url) if is_database(url) else _of_file(Path(url))
    for label, path in (
        *beside,
        ("settings", config.config_path() or "none: no home folder"),
        ("app", app_state.state_path() or "none: no home folder"),
    ):
        write(f"{label:<10} {printable(str(path))}")


def _of_database(url: str) -> Iterable[tuple[str, object]]:
    return (
        ("tokens", url),
        ("audit keys", default_keys()),
        ("anchor", settings().audit_anchor or "beside the key"),
    )


def _of_file(store: Path) -> Iterable[tuple[str, object]]:
    return (
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
    )


@click.command("config")
@store_option
@json_option
def show_config(as_json: bool) -> None:
    """Show the settings and where each comes from."""
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


_form_option = click.option(
    "--format",
    "form",
    type=click.Choice([form.value for form in Form]),
    help="Format of the file. Default: CSV if the name ends in .csv, otherwise JSON.",
)


@click.command("export")
@store_option
@_form_option
@click.option(
    "--hashes", is_flag=True, help="Include the hashes, for another server. Keep the file private."
)
@click.option(
    "--to-file", type=click.Path(path_type=Path), help="Write to a new file that only you can read."
)
def export_tokens(form: str | None, hashes: bool, to_file: Path | None) -> None:
    """Export all tokens as JSON or CSV, without secrets. Revoked tokens are included."""
    operator_only()
    backend = open_service().backend
    if hashes and not backend.capabilities.verifies:
        raise Failure(backend.capabilities.denial_reasons["verifies"], ExitCode.STORE)
    count = 0

    def counted() -> Iterator[Token]:
        nonlocal count
        for token in every_token(backend.tokens):
            count += 1
            yield token

    parts = import_export.write(counted(), _form(form, to_file), hashes=hashes)
    if to_file is None:
        for part in parts:
            write(part, end="")
        return
    try:
        with files.new_private(to_file) as file:
            file.writelines(part.encode() for part in parts)
    except OSError as error:
        raise Failure(formatting.not_written(to_file, error), ExitCode.FILE) from None
    echo_error(f"Exported {formatting.tokens(count)} to {printable(str(to_file))}.")


@click.command("import")
@store_option
@_form_option
@click.argument("source", metavar="FILE", type=click.Path(path_type=Path, allow_dash=True))
def import_tokens(form: str | None, source: Path) -> None:
    """Import the tokens of an export: all of them or none.

    FILE is JSON or CSV with hashes, or - for stdin. Existing tokens are not changed.
    """
    backend = open_whole()
    warn(backend.tokens.warnings())
    try:
        tokens = import_export.read(_text(source), _form(form, source))
        new = import_export.missing(tokens, backend.tokens)
    except errors.InvalidImport as error:
        for problem in error.problems[:_PROBLEMS_SHOWN]:
            echo_error(printable(problem))
        if len(error.problems) > _PROBLEMS_SHOWN:
            echo_error(f"And {len(error.problems) - _PROBLEMS_SHOWN:,} more.")
        raise Failure(
            f"Problems found: {len(error.problems)}. Nothing was imported.", ExitCode.USAGE
        ) from None
    committed(backend, Import(tokens=tuple(new)), settings().account).confirmed()
    echo_error(
        f"Imported {formatting.tokens(len(new))}; {len(tokens) - len(new):,} existed already."
    )


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
        raise errors.InvalidImport(["The input is not valid UTF-8."]) from None


def _content(source: Path) -> bytes:
    # A pipe is read to its end: unlike a store, that is what was asked for.
    if str(source) != "-":
        with source.open("rb") as file:
            content = file.read(_LARGEST_IMPORT + 1)
    else:
        content = sys.stdin.buffer.read(_LARGEST_IMPORT + 1)
    if len(content) > _LARGEST_IMPORT:
        raise OSError(errno.EFBIG, f"it has more than {_LARGEST_IMPORT:,} bytes")
    return content

"""Stores in databases: made, brought up to date, looked at, copied."""

import socket
from collections.abc import Iterator

import click

from tokentui import config, formatting
from tokentui.cli.common import json_option, operator_only, settings, warn
from tokentui.console import ExitCode, Failure, echo_error, write, write_json
from tokentui.core.store_url import is_database
from tokentui.core.text import printable
from tokentui.stores import administration
from tokentui.stores.status import Standby, StoreStatus

_NEXT = """\
Next:
  In the database, GRANT tokentui_manager TO users who manage tokens, tokentui_verifier TO users
  of services, and tokentui_auditor TO users who only read.
  Copy this folder to the same path on every other host that manages tokens. Back it up: without
  it, the store cannot be changed. Do not store it in the database.
  Use the store with tokentui --store URL, or with the setting store."""
_url_argument = click.argument("url")


@click.group()
def store() -> None:
    """Manage a store in a PostgreSQL database."""
    operator_only()


@store.command()
@_url_argument
def create(url: str) -> None:
    """Create an empty store in a database.

    Run this as the owner of the database. Prints the folder with the key of the audit log.
    """
    if not is_database(url):
        echo_error("A file store needs no command: the first change creates the file.")
        return
    folder = administration.create(url, anchor=settings().audit_anchor)
    echo_error("Created the store. The key of its audit log is in this folder:")
    write(printable(folder))
    echo_error(_NEXT)


@store.command()
@_url_argument
def upgrade(url: str) -> None:
    """Upgrade a store in a database. Run this as the owner of the database."""
    if not is_database(url):
        echo_error("A file store needs no upgrade: the next change writes the current format.")
    elif administration.upgrade(url):
        echo_error("Upgraded.")
    else:
        echo_error("The store is already up to date.")


@store.command()
@click.argument("url", required=False)
@json_option
def status(url: str | None, as_json: bool) -> None:
    """Show the status of a store in a database.

    Without URL, shows the store of the settings. For cron: exit code 5 if the store cannot be
    changed.
    """
    url = url or settings().store
    if not is_database(url):
        raise click.UsageError("This command is for databases. For a file, run: tokentui check")
    found = administration.status(url, anchor=settings().audit_anchor)
    if as_json:
        write_json(found)
    else:
        for label, value in _lines(found):
            write(f"{label:<12} {printable(value)}")
    warn(found.warnings)
    if found.obstacles:
        raise Failure(
            printable(f"The store cannot be changed. {' '.join(found.obstacles)}"), ExitCode.STORE
        )


@store.command()
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
def copy(source: str, target: str) -> None:
    """Copy a store between files and databases.

    Everything is copied and compared: tokens, accounts, passwords, uses, the audit log and its key.
    FROM cannot be changed until the copy is complete. TO is a file that does not exist, or a
    database with an empty store (tokentui store create). If the copy is interrupted, TO cannot be
    used: run the command again.
    """
    chosen = settings()
    echo_error(f"Copying {printable(source)}. It cannot be changed until the copy is complete.")
    copied = administration.copy(
        source,
        target,
        who=f"{config.person()} on {socket.gethostname()}",
        usage=chosen.usage,
        anchor=chosen.audit_anchor,
    )
    echo_error(
        f"Copied and compared: {formatting.tokens(copied.tokens)}, accounts: "
        f"{copied.accounts:,}, used tokens: {copied.uses:,}, audit log entries: "
        f"{copied.audit_lines:,}."
    )
    echo_error(
        f"Next: use {printable(target)} with --store or in the setting store, wherever "
        f"{printable(source)} was used. Then stop using {printable(source)}: later "
        "changes to it are not in the copy."
    )


def _lines(found: StoreStatus) -> Iterator[tuple[str, str]]:
    timeline = "" if found.timeline is None else f", timeline {found.timeline}"
    yield "store", found.url
    yield "version", str(found.version)
    yield "server", f"PostgreSQL {found.server}"
    yield "server is", ("primary" if found.primary else "standby") + timeline
    yield "standbys", ", ".join(map(_standby, found.standbys)) or "none"
    for label, number in (
        ("tokens", found.counts.tokens),
        ("accounts", found.counts.accounts),
        ("audit entries", found.counts.audit_lines),
    ):
        yield label, "not readable by this user" if number is None else f"{number:,}"
    yield "fingerprint", found.fingerprint
    yield "key", found.key or "not on this host"
    yield "clock skew", f"{found.clock_skew:+.1f} s"


def _standby(each: Standby) -> str:
    kind = {True: "sync", False: "async", None: "sync or async not visible to this user"}[each.sync]
    return f"{each.name} ({kind})"

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
  In the database: GRANT tokentui_manager TO the users who manage tokens, tokentui_verifier TO
  the users of services, tokentui_auditor TO the users who only look.
  Copy that folder to the same place on every other host that manages tokens. Back it up: without
  it, nothing can be changed. Do not put it into the database.
  Use the store: tokentui --store URL, or the setting store."""
_url_argument = click.argument("url")


@click.group()
def store() -> None:
    """Look after a store in a PostgreSQL database."""
    operator_only()


@store.command()
@_url_argument
def create(url: str) -> None:
    """Make an empty store in a database, as the owner of the database.

    Prints the folder with the key of its audit log.
    """
    if not is_database(url):
        echo_error("A file needs no creating: the first change makes it.")
        return
    folder = administration.create(url, anchor=settings().audit_anchor)
    echo_error("Created. The key of the audit log is in this folder:")
    write(printable(folder))
    echo_error(_NEXT)


@store.command()
@_url_argument
def upgrade(url: str) -> None:
    """Bring a store in a database to the version of this program, as the owner of the database."""
    if not is_database(url):
        echo_error("A file needs no upgrade: its next change brings it to the present format.")
    elif administration.upgrade(url):
        echo_error("Upgraded.")
    else:
        echo_error("Nothing to do: the store is up to date.")


@store.command()
@click.argument("url", required=False)
@json_option
def status(url: str | None, as_json: bool) -> None:
    """Show how a store in a database is. For cron: exit code 5 if no changes can be made.

    Without URL, the store of the settings.
    """
    url = url or settings().store
    if not is_database(url):
        raise click.UsageError("status is for databases; for a file, run: tokentui check")
    found = administration.status(url, anchor=settings().audit_anchor)
    if as_json:
        write_json(found)
    else:
        for label, value in _lines(found):
            write(f"{label:<12} {printable(value)}")
    warn(found.warnings)
    if found.obstacles:
        raise Failure(
            printable(f"No changes can be made. {' '.join(found.obstacles)}"), ExitCode.STORE
        )


@store.command()
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
def copy(source: str, target: str) -> None:
    """Copy a store from a file to a database, back, or from one database to another.

    Everything is copied and compared: tokens, accounts, passwords, uses, the audit log and its key.
    Nobody can change FROM meanwhile. TO is a file that is not there yet, or a database with an
    empty store (tokentui store create). If this is interrupted, TO is no store: run it again.
    """
    chosen = settings()
    echo_error(f"Copying {printable(source)}. Until this ends, nobody can change it.")
    copied = administration.copy(
        source,
        target,
        who=f"{config.person()} on {socket.gethostname()}",
        usage=chosen.usage,
        anchor=chosen.audit_anchor,
    )
    echo_error(
        f"Copied and compared: {formatting.tokens(copied.tokens)}, accounts: {copied.accounts:,}, "
        f"used tokens: {copied.uses:,}, lines of the audit log: {copied.audit_lines:,}."
    )
    echo_error(
        f"Next: name {printable(target)} with --store or in the setting store, wherever "
        f"{printable(source)} was named. Then take {printable(source)} out of use: what is changed "
        "there from now on is not in the copy."
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
        ("audit lines", found.counts.audit_lines),
    ):
        yield label, "not readable by this user" if number is None else f"{number:,}"
    yield "fingerprint", found.fingerprint
    yield "key", found.key or "not on this host"
    yield "clock skew", f"{found.clock_skew:+.1f} s"


def _standby(each: Standby) -> str:
    kind = {True: "sync", False: "async", None: "sync or async not visible to this user"}[each.sync]
    return f"{each.name} ({kind})"

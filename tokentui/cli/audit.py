"""The audit log: who did what, when and from where."""

import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime, tzinfo
from itertools import chain, islice
from typing import Any

import click
import msgspec
from msgspec.structs import replace

from tokentui.cli.common import (
    backend_for,
    json_option,
    open_service,
    operator_only,
    read_option,
    settings,
    store_option,
)
from tokentui.cli.renamed import RenamedChoice
from tokentui.cli.tables import column_widths, write_table
from tokentui.console import ExitCode, Failure, echo_error, write, write_parts
from tokentui.core import audit_queries
from tokentui.core.audit import Action, Entry, Outcome, Search
from tokentui.core.batches import SIZE
from tokentui.core.chain import Broken
from tokentui.core.commands import TokenCommands
from tokentui.core.dates import start_of_day
from tokentui.core.import_export import csv_parts
from tokentui.core.queries import TokenQueries
from tokentui.core.store_url import is_database
from tokentui.core.text import ascii_json, ascii_json_list, printable
from tokentui.core.token import parse_day
from tokentui.formatting.audit import EVENT, contains, entry_row, stored_part

_LOOK_EVERY = 0.5
_LOSSES = Search(action=Action.TRAIL)
_ACCEPTABLE = (
    "This happens after audit_anchor named a new file, or after a power failure. "
    "If you know the reason, run: tokentui audit accept"
)
_STORED = {
    "sign-in": Action.LOG_IN.value,
    "audit-log": Action.TRAIL.value,
    "view": Action.LOOK.value,
}
"""The words of the log by the names that people use."""
_SPOKEN = {word: str(action) for action, word in EVENT.items()}
_TITLES = ("ENTRY", "TIME", "ACCOUNT", "EVENT", "TOKEN", "ADDRESS", "DETAILS")


@click.group("audit", invoke_without_command=True)
@store_option
@click.option("--account", "who", metavar="NAME", help="Only events by this account.")
@click.option(
    "--token",
    metavar="NAME",
    help="Only events of this token. Give the token ID, or any name that it has or had.",
)
@click.option(
    "--action",
    type=RenamedChoice([each.value for each in Action], stored=_STORED, spoken=_SPOKEN),
    help='Only events of this kind. The words of the table are accepted as well: "Sign in".',
)
@click.option(
    "--since",
    metavar="DATE",
    callback=read_option(parse_day),
    help="Only events since this date (YYYY-MM-DD).",
)
@click.option("--text", default="", help="Only events that contain this text.")
@click.option(
    "--last",
    metavar="NUMBER",
    type=click.IntRange(0, 10**9),
    default=100,
    show_default=True,
    help="Show at most this many of the latest events; 0 shows all.",
)
@click.option("--follow", is_flag=True, help="Wait for new events and print them.")
@json_option
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@click.pass_context
def audit(
    ctx: click.Context,
    who: str | None,
    token: str | None,
    action: str | None,
    since: date | None,
    text: str,
    last: int,
    follow: bool,
    as_json: bool,
    as_csv: bool,
) -> None:
    """Show the audit log, latest event last."""
    if ctx.invoked_subcommand is not None:
        _refuse_options(ctx)
        return
    if (follow and as_csv) or (as_json and as_csv):
        raise click.UsageError(
            "Use only one of --follow, --json and --csv; --follow and --json can be combined."
        )
    service = open_service()
    begin = None if since is None else _beginning(since, service.queries.policy.zone)
    ids = frozenset() if token is None else audit_queries.ever_called(service.queries, token)
    search = Search(account=who, token=token, ids=ids, action=action, since=begin, text=text)
    found = _latest(service.queries, search, last)
    if as_csv:
        for part in _csv(service.queries, found):
            write(part, end="")
    elif follow:
        newest = next((entry.seq for entry in service.backend.audit.newest()), 0)
        _follow(service.queries, search, found, newest, as_json)
    elif as_json:
        write_parts(ascii_json_list(_to_public_dicts(service.queries, found)))
    elif first := [*islice(found, 1)]:
        titles = _TITLES if service.queries.rights.all_seen else _TITLES[1:]
        rows = chain([titles], _rows(service.queries, chain(first, found)))
        write_table(rows, _widths(service, search, last))
    else:
        all_of_it = search == Search()
        echo_error(f"{'The audit log is empty' if all_of_it else 'No events match'}.")


def _entries(
    queries: TokenQueries, search: Search, after: int = 0, *, latest_first: bool = True
) -> Iterator[Entry]:
    """Yield the entries that are wanted; the text may be in our words as well."""
    context = queries.display_context()
    wide = replace(search, text=stored_part(search.text))
    found = audit_queries.entries(queries, wide, after, latest_first=latest_first)
    return (entry for entry in found if contains(context, entry, search.text))


def _latest(queries: TokenQueries, search: Search, last: int) -> Iterator[Entry]:
    """Yield the latest entries that are wanted, or all for 0; the oldest of them comes first."""
    latest = islice(_entries(queries, search), last or None)
    if 0 < last < SIZE:
        yield from reversed([*latest])
        return
    first = 1
    if last:
        for entry in latest:
            first = entry.seq
    yield from _entries(queries, search, first - 1, latest_first=False)


def _widths(service: TokenCommands, search: Search, last: int) -> Sequence[int]:
    """Return how wide the columns of all rows are, nothing where these are in one batch.

    Files are read twice for that, a database is not.
    """
    if 0 < last < SIZE or is_database(service.backend.url):
        return ()
    return column_widths(_rows(service.queries, _latest(service.queries, search, last)))


def _rows(queries: TokenQueries, entries: Iterable[Entry]) -> Iterator[tuple[str, ...]]:
    context, numbered = queries.display_context(), queries.rights.all_seen
    return (entry_row(context, entry, numbered=numbered) for entry in entries)


def _to_public_dicts(
    queries: TokenQueries, entries: Iterable[Entry]
) -> Iterator[Mapping[str, Any]]:
    """Yield what scripts may know of entries: their numbers only where they see all of them."""
    numbered = queries.rights.all_seen
    for entry in entries:
        known = msgspec.to_builtins(entry)
        if not numbered:
            del known["seq"]
        yield known


def _refuse_options(ctx: click.Context) -> None:
    given = [
        name
        for name in ctx.params
        if ctx.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
    ]
    if given:
        raise click.UsageError(
            f"audit {ctx.invoked_subcommand} does not take the options of audit."
        )


def _beginning(day: date, zone: tzinfo | None) -> datetime | None:
    """Return when a day begins; None where that is before all that can be told."""
    with suppress(OverflowError):
        return start_of_day(day, zone)
    return None


def _follow(
    queries: TokenQueries, search: Search, found: Iterable[Entry], seen: int, as_json: bool
) -> None:
    """Print what was found, then what comes after that and the entry of number `seen`."""
    stamp: object = None
    while True:
        for entry in found:
            seen = max(seen, entry.seq)
            write(_line(queries, entry, as_json=as_json))
        if _reader_left():
            return
        time.sleep(_LOOK_EVERY)
        queries.rights.check_enabled()
        found, before = [], stamp
        if (stamp := queries.backend.audit.version()) != before:
            found = reversed([*_entries(queries, search, seen)])


def _line(queries: TokenQueries, entry: Entry, *, as_json: bool) -> str:
    if as_json:
        return ascii_json(next(_to_public_dicts(queries, [entry])), indent=None)
    return "  ".join(next(_rows(queries, [entry]))).rstrip()


def _reader_left() -> bool:
    """Say whether nobody reads any more: with nothing to write, no error tells."""
    import select

    poll = select.poll()
    poll.register(sys.stdout.fileno(), 0)
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))


def _csv(queries: TokenQueries, entries: Iterable[Entry]) -> Iterator[str]:
    fields = Entry.__struct_fields__
    titles = fields if queries.rights.all_seen else [each for each in fields if each != "seq"]
    rows = (known.values() for known in _to_public_dicts(queries, entries))
    return csv_parts(titles, rows)


@audit.command()
@store_option
@click.option(
    "--from",
    "first",
    metavar="NUMBER",
    type=click.IntRange(1),
    help="Trust the entry with this number and check the entries after it.",
)
def verify(first: int | None) -> None:
    """Verify the hash chain of the audit log. For cron: exit code 5 if it is broken."""
    service = open_service()
    service.queries.rights.check_all_seen()
    audit_log = service.backend.audit
    end = audit_log.verify(first)
    if isinstance(end, Broken):
        advice = f" {_ACCEPTABLE} {end.line}" if end.acceptable else ""
        raise Failure(f"Entry {end.line} of the audit log {end.what}.{advice}", ExitCode.STORE)
    for entry in reversed(list(audit_log.newest(_LOSSES, first or 0))):
        if entry.outcome == Outcome.FAILED:
            echo_error(f"Accepted, entry {entry.seq}: {printable(entry.about or '')}")
    if first is None:
        echo_error(
            f"The audit log is intact: {end.seq:,} {'entry' if end.seq == 1 else 'entries'}."
        )
    else:
        echo_error(
            f"Entries {first + 1:,} to {end.seq:,} are intact. No other entries were checked."
        )


@audit.command()
@store_option
@click.argument("line", metavar="NUMBER", type=click.IntRange(1))
def accept(line: int) -> None:
    """Accept that the anchor was missing before an entry.

    Use this after audit_anchor named a new file, or after a power failure. NUMBER is the entry that
    audit verify reports. The entry stays in the log, and audit verify still mentions it.
    """
    operator_only()
    backend_for(settings()).audit.accept(line, settings().account)
    echo_error(f"Accepted entry {line}. This was recorded in the audit log.")


@audit.command()
@store_option
def rotate() -> None:
    """Start a new audit log file. Prints the path of the old file, which is never deleted."""
    operator_only()
    path = backend_for(settings()).audit.rotate()
    if path is None:
        echo_error("There is nothing to rotate.")
    else:
        write(printable(path))

"""The audit trail: who did what, when and from where."""

import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, tzinfo
from itertools import islice

import click
import msgspec

from tokentui import words
from tokentui.cli.common import (
    json_option,
    open_service,
    operator_only,
    read_option,
    settings,
    store_option,
    trail_for,
)
from tokentui.console import ExitCode, Failure, say, write, write_json, write_table
from tokentui.core.audit import Action, Broken, Entry, Search
from tokentui.core.exchange import cell
from tokentui.core.reading import TokenReader
from tokentui.core.text import ascii_json, printable
from tokentui.core.token import parse_day

_LOOK_EVERY = 0.5
_TITLES = ("NUMBER", "WHEN", "WHO", "WHAT", "TOKEN", "FROM", "MORE")


@click.group("audit", invoke_without_command=True)
@store_option
@click.option("--account", "who", metavar="NAME", help="Only what this account did.")
@click.option("--token", metavar="NAME", help="Only what was done with this token; name or id.")
@click.option("--action", type=click.Choice([each.value for each in Action]), help="Only this.")
@click.option(
    "--since", metavar="DATE", callback=read_option(parse_day), help="Only from this day on."
)
@click.option("--text", default="", help="Only what has this text in it.")
@click.option(
    "--last",
    metavar="NUMBER",
    type=click.IntRange(0, 10**9),
    default=100,
    show_default=True,
    help="How many at most, the latest ones; 0 for all.",
)
@click.option("--follow", is_flag=True, help="Go on with what is done from now on.")
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
    """Say who did what, when and from where; the latest comes last."""
    if ctx.invoked_subcommand is not None:
        _refuse_options(ctx)
        return
    if (follow and as_csv) or (as_json and as_csv):
        raise click.UsageError("Give one of --follow, --json and --csv; --follow goes with --json.")
    service = open_service()
    begin = None if since is None else _beginning(since, service.zone)
    search = Search(account=who, token=token, action=action, since=begin, text=text)
    newest = next((entry.seq for entry in service.trail.newest()), 0)
    found = list(islice(service.entries(search), last or None))[::-1]
    if as_csv:
        _print_csv(found)
    elif follow:
        _follow(service, search, found, max([newest, *(entry.seq for entry in found)]), as_json)
    elif as_json:
        write_json(found)
    elif found:
        write_table([_TITLES, *(words.entry_row(service, entry) for entry in found)])
    else:
        say("Nothing in the audit trail.")


def _refuse_options(ctx: click.Context) -> None:
    given = [
        name
        for name in ctx.params
        if ctx.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
    ]
    if given:
        raise click.UsageError(f"{ctx.invoked_subcommand} takes no options of audit.")


def _beginning(day: date, zone: tzinfo | None) -> datetime | None:
    """Return when a day begins; None where that is before all that can be told."""
    with suppress(ValueError, OverflowError):
        return datetime.combine(day, datetime.min.time(), zone).astimezone(UTC)
    return None


def _follow(
    service: TokenReader, search: Search, found: Sequence[Entry], seen: int, as_json: bool
) -> None:
    """Print what was found, then what comes after the line of number `seen`."""
    stamp: object = None
    while True:
        for entry in found:
            line = ascii_json(msgspec.to_builtins(entry), indent=None)
            write(line if as_json else "  ".join(words.entry_row(service, entry)).rstrip())
        if _reader_left():
            return
        time.sleep(_LOOK_EVERY)
        found, before = [], stamp
        if (stamp := service.trail.changed()) != before:
            found = list(service.entries(search, seen))[::-1]
            seen = max([seen, *(entry.seq for entry in found)])


def _reader_left() -> bool:
    """Say whether nobody reads any more: with nothing to write, no error tells."""
    import select

    poll = select.poll()
    poll.register(sys.stdout.fileno(), 0)
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))


def _print_csv(entries: Sequence[Entry]) -> None:
    import csv  # slow to load, and seldom needed
    import io

    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(Entry.__struct_fields__)
    for entry in entries:
        values = msgspec.to_builtins(entry).values()
        rows.writerow([cell(value) for value in values])
    write(text.getvalue().removesuffix("\n"))


@audit.command()
@store_option
@click.option(
    "--from",
    "first",
    metavar="NUMBER",
    type=click.IntRange(1),
    help="Believe the line with this number, and check what follows it.",
)
def verify(first: int | None) -> None:
    """Say whether the trail is as it was written. For cron: exit code 5 if it is not."""
    service = open_service()
    service.rights.check_all_seen()
    end = trail_for(settings()).verify(first)
    if isinstance(end, Broken):
        raise Failure(f"Line {end.line} of the audit trail {end.what}.", ExitCode.STORE)
    if first is None:
        say(f"The audit trail is whole: {end.seq:,} line{'' if end.seq == 1 else 's'}.")
    else:
        say(f"Lines {first + 1:,} to {end.seq:,} are as they were written; no others were checked.")


@audit.command()
@store_option
def rotate() -> None:
    """Begin another file. Prints where the lines so far are; they are never removed."""
    operator_only()
    path = trail_for(settings()).rotate()
    if path is None:
        say("There is nothing to rotate.")
    else:
        write(printable(path))

"""What there is to do about the tokens: for a person, for cron and for monitoring."""

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from enum import StrEnum
from itertools import chain, islice

import click
from msgspec.structs import replace

from tokentui import formatting
from tokentui.cli.common import json_option, open_service, store_option, to_public_dicts
from tokentui.cli.renamed import RenamedChoice
from tokentui.console import ExitCode, echo_error, write, write_parts
from tokentui.core.batches import growing_batches
from tokentui.core.commands import TokenCommands
from tokentui.core.errors import StoreError
from tokentui.core.query import UNUSED_FOR, Filter, Query, Sort, TokenRow
from tokentui.core.search import Date, Never, Search
from tokentui.core.text import ascii_json_list, printable
from tokentui.core.token import DEFAULT_SOON


class Finding(StrEnum):
    """A reason to look at a token."""

    EXPIRED = "expired"
    EXPIRES_SOON = "expires-soon"
    NEVER_SAVED = "never-saved"
    UNUSED = "unused"
    NEVER_USED = "never-used"
    NEVER_EXPIRES = "never-expires"


_STORED = {"not-saved": "never-saved", "no-expiration": "never-expires"}
"""The words of JSON by the names that people use."""
# What cannot be told where the uses cannot be read, which hides nothing else.
_BY_USE = frozenset({Finding.UNUSED, Finding.NEVER_USED})


@click.command()
@store_option
@click.option(
    "--within",
    metavar="DAYS",
    type=click.IntRange(0, 3650),
    help=(
        "Days before the expiration date that count as soon; default: the setting "
        f"soon_days, {DEFAULT_SOON.days}."
    ),
)
@click.option(
    "--unused-for",
    metavar="DAYS",
    type=click.IntRange(1, 3650),
    default=UNUSED_FOR.days,
    show_default=True,
    help="Days without use that count as unused.",
)
@click.option(
    "--only",
    type=RenamedChoice([finding.value for finding in Finding], stored=_STORED),
    multiple=True,
    help="Report only this. Can be repeated.",
)
@json_option
def report(within: int | None, unused_for: int, only: tuple[str, ...], as_json: bool) -> None:
    """Report tokens that need attention. For cron: exit code 10 if there are any."""
    service = open_service()
    if within is not None:
        policy = replace(service.queries.policy, soon=timedelta(days=within))
        service.queries.policy = policy
    found = _Found(service, [Finding(word) for word in only] or list(Finding), unused_for)
    if as_json:
        write_parts(_json(service, found))
    else:
        _print(service, found, unused_for)
    if found.uses_unread is not None:
        raise found.uses_unread
    if not found.any:
        echo_error("Nothing to report.")
    else:
        click.get_current_context().exit(ExitCode.FINDINGS)


class _Found:
    """What is found, one finding at a time, to be gone through once."""

    def __init__(self, service: TokenCommands, wanted: Iterable[Finding], unused_for: int) -> None:
        self._service = service
        self._wanted = wanted
        self._unused_for = timedelta(days=unused_for)
        self.any = False
        """Whether there was a token among them."""
        self.uses_unread: StoreError | None = None
        """Why findings by use are left out, if they are."""

    def __iter__(self) -> Iterator[tuple[Finding, Iterator[TokenRow]]]:
        for finding in self._wanted:
            rows = self._service.queries.scan(self._query(finding))
            try:
                first = [*islice(rows, 1)]
            except StoreError as error:
                if finding not in _BY_USE:
                    raise
                self.uses_unread = error
                continue
            self.any = self.any or bool(first)
            yield finding, chain(first, rows)

    def _query(self, finding: Finding) -> Query:
        queries = self._service.queries
        if finding is Finding.NEVER_EXPIRES:
            return replace(queries.query(), search=Search((Never(date=Date.EXPIRES),)))
        query = queries.query(Filter(finding), Sort.EXPIRES)
        if finding is Finding.UNUSED:
            query = replace(query, idle_since=query.now - self._unused_for)
        return query


def _json(service: TokenCommands, found: _Found) -> Iterator[str]:
    before = "{"
    for finding, rows in found:
        yield f'{before}\n  "{finding}": '
        yield from ascii_json_list(to_public_dicts(service, rows), indent="  ")
        before = ","
    yield "{}" if before == "{" else "\n}"


def _print(service: TokenCommands, found: _Found, unused_for: int) -> None:
    context = service.queries.display_context()

    def created(row: TokenRow) -> str:
        return f"created {formatting.day(context, row.token.created_at)}"

    def expires(row: TokenRow) -> str:
        return formatting.expiry(context, row.token)

    def used(row: TokenRow) -> str:
        return f"last used {formatting.last_used(context, row.usage)}"

    titles: dict[Finding, tuple[str, Callable[[TokenRow], str]]] = {
        Finding.EXPIRED: ("Expired, still listed", expires),
        Finding.EXPIRES_SOON: (
            f"Expires within {formatting.days(service.queries.policy.soon.days)}",
            expires,
        ),
        Finding.NEVER_SAVED: ("Not saved", created),
        Finding.UNUSED: (f"Unused for {formatting.days(unused_for)}", used),
        Finding.NEVER_USED: ("Never used", created),
        Finding.NEVER_EXPIRES: ("No expiration date", created),
    }
    for finding, rows in found:
        title, detail = titles[finding]
        before = f"{title}:\n"
        lines = (f"  {printable(row.token.name)}  {detail(row)}" for row in rows)
        for batch in growing_batches(lines):
            write(before + "\n".join(batch))
            before = ""

"""What there is to do about the tokens: for a person, for cron and for monitoring."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from enum import StrEnum

import click
from msgspec.structs import replace

from tokentui import words
from tokentui.cli.common import facts, json_option, open_service, store_option
from tokentui.console import ExitCode, say, write, write_json
from tokentui.core.query import UNUSED_FOR, Filter, Sort
from tokentui.core.service import TokenService
from tokentui.core.text import printable
from tokentui.core.token import DEFAULT_SOON, Token


class Finding(StrEnum):
    """A reason to look at a token."""

    EXPIRED = "expired"
    EXPIRES_SOON = "expires-soon"
    NEVER_SAVED = "never-saved"
    UNUSED = "unused"
    NEVER_USED = "never-used"
    NEVER_EXPIRES = "never-expires"


@click.command()
@store_option
@click.option(
    "--within",
    metavar="DAYS",
    type=click.IntRange(0, 3650),
    help=f"What counts as soon; the setting soon_days, {DEFAULT_SOON.days}, unless given.",
)
@click.option(
    "--unused-for",
    metavar="DAYS",
    type=click.IntRange(1, 3650),
    default=UNUSED_FOR.days,
    show_default=True,
    help="What counts as unused.",
)
@click.option(
    "--only",
    type=click.Choice([finding.value for finding in Finding]),
    multiple=True,
    help="Look for nothing else; may be repeated.",
)
@json_option
def report(within: int | None, unused_for: int, only: tuple[str, ...], as_json: bool) -> None:
    """Say what expires, was lost, is unused or never ends. Exit code 10 if anything does."""
    service = open_service()
    if within is not None:
        service.soon = timedelta(days=within)
    wanted = [Finding(word) for word in only] or list(Finding)
    found = {finding: _look(service, finding, timedelta(days=unused_for)) for finding in wanted}
    if as_json:
        write_json({each: [facts(service, token) for token in found[each]] for each in wanted})
    else:
        _print(service, found, unused_for)
    if not any(found.values()):
        say("Nothing to report.")
    else:
        click.get_current_context().exit(ExitCode.FINDINGS)


def _look(service: TokenService, finding: Finding, unused_for: timedelta) -> Sequence[Token]:
    if finding is Finding.NEVER_EXPIRES:
        tokens = service.everything(service.query())
        return [token for token in tokens if token.expires_at is None]
    query = service.query(Filter(finding), Sort.EXPIRES)
    if finding is Finding.UNUSED:
        query = replace(query, idle_since=query.now - unused_for)
    return service.everything(query)


def _print(service: TokenService, found: dict[Finding, Sequence[Token]], unused_for: int) -> None:
    def created(token: Token) -> str:
        return f"created {words.day(service, token.created_at)}"

    def expires(token: Token) -> str:
        return words.expiry(service, token)

    def used(token: Token) -> str:
        return f"last used {words.last_used(service, token)}"

    titles: dict[Finding, tuple[str, Callable[[Token], str]]] = {
        Finding.EXPIRED: ("Expired, and still listed", expires),
        Finding.EXPIRES_SOON: (f"Expires within {words.days(service.soon.days)}", expires),
        Finding.NEVER_SAVED: ("Never saved", created),
        Finding.UNUSED: (f"Unused for {words.days(unused_for)}", used),
        Finding.NEVER_USED: ("Never used", created),
        Finding.NEVER_EXPIRES: ("Never expires", created),
    }
    for finding, tokens in found.items():
        if tokens:
            title, detail = titles[finding]
            write(f"{title}:")
            for token in tokens:
                write(f"  {printable(token.name)}  {detail(token)}")

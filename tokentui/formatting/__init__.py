"""Values as people read them, the same on the screen and from the commands."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING

from tokentui.core.dates import local
from tokentui.core.query import UNUSED_FOR, Count, Filter, Sort, TokenRow
from tokentui.core.text import printable
from tokentui.core.token import Status, Token

if TYPE_CHECKING:
    from tokentui.core.access import HasAccess
    from tokentui.core.display import DisplayContext
    from tokentui.core.usage import Usage

NEVER_SAVED = "not saved"

STATUS = {
    Status.ACTIVE: "active",
    Status.EXPIRES_SOON: "expires soon",
    Status.EXPIRED: "expired",
    Status.REPLACED: "replaced",
    Status.REVOKED: "revoked",
}

MEANING = {
    STATUS[Status.ACTIVE]: "The token is valid.",
    STATUS[Status.EXPIRES_SOON]: "The token is valid, but expires soon. Rotate it in time.",
    STATUS[Status.EXPIRED]: (
        "The expiration date has passed, so the token is refused. It stays listed "
        "until it is revoked."
    ),
    STATUS[
        Status.REPLACED
    ]: "A new token replaced this one. The old secret works until the overlap ends.",
    STATUS[
        Status.REVOKED
    ]: "The token was revoked and is permanently refused. It is listed in the history only.",
    NEVER_SAVED: "Nobody confirmed saving the secret. If it is lost, revoke the token.",
}


FILTER = {
    Filter.ALL: "All tokens",
    Filter.ACTIVE: "Active",
    Filter.EXPIRES_SOON: "Expires soon",
    Filter.EXPIRED: "Expired",
    Filter.NEVER_SAVED: "Not saved",
    Filter.NEVER_USED: "Never used",
    Filter.UNUSED: f"Unused for {UNUSED_FOR.days} days",
    Filter.REPLACED: "Replaced",
    Filter.REVOKED: "Revoked (history)",
}


SORT = {
    Sort.NAME: "name",
    Sort.ACCOUNT: "owner",
    Sort.CREATED: "creation",
    Sort.EXPIRES: "expiration",
    Sort.USED: "last use",
    Sort.STATUS: "status",
    Sort.REVOKED: "revocation",
}


OVERLAP = {
    "none": "Revoke the old secret immediately",
    "1h": "1 hour",
    "24h": "24 hours",
    "7d": "7 days",
}


EXAMPLE_REQUEST = 'curl https://api.example.com/ -H "Authorization: Bearer $TOKEN"'
"""A request with a token, whose secret is in a variable of the shell."""


_LONG_AGO = timedelta(days=100)
"""From when on the day of a last use is shown, rather than how long ago it was."""


def overlap(context: DisplayContext, size: timedelta, words: str) -> str:
    """Return an overlap and when it ends, such as 24 hours until 2026-11-25 20:15."""
    return f"{words:<9} until {minute(context, context.now + size)}" if size else words


def status(context: DisplayContext, token: Token) -> str:
    """Return the status of `token`, and beside it that nobody ever saved its secret."""
    word = STATUS[context.status(token)]
    return f"{word}, {NEVER_SAVED}" if token.never_saved else word


def brief_status(context: DisplayContext, token: Token) -> str:
    """Return the one word that matters most about `token`, in at most 12 characters.

    That nobody has the secret comes before when it expires, which another column says.
    """
    now = context.status(token)
    alive = now in {Status.ACTIVE, Status.EXPIRES_SOON}
    return NEVER_SAVED if token.never_saved and alive else STATUS[now]


def day(context: DisplayContext, moment: datetime) -> str:
    """Return the day of a moment, such as 2026-11-24."""
    return context.date_format.day(context.local(moment))


def minute(context: DisplayContext, moment: datetime) -> str:
    """Return a moment as date and minute, such as 2026-11-24 20:15."""
    there = context.local(moment)
    return f"{context.date_format.day(there)} {_time(there)}"


def _time(there: datetime) -> str:
    return f"{there.hour:02}:{there.minute:02}"


def second(context: DisplayContext, moment: datetime) -> str:
    """Return a moment to the second, such as 2026-11-24 20:15:03."""
    there = context.local(moment)
    return f"{context.date_format.day(there)} {_time(there)}:{there.second:02}"


def distance(context: DisplayContext, moment: datetime | None) -> str:
    """Return how many days lie between now and `moment`: in 3 days, today, 2 days ago, never."""
    if moment is None:
        return "never"
    return _distance(context, context.local(moment))


def _distance(context: DisplayContext, there: datetime) -> str:
    days = (there.date() - context.today).days
    match days:
        case 0:
            return "today"
        case 1:
            return "tomorrow"
        case -1:
            return "yesterday"
    size, unit = (abs(days), "days") if abs(days) < 1000 else (abs(days) // 365, "years")
    return f"in {size} {unit}" if days > 0 else f"{size} {unit} ago"


def last_used(context: DisplayContext, usage: Usage | None) -> str:
    """Return how long ago a token was last used: the time if today, the day if long ago."""
    if usage is None:
        return "never"
    there = context.local(usage.last_used_at)
    if context.now - usage.last_used_at >= _LONG_AGO:
        return context.date_format.day(there)
    away = _distance(context, there)
    return f"{away} {_time(there)}" if away == "today" else away


def use(context: DisplayContext, usage: Usage | None) -> str:
    """Return when a token was last used, from where, and how often it was in all."""
    if usage is None:
        return "never"
    away = distance(context, usage.last_used_at)
    came_from = f", from {printable(usage.address)}" if usage.address else ""
    times = "once" if usage.count == 1 else f"{usage.count:,} times in total"
    return f"{minute(context, usage.last_used_at)}, {away}{came_from}, {times}"


def expiry(context: DisplayContext, token: Token) -> str:
    """Return the last day of `token` with its distance, such as 2026-11-27 in 3 days.

    One that was replaced ends within a day: the minute is told.
    """
    if token.expires_at is None:
        return "never"
    if token.replaced_by is not None:
        return minute(context, token.expires_at)
    return _day_and_distance(context, token.expires_at)


def _day_and_distance(context: DisplayContext, moment: datetime) -> str:
    there = context.local(moment)
    return f"{context.date_format.day(there)} {_distance(context, there)}"


def last_moment(moment: datetime, zone: tzinfo | None) -> str:
    """Return to the second, and with its time zone, when a token expires.

    For example: Wednesday 24 November 2027, 23:59:59 CET (UTC+01:00).
    """
    there = local(moment, zone)
    offset = str(timezone(there.utcoffset() or timedelta()))
    name = there.tzname() or offset
    shown = f"{name} ({offset})" if name.isalpha() and name != offset else offset
    return f"{there:%A} {there.day} {there:%B %Y, %H:%M:%S} {shown}"


def replaced(token: Token, zone: tzinfo | None) -> str:
    """Return a sentence about how long a token that was rotated goes on."""
    if token.revoked_at is not None or token.expires_at is None:
        return "The old secret was revoked."
    return f"The old secret works until {last_moment(token.expires_at, zone)}."


def life(token: Token, zone: tzinfo | None) -> str:
    """Return a sentence about how long `token` is valid."""
    if token.expires_at is None:
        return "No expiration date."
    return f"Valid until {last_moment(token.expires_at, zone)}."


def access(bound: HasAccess) -> str:
    """Return what a token may be used for, such as reading only, from 192.0.2.0/24."""
    use = "read-only" if bound.read_only else "all requests"
    networks = " or ".join(map(printable, bound.networks))
    return f"{use}, from {networks or 'any network'}"


def details(context: DisplayContext, row: TokenRow) -> list[tuple[str, str]]:
    """Return all that a person may know of a token, label by label, fit for a terminal."""
    token = row.token
    expires = "never"
    if token.expires_at is not None:
        away = distance(context, token.expires_at)
        expires = f"{minute(context, token.expires_at)}, {away}"
    ends = [("Expires", expires)]
    if token.read_only or token.networks:
        ends.append(("Access", access(token)))
    if token.revoked_at is not None:
        by = f" by {printable(token.revoked_by)}" if token.revoked_by else ""
        ends.append(("Revoked", f"{minute(context, token.revoked_at)}{by}"))
    if token.replaced_by is not None:
        ends.append(("Replaced by", token.replaced_by))
    return [
        ("Name", printable(token.name)),
        ("Token ID", token.id),
        ("Owner", printable(token.account)),
        *([("Note", printable(token.note))] if token.note else []),
        ("Created", minute(context, token.created_at)),
        *ends,
        ("Last used", use(context, row.usage)),
        ("Status", status(context, token)),
    ]


def revocation_facts(context: DisplayContext, row: TokenRow) -> list[tuple[str, str]]:
    """Return what somebody should know of a token before they revoke it, label by label."""
    return [("Last used", use(context, row.usage)), ("Expires", expiry(context, row.token))]


def owned(context: DisplayContext, token: Token) -> str:
    """Return the name of a token, and whose it is where that is somebody else."""
    name = printable(token.name)
    return name if token.account == context.account else f"{name} of {printable(token.account)}"


def days(count: int) -> str:
    """Return a number of days, such as 1 day or 90 days."""
    return f"{count:,} day{'' if count == 1 else 's'}"


def tokens(count: int) -> str:
    """Return a number of tokens, such as 1 token or 1,200 tokens."""
    return f"{count:,} token{'' if count == 1 else 's'}"


def count(total: Count) -> str:
    """Return a number of tokens, such as 1,200 or 10,000+."""
    return f"{total.value:,}{'' if total.exact else '+'}"


def found(total: Count) -> str:
    """Return how many tokens a result has, such as 1,200 tokens or 10,000+ tokens."""
    return tokens(total.value) if total.exact else f"{total.value:,}+ tokens"


def revocation(context: DisplayContext, token: Token) -> str:
    """Return the day of a revocation with its distance, or nothing where there was none."""
    return "" if token.revoked_at is None else _day_and_distance(context, token.revoked_at)


def not_written(path: Path | str, error: OSError) -> str:
    """Return a sentence about a file that could not be made for a secret."""
    if isinstance(error, FileExistsError):
        return (
            f"{printable(str(path))} exists already and was not changed. Name a file that "
            "does not exist."
        )
    return f"{printable(str(path))} could not be written: {error.strerror}."


def internal_error(error: BaseException) -> str:
    """Return a sentence about an error of our own making.

    The error's text and local variables stay out: they may hold a secret.
    """
    import traceback  # slow to load

    frames = traceback.extract_tb(error.__traceback__)
    where = f" in {Path(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else ""
    return (
        f"tokentui failed with an internal error ({type(error).__name__}{where}). "
        "Earlier changes were kept. Please report this message."
    )

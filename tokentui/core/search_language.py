"""How people write a search: words, phrases in quotes, operators as `owner:bob`, `!` for not."""

from __future__ import annotations

import re
from datetime import date, timedelta, tzinfo
from typing import TYPE_CHECKING

from msgspec.structs import replace

from tokentui.core.dates import LAST_DAY, end_of_day
from tokentui.core.errors import InvalidExpiry, InvalidInput
from tokentui.core.search import (
    Between,
    Date,
    HasStatus,
    Never,
    NoNote,
    Note,
    Owner,
    Search,
    Term,
    UsedFrom,
    Word,
)
from tokentui.core.text import printable
from tokentui.core.token import Status, parse_day, parse_life

if TYPE_CHECKING:
    from collections.abc import Callable
    from ipaddress import IPv4Network, IPv6Network

MOST_TERMS = 20
LONGEST = 500
STATUSES = {
    "active": Status.ACTIVE,
    "soon": Status.EXPIRES_SOON,
    "expires-soon": Status.EXPIRES_SOON,
    "expired": Status.EXPIRED,
    "replaced": Status.REPLACED,
    "revoked": Status.REVOKED,
}
_NOT_SAVED = {"not-saved", "never-saved"}
_TERM = re.compile(
    r'(?P<excluded>!?)(?:(?P<operator>[A-Za-z]+):)?(?:"(?P<phrase>[^"]*)"|(?P<value>[^\s"]*))'
    r"(?=\s|$)"
)
_SECOND = timedelta(seconds=1)


class InvalidSearch(InvalidInput):
    """A search that cannot be read: what is wrong, and what to write instead."""


def parse(text: str, zone: tzinfo | None = None) -> Search:
    """Read a search.

    Args:
        text: Words and operators, as a person wrote them.
        zone: The time zone of days; None for the system's.

    Returns:
        The search; empty text finds everything.

    Raises:
        InvalidSearch: Something in it has no meaning.
    """
    text = " ".join(text.split())
    if printable(text) != text:
        raise InvalidSearch("The search has a character that cannot be shown. Remove it.")
    if len(text) > LONGEST:
        raise InvalidSearch(f"The search is too long. Write at most {LONGEST} characters.")
    terms: list[Term] = []
    position = 0
    while position < len(text):
        if (match := _TERM.match(text, position)) is None:
            raise InvalidSearch(_why_unreadable(text[position:]))
        terms.append(_term(match, zone))
        position = match.end() + 1
    if len(terms) > MOST_TERMS:
        raise InvalidSearch(f"The search has {len(terms)} words. Write at most {MOST_TERMS}.")
    return Search(tuple(terms))


def _why_unreadable(rest: str) -> str:
    if rest.count('"') % 2:
        return f'The quote in {rest} is not closed. Write a second ".'
    return f"A quote in {rest} is inside a word. Write a space before and after a quoted phrase."


def _term(match: re.Match[str], zone: tzinfo | None) -> Term:
    operator = (match["operator"] or "").lower()
    phrase = match["phrase"]
    value = match["value"] if phrase is None else phrase
    if operator and operator not in _OPERATORS:
        known = ", ".join(f"{each}:" for each in _OPERATORS)
        whole = f"{operator}:{value}"
        raise InvalidSearch(
            f'There is no operator {operator}:. Use {known}, or quote the text: "{whole}".'
        )
    if not value:
        raise InvalidSearch(_missing(operator, excluded=bool(match["excluded"])))
    term = _OPERATORS[operator](value, zone) if operator else Word(text=value)
    source = match[0].removeprefix("!")
    return replace(term, source=source, excluded=bool(match["excluded"]))


def _missing(operator: str, *, excluded: bool) -> str:
    if operator:
        return f"{operator}: has no value. Write, for example, {_EXAMPLES[operator]}."
    if excluded:
        return "! excludes a word. Write the word right after it, for example !owner:bob."
    return 'The quotes are empty. Write a phrase between them, for example "web server".'


def _status(value: str, _: tzinfo | None) -> Term:
    words = value.lower().split(",")
    for word in words:
        if word not in STATUSES and word not in _NOT_SAVED:
            known = "active, soon, expired, replaced, revoked or not-saved"
            raise InvalidSearch(f"There is no status {word or value}. Write {known}.")
    return HasStatus(
        statuses=frozenset(STATUSES[word] for word in words if word in STATUSES),
        never_saved=bool(_NOT_SAVED & set(words)),
    )


def _owner(value: str, _: tzinfo | None) -> Term:
    return Owner(account=value)


def _note(value: str, _: tzinfo | None) -> Term:
    return NoNote() if value.lower() == "none" else Note(text=value)


def _from(value: str, _: tzinfo | None) -> Term:
    if "/" not in value:
        return UsedFrom(prefixes=(value.lower(),))
    from ipaddress import IPv4Network, ip_network  # slow to load, and seldom needed

    try:
        network = ip_network(value, strict=False)
    except ValueError:
        raise InvalidSearch(
            f"{value} is not a network. Write, for example, from:192.0.2.0/24, or how the address "
            "begins: from:192.0.2."
        ) from None
    if isinstance(network, IPv4Network):
        return _used_from_v4(network)
    return _used_from_v6(network)


def _used_from_v4(network: IPv4Network) -> Term:
    """Return what addresses of a network look like: its whole bytes, and each value of the next."""
    whole, bits = divmod(network.prefixlen, 8)
    octets = [str(each) for each in network.network_address.packed]
    if whole == len(octets):
        return UsedFrom(addresses=frozenset({str(network.network_address)}))
    first = network.network_address.packed[whole]
    kept = octets[:whole]
    if kept and not bits:
        return UsedFrom(prefixes=(".".join([*kept, ""]),))
    begun = [".".join([*kept, str(each)]) for each in range(first, first + 2 ** (8 - bits))]
    if whole == len(octets) - 1:
        return UsedFrom(addresses=frozenset(begun))
    return UsedFrom(prefixes=tuple(f"{each}." for each in begun))


def _used_from_v6(network: IPv6Network) -> Term:
    """Return what addresses of a network look like; its groups have to be written out in them."""
    if network.prefixlen == network.max_prefixlen:
        return UsedFrom(addresses=frozenset({str(network.network_address)}))
    whole, bits = divmod(network.prefixlen, 16)
    groups = [f"{int(each, 16):x}" for each in network.network_address.exploded.split(":")[:whole]]
    begun = ":".join(groups)
    if bits or not groups or groups[-1] == "0" or "0:0" in begun:
        raise InvalidSearch(
            f"{network} cannot be searched for. Write how the address begins, for example "
            "from:2001:db8:."
        )
    return UsedFrom(prefixes=(f"{begun}:",))


def _date(kind: Date) -> Callable[[str, tzinfo | None], Term]:
    def read(value: str, zone: tzinfo | None) -> Term:
        if value.lower() == "never" and kind is not Date.CREATED:
            return Never(date=kind)
        sign, bound = (value[0], value[1:]) if value[0] in "<>" else ("", value)
        if sign and not bound[:4].isdigit():
            return _within(kind, sign, bound)
        return _on(kind, sign, bound, zone)

    return read


def _within(kind: Date, sign: str, bound: str) -> Term:
    """Return a term of a distance from now: ahead for what expires, else back."""
    try:
        life = parse_life(bound)
    except InvalidExpiry:
        raise InvalidSearch(_no_date(kind, bound)) from None
    if kind is Date.EXPIRES:
        near, far = timedelta(), life
        return (
            Between(date=kind, since=near, until=far)
            if sign == "<"
            else Between(date=kind, since=far)
        )
    return Between(date=kind, since=-life) if sign == "<" else Between(date=kind, until=-life)


def _on(kind: Date, sign: str, bound: str, zone: tzinfo | None) -> Term:
    """Return a term of a day: that day, or what comes before or after it."""
    try:
        day = parse_day(bound)
    except InvalidExpiry:
        raise InvalidSearch(_no_date(kind, bound)) from None
    if not date.min + timedelta(days=4) < day < LAST_DAY:
        raise InvalidSearch(f"{bound} is too far away. Write a year from 1 to 9999.")
    begins = end_of_day(day - timedelta(days=1), zone) + _SECOND
    ends = end_of_day(day, zone) + _SECOND
    match sign:
        case "<":
            return Between(date=kind, until=begins)
        case ">":
            return Between(date=kind, since=ends)
        case _:
            return Between(date=kind, since=begins, until=ends)


def _no_date(kind: Date, bound: str) -> str:
    written = bound or "Nothing"
    return f"{written} is not a date. Write, for example, {_EXAMPLES[kind.value]}."


_OPERATORS: dict[str, Callable[[str, tzinfo | None], Term]] = {
    "status": _status,
    "owner": _owner,
    "note": _note,
    "from": _from,
    **{kind.value: _date(kind) for kind in (Date.USED, Date.EXPIRES, Date.CREATED)},
}
_EXAMPLES = {
    "status": "status:expired",
    "owner": "owner:bob",
    "note": "note:billing or note:none",
    "from": "from:192.0.2",
    "used": "used:never, used:<30d or used:>2026-03-31",
    "expires": "expires:never, expires:<30d or expires:2026-03-31",
    "created": "created:<30d or created:>2026-03-31",
}

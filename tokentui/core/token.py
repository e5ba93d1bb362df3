"""A token: its fields, its name, its expiry, its status."""

import re
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any

import msgspec
from msgspec.structs import asdict

from tokentui.core.dates import FIRST_MOMENT, LAST_MOMENT, months_later
from tokentui.core.errors import InvalidExpiry, InvalidName

BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
ID_LENGTH = 10
NAME_LIMIT = 50
DEFAULT_LIFE = timedelta(days=365)
DEFAULT_SOON = timedelta(days=14)

# A pattern would also hold the alphabet, at 40 % of the time that reading a store takes.
TokenId = Annotated[str, msgspec.Meta(min_length=ID_LENGTH, max_length=ID_LENGTH)]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]

_DAY = timedelta(days=1)
_IN_NAMES = frozenset(f"{BASE62}_-")
_ISO_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_LIFE = r"([0-9]{1,5})([dwy])"
_MONTHS = r"([1-9][0-9]{0,4})m"
_DAYS = {"d": 1, "w": 7, "y": 365}


class Status(StrEnum):
    """What a token is worth at a given moment. Derived, never stored."""

    ACTIVE = "active"
    EXPIRES_SOON = "expires-soon"
    EXPIRED = "expired"
    REPLACED = "replaced"
    REVOKED = "revoked"


class Token(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    gc=False,
):
    """One API token, without its secret.

    Times are in UTC. `hash` is the bcrypt hash of the secret and is None once the token is
    revoked; `revoked_by` is the account that did it. `replaced_by` is the id of the token that was
    made in its place. `revision` starts at 1 and grows by one with every change. `note` says what
    the token is for.

    What has its default is not encoded: versions that do not know a field read records without it
    as their own. `to_record` returns all fields.
    """

    id: TokenId
    account: str
    name: str
    created_at: Moment
    expires_at: Moment | None
    saved_at: Moment | None = None
    revoked_at: Moment | None = None
    revoked_by: str | None = None
    hash: str | None
    read_only: bool = False
    networks: tuple[str, ...] = ()
    replaced_by: TokenId | None = None
    revision: Annotated[int, msgspec.Meta(ge=1)] = 1
    note: str = ""

    def __repr__(self) -> str:
        return f"Token(id={self.id!r}, name={self.name!r}, revision={self.revision})"

    def status(self, now: datetime, soon: timedelta = DEFAULT_SOON) -> Status:
        """Return the status at `now`; with at most `soon` of whole days left, it expires soon.

        Whole days, because a token expires at the end of one: it is "in 14 days" all day long.
        """
        if self.revoked_at is not None:
            return Status.REVOKED
        ends = self.expires_at
        if has_expired(ends, now):
            return Status.EXPIRED
        if self.replaced_by is not None:
            return Status.REPLACED
        if ends is None or ends - now >= soon + _DAY:
            return Status.ACTIVE
        return Status.EXPIRES_SOON

    def expired(self, now: datetime) -> bool:
        """Say whether its last second is over, revoked or not."""
        return has_expired(self.expires_at, now)

    def flaw(self) -> str | None:
        """Return what is wrong with a token that was read from somewhere, beyond its types."""
        if not (self.id.isascii() and self.id.isalnum()):
            return "the token ID contains other characters than letters and digits"
        for moment in (self.created_at, self.expires_at, self.saved_at, self.revoked_at):
            if moment is not None and not FIRST_MOMENT <= moment <= LAST_MOMENT:
                return "a date is out of range"
        return None

    @property
    def holds_name(self) -> bool:
        """Whether no other token of the account may have its name."""
        return self.revoked_at is None and self.replaced_by is None

    @property
    def never_saved(self) -> bool:
        """Whether nobody ever confirmed having the secret."""
        return self.saved_at is None


def to_record(token: Token) -> dict[str, Any]:
    """Return all fields of a token as JSON has them, also those that have their default."""
    record: dict[str, Any] = msgspec.to_builtins(asdict(token))
    return record


def has_expired(expires_at: datetime | None, now: datetime) -> bool:
    """Return whether the last second of a token is over at `now`; without an end, never."""
    return expires_at is not None and now > expires_at


def name_key(name: str) -> str:
    """Return what two names have in common when they count as the same name."""
    return name.casefold()


def clashing(tokens: Iterable[Token]) -> set[str]:
    """Return the names that two tokens of one account have, and may not."""
    claimed: set[tuple[str, str]] = set()
    twice: set[tuple[str, str]] = set()
    holders = [token for token in tokens if token.holds_name]
    for token in holders:
        claim = token.account, name_key(token.name)
        (twice if claim in claimed else claimed).add(claim)
    return {token.name for token in holders if (token.account, name_key(token.name)) in twice}


def check_name(name: str) -> None:
    """Raise `InvalidName` unless `name` is 1 to 50 of ASCII letters, digits, `-` and `_`.

    The rule is cPanel's, so that a name can be used there unchanged.
    """
    if not name:
        raise InvalidName("Enter a name.")
    if (char := next((each for each in name if each not in _IN_NAMES), None)) is not None:
        shown = "a space" if char == " " else char if char.isprintable() else ascii(char)
        raise InvalidName(f"Use only letters, digits, - and _: {shown} is not allowed.")
    if len(name) > NAME_LIMIT:
        raise InvalidName(f"Use at most {NAME_LIMIT} characters: this name has {len(name)}.")


def parse_day(text: str) -> date:
    """Read a date written as YYYY-MM-DD; raise `InvalidExpiry` for anything else."""
    if not re.fullmatch(_ISO_DAY, text):
        raise InvalidExpiry("Write the date as YYYY-MM-DD.")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidExpiry(f"{text} is not a date in the calendar.") from None


def parse_expiration(text: str, today: date) -> date:
    """Read an expiration date, or a lifetime from `today` on: 30d, 2w, 6m or 1y.

    Raises `InvalidExpiry`.
    """
    if (months := re.fullmatch(_MONTHS, text)) is not None:
        return months_later(today, int(months[1]))
    if re.fullmatch(_ISO_DAY, text) is not None:
        return parse_day(text)
    if re.fullmatch(_LIFE, text) is None:
        raise InvalidExpiry("Write YYYY-MM-DD, or a lifetime such as 30d, 2w, 6m or 1y.")
    try:
        return today + parse_life(text)
    except OverflowError:
        raise InvalidExpiry("That is too far away. Choose an earlier date.") from None


def parse_life(text: str) -> timedelta:
    """Read a lifetime in days, weeks or years of 365 days, such as 90d, 12w or 1y."""
    match = re.fullmatch(_LIFE, text)
    if match is None or int(match[1]) == 0:
        raise InvalidExpiry(f"{text!a} is not a lifetime. Write it as 90d, 12w or 1y.")
    return timedelta(days=int(match[1]) * _DAYS[match[2]])

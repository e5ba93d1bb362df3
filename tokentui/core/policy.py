"""What an administrator decides about all tokens of a store."""

from datetime import date, datetime, timedelta, tzinfo

import msgspec

from tokentui.core import credential
from tokentui.core.dates import DateFormat, end_of_day
from tokentui.core.errors import InvalidExpiry
from tokentui.core.token import DEFAULT_LIFE, DEFAULT_SOON


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """The rules of new tokens, and how tokens are told to people.

    `prefix` is what secrets begin with. `soon` is how long before its end a token counts as
    expiring soon. `default_life` is the lifetime of a token unless told otherwise, `max_life` the
    longest one: where there is one, every new token expires. `zone` is where days begin and end
    (None: the system's time zone), `date_format` how days are written.
    """

    prefix: str = credential.PREFIX
    soon: timedelta = DEFAULT_SOON
    default_life: timedelta = DEFAULT_LIFE
    max_life: timedelta | None = None
    zone: tzinfo | None = None
    date_format: DateFormat = DateFormat.ISO

    def expiry(self, last_day: date | None, today: date) -> datetime | None:
        """Return when a new token expires, valid until `last_day`, or for ever where None.

        Raises `InvalidExpiry`.
        """
        if last_day is not None:
            return self.last_moment(last_day, today)
        if self.max_life is not None:
            raise InvalidExpiry(
                f"Tokens must expire here. The longest lifetime is {self.max_life.days} days."
            )
        return None

    def last_moment(self, day: date, today: date) -> datetime:
        """Return when a token that is valid until `day` expires.

        Today can be chosen: "valid until this date" includes the date, so a token for today is
        valid until midnight, as a visitor of one day needs it. Raises `InvalidExpiry` for a past
        day, and for one that is later than `max_life` allows.
        """
        if day < today:
            raise InvalidExpiry(f"{day} is in the past. Choose today or a later date.")
        if self.max_life is not None and day > today + self.max_life:
            raise InvalidExpiry(
                f"{day} is too late. The longest lifetime is {self.max_life.days} days, "
                f"until {today + self.max_life}."
            )
        return end_of_day(day, self.zone)

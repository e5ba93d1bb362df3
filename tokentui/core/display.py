"""What showing a token to a person takes, beside the token."""

from datetime import date, datetime, timedelta, tzinfo
from functools import cached_property

import msgspec

from tokentui.core.dates import DateFormat, wall_clock
from tokentui.core.token import DEFAULT_SOON, Status, Token


class DisplayContext(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """To whom values are shown, and as of when: one for all that is shown at the same time.

    `account` is whose own tokens are shown without their owner. `zone` is where days begin and end
    (None: the system's time zone). `soon` is how long before its end a token counts as expiring
    soon.
    """

    account: str
    now: datetime
    zone: tzinfo | None = None
    soon: timedelta = DEFAULT_SOON
    date_format: DateFormat = DateFormat.ISO

    @cached_property
    def today(self) -> date:
        """The current day in the time zone."""
        return self.local(self.now).date()

    def local(self, moment: datetime) -> datetime:
        """Return what calendar and clock show in the time zone at `moment`."""
        return wall_clock(moment, self.zone)

    def status(self, token: Token) -> Status:
        """Return the status of `token` as of now."""
        return token.status(self.now, self.soon)

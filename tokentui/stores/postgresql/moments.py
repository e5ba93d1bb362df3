"""Moments as the database sends them: in UTC, whatever the session's time zone is."""

from datetime import UTC, datetime, timedelta
from struct import unpack

from psycopg.abc import Buffer
from psycopg.adapt import Loader
from psycopg.pq import Format

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_INFINITY = 2**63 - 1
"""How PostgreSQL sends `infinity`, which psycopg's own loader refuses."""


class MomentLoader(Loader):
    """Loads a `timestamptz` that was sent in binary; `infinity`, which is never, as None."""

    format = Format.BINARY

    def load(self, data: Buffer) -> datetime | None:
        (microseconds,) = unpack("!q", data)
        if microseconds == _INFINITY:
            return None
        return _EPOCH + timedelta(microseconds=microseconds)

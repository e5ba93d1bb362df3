"""The present moment."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Return the present moment in UTC, without microseconds: nobody reads or needs them."""
    return _moment(int(time.time()))


@lru_cache(1)
def _moment(seconds: int) -> datetime:
    """Return a moment, built once a second: a verifier asks for it with every request."""
    return datetime.fromtimestamp(seconds, UTC)

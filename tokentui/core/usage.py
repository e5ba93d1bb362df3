"""How a token has been used, and where that is written down."""

from collections.abc import Collection, Hashable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Protocol

import msgspec

from tokentui.core.token import Moment

_LONGEST_ADDRESS = 1024
"""How many characters an address may have in which each is written out as an escape."""


class Usage(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How a token has been used so far."""

    last_used_at: Moment
    count: Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)] = 1
    address: Annotated[str, msgspec.Meta(max_length=_LONGEST_ADDRESS)] | None = None
    """Where the last use came from, if that is known."""


class UsageLog(Protocol):
    """Where verifiers note uses. Apart from the tokens: they need no right to change those."""

    def get_many(self, ids: Collection[str]) -> Mapping[str, Usage]:
        """Return how the tokens with these ids have been used, as far as they ever were.

        Raises `StoreError`.
        """
        ...

    def version(self) -> Hashable:
        """Return a stamp that differs once more uses are written down. Cheap; raises nothing."""
        ...

    def warnings(self) -> Sequence[str]:
        """Return what an administrator should know about its state, a sentence each."""
        ...

    def record(self, token_id: str, moment: datetime, address: str | None = None) -> None:
        """Note one use. It is kept in memory until the next `flush`."""
        ...

    def flush(self) -> None:
        """Write down what was noted; raise `StoreError` and keep it where that fails."""
        ...

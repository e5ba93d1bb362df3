"""The calls of a `CredentialLookup` that may block, in threads of their own."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from tokentui.core.errors import StoreError, StoreOutOfDate
from tokentui.core.flight import SingleFlight
from tokentui.core.freshness import EVERY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tokentui.core.flight import Flight
    from tokentui.core.lookup import CredentialLookup, StoredCredential

MAX_CONCURRENT_FINDS = 4
"""How many tokens that are not in memory are looked up at the same time."""
_FIND_PATIENCE = 10.0
"""How many seconds a token that is not in memory is waited for."""
_REFRESH_PATIENCE = 0.5
"""How many seconds a coroutine waits for changes before it asks what is in memory."""
_YOUNG = 2 * EVERY
"""How many seconds old what is in memory is at most while requests keep coming."""
_YOUNG_PATIENCE = 0.02
"""How many seconds a coroutine waits then: the others go on with what is in memory anyway."""


class LookupThreads:
    """Refreshes and finds in a few threads; all who want the same share a call (single-flight)."""

    def __init__(self, lookup: CredentialLookup) -> None:
        self._lookup = lookup
        self._refreshing: SingleFlight[None] = SingleFlight(1)
        self._finding: SingleFlight[StoredCredential | None] = SingleFlight(MAX_CONCURRENT_FINDS)

    async def refresh(self) -> None:
        """Learn about changes without blocking the event loop; raise `StoreOutOfDate`.

        A refresh that takes too long goes on, but is not waited for: `peek` knows what still
        counts meanwhile (stale-while-revalidate).
        """
        young = self._lookup.health().age <= _YOUNG
        patience = _YOUNG_PATIENCE if young else _REFRESH_PATIENCE
        with suppress(TimeoutError):
            await self._refreshing.call(None, self._lookup.refresh).aresult(patience)

    def find(self, token_id: str) -> StoredCredential | None:
        """Return a token, or None where there is no such token.

        Raises `StoreOutOfDate` where it cannot be looked up, for whatever reason.
        """
        with _unavailable():
            return self._find(token_id).result(_FIND_PATIENCE)

    async def afind(self, token_id: str) -> StoredCredential | None:
        """Do what `find` does, without blocking the event loop."""
        with _unavailable():
            return await self._find(token_id).aresult(_FIND_PATIENCE)

    def _find(self, token_id: str) -> Flight[StoredCredential | None]:
        # With the generation as part of the key, an answer from before a change is not shared
        # after it.
        key = token_id, self._lookup.generation
        return self._finding.call(key, lambda: self._lookup.find(token_id))


@contextmanager
def _unavailable() -> Iterator[None]:
    try:
        yield
    except StoreOutOfDate:
        raise
    except StoreError as error:
        raise StoreOutOfDate(str(error)) from None
    except TimeoutError:
        raise StoreOutOfDate(
            f"The store did not answer within {_FIND_PATIENCE:g} seconds."
        ) from None

"""All that a store holds, as it is copied from one backend to another."""

from collections.abc import Iterable, Iterator
from itertools import zip_longest
from typing import Protocol

import msgspec

from tokentui.core.account import Account
from tokentui.core.chain import Broken, Link
from tokentui.core.errors import StoreDamaged, StoreError
from tokentui.core.text import printable
from tokentui.core.token import Token
from tokentui.core.usage import Usage


class Contents(Protocol):
    """What a store holds, streamed. All but `url` may raise `StoreError`."""

    url: str
    """Where it is, as people write it."""

    @property
    def key(self) -> bytes:
        """The key of the audit log; no bytes where no log was begun."""
        ...

    def tokens(self) -> Iterator[Token]:
        """Yield all tokens, revoked ones as well, in the order of their IDs."""
        ...

    def accounts(self) -> Iterator[tuple[Account, str | None]]:
        """Yield all accounts in the order of their names, each with the hash of its password."""
        ...

    def uses(self) -> Iterator[tuple[str, Usage]]:
        """Yield how tokens were used, in the order of their IDs."""
        ...

    def lines(self) -> Iterator[bytes]:
        """Yield the lines of the audit log, oldest first."""
        ...

    def verify(self) -> Link | Broken:
        """Return the end of the chain of the audit log, or where it is broken first."""
        ...


class Destination(Contents, Protocol):
    """An empty store that can take what another one holds. None of it counts before the end."""

    def take(self, source: Contents, end: Link) -> None:
        """Write what `source` holds, whose audit log ends at `end`. Raises `StoreError`."""
        ...


class Copied(msgspec.Struct, frozen=True, kw_only=True):
    """How much was copied, and compared."""

    tokens: int
    accounts: int
    uses: int
    audit_lines: int


def copy(source: Contents, destination: Destination) -> Copied:
    """Copy all that a store holds, and compare what was written with it.

    Args:
        source: The store, which nobody changes meanwhile.
        destination: What takes it.

    Returns:
        How much there was.

    Raises:
        StoreError: The audit log of the source is broken, or what was written is not the same.
    """
    end = source.verify()
    if isinstance(end, Broken):
        raise StoreDamaged(
            f"Entry {end.line} of the audit log of {source.url} {printable(end.what)}. "
            "Nothing was copied. Run tokentui audit verify."
        )
    destination.take(source, end)
    copied = Copied(
        tokens=_compared("tokens", source.tokens(), destination.tokens()),
        accounts=_compared("accounts", source.accounts(), destination.accounts()),
        uses=_compared("uses", source.uses(), destination.uses()),
        audit_lines=_compared("audit log entries", source.lines(), destination.lines()),
    )
    if destination.verify() != end:
        raise StoreError(f"The audit log in {destination.url} is not intact. The copy was removed.")
    return copied


def _compared(what: str, wanted: Iterable[object], found: Iterable[object]) -> int:
    count = 0
    for one, other in zip_longest(wanted, found):
        if one != other:
            raise StoreError(
                f"The copied {what} differ from number {count + 1} on. The copy was removed."
            )
        count += 1
    return count

"""What a verifier keeps of the tokens in a database: all of them, or those asked for last."""

from collections import OrderedDict
from collections.abc import Mapping
from threading import Lock
from typing import Protocol

from tokentui.core.forks import renew_in_children
from tokentui.core.lookup import NOT_IN_MEMORY, NotInMemory, StoredCredential
from tokentui.stores.postgresql.packed import unpacked

_ID_LENGTH = 10
_BUILT = 10_000


class TokenMemory(Protocol):
    """What is kept, as if every owner were enabled. One thread at a time changes it."""

    def __len__(self) -> int:
        """Return how many tokens are kept."""
        ...

    def peek(self, token_id: str) -> StoredCredential | NotInMemory | None:
        """Return a token; None where there is none, `NOT_IN_MEMORY` where it is not known."""
        ...

    def learn(self, tokens: Mapping[str, bytes]) -> None:
        """Learn what has changed of tokens, packed, by ID."""
        ...

    def put(self, token_id: str, packed: bytes | None) -> None:
        """Keep what the database says of an ID that is not known: a token, packed, or None."""
        ...


class AllTokens:
    """A `TokenMemory` of all tokens, packed, by ID. Some are also kept as they are needed."""

    def __init__(self, tokens: Mapping[str, bytes]) -> None:
        self._tokens = dict(tokens)
        self._built: dict[str, tuple[bytes, StoredCredential]] = {}

    def __len__(self) -> int:
        return len(self._tokens)

    def peek(self, token_id: str) -> StoredCredential | None:
        packed = self._tokens.get(token_id)
        if packed is None:
            return None
        built = self._built.get(token_id)
        if built is not None and built[0] is packed:
            return built[1]
        if len(self._built) >= _BUILT:
            self._built.clear()
        token = unpacked(token_id, packed)
        self._built[token_id] = packed, token
        return token

    def learn(self, tokens: Mapping[str, bytes]) -> None:
        self._tokens.update(tokens)

    def put(self, token_id: str, packed: bytes | None) -> None:
        """Do nothing: all are known."""


class RecentTokens:
    """A `TokenMemory` of the tokens asked for last (LRU), and of IDs without one (negative cache).

    Args:
        size: How many are kept of each.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._known: OrderedDict[str, StoredCredential] = OrderedDict()
        self._unknown: OrderedDict[str, None] = OrderedDict()
        self.renew()
        renew_in_children(self)

    def renew(self) -> None:
        self._guard = Lock()

    def __len__(self) -> int:
        return len(self._known)

    def peek(self, token_id: str) -> StoredCredential | NotInMemory | None:
        with self._guard:
            if (found := self._known.get(token_id)) is not None:
                self._known.move_to_end(token_id)
                return found
            if token_id in self._unknown:
                self._unknown.move_to_end(token_id)
                return None
        return NOT_IN_MEMORY if _is_id(token_id) else None

    def learn(self, tokens: Mapping[str, bytes]) -> None:
        with self._guard:
            for token_id, packed in tokens.items():
                self._unknown.pop(token_id, None)
                if token_id in self._known:
                    self._known[token_id] = unpacked(token_id, packed)

    def put(self, token_id: str, packed: bytes | None) -> None:
        with self._guard:
            if packed is None:
                self._unknown[token_id] = None
            else:
                self._known[token_id] = unpacked(token_id, packed)
            for kept in (self._known, self._unknown):
                if len(kept) > self._size:
                    kept.popitem(last=False)


def _is_id(text: str) -> bool:
    return len(text) == _ID_LENGTH and text.isascii() and text.isalnum()

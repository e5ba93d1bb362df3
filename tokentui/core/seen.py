"""Secrets that were checked before, so that a slow hash is paid for once a process."""

from collections import OrderedDict
from hashlib import blake2b
from threading import Lock
from typing import NamedTuple

SIZE = 65_536


class Seen(NamedTuple):
    """Whose secret it was or was not, and the hash that this is true of: never a verdict."""

    id: str
    hash: str


class SeenSecrets:
    """What was seen, by a digest under a key of this process. It holds no secret.

    Whoever finds an entry has to compare it with the token as it is now. Once `size` are there,
    the one that was used longest ago goes.
    """

    def __init__(self, size: int = SIZE) -> None:
        import secrets  # slow to load, and only what verifies needs it

        self._key = secrets.token_bytes(32)
        self._size = size
        self._entries: OrderedDict[bytes, Seen] = OrderedDict()
        self._generation = 0
        self._guard = Lock()

    def digest(self, text: str) -> bytes:
        """Return what stands for a presented text, whatever it is made of."""
        # Keyed BLAKE2 is a MAC as HMAC is, in a third of its time.
        return blake2b(text.encode("utf-8", "surrogatepass"), key=self._key).digest()

    def get(self, digest: bytes) -> Seen | None:
        """Return the entry, if any, as the one that was used last."""
        with self._guard:
            entry = self._entries.get(digest)
            if entry is not None:
                self._entries.move_to_end(digest)
            return entry

    def put(self, digest: bytes, entry: Seen, generation: int) -> None:
        """Keep an entry, unless the tokens are no longer those of `generation`."""
        with self._guard:
            if generation != self._generation:
                return
            self._entries[digest] = entry
            self._entries.move_to_end(digest)
            if len(self._entries) > self._size:
                self._entries.popitem(last=False)

    def drop(self, digest: bytes) -> None:
        """Forget an entry that holds no longer."""
        with self._guard:
            self._entries.pop(digest, None)

    def advance(self, generation: int) -> None:
        """Take no more entries from before `generation`. Call it before its tokens are shown."""
        with self._guard:
            self._generation = generation

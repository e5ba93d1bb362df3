"""Secrets that were checked before, so that a slow hash is paid for once a process."""

import os
from collections import OrderedDict
from hashlib import blake2b
from threading import Lock

from tokentui.core.forks import renew_in_children

SIZE = 65_536


class VerifiedSecretCache:
    """The hash that each secret was checked against, by a digest under a key of this process.

    It holds no secret, and never a verdict: whoever finds an entry compares it with the hash that
    the token has now. Once `size` are there, the least recently used one goes.
    """

    def __init__(self, size: int = SIZE) -> None:
        # Keyed BLAKE2 is a MAC as HMAC is, in a third of its time.
        self._keyed = blake2b(key=os.urandom(32))
        self._size = size
        self._hashes: OrderedDict[bytes, str] = OrderedDict()
        self.renew()
        renew_in_children(self)

    def renew(self) -> None:
        self._guard = Lock()

    def digest(self, text: str) -> bytes:
        """Return what stands for a presented text, whatever it is made of."""
        hashing = self._keyed.copy()  # in half the time that one with a key takes to make
        hashing.update(text.encode("utf-8", "surrogatepass"))
        return hashing.digest()

    def get(self, digest: bytes) -> str | None:
        """Return the hash, if any, as the entry that was used last."""
        with self._guard:
            hashed = self._hashes.get(digest)
            if hashed is not None:
                self._hashes.move_to_end(digest)
            return hashed

    def put(self, digest: bytes, hashed: str) -> None:
        """Keep the hash that a secret was checked against."""
        with self._guard:
            self._hashes[digest] = hashed
            self._hashes.move_to_end(digest)
            if len(self._hashes) > self._size:
                self._hashes.popitem(last=False)

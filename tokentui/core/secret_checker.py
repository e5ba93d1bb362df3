"""Whether a presented secret is that of a token: by a cache, or else by the slow hash."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tokentui.core.hashing import HashQueue
from tokentui.core.limits import Failures
from tokentui.core.verdicts import DamagedHash, TooManyFailures, WrongSecret
from tokentui.core.verified_cache import VerifiedSecretCache

if TYPE_CHECKING:
    from collections.abc import Callable

    from tokentui.core.credential import Hasher, Secret
    from tokentui.core.flight import Flight
    from tokentui.core.lookup import StoredCredential

_WRONG = "This is not the secret of that token."
_WRONG_KEPT = 4096


class SecretChecker:
    """Compares secrets with the hashes of their tokens.

    At most `max_concurrent_hashes` slow hashes are checked at the same time. It asks no lookup, so
    no slow store keeps its threads from other secrets.
    """

    def __init__(
        self, hasher: Hasher, monotonic: Callable[[], float], max_concurrent_hashes: int
    ) -> None:
        self._hasher = hasher
        self._monotonic = monotonic
        self._right = VerifiedSecretCache()
        # A client that goes on with an old secret must cost nothing, nor keep out the new one.
        self._wrong = VerifiedSecretCache(_WRONG_KEPT)
        self._failures = Failures(monotonic)
        self._hashing: HashQueue[None] = HashQueue(max_concurrent_hashes, monotonic)

    def knows(self, text: str, stored: StoredCredential) -> bool:
        """Return whether this text was found to be the secret of the token, and still is."""
        return not stored.revoked and self._right.get(self._right.digest(text)) == stored.hash

    def remember(self, text: str, stored: StoredCredential) -> None:
        """Keep that this text is the secret of a token."""
        self._right.put(self._right.digest(text), stored.hash)

    def check(
        self, text: str, secret: Secret, stored: StoredCredential, caller: str
    ) -> Flight[None]:
        """Have the `secret` that stands in `text` checked in its turn; the flight may raise.

        What takes no slow hash is refused here. `caller` is who presents it, empty if not known.
        Raises `WrongSecret`, `TooManyFailures`, `DamagedHash`.
        """
        digest = self._right.digest(text)
        self._refuse_unchecked(digest, stored, caller)
        return self._hashing.check(
            (digest, stored.hash, caller),
            lambda: self._compare(digest, secret, stored, caller),
            lambda: self._failures.standing(stored.id, caller),
            lambda: self._unchecked(stored.id, caller),
        )

    def _refuse_unchecked(self, digest: bytes, stored: StoredCredential, caller: str) -> None:
        if self._wrong.get(digest) == stored.hash:
            raise WrongSecret(_WRONG, stored.id)
        if self._failures.reached(stored.id, caller):
            raise TooManyFailures("This token is rate limited: too many wrong secrets.", stored.id)

    def _compare(
        self, digest: bytes, secret: Secret, stored: StoredCredential, caller: str
    ) -> None:
        # While this check waited for its turn, the same secret may have been checked, or failed.
        if self._right.get(digest) == stored.hash:
            return
        self._refuse_unchecked(digest, stored, caller)
        began = self._monotonic()
        if not self._is_right(secret, stored):
            self._hashing.pay(self._monotonic() - began)
            self._wrong.put(digest, stored.hash)
            self._failures.note(stored.id, caller)
            raise WrongSecret(_WRONG, stored.id)

    def _is_right(self, secret: Secret, stored: StoredCredential) -> bool:
        try:
            return self._hasher.check(secret, stored.hash)
        except DamagedHash as error:
            error.token_id = stored.id
            raise

    def _unchecked(self, token_id: str, caller: str) -> TooManyFailures:
        """Return the refusal of a secret that there was no time to check."""
        self._failures.note_unchecked(caller)
        return TooManyFailures("Rate limited: too many wrong secrets.", token_id)

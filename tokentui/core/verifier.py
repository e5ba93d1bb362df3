"""From a presented secret to the token that it belongs to, or to the reason why not."""

from tokentui.core import credential
from tokentui.core.credential import BcryptHasher, Hasher, Secret
from tokentui.core.errors import (
    TokenExpired,
    TokenNotFound,
    TokenRevoked,
    UnknownToken,
    WrongSecret,
)
from tokentui.core.store import Clock, TokenStore, UsageStore, utc_now
from tokentui.core.token import Status, Token


class Verifier:
    """Checks presented secrets against a store, which is asked anew each time.

    With `usage`, each success is noted there; whoever owns it calls its `flush`.
    """

    def __init__(
        self,
        store: TokenStore,
        *,
        usage: UsageStore | None = None,
        hasher: Hasher | None = None,
        clock: Clock = utc_now,
        prefix: str = credential.PREFIX,
    ) -> None:
        self._store = store
        self._usage = usage
        self._hasher = hasher or BcryptHasher()
        self._now = clock
        self._prefix = prefix

    def verify(self, presented: Secret, address: str | None = None) -> Token:
        """Return the token that `presented` opens the door for; raise a kind of `Refused`.

        The reason is for the operator. A caller may learn it only after presenting the right
        secret, which is known for `TokenExpired` alone: a revoked token has no hash to check.
        """
        claimed = credential.parse(presented, self._prefix)
        try:
            token = self._store.get(claimed.id)
        except TokenNotFound:
            raise UnknownToken("No token has this secret.") from None
        if token.revoked_at is not None or token.hash is None:
            raise TokenRevoked("The token of this secret was revoked.")
        if not self._hasher.check(claimed.secret, token.hash):
            raise WrongSecret("This is not the secret of the token that it names.")
        if token.status(self._now()) is Status.EXPIRED:
            raise TokenExpired("The token of this secret has expired.")
        if self._usage is not None:
            self._usage.record(token.id, self._now(), address)
        return token

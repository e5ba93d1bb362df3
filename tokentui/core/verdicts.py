"""Why a presented secret is refused, one class each."""

from __future__ import annotations

from tokentui.core.errors import TokentuiError

NOT_VALID = "This secret is not valid."
"""What is said to whoever has not presented a right secret."""


class Refused(TokentuiError):
    """A presented secret is refused. Class and text say why, to the operator.

    `token_id` is the token that was asked for, where the secret has a form that says so.
    """

    holder = False
    """Whether the right secret was presented, so that the caller may know the reason."""

    def __init__(self, text: str, token_id: str | None = None) -> None:
        super().__init__(text)
        self.token_id = token_id

    @property
    def public(self) -> str:
        """What the caller may be told."""
        return str(self) if self.holder else NOT_VALID


class NothingPresented(Refused):
    """A request comes without a secret."""

    @property
    def public(self) -> str:
        return "Send the secret of an API token."


class MalformedSecret(Refused):
    """The presented text does not have the form of a secret."""


class UnknownToken(Refused):
    """The form is right, but no token has the id."""


class WrongSecret(Refused):
    """The token exists, but this is not its secret."""


class TokenRevoked(Refused):
    """The token was revoked. Its hash is gone, so whether the secret was right is not known."""


class DamagedHash(Refused):
    """The stored hash is not a bcrypt hash, or costs more than is allowed."""


class TooManyFailures(Refused):
    """Wrong secrets came too fast, for this token or from this address, to check another one."""


class TokenExpired(Refused):
    """The secret is right, but the token has expired."""

    holder = True


class NotAllowed(Refused):
    """The secret is right and the token valid, but it does not allow what is asked for."""

    holder = True


class OwnerDisabled(NotAllowed):
    """The account that the token belongs to is disabled."""


class AddressNotAllowed(NotAllowed):
    """The token may not be used from this address."""


class ScopesNotEnforced(NotAllowed):
    """The token has scopes. Until a verifier can enforce them, it must not allow everything."""


class TokenReadOnly(NotAllowed):
    """The token is read-only, and this is no GET, HEAD or OPTIONS."""

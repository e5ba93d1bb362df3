"""A token just made, and its secret on the way to whoever asked for it."""

from collections.abc import Callable

import msgspec

from tokentui.core.credential import Secret
from tokentui.core.token import Token


class NewToken(msgspec.Struct, frozen=True):
    """A token just made, with its secret: the only time that the two are together.

    `replaces` is the token that it replaces, if any, as that is by now. `unconfirmed` says so
    where the disk did not confirm that the change will last, or the store did not say that it is
    done.
    """

    token: Token
    secret: Secret
    replaces: Token | None = None
    unconfirmed: str | None = None


WriteAhead = Callable[[NewToken], None]
"""Given a token and its secret before the store is changed, to put the secret where it lasts.

What it raises is raised, and no token is made."""

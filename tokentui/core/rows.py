"""What a list tells of tokens, put together from where it is kept."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager

from tokentui.core.account import AccountSource, disabled
from tokentui.core.errors import StoreError, StoreUnavailable
from tokentui.core.query import NO_USES, TokenRow
from tokentui.core.token import Token
from tokentui.core.usage import UsageLog


def joined(tokens: Sequence[Token], usage: UsageLog, accounts: AccountSource) -> list[TokenRow]:
    """Return `tokens` with all that is told of them: one question to each store, for all.

    Where uses or accounts cannot be read, their `warnings` say so: no token counts as used, and no
    account as disabled. Raises `StoreUnavailable`.
    """
    uses = NO_USES
    closed: Collection[str] = ()
    with if_readable():
        uses = usage.get_many([token.id for token in tokens])
    with if_readable():
        closed = disabled(accounts.list_all())
    return [TokenRow(each, uses.get(each.id), each.account in closed) for each in tokens]


@contextmanager
def if_readable() -> Iterator[None]:
    """Do without what is damaged; raise `StoreUnavailable` where asking again may help."""
    try:
        yield
    except StoreUnavailable:
        raise
    except StoreError:
        pass

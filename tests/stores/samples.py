"""Tokens that a file is tried with."""

from collections.abc import Sequence

from msgspec.structs import replace

from tokentui.core.backend import Backend
from tokentui.core.change import Restore
from tokentui.core.query import Query
from tokentui.core.repositories import TokenRepository
from tokentui.core.token import Token

from ..contracts.samples import LIVE as ALL
from ..contracts.samples import commit, token

__all__ = ["ALL", "after", "names", "put", "token"]


def after(before: Token, **changes: object) -> Token:
    """Return the next revision of a token."""
    return replace(before, revision=before.revision + 1, **changes)


def names(tokens: TokenRepository, query: Query) -> list[str]:
    return [row.token.name for row in tokens.page(query).rows]


def put(backend: Backend, *, added: Sequence[Token] = (), replaced: Sequence[Token] = ()) -> None:
    """Put tokens into a store as they are, next revisions of others among them."""
    seen = [replace(each, revision=each.revision - 1) for each in replaced]
    pairs = tuple(zip(seen, replaced, strict=True))
    commit(backend, Restore(name="test", added=tuple(added), replaced=pairs))

"""What is wrong with a store."""

from collections.abc import Iterable, Iterator
from itertools import groupby

from tokentui.core import credential
from tokentui.core.errors import InvalidName
from tokentui.core.queries import TokenQueries
from tokentui.core.repositories import every_token
from tokentui.core.text import printable
from tokentui.core.token import Token, check_name, name_key


def find_problems(queries: TokenQueries) -> Iterator[str]:
    """Yield all that is wrong with the store, a sentence each, while every token is read."""
    yield from queries.warnings()
    verifies = queries.backend.capabilities.verifies
    tokens = every_token(queries.backend.tokens)
    for _, namesakes in groupby(tokens, lambda token: name_key(token.name)):
        yield from _problems_of_one_name(namesakes, verifies=verifies)


def _problems_of_one_name(namesakes: Iterable[Token], *, verifies: bool) -> Iterator[str]:
    holders: dict[str, list[str]] = {}
    for token in namesakes:
        if token.holds_name:
            holders.setdefault(token.account, []).append(token.name)
        yield from _problems(token)
        if verifies:
            yield from _hash_problems(token)
    for name in sorted({name for names in holders.values() if len(names) > 1 for name in names}):
        yield f"Several tokens have the name {printable(name)}. Rename all but one."


def _problems(token: Token) -> Iterator[str]:
    if token.revoked_at is not None:
        return
    try:
        check_name(token.name)
    except InvalidName as error:
        yield (
            f"The name {printable(token.name)} ({token.id}) is not valid: {error} Rename the token."
        )


def _hash_problems(token: Token) -> Iterator[str]:
    if token.revoked_at is not None:
        if token.hash is not None:
            yield f"{printable(token.name)} ({token.id}) is revoked but still has a hash."
    elif token.hash is None or not credential.is_hash(token.hash):
        yield (
            f"The hash of {printable(token.name)} is damaged, so its secret is never valid. "
            "Revoke the token and create another."
        )

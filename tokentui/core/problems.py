"""What is wrong with a store."""

from collections.abc import Iterator

from tokentui.core import credential
from tokentui.core.errors import InvalidName
from tokentui.core.queries import TokenQueries
from tokentui.core.repositories import every_token
from tokentui.core.text import printable
from tokentui.core.token import Token, check_name, clashing


def find_problems(queries: TokenQueries) -> list[str]:
    """Return all that is wrong with the store, a sentence each. Reads every token."""
    tokens = every_token(queries.backend.tokens)
    verifies = queries.backend.capabilities.verifies
    return [
        *queries.warnings(),
        *(
            f"Several tokens have the name {printable(name)}. Rename all but one."
            for name in sorted(clashing(tokens))
        ),
        *(problem for token in tokens for problem in _problems(token)),
        *(problem for token in tokens if verifies for problem in _hash_problems(token)),
    ]


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

"""Stores of any size, made without hashing a secret for each token."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
from tinydb import TinyDB

from tests.opening import open_store
from tokentui.core.token import Token

_FIRST_DAY = datetime(2026, 1, 1, 9, tzinfo=UTC)


def sample(number: int, hashed: str) -> Token:
    """Return the token `svc-<number>`, saved, and valid for ten years."""
    created = _FIRST_DAY + timedelta(minutes=number)
    return Token(
        id=f"{number:010}",
        account="ada",
        name=name(number),
        created_at=created,
        expires_at=created + timedelta(days=3650),
        saved_at=created,
        hash=hashed,
    )


def name(number: int) -> str:
    return f"svc-{number:06}"


def fill(path: Path, tokens: list[Token]) -> None:
    """Make a store of `tokens`: ours makes the file, stock TinyDB then writes all in one go."""
    first, *others = tokens
    open_store(str(path)).apply(added=[first])
    with TinyDB(path) as database:
        database.table("tokens").insert_multiple(map(msgspec.to_builtins, others))

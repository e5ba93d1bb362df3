"""Stores of any size, made without hashing a secret for each token."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
from msgspec.structs import replace
from tinydb import TinyDB

from tests.opening import open_store, open_usage
from tokentui.core.audit import Action, AuditLog, Event
from tokentui.core.clock import utc_now
from tokentui.core.credential import BcryptHasher, mint
from tokentui.core.token import Token

_ENTRIES = 10_000
"""How many entries of an audit log are synced together."""
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


def fill_used(path: Path, count: int) -> str:
    """Make a store of tokens that were all used, and return the secret of the last."""
    hasher, minted = BcryptHasher(4), mint()
    shared = hasher.hash(mint().secret)
    tokens = [sample(number, shared) for number in range(count - 1)]
    known = sample(count - 1, hasher.hash(minted.secret))
    minted = replace(minted, id=known.id)
    fill(path, [*tokens, known])
    usage = open_usage(str(path))
    for token in (*tokens, known):
        usage.record(token.id, utc_now())
    usage.flush()
    return minted.encode().reveal()


def fill_log(log: AuditLog, count: int) -> None:
    """Write as many entries, of tokens that were created."""
    for first in range(0, count, _ENTRIES):
        numbers = range(first, min(first + _ENTRIES, count))
        log.record(
            *(
                Event(account="ada", action=Action.CREATE, token=f"{each:010}", name=name(each))
                for each in numbers
            )
        )


def environment(home: str | Path, store: Path | str) -> dict[str, str]:
    """Return the environment of a program that knows nothing of the person who measures."""
    return {
        "PATH": os.defpath,
        "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "TOKENTUI_STORE": str(store),
        "TOKENTUI_HASH_COST": "4",
    }

"""Stores whose secrets are known, and verifiers of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec.structs import replace

from tests.opening import open_store, open_usage
from tokentui.core.credential import BcryptHasher, Credential, mint
from tokentui.core.snapshot_lookup import SnapshotLookup
from tokentui.core.verifier import Verifier

from .samples import fill, sample


def make_store(path: Path, count: int, cost: int, used: int) -> list[str]:
    """Make a store, and return the secrets of those of its tokens that are used."""
    tokens = [sample(number, "$2b$04$" + "." * 53) for number in range(count)]
    known = []
    for place, token in enumerate(tokens[:used]):
        minted = Credential(token.id, mint().secret)
        known.append(minted.encode().reveal())
        tokens[place] = replace(token, hash=BcryptHasher(cost).hash(minted.secret))
    fill(path, tokens)
    return known


@contextmanager
def opened(path: str) -> Iterator[Verifier]:
    lookup = SnapshotLookup(open_store(path, read_only=True))
    with Verifier(lookup, usage=open_usage(path)) as verifier:
        verifier.refresh()
        yield verifier

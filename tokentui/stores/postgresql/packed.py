"""Tokens as few bytes, made by the database: a verifier keeps many of them."""

from datetime import UTC, datetime, timedelta

import msgspec

from tokentui.core.lookup import StoredCredential

PACKED = (
    "convert_to(json_build_array(t.account, t.name, "
    "CASE WHEN t.revoked_at IS NULL THEN t.hash END, "
    "(extract(epoch FROM nullif(t.expires_at, 'infinity')) * 1000000)::bigint, "
    "t.read_only, t.networks)::text, 'UTF8')"
)
"""SQL for what `unpacked` reads, of the table `tokens AS t`."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class _Packed(msgspec.Struct, array_like=True):
    account: str
    name: str
    hash: str | None
    expires_at: int | None
    read_only: bool
    networks: tuple[str, ...]


_decoder = msgspec.json.Decoder(_Packed)


def unpacked(token_id: str, packed: bytes) -> StoredCredential:
    """Return what a verifier has to know of a token.

    Args:
        token_id: Its ID.
        packed: What the database says of it.

    Returns:
        The token, as if its owner were enabled.
    """
    facts = _decoder.decode(packed)
    expires_at = None
    if facts.expires_at is not None:
        expires_at = _EPOCH + timedelta(microseconds=facts.expires_at)
    return StoredCredential(
        id=token_id,
        name=facts.name,
        account=facts.account,
        hash=facts.hash or "",
        expires_at=expires_at,
        read_only=facts.read_only,
        networks=facts.networks,
        revoked=facts.hash is None,
        owner_disabled=False,
    )

"""What a service may know of a token."""

from datetime import datetime

import msgspec

from tokentui.core.lookup import StoredCredential


class PublicToken(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a service may know of a valid token. Times are in UTC."""

    id: str
    account: str
    name: str
    expires_at: datetime | None
    read_only: bool
    networks: tuple[str, ...]


def public(stored: StoredCredential) -> PublicToken:
    """Return what a service may know of a token."""
    return PublicToken(
        id=stored.id,
        account=stored.account,
        name=stored.name,
        expires_at=stored.expires_at,
        read_only=stored.read_only,
        networks=stored.networks,
    )

"""API tokens from a terminal: create, rename, rotate, revoke and verify them."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tokentui.core.credential import Secret
    from tokentui.core.errors import StoreError, TokentuiError
    from tokentui.core.service import TokenService
    from tokentui.core.token import Status, Token
    from tokentui.core.verdicts import Refused
    from tokentui.core.verifier import Health, PublicToken
    from tokentui.stores import open_store
    from tokentui.verifier import Verifier

__all__ = [
    "Health",
    "PublicToken",
    "Refused",
    "Secret",
    "Status",
    "StoreError",
    "Token",
    "TokenService",
    "TokentuiError",
    "Verifier",
    "open_store",
]

_HOMES = {
    "Health": "tokentui.core.verifier",
    "PublicToken": "tokentui.core.verifier",
    "Refused": "tokentui.core.verdicts",
    "Secret": "tokentui.core.credential",
    "Status": "tokentui.core.token",
    "StoreError": "tokentui.core.errors",
    "Token": "tokentui.core.token",
    "TokenService": "tokentui.core.service",
    "TokentuiError": "tokentui.core.errors",
    "Verifier": "tokentui.verifier",
    "open_store": "tokentui.stores",
}


def __getattr__(name: str) -> object:
    """Load a public name when it is first asked for: no command pays for what it does not use."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

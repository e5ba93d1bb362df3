"""API tokens from a terminal: create, rename, rotate, revoke and verify them."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tokentui.core.commands import TokenCommands, TokenService
    from tokentui.core.credential import Secret
    from tokentui.core.errors import StoreError, TokentuiError
    from tokentui.core.public_token import PublicToken
    from tokentui.core.token import Status, Token
    from tokentui.core.verdicts import Refused
    from tokentui.core.verifier import Health
    from tokentui.stores import open_backend
    from tokentui.verifier import Verifier

__all__ = [
    "Health",
    "PublicToken",
    "Refused",
    "Secret",
    "Status",
    "StoreError",
    "Token",
    "TokenCommands",
    "TokenService",
    "TokentuiError",
    "Verifier",
    "open_backend",
]

_HOMES = {
    "Health": "tokentui.core.verifier",
    "PublicToken": "tokentui.core.public_token",
    "Refused": "tokentui.core.verdicts",
    "Secret": "tokentui.core.credential",
    "Status": "tokentui.core.token",
    "StoreError": "tokentui.core.errors",
    "Token": "tokentui.core.token",
    "TokenCommands": "tokentui.core.commands",
    "TokenService": "tokentui.core.commands",
    "TokentuiError": "tokentui.core.errors",
    "Verifier": "tokentui.verifier",
    "open_backend": "tokentui.stores",
}


def __getattr__(name: str) -> object:
    """Load a public name when it is first asked for: no command pays for what it does not use."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

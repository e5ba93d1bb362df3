"""The questions that are asked before tokens are revoked."""

from collections.abc import Sequence
from functools import partial

from tokentui import words
from tokentui.core.service import TokenService
from tokentui.core.token import Token
from tokentui.ui.screens.confirm import Confirm

_TYPED_ABOVE = 5
"""Of more tokens than these, the number has to be typed: nobody revokes a hundred by habit."""
_NAMES_LISTED = 200
_NAMES_SHOWN = 5


def revoke_question(service: TokenService, tokens: Sequence[Token]) -> Confirm:
    """Return the question that is asked before `tokens` are revoked."""
    check = partial(service.check_unchanged, tokens)
    if len(tokens) == 1:
        name = words.owned(service, tokens[0])
        return Confirm(
            f"Revoke {name}?",
            f"Every script and service that uses {name} stops working at once. "
            "Only a backup could bring the token back.",
            yes="Yes, Revoke The Token",
            check=check,
        )
    return Confirm(
        f"Revoke {words.tokens(len(tokens))}?",
        "Every script and service that uses one of them stops working at once. "
        "Only a backup could bring them back.\n\n"
        f"{names(service, tokens, _NAMES_LISTED)}",
        yes=f"Yes, Revoke {len(tokens):,} Tokens",
        check=check,
        number=len(tokens) if len(tokens) > _TYPED_ABOVE else None,
    )


def never_saved_question(service: TokenService, tokens: Sequence[Token]) -> Confirm:
    """Return what is asked at the start where secrets were never saved."""
    check = partial(service.check_unchanged, tokens)
    if len(tokens) == 1:
        return Confirm(
            f"Never saved: {names(service, tokens)}",
            "Nobody confirmed having its secret, so most likely nobody can use the token. "
            "Revoke it, unless somebody is saving it right now. "
            "If you do have the secret, say so under Manage.",
            yes="Revoke it",
            check=check,
            no="Decide later",
        )
    return Confirm(
        f"{words.tokens(len(tokens))} never saved",
        "Nobody confirmed having their secrets, so most likely nobody can use the tokens. "
        "Revoke them, unless somebody is saving one right now. "
        "If you do have a secret, say so under Manage.\n\n"
        f"{names(service, tokens, _NAMES_LISTED)}",
        yes=f"Revoke all {len(tokens):,}",
        check=check,
        no="Decide later",
        number=len(tokens) if len(tokens) > _TYPED_ABOVE else None,
    )


def names(service: TokenService, tokens: Sequence[Token], most: int = _NAMES_SHOWN) -> str:
    """Return the names of `tokens`, or of the first ones and how many more there are."""
    shown = ", ".join(words.owned(service, token) for token in tokens[:most])
    more = len(tokens) - most
    return f"{shown} and {more:,} more" if more > 0 else shown

"""The questions that are asked before something is lost: a token, a secret, input."""

from collections.abc import Sequence
from functools import partial

from tokentui import formatting
from tokentui.core.commands import TokenCommands
from tokentui.core.token import Token
from tokentui.ui.screens.confirm import Confirm

_TYPED_ABOVE = 5
"""Of more tokens than these, the number has to be typed: nobody revokes a hundred by habit."""
_NAMES_LISTED = 200
_NAMES_SHOWN = 5
_KEPT = "Nothing was revoked."


def revoke_question(service: TokenCommands, tokens: Sequence[Token]) -> Confirm:
    """Return the question that is asked before `tokens` are revoked."""
    check = partial(service.check_unchanged, tokens)
    if len(tokens) == 1:
        name = formatting.owned(service.queries.display_context(), tokens[0])
        return Confirm(
            f"Revoke {name}?",
            f"Every script and service that uses {name} stops working at once. "
            "Only a backup could bring the token back.",
            yes="Yes, Revoke The Token",
            check=check,
            refused=_KEPT,
        )
    return Confirm(
        f"Revoke {formatting.tokens(len(tokens))}?",
        "Every script and service that uses one of them stops working at once. "
        "Only a backup could bring them back.\n\n"
        f"{names(service, tokens, _NAMES_LISTED)}",
        yes=f"Yes, Revoke {len(tokens):,} Tokens",
        check=check,
        number=len(tokens) if len(tokens) > _TYPED_ABOVE else None,
        refused=_KEPT,
    )


def never_saved_question(service: TokenCommands, tokens: Sequence[Token]) -> Confirm:
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
        f"{formatting.tokens(len(tokens))} never saved",
        "Nobody confirmed having their secrets, so most likely nobody can use the tokens. "
        "Revoke them, unless somebody is saving one right now. "
        "If you do have a secret, say so under Manage.\n\n"
        f"{names(service, tokens, _NAMES_LISTED)}",
        yes=f"Revoke all {len(tokens):,}",
        check=check,
        no="Decide later",
        number=len(tokens) if len(tokens) > _TYPED_ABOVE else None,
    )


def revoke_immediately_question(service: TokenCommands, token: Token) -> Confirm:
    """Return what is asked before a rotation that leaves the old secret no time."""
    name = formatting.owned(service.queries.display_context(), token)
    return Confirm(
        f"Revoke the old secret of {name} immediately?",
        f"Every script and service that uses {name} stops working until it has the new secret.",
        yes="Yes, Revoke It Immediately",
        check=partial(service.check_unchanged, [token]),
        refused="Nothing was rotated.",
    )


def discard_question() -> Confirm:
    """Return what is asked before a form is left that somebody has filled in."""
    return Confirm(
        "Discard your input?",
        "What you entered in this form is lost if you leave it.",
        yes="Discard",
        no="Keep Editing",
    )


def names(service: TokenCommands, tokens: Sequence[Token], most: int = _NAMES_SHOWN) -> str:
    """Return the names of `tokens`, or of the first ones and how many more there are."""
    context = service.queries.display_context()
    shown = ", ".join(formatting.owned(context, token) for token in tokens[:most])
    more = len(tokens) - most
    return f"{shown} and {more:,} more" if more > 0 else shown

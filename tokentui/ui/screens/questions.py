"""The questions that are asked before something is lost: a token, a secret, input."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from textual.content import Content

from tokentui import formatting
from tokentui.core.access import Access
from tokentui.core.commands import TokenCommands
from tokentui.core.query import TokenRow
from tokentui.core.token import Token
from tokentui.ui.screens.confirm import Confirm

_TYPED_ABOVE = 5
"""Of more tokens than these, the number has to be typed: nobody revokes a hundred by habit."""
_NAMES_LISTED = 200
_NAMES_SHOWN = 5
_KEPT = "Nothing was revoked."


def revoke_question(service: TokenCommands, rows: Sequence[TokenRow]) -> Confirm:
    """Return the question that is asked before tokens are revoked."""
    tokens = [row.token for row in rows]
    check = partial(service.check_unchanged, tokens)
    if len(tokens) > 1:
        return Confirm(
            "Revoke API tokens",
            Content.assemble("Revoke ", (formatting.tokens(len(tokens)), "bold"), "?"),
            "Permanently blocks every client that uses one of these tokens. "
            "If one token cannot be revoked, none is.",
            tokens=_by_last_use(service, rows),
            yes=f"Yes, Revoke {len(tokens):,} Tokens",
            check=check,
            number=len(tokens) if len(tokens) > _TYPED_ABOVE else None,
            refused=_KEPT,
        )
    context = service.queries.display_context()
    return Confirm(
        "Revoke API token",
        Content.assemble("Revoke ", (formatting.owned(context, tokens[0]), "bold"), "?"),
        "Permanently blocks every client that uses this token. Only a backup can restore it.",
        facts=formatting.revocation_facts(context, rows[0]),
        yes="Yes, Revoke The Token",
        check=check,
        refused=_KEPT,
    )


def never_saved_question(service: TokenCommands, rows: Sequence[TokenRow]) -> Confirm:
    """Return what is asked at the start where secrets were never saved."""
    tokens = [row.token for row in rows]
    check = partial(service.check_unchanged, tokens)
    if len(tokens) == 1:
        return Confirm(
            "Not saved",
            Content.assemble((names(service, tokens), "bold"), " was not saved. Revoke it?"),
            "Nobody confirmed saving the secret. If it is lost, revoke the token. "
            "If you have the secret, open the token and choose I Saved This Token.",
            facts=formatting.revocation_facts(service.queries.display_context(), rows[0]),
            yes="Yes, Revoke The Token",
            check=check,
            no="Decide later",
        )
    return Confirm(
        "Not saved",
        Content.assemble((formatting.tokens(len(tokens)), "bold"), " were not saved. Revoke them?"),
        "Nobody confirmed saving the secrets. If they are lost, revoke the tokens. "
        "If you have a secret, open its token and choose I Saved This Token.",
        tokens=_by_last_use(service, rows),
        yes=f"Yes, Revoke {len(tokens):,} Tokens",
        check=check,
        no="Decide later",
        number=len(tokens) if len(tokens) > _TYPED_ABOVE else None,
    )


def revoke_immediately_question(service: TokenCommands, token: Token) -> Confirm:
    """Return what is asked before a rotation that leaves the old secret no time."""
    name = formatting.owned(service.queries.display_context(), token)
    return Confirm(
        "Revoke the old secret",
        Content.assemble("Revoke the old secret of ", (name, "bold"), " immediately?"),
        "Blocks every client that uses this token until it has the new secret.",
        yes="Yes, Revoke It Immediately",
        check=partial(service.check_unchanged, [token]),
        refused="Nothing was rotated.",
    )


def access_question(service: TokenCommands, tokens: Sequence[Token], access: Access) -> Confirm:
    """Return the question that is asked before several tokens get the same access."""
    freed = sum(
        (token.read_only and not access.read_only) or bool(token.networks and not access.networks)
        for token in tokens
    )
    warning = f" This removes limits from {formatting.tokens(freed)}." if freed else ""
    return Confirm(
        "Change access",
        Content.assemble("Change the access of ", (formatting.tokens(len(tokens)), "bold"), "?"),
        f"New access: {formatting.access(access)}.{warning} "
        f"If one token cannot be changed, none is.\n\n{names(service, tokens, _NAMES_LISTED)}",
        yes=f"Yes, Change {len(tokens):,} Tokens",
        check=partial(service.check_unchanged, tokens),
        refused="Nothing was changed.",
    )


def discard_question() -> Confirm:
    """Return what is asked before a form is left that somebody has filled in."""
    return Confirm(
        "Discard input",
        "Discard your input?",
        "What you entered in this form is lost if you leave it.",
        yes="Discard",
        no="Keep editing",
    )


def _by_last_use(service: TokenCommands, rows: Sequence[TokenRow]) -> list[tuple[str, str]]:
    """Return the last use and the name of each token, or of many; the latest use comes first."""

    def unused_for(row: TokenRow) -> timedelta:
        return timedelta.max if row.usage is None else context.now - row.usage.last_used_at

    context = service.queries.display_context()
    shown = [
        (formatting.last_used(context, row.usage), formatting.owned(context, row.token))
        for row in sorted(rows, key=unused_for)
    ]
    more = len(shown) - _NAMES_LISTED
    return [*shown[:_NAMES_LISTED], ("", f"and {more:,} more")] if more > 0 else shown


def names(service: TokenCommands, tokens: Sequence[Token], most: int = _NAMES_SHOWN) -> str:
    """Return the names of `tokens`, or of the first ones and how many more there are."""
    context = service.queries.display_context()
    shown = ", ".join(formatting.owned(context, token) for token in tokens[:most])
    more = len(tokens) - most
    return f"{shown} and {more:,} more" if more > 0 else shown

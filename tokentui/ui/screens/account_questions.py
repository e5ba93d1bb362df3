"""The questions that are asked before an account or a key of it cannot be used any more."""

from functools import partial

from textual.content import Content

from tokentui import formatting
from tokentui.core.account import Account, AccountRow
from tokentui.core.accounts import AccountService
from tokentui.core.text import printable
from tokentui.ui.screens.confirm import Confirm

_TYPED_ABOVE = 5
"""Of more tokens than these, the number has to be typed."""


def disable_question(service: AccountService, row: AccountRow) -> Confirm:
    """Return the question that is asked before an account is disabled."""
    return Confirm(
        "Disable account",
        Content.assemble("Disable ", (printable(row.account.name), "bold"), "?"),
        "Blocks sign-in and all tokens of this account until an administrator enables it.",
        yes="Yes, Disable The Account",
        check=partial(service.check_unchanged, row.account),
        refused="Nothing was changed.",
    )


def delete_question(service: AccountService, row: AccountRow) -> Confirm:
    """Return the question that is asked before an account is deleted."""
    return Confirm(
        "Delete account",
        Content.assemble("Delete ", (printable(row.account.name), "bold"), "?"),
        f"Permanently blocks sign-in and every client of this account. {_revoked(row.tokens)} "
        "No other account can get this name. The audit log keeps all events.",
        yes="Yes, Delete The Account",
        check=partial(service.check_unchanged, row.account),
        number=row.tokens if row.tokens > _TYPED_ABOVE else None,
        refused="Nothing was deleted.",
    )


def remove_key_question(service: AccountService, account: Account, fingerprint: str) -> Confirm:
    """Return the question that is asked before an SSH key is removed."""
    return Confirm(
        "Remove SSH key",
        Content.assemble("Remove an SSH key of ", (printable(account.name), "bold"), "?"),
        f"{fingerprint}\n\nThis key cannot sign in any more, and its open sessions end. If it has "
        "a line in authorized_keys, delete this line too.",
        yes="Yes, Remove The Key",
        check=partial(service.check_unchanged, account),
        refused="Nothing was removed.",
    )


def _revoked(tokens: int) -> str:
    if not tokens:
        return "The account has no tokens."
    return f"Revokes {formatting.tokens(tokens)}."

"""The keys of the list of tokens, and when each can do nothing."""

from textual.binding import Binding, BindingType

from tokentui.core.audit import Action
from tokentui.core.rights import Permissions
from tokentui.core.token import Token

_OF_OWNERS = {"rotate": Action.ROTATE, "revoke": Action.REVOKE}
_CHANGES = {"rotate", "revoke", "mark", "mark_range", "mark_all", "invert_marks"}
"""Actions that change tokens, or select them for a change."""
_OF_ROWS = _CHANGES | {"filter", "history", "manage", "reverse", "sort"}
"""Actions that need a token in the list."""

BINDINGS: list[BindingType] = [
    Binding("c", "create", "Create", id="list.create"),
    Binding("m,enter", "manage", "Manage", key_display="m", id="list.manage"),
    Binding(
        "r,delete",
        "revoke",
        "Revoke",
        key_display="r",
        tooltip="Revoke the token, or all that are marked, after a question",
        id="list.revoke",
    ),
    Binding(
        "t",
        "rotate",
        "Rotate",
        tooltip="Make a successor with a secret of its own",
        show=False,
        id="list.rotate",
    ),
    Binding("slash", "filter", "Filter", tooltip="Filter by name as you type", id="list.filter"),
    Binding(
        "f",
        "show_only",
        "Show",
        tooltip="Show only the active ones, for example, or those that were revoked",
        id="list.show-only",
    ),
    Binding("A", "account", "Show only one account", show=False, id="list.account"),
    Binding("h", "history", "History of the token", show=False, id="list.history"),
    Binding("H", "audit", "Audit log", show=False, id="list.audit"),
    Binding("s", "sort", "Sort by the next column", show=False, id="list.sort"),
    Binding("S", "reverse", "Reverse the order", show=False, id="list.reverse"),
    Binding("space", "mark", "Mark, unmark", show=False, id="list.mark"),
    Binding("v", "mark_range", "Mark from the last mark to here", show=False, id="list.mark-range"),
    Binding("a", "mark_all", "Mark all, or none", show=False, id="list.mark-all"),
    Binding("i", "invert_marks", "Mark the others instead", show=False, id="list.invert-marks"),
    Binding("y", "try", "Try a secret", show=False, id="list.try"),
    Binding("u", "undo", "Undo the last rename", show=False, id="list.undo"),
    Binding(
        "escape",
        "show_all",
        "Show all",
        tooltip="Let go of the marks, then show all tokens again",
        id="list.show-all",
    ),
    Binding("q", "app.quit", "Quit", id="list.quit"),
    Binding("question_mark", "app.help", "Help", id="list.help"),
]


def disabled_reason(
    action: str, permissions: Permissions, *, history: bool, empty: bool, token: Token | None
) -> str:
    """Say why an action can do nothing now; nothing where it can.

    `history` says that the list is of revoked tokens, `empty` that there is none that the action
    could be for. `token` is the one that it would be for, if it is one alone.
    """
    changes = action in _CHANGES
    if (changes or action == "create") and permissions.read_only_reason:
        return permissions.read_only_reason
    if action == "account" and not permissions.multi_account:
        return "Here are only your own tokens."
    if history and (changes or action == "manage"):
        return "A revoked token stays as it is. Esc shows the others."
    if empty and action in _OF_ROWS:
        return "There is no token here."
    if action in _OF_OWNERS and token is not None:
        return permissions.denial_reason(_OF_OWNERS[action], [token])
    return ""

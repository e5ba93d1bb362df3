"""The keys of the list of tokens, and when each can do nothing."""

from textual.binding import Binding, BindingType

from tokentui import formatting
from tokentui.core.account import Role
from tokentui.core.audit import Action
from tokentui.core.query import Sort
from tokentui.core.rights import Permissions
from tokentui.core.token import Token

_OF_OWNERS = {
    "access": Action.ACCESS,
    "rename": Action.RENAME,
    "rotate": Action.ROTATE,
    "revoke": Action.REVOKE,
}
_CHANGES = {*_OF_OWNERS, "mark", "mark_range", "mark_all", "invert_marks"}
"""Actions that change tokens, or select them for a change."""
_OF_ROWS = _CHANGES | {
    "copy_example",
    "copy_id",
    "copy_name",
    "details",
    "filter",
    "history",
    "manage",
    "reverse",
    "sort",
    "sort_by",
}
"""Actions that need a token in the list."""

_SORTS = [sort for sort in Sort if sort is not Sort.REVOKED]
"""What has a key of its own to sort by, in the order of the columns."""

BINDINGS: list[BindingType] = [
    Binding("m,enter", "manage", "Manage", key_display="Enter", id="list.manage"),
    Binding("c", "create", "Create", id="list.create"),
    Binding(
        "r,delete",
        "revoke",
        "Revoke",
        key_display="r",
        tooltip="Revoke the token, or all selected tokens, after a question",
        id="list.revoke",
    ),
    Binding("t", "rotate", "Rotate", tooltip="Issue a new secret", id="list.rotate"),
    Binding("slash", "filter", "Filter", tooltip="Filter as you type", id="list.filter"),
    Binding("space", "mark", "Select", id="list.mark"),
    Binding(
        "f",
        "show_only",
        "Show",
        tooltip="Show only active tokens, for example, or revoked ones",
        id="list.show-only",
    ),
    Binding("n", "rename", "Rename", id="list.rename"),
    Binding("h", "history", "History", id="list.history"),
    Binding("s", "sort", "Sort", tooltip="Sort by the next column", id="list.sort"),
    Binding("S", "reverse", "Reverse the order", show=False, id="list.reverse"),
    *(
        Binding(
            str(number),
            f"sort_by('{sort}')",
            f"Sort by {formatting.SORT[sort]}",
            show=False,
            id=f"list.sort-{sort}",
        )
        for number, sort in enumerate(_SORTS, 1)
    ),
    Binding("d", "details", "Details", id="list.details"),
    Binding(
        "e",
        "access",
        "Access",
        tooltip="Change the access of the token, or of all selected tokens",
        id="list.access",
    ),
    Binding("y", "try", "Verify", tooltip="Verify a secret", id="list.try"),
    Binding("H", "audit", "Audit log", id="list.audit"),
    Binding("o", "accounts", "Accounts", tooltip="Manage accounts", id="list.accounts"),
    Binding("right", "show_beside(1)", "Show the next status", show=False, id="list.next-status"),
    Binding(
        "left", "show_beside(-1)", "Show the previous status", show=False, id="list.previous-status"
    ),
    Binding("A", "account", "Show one owner", show=False, id="list.account"),
    Binding("v", "mark_range", "Select a range", show=False, id="list.mark-range"),
    Binding("a", "mark_all", "Select all or none", show=False, id="list.mark-all"),
    Binding("i", "invert_marks", "Invert selection", show=False, id="list.invert-marks"),
    Binding("E", "copy_example", "Copy an example request", show=False, id="list.copy-example"),
    Binding("C", "copy_id", "Copy the token ID", show=False, id="list.copy-id"),
    Binding("Y", "copy_name", "Copy the name", show=False, id="list.copy-name"),
    Binding(
        "u", "undo", "Undo the last change of a name, a note or access", show=False, id="list.undo"
    ),
    Binding(
        "escape",
        "show_all",
        "Clear",
        tooltip="Clear the selection, then the filter",
        id="list.show-all",
    ),
    Binding(
        "colon",
        "app.command_palette",
        "Commands, tokens, themes",
        show=False,
        id="list.commands",
    ),
    Binding("q", "app.quit", "Quit", id="list.quit"),
    Binding("question_mark", "app.help", "Help", id="list.help"),
]


def is_permitted(action: str, permissions: Permissions) -> bool:
    """Say whether an action can ever be done with these permissions."""
    if permissions.read_only_reason and action in _CHANGES | {"create", "undo"}:
        return False
    if permissions.role is None:
        return True
    if action == "accounts":
        return permissions.role is Role.ADMINISTRATOR
    return action != "account" or permissions.multi_account


def disabled_reason(
    action: str,
    permissions: Permissions,
    *,
    history: bool,
    empty: bool,
    wide: bool,
    token: Token | None,
) -> str:
    """Say why an action can do nothing now; nothing where it can.

    `history` says that the list is of revoked tokens, `empty` that there is none that the action
    could be for, `wide` that there is room beside the list. `token` is the one that it would be
    for, if it is one alone.
    """
    changes = action in _CHANGES
    if (changes or action == "create") and permissions.read_only_reason:
        return permissions.read_only_reason
    if action == "account" and not permissions.multi_account:
        return "Here are only your own tokens."
    if action == "accounts":
        return accounts_denial_reason(permissions)
    if history and (changes or action == "manage"):
        return "A revoked token cannot be changed. Esc shows the others."
    if empty and action in _OF_ROWS:
        return "There is no token here."
    if action == "details" and not wide:
        return "Details beside the list need a window of at least 120 columns."
    if action in _OF_OWNERS and token is not None:
        return permissions.denial_reason(_OF_OWNERS[action], [token])
    return ""


def accounts_denial_reason(permissions: Permissions) -> str:
    """Return why accounts cannot be managed in this session; nothing where they can."""
    if permissions.role is Role.ADMINISTRATOR:
        return ""
    if permissions.role is None:
        return "There are no accounts. To add the first one, run: tokentui account add NAME"
    return "Only administrators can manage accounts."

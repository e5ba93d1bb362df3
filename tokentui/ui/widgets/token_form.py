"""What a person can change of a token, in fields: name, note and access."""

from collections.abc import Sequence
from typing import NamedTuple

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Input, Static

from tokentui.core.access import Access
from tokentui.core.errors import InvalidName, NameTaken, TokentuiError
from tokentui.core.token import NAME_LIMIT, Token
from tokentui.ui.widgets.access_fields import AccessFields
from tokentui.ui.widgets.form_line import FormLine, focus_fault
from tokentui.ui.widgets.key_button import KeyButton
from tokentui.ui.widgets.key_value_table import key_value_table
from tokentui.ui.widgets.note_line import NoteLine

_HINT = f"1 to {NAME_LIMIT} letters, digits, - or _"
_LABELS = 11


class Edits(NamedTuple):
    """What a person entered, to be saved; None is what they left alone."""

    name: str | None = None
    note: str | None = None
    access: Access | None = None


class TokenForm(Vertical):
    """Shows `token` in fields, and what is wrong with what was entered.

    What is entered stays until it is saved, whatever becomes of the token elsewhere.
    """

    def __init__(self, token: Token) -> None:
        super().__init__(id="manage", classes="pane")
        self._token = token
        self.name_field = Input(id="name", max_length=NAME_LIMIT * 2)
        self.note = NoteLine(token.note)
        self.access = AccessFields(_access(token))

    def compose(self) -> ComposeResult:
        yield Static(id="facts", markup=False)
        yield Button("I Saved This Token", id="have", compact=True)
        yield FormLine(
            "New API Token Name", self.name_field, Static(_HINT, id="name-reason", markup=False)
        )
        yield self.note
        yield self.access
        with Horizontal(id="update-line"):
            yield KeyButton("Update", "manage.save", id="update", variant="primary")
            yield Static("Keeps the secret.", classes="hint")

    def follow(self, token: Token, facts: Sequence[tuple[str, str]]) -> None:
        """Show a token as it is stored by now, and what is known of it, label by label."""
        self._token = token
        table = key_value_table(facts, width=_LABELS, name_style="")
        self.query_one("#facts", Static).update(table)
        self.note.follow(token.note)
        self.access.follow(_access(token))

    def show_saved(self, token: Token) -> None:
        """Show a token as it is once all that was entered is saved."""
        self._token = token
        self.name_field.clear()
        self.note.show(token.note)
        self.access.show(_access(token))

    def show_message(self, message: str = _HINT, *, wrong: bool = False) -> None:
        """Say below the name what is wrong, or else what a name consists of."""
        reason = self.query_one("#name-reason", Static)
        reason.update(message)
        reason.set_class(wrong, "-wrong")

    def show_error(self, error: TokentuiError) -> None:
        """Say why something was not done; where the name is why, go to its field."""
        self.show_message(str(error), wrong=True)
        if isinstance(error, (InvalidName, NameTaken)):
            focus_fault(self.name_field)
        else:
            reason = self.query_one("#name-reason")
            self.call_after_refresh(reason.scroll_visible, animate=False)

    def begin_with_name(self) -> None:
        """Go to the field of the new name, which has the old one, selected."""
        if not self.name_field.disabled:
            self.name_field.value = self._token.name
            self.name_field.focus()

    @property
    def edited(self) -> bool:
        """Whether a person entered anything that is not stored."""
        return self._named or self.note.edited or self.access.edited

    @property
    def _named(self) -> bool:
        return self.name_field.value not in ("", self._token.name)

    def outdated(self) -> bool:
        """Whether somebody edits an access that was changed elsewhere meanwhile.

        What they edit is compared with the present one from then on.
        """
        outdated = self.access.edited and self.access.stored != _access(self._token)
        self.access.stored = _access(self._token)
        return outdated

    def edits(self, *, named: bool) -> Edits | None:
        """Return what is to be saved, the name in any case where `named`.

        Where the networks are none, return None, and say so.
        """
        access = self.access.accept() if self.access.edited else None
        if access is None and self.access.edited:
            return None
        return Edits(
            self.name_field.value if named or self._named else None,
            self.note.field.value if self.note.edited else None,
            access,
        )


def _access(token: Token) -> Access:
    return Access(token.read_only, token.networks)

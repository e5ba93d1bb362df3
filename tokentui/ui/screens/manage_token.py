"""Manage: one token's facts, its new name, and the way to revoke it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import ClassVar, NamedTuple

from msgspec.structs import replace
from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Button, Input, Static

from tokentui import formatting
from tokentui.core.audit import Action
from tokentui.core.cancel import Cancel
from tokentui.core.commands import TokenCommands
from tokentui.core.errors import TokenChanged, TokentuiError
from tokentui.core.query import TokenRow
from tokentui.core.rights import Permissions
from tokentui.core.text import printable
from tokentui.core.token import Token
from tokentui.ui.flow import flow
from tokentui.ui.messages import AuditLogChanged, StoreChanged
from tokentui.ui.screens.audit_trail import AuditTrail
from tokentui.ui.screens.questions import discard_question, revoke_question
from tokentui.ui.screens.rotate_token import rotate
from tokentui.ui.session import Session
from tokentui.ui.textual_compat import Page
from tokentui.ui.token_editor import TokenEditor
from tokentui.ui.undo import Change
from tokentui.ui.widgets.history import History
from tokentui.ui.widgets.key_button import KeyButton
from tokentui.ui.widgets.key_footer import KeyFooter
from tokentui.ui.widgets.screen_header import ScreenHeader
from tokentui.ui.widgets.token_form import TokenForm

_CONTROLS = (
    "#name",
    "#note",
    "#read-only",
    "#networks",
    "#update",
    "#have",
    "#rotate-button",
    "#revoke-button",
)
_NAME = "name"


class Managed(NamedTuple):
    """A token as it is by now, and the changes that can be undone, latest last."""

    token: Token
    changes: Sequence[Change] = ()


class ManageToken(Page[Managed]):
    """Changes, rotates and revokes one token, and follows what others do to it meanwhile.

    Returns what became of it, or its successor.
    """

    CSS_PATH = "../forms.tcss"
    BINDING_GROUP_TITLE = "Manage API token"
    # A name that is typed for the list must not end up in the field here.
    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f2", "to('#name')", "Rename", id="manage.rename"),
        Binding("u,f5", "undo", "Undo", id="manage.undo"),
        Binding("ctrl+t,f7", "rotate", "Rotate", key_display="^T", id="manage.rotate"),
        Binding("ctrl+r,f8", "revoke", "Revoke", key_display="^R", id="manage.revoke"),
        Binding("f6", "history", "History", id="manage.history"),
        Binding("f4", "to('#note')", "Note", id="manage.note"),
        Binding("f9", "to('#read-only')", "Access", id="manage.access"),
        Binding("ctrl+s,f10", "save", "Update", show=False, id="manage.save"),
        Binding("escape", "back", "Back", id="manage.back"),
        Binding("f1", "app.help", "Help", id="app.help"),
    ]

    def __init__(
        self,
        service: TokenCommands,
        permissions: Permissions,
        row: TokenRow,
        *,
        renaming: bool = False,
    ) -> None:
        super().__init__()
        self._service = service
        self._permissions = permissions
        self._row = row
        self._begins_with_name = renaming
        self._editor = TokenEditor(self, service, row.token)
        self._form = TokenForm(row.token)

    @property
    def _token(self) -> Token:
        return self._editor.token

    def compose(self) -> ComposeResult:
        yield ScreenHeader(
            "Manage", account=self._service.account, location=self._service.queries.location
        )
        with VerticalScroll(id="form", can_focus=False):
            yield self._form
            with Horizontal(id="ends"):
                with Vertical(id="rotate", classes="pane"):
                    yield Static(
                        "Issues a new secret. The old one keeps working until the overlap ends."
                    )
                    yield KeyButton("Rotate The Token", "manage.rotate", id="rotate-button")
                with Vertical(id="revoke", classes="pane"):
                    yield Static("Permanently blocks every client that uses this token.")
                    yield KeyButton(
                        "Revoke The Token", "manage.revoke", id="revoke-button", variant="error"
                    )
            yield History(self._service, id="history")
        yield KeyFooter()

    def on_mount(self) -> None:
        self._form.border_title = "MANAGE API TOKEN"
        self.query_one("#rotate").border_title = "ROTATE API TOKEN"
        self.query_one("#revoke").border_title = "REVOKE API TOKEN"
        self.query_one("#history").border_title = "HISTORY"
        self._show()
        permissions = self._permissions
        self.query_one(ScreenHeader).read_only = bool(permissions.read_only_reason)
        if permissions.read_only_reason:
            self._lock(permissions.read_only_reason, *_CONTROLS)
        elif why := permissions.denial_reason(Action.RENAME, [self._token]):
            self._lock(why, *_CONTROLS[:-1])
        elif self._token.replaced_by is not None:
            self._lock("The token was rotated. You can only revoke it.", *_CONTROLS[:-1])
        if self._begins_with_name:
            self._form.begin_with_name()

    def check_action(self, action: str, _: tuple[object, ...]) -> bool | None:
        """Grey out what can do nothing now."""
        control = {
            "to": "#update",
            "save": "#update",
            "undo": "#update",
            "rotate": "#rotate-button",
            "revoke": "#revoke-button",
        }.get(action)
        if action == "undo" and not self._editor.history:
            return None
        return control is None or not self.query_one(control).disabled or None

    def is_permitted(self, action: str) -> bool:
        """Say whether this person may ever do an action here: who may change nothing looks."""
        return action in {"history", "back", "app.help"} or not self._permissions.read_only_reason

    def _lock(self, why: str, *controls: str) -> None:
        """Let that not be done any more."""
        for control in controls:
            self.query_one(control).disabled = True
        self._form.show_message(why, wrong=True)
        self.refresh_bindings()

    def _show(self) -> None:
        known = formatting.details(self._service.queries.display_context(), self._row)
        self._form.follow(self._token, known)
        self.set_class(self._token.never_saved, "-never-saved")
        self.query_one(History).follow(self._token)

    def action_to(self, field: str) -> None:
        """Go to a field."""
        self.set_focus(self.query_one(field))

    @on(Input.Changed, "#name")
    def _name_typed(self, event: Input.Changed) -> None:
        self._check_name(event.value)

    @work(exclusive=True, group=_NAME)
    async def _check_name(self, name: str) -> None:
        """Say below the field whether the token may get `name`."""
        check = partial(self._service.check_new_name, name, renaming=self._token)
        try:
            if name:
                await Session.of(self).read((self, _NAME), lambda _: check())
        except TokentuiError as error:
            self._form.show_error(error)
        else:
            self._form.show_message()

    @on(Input.Submitted, "#name")
    @on(Button.Pressed, "#update")
    def action_save(self) -> None:
        """Save all that was entered; where that is nothing, ask for a name."""
        self._save(named=not self._form.edited)

    @on(Input.Submitted, "#note, #networks")
    def _submitted(self) -> None:
        self._save(named=False)

    @work(group="change")
    async def _save(self, *, named: bool) -> None:
        if self._editor.under_way.locked():
            return
        if self._form.outdated():
            self._form.show_error(TokenChanged(self._token))
            return
        edits = self._form.edits(named=named)
        if edits is None:
            return
        # Once the token has the name, it is taken: by itself.
        self.workers.cancel_group(self, _NAME)
        focused = self.focused
        # What is typed next may be meant for the list already.
        self.set_focus(None)
        with self._changing():
            try:
                async for done in self._editor.save(edits):
                    self.notify(done, markup=False)
            except TokentuiError:
                self.set_focus(focused)
                raise
            self._form.show_saved(self._token)

    @work(group="change")
    async def action_undo(self) -> None:
        """Undo the latest change of this visit; again, the one before, and so on."""
        if self._editor.under_way.locked():
            return
        with self._changing():
            if (change := await self._editor.undo()) is not None:
                self.notify(change.undone, markup=False)

    @on(Button.Pressed, "#have")
    @work(group="change")
    async def _have(self) -> None:
        if self._editor.under_way.locked():
            return
        with self._changing():
            await self._editor.confirm_saved()
            self.set_focus(None)

    @on(Button.Pressed, "#rotate-button")
    @flow
    async def action_rotate(self) -> None:
        """Ask, then rotate the token and go on with the new one."""
        successor = await rotate(self, self._service, self._token)
        if successor is not None:
            self._row = TokenRow(successor)
            self._editor = TokenEditor(self, self._service, successor)
            self._follow()

    @on(Button.Pressed, "#revoke-button")
    @flow
    async def action_revoke(self) -> None:
        """Ask, then revoke the token and go back to the list."""
        token = self._token
        row = replace(self._row, token=token)
        if not await self.app.push_screen_wait(revoke_question(self._service, [row])):
            return
        with self._changing():
            await self._editor.revoke(token)
            self.notify(f"Revoked {printable(token.name)}.", markup=False)
            self.dismiss(Managed(token))

    def action_history(self) -> None:
        """Show what was done with the token."""
        self.app.push_screen(AuditTrail(self._service, self._permissions, self._token))

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Say why a change was not done, and show the token as it is after it."""
        try:
            yield
        except TokentuiError as error:
            self._form.show_error(error)
        self.refresh_bindings()
        self._follow()

    @flow
    async def action_back(self) -> None:
        """Return to the list once no change is under way; what was typed is not lost unasked."""
        async with self._editor.under_way:
            edited = self._form.edited
        if not edited or await self.app.push_screen_wait(discard_question()):
            self.dismiss(Managed(self._token, self._editor.history.clear()))

    @on(StoreChanged)
    @on(events.ScreenResume)
    @work(exclusive=True, group="follow")
    async def _follow(self) -> None:
        """Show the token as it is now, and lock where somebody else revoked it."""
        try:
            row = await Session.of(self).read(self, partial(self._seen, self._token.id))
        except TokentuiError as error:
            self._form.show_message(str(error), wrong=True)
            return
        if self._editor.under_way.locked():  # what was seen may be our own change
            return
        self._row, self._editor.token = row, row.token
        self._show()
        if row.token.revoked_at is not None:
            # Not back to the list by itself: what is being typed would be commands there.
            name = printable(row.token.name)
            self._lock(f"{name} was revoked elsewhere. Esc goes back.", *_CONTROLS)

    def _seen(self, token_id: str, _: Cancel) -> TokenRow:
        [row] = self._service.queries.rows([self._service.queries.get(token_id)])
        return row

    @on(AuditLogChanged)
    def _follow_history(self) -> None:
        self.query_one(History).look()

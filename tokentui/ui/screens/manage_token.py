"""Manage: one token's facts, its new name, and the way to revoke it."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import ClassVar, NamedTuple

from msgspec.structs import replace
from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Button, Input, Label, Static

from tokentui import formatting
from tokentui.core.access import Access
from tokentui.core.audit import Action
from tokentui.core.cancel import Cancel
from tokentui.core.commands import TokenCommands
from tokentui.core.errors import TokentuiError
from tokentui.core.query import TokenRow
from tokentui.core.rights import Permissions
from tokentui.core.text import printable
from tokentui.core.token import NAME_LIMIT, Token
from tokentui.ui.flow import flow
from tokentui.ui.messages import AuditLogChanged, StoreChanged
from tokentui.ui.screens.audit_trail import AuditTrail
from tokentui.ui.screens.choose_access import ChooseAccess
from tokentui.ui.screens.questions import discard_question, revoke_question
from tokentui.ui.screens.rotate_token import rotate
from tokentui.ui.session import Session
from tokentui.ui.textual_compat import Page
from tokentui.ui.token_changes import Renaming
from tokentui.ui.widgets.history import History
from tokentui.ui.widgets.key_footer import KeyFooter
from tokentui.ui.widgets.note_line import NoteLine
from tokentui.ui.widgets.screen_header import ScreenHeader

_CONTROLS = ("#name", "#update", "#note", "#have", "#rotate-button", "#revoke-button")
_NAME = "name"
_HINT = f"1 to {NAME_LIMIT} letters, digits, - or _. The secret does not change."


class Managed(NamedTuple):
    """A token as it is by now, and the renamings that led there, latest last."""

    token: Token
    renamings: Sequence[Renaming] = ()


class ManageToken(Page[Managed]):
    """Renames, rotates and revokes one token, and follows what others do to it meanwhile.

    Returns what became of it, or its successor.
    """

    CSS_PATH = "../forms.tcss"
    BINDING_GROUP_TITLE = "Manage API token"
    # A name that is typed for the list must not end up in the field here.
    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f2", "name", "Rename", id="manage.rename"),
        Binding("ctrl+t,f7", "rotate", "Rotate", key_display="^T", id="manage.rotate"),
        Binding("f4", "note", "Note", id="manage.note"),
        Binding("f9", "access", "Access", id="manage.access"),
        Binding("ctrl+r,f8", "revoke", "Revoke", key_display="^R", id="manage.revoke"),
        Binding("f6", "history", "History", id="manage.history"),
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
        self._changes = asyncio.Lock()
        """Held by the change under way."""
        self._renamings: list[Renaming] = []

    @property
    def _token(self) -> Token:
        return self._row.token

    def compose(self) -> ComposeResult:
        yield ScreenHeader(
            "Manage", account=self._service.account, location=self._service.queries.location
        )
        with VerticalScroll(id="form", can_focus=False):
            with Vertical(id="manage", classes="pane"):
                yield Static(id="facts", markup=False)
                yield Button("I Saved This Token", id="have", compact=True)
                yield Label("New API Token Name")
                with Horizontal(id="name-line"):
                    yield Input(id="name", max_length=NAME_LIMIT * 2)
                    yield Button("Update", id="update", variant="primary")
                yield Static(_HINT, id="name-reason", markup=False)
                yield NoteLine(self._token.note)
            with Horizontal(id="ends"):
                with Vertical(id="rotate", classes="pane"):
                    yield Static(
                        "Issues a new secret. The old one keeps working until the overlap ends."
                    )
                    yield Button("Rotate The Token", id="rotate-button")
                with Vertical(id="revoke", classes="pane"):
                    yield Static("Permanently blocks every client that uses this token.")
                    yield Button("Revoke The Token", id="revoke-button", variant="error")
            yield History(self._service, id="history")
        yield KeyFooter()

    def on_mount(self) -> None:
        self.query_one("#manage").border_title = "MANAGE API TOKEN"
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
            self._begin_with_name()

    def check_action(self, action: str, _: tuple[object, ...]) -> bool | None:
        """Grey out what a store that is only looked at does not let be done."""
        control = {
            "name": "#name",
            "note": "#note",
            "rotate": "#rotate-button",
            "revoke": "#revoke-button",
            "access": "#update",
        }
        return action not in control or not self.query_one(control[action]).disabled or None

    def _lock(self, why: str, *controls: str) -> None:
        """Let that not be done any more."""
        for control in controls:
            self.query_one(control).disabled = True
        self._show_message(why, wrong=True)
        self.refresh_bindings()

    def _show(self) -> None:
        known = formatting.details(self._service.queries.display_context(), self._row)
        lines = (f"{label:<10} {value}" for label, value in known)
        self.query_one("#facts", Static).update("\n".join(lines))
        self.set_class(self._token.never_saved, "-never-saved")
        self.query_one(NoteLine).follow(self._token.note)
        self.query_one(History).follow(self._token)

    def _begin_with_name(self) -> None:
        """Go to the field of the new name, which has the old one, selected."""
        field = self.query_one("#name", Input)
        if not field.disabled:
            field.value = self._token.name
            self.set_focus(field)

    def action_name(self) -> None:
        """Go to the field of the new name."""
        self.set_focus(self.query_one("#name"))

    def action_note(self) -> None:
        """Go to the field of the note."""
        self.set_focus(self.query_one("#note"))

    @on(Input.Submitted, "#note")
    @work(group="change")
    async def _set_note(self) -> None:
        note = self.query_one("#note", Input).value
        set_note = partial(self._service.set_note, self._token, note)
        if not self._changes.locked() and await self._change(set_note):
            self.notify("Saved the note.")
            self.set_focus(None)

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
            self._show_message(str(error), wrong=True)
        else:
            self._show_message(_HINT)

    def _show_message(self, message: str, *, wrong: bool = False) -> None:
        reason = self.query_one("#name-reason", Static)
        reason.update(message)
        reason.set_class(wrong, "-wrong")

    @on(Input.Submitted, "#name")
    @on(Button.Pressed, "#update")
    @work(group="change")
    async def _update(self) -> None:
        field = self.query_one("#name", Input)
        name = field.value
        if self._changes.locked():
            return
        # Once the token has the name, it is taken: by itself.
        self.workers.cancel_group(self, _NAME)
        before = self._token.name
        # What is typed next may be meant for the list already.
        self.set_focus(None)
        if await self._change(partial(self._service.rename, self._token, name)):
            self.notify(
                f"Renamed {printable(before)} to {name}. In the list, u undoes it.", markup=False
            )
            field.clear()
            self._renamings.append(Renaming(self._token.id, before, name))
        else:
            self.set_focus(field)

    @on(Button.Pressed, "#have")
    @work(group="change")
    async def _have(self) -> None:
        if self._changes.locked():
            return
        if await self._change(partial(self._service.confirm_saved, self._token.id)):
            self.set_focus(None)

    @on(Button.Pressed, "#rotate-button")
    @flow
    async def action_rotate(self) -> None:
        """Ask, then rotate the token and go on with the new one."""
        successor = await rotate(self, self._service, self._token)
        if successor is not None:
            self._row = TokenRow(successor)
            self._renamings.clear()
            self._follow()

    @flow
    async def action_access(self) -> None:
        """Ask what the token may be used for, and from where, then bind it to that."""
        token = self._token
        chosen = await self.app.push_screen_wait(
            ChooseAccess(Access(token.read_only, token.networks))
        )
        if chosen is not None:
            self._bind(token, chosen)

    @work(group="change")
    async def _bind(self, token: Token, chosen: Access) -> None:
        change = partial(self._service.set_access, token, **chosen._asdict())
        if await self._change(change):
            self.notify(f"{printable(token.name)}: {formatting.access(chosen)}.", markup=False)

    @on(Button.Pressed, "#revoke-button")
    @flow
    async def action_revoke(self) -> None:
        """Ask, then revoke the token and go back to the list."""
        token = self._token
        question = revoke_question(self._service, [token], self._row)
        if not await self.app.push_screen_wait(question):
            return
        if await self._change(partial(self._revoked, token)):
            self.notify(f"Revoked {printable(token.name)}.", markup=False)
            self.dismiss(Managed(token))

    def _revoked(self, token: Token) -> Token:
        self._service.revoke([token])
        return token

    def action_history(self) -> None:
        """Show what was done with the token."""
        self.app.push_screen(AuditTrail(self._service, self._permissions, self._token))

    async def _change(self, verb: Callable[[], Token]) -> bool:
        """Do `verb`, which returns the token after it; return whether it was done, or say why not.

        The next change is made to the token as it is after this one, whenever that is shown.
        """
        async with self._changes:
            try:
                token = await Session.of(self).commit(verb)
            except TokentuiError as error:
                self._show_message(str(error), wrong=True)
                done = False
            else:
                self._row = replace(self._row, token=token)
                done = True
        self._follow()
        return done

    @flow
    async def action_back(self) -> None:
        """Return to the list once no change is under way; what was typed is not lost unasked."""
        async with self._changes:
            named = self.query_one("#name", Input).value not in ("", self._token.name)
            typed = named or self.query_one(NoteLine).edited
        if not typed or await self.app.push_screen_wait(discard_question()):
            self.dismiss(Managed(self._token, self._renamings))

    @on(StoreChanged)
    @on(events.ScreenResume)
    @work(exclusive=True, group="follow")
    async def _follow(self) -> None:
        """Show the token as it is now, and lock where somebody else revoked it."""
        try:
            row = await Session.of(self).read(self, partial(self._seen, self._token.id))
        except TokentuiError as error:
            self._show_message(str(error), wrong=True)
            return
        if self._changes.locked():  # what was seen may be our own change
            return
        self._row = row
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

"""Manage: one token's facts, its new name, and the way to revoke it."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import ClassVar, NamedTuple, ParamSpec

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import Screen
from textual.widgets import Button, Input, Label, Static

from tokentui import words
from tokentui.core.access import Access
from tokentui.core.audit import Action
from tokentui.core.errors import TokentuiError
from tokentui.core.service import TokenService
from tokentui.core.text import printable
from tokentui.core.token import NAME_LIMIT, Token
from tokentui.ui.messages import StoreChanged
from tokentui.ui.screens.audit_trail import AuditTrail
from tokentui.ui.screens.choose_access import ChooseAccess
from tokentui.ui.screens.questions import revoke_question
from tokentui.ui.screens.rotate_token import rotate
from tokentui.ui.widgets.history import History
from tokentui.ui.widgets.keys_below import KeysBelow
from tokentui.ui.widgets.masthead import Masthead

P = ParamSpec("P")

_CONTROLS = ("#name", "#update", "#have", "#rotate-button", "#revoke-button")
_HINT = f"1 to {NAME_LIMIT} letters, digits, - or _; the secret stays."


class Managed(NamedTuple):
    """A token as it is by now, and the name that it had before the last renaming, if any."""

    token: Token
    former_name: str | None = None


class ManageToken(Screen[Managed]):
    """Renames, rotates and revokes one token, and follows what others do to it meanwhile.

    Returns what became of it, or its successor.
    """

    CSS_PATH = "../forms.tcss"
    BINDING_GROUP_TITLE = "Manage API token"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+t,f7", "rotate", "Rotate", key_display="^t", id="manage.rotate"),
        Binding("f9", "access", "Access", id="manage.access"),
        Binding("ctrl+r,f8", "revoke", "Revoke", key_display="^r", id="manage.revoke"),
        Binding("f6", "history", "History", id="manage.history"),
        Binding("escape", "back", "Back", id="manage.back"),
        Binding("f1", "app.help", "Help", id="app.help"),
    ]

    def __init__(self, service: TokenService, token: Token) -> None:
        super().__init__()
        self._service = service
        self._token = token
        self._changing = False
        self._former_name: str | None = None

    def compose(self) -> ComposeResult:
        yield Masthead("Manage", service=self._service)
        with VerticalScroll(id="form", can_focus=False):
            with Vertical(id="manage", classes="pane"):
                yield Static(id="facts", markup=False)
                yield Button("I have its secret", id="have", compact=True)
                yield Label("New API Token Name")
                with Horizontal(id="name-line"):
                    yield Input(id="name", max_length=NAME_LIMIT * 2)
                    yield Button("Update", id="update", variant="primary")
                yield Static(_HINT, id="name-reason", markup=False)
            with Horizontal(id="ends"):
                with Vertical(id="rotate", classes="pane"):
                    yield Static("A new secret under the same name; the old one dies out.")
                    yield Button("Rotate The Token", id="rotate-button")
                with Vertical(id="revoke", classes="pane"):
                    yield Static("Shuts out whatever uses it, at once and for good.")
                    yield Button("Revoke The Token", id="revoke-button", variant="error")
            yield History(self._service, id="history")
        yield KeysBelow()

    def on_mount(self) -> None:
        self.query_one("#manage").border_title = "MANAGE API TOKEN"
        self.query_one("#rotate").border_title = "ROTATE API TOKEN"
        self.query_one("#revoke").border_title = "REVOKE API TOKEN"
        self.query_one("#history").border_title = "HISTORY"
        self._show()
        if obstacle := self._service.obstacle:
            self._lock(obstacle, *_CONTROLS)
        elif why := self._service.rights.why_not(Action.RENAME, [self._token]):
            self._lock(why, *_CONTROLS[:-1])
        elif self._token.replaced_by is not None:
            self._lock("It was rotated: it can only be revoked.", *_CONTROLS[:-1])
        else:
            self.set_focus(self.query_one("#name"))

    def check_action(self, action: str, _: tuple[object, ...]) -> bool | None:
        """Grey out what a store that is only looked at does not let be done."""
        control = {"rotate": "#rotate-button", "revoke": "#revoke-button", "access": "#update"}
        return action not in control or not self.query_one(control[action]).disabled or None

    def _lock(self, why: str, *controls: str) -> None:
        """Let that not be done any more."""
        for control in controls:
            self.query_one(control).disabled = True
        self._say(why, wrong=True)
        self.refresh_bindings()

    def _show(self) -> None:
        lines = (f"{label:<10} {value}" for label, value in words.facts(self._service, self._token))
        self.query_one("#facts", Static).update("\n".join(lines))
        self.set_class(self._token.never_saved, "-never-saved")
        self.query_one(History).follow(self._token)

    @on(Input.Changed, "#name")
    def _name_typed(self, event: Input.Changed) -> None:
        if event.value:
            self._name_is_free(event.value)
        else:
            self._say(_HINT)

    def _name_is_free(self, name: str) -> bool:
        """Say below the field whether the token may get `name`."""
        try:
            self._service.check_new_name(name, of=self._token)
        except TokentuiError as error:
            self._say(str(error), wrong=True)
            return False
        self._say(_HINT)
        return True

    def _say(self, sentence: str, *, wrong: bool = False) -> None:
        reason = self.query_one("#name-reason", Static)
        reason.update(sentence)
        reason.set_class(wrong, "-wrong")

    @on(Input.Submitted, "#name")
    @on(Button.Pressed, "#update")
    @work
    async def _update(self) -> None:
        field = self.query_one("#name", Input)
        name = field.value
        self.set_focus(field)
        if self._changing or not self._name_is_free(name):
            return
        before = self._token.name
        if await self._change(self._service.rename, self._token, name):
            self.notify(
                f"Renamed {printable(before)} to {name}. In the list, u undoes it.", markup=False
            )
            field.clear()
            self._follow()
            self._former_name = before

    @on(Button.Pressed, "#have")
    @work
    async def _have(self) -> None:
        if not self._changing and await self._change(self._service.confirm_saved, self._token.id):
            self.set_focus(self.query_one("#name"))
            self._follow()

    @on(Button.Pressed, "#rotate-button")
    @work(exclusive=True, group="change")
    async def action_rotate(self) -> None:
        """Ask, then rotate the token and go on with its successor."""
        successor = await rotate(self.app, self._service, self._token)
        if successor is not None:
            self._token, self._former_name = successor, None
            self._follow()

    @work(exclusive=True, group="change")
    async def action_access(self) -> None:
        """Ask what the token may be used for, and from where, then bind it to that."""
        token = self._token
        chosen = await self.app.push_screen_wait(
            ChooseAccess(Access(token.read_only, token.networks))
        )
        if chosen is None:
            return
        change = partial(self._service.set_access, token, **chosen._asdict())
        if await self._change(change):
            self.notify(f"{printable(token.name)}: {words.access(chosen)}.", markup=False)
            self._follow()

    @on(Button.Pressed, "#revoke-button")
    @work(exclusive=True, group="change")
    async def action_revoke(self) -> None:
        """Ask, then revoke the token and go back to the list."""
        token = self._token
        if not await self.app.push_screen_wait(revoke_question(self._service, [token])):
            return
        if await self._change(self._service.revoke, [token]):
            self.notify(f"Revoked {printable(token.name)}.", markup=False)
            self.dismiss(Managed(token))

    def action_history(self) -> None:
        """Show what was done with the token."""
        self.app.push_screen(AuditTrail(self._service, self._token))

    async def _change(self, verb: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> bool:
        """Do `verb` off the event loop and return whether it was done; say why it was not."""
        self._changing = True
        try:
            await asyncio.to_thread(verb, *args, **kwargs)
        except TokentuiError as error:
            problem = str(error)
        else:
            return True
        finally:
            self._changing = False
        self._follow()
        self._say(problem, wrong=True)
        return False

    def action_back(self) -> None:
        """Return to the list."""
        self.dismiss(Managed(self._token, self._former_name))

    @on(StoreChanged)
    @on(events.ScreenResume)
    def _follow(self) -> None:
        """Show the token as it is now; leave where somebody else revoked it."""
        if self._changing:  # what is seen now may be our own change
            return
        try:
            self._token = self._service.get(self._token.id)
        except TokentuiError as error:
            self._say(str(error), wrong=True)
            return
        if self._token.revoked_at is None:
            self._show()
        else:
            # Not back to the list by itself: what is being typed would be commands there.
            self._show()
            name = printable(self._token.name)
            self._lock(f"{name} was revoked elsewhere. Esc goes back.", *_CONTROLS)

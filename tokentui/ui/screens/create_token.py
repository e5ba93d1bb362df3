"""Create API Token: a name, and the day on which the token dies."""

import asyncio
from datetime import date
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import Screen
from textual.widgets import Button, Input, Label, RadioSet, Static

from tokentui import words
from tokentui.core.access import Access
from tokentui.core.errors import InvalidName, NameTaken, TokentuiError
from tokentui.core.service import NewToken, TokenService
from tokentui.core.token import NAME_LIMIT
from tokentui.ui.screens.choose_access import ChooseAccess
from tokentui.ui.widgets.date_picker import DatePicker
from tokentui.ui.widgets.keys_below import KeysBelow
from tokentui.ui.widgets.masthead import Masthead
from tokentui.ui.widgets.toggles import Choice, Choices

_HINT = f"1 to {NAME_LIMIT} letters, digits, - or _"
_ADVICE = (
    "Better choose a date. A token that never expires lets in whoever finds it, for ever; "
    "one with a date ends on its own when it was forgotten."
)


class CreateToken(Screen[NewToken | None]):
    """Returns the token that was made, or None where the person turned back."""

    CSS_PATH = "../forms.tcss"
    BINDING_GROUP_TITLE = "Create API token"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s,f10,enter", "create", "Create", key_display="^s", id="create.create"),
        Binding("f9", "access", "Access", id="create.access"),
        Binding("escape", "cancel", "Cancel", id="create.cancel"),
        Binding("f1", "app.help", "Help", id="app.help"),
    ]

    def __init__(self, service: TokenService, *, first_weekday: int = 0) -> None:
        super().__init__()
        self._service = service
        self._first_weekday = first_weekday
        self._sending = False
        self._access = Access()

    def compose(self) -> ComposeResult:
        today = self._service.today()
        yield Masthead("Create", service=self._service)
        with VerticalScroll(id="form", can_focus=False):
            yield Label("API Token Name")
            with Horizontal(id="name-line"):
                yield Input(id="name", max_length=NAME_LIMIT * 2)
                yield Static(_HINT, id="name-reason", markup=False)
            with Horizontal(classes="heading"):
                yield Label("Should the API token expire?")
                yield Static("A date is safer.", classes="hint")
            with Choices(id="expires"):
                yield Choice("Specify an expiration date.", value=True, id="date")
                yield Choice(
                    "The API token will not expire.",
                    id="never",
                    disabled=self._service.max_life is not None,
                )
            yield DatePicker(
                today + self._service.default_life,
                today,
                self._meaning,
                first_weekday=self._first_weekday,
            )
            yield Static(_ADVICE, id="advice", markup=False)
        with Vertical(id="bottom"):
            yield Static(id="problem", markup=False)
            with Horizontal(id="buttons"):
                yield Button("Create", id="create", variant="primary")
                yield Button("Cancel", id="cancel")
                yield Button("Access", id="access")
                yield Static(words.access(self._access), id="limits", markup=False)
        yield KeysBelow()

    def on_mount(self) -> None:
        self.set_focus(self.query_one("#name"))

    def _meaning(self, day: date) -> str:
        """Say when a token for `day` dies; raise `InvalidExpiry` where it cannot be chosen."""
        last = self._service.last_moment(day)
        zone = self._service.zone
        away = words.distance(last, self._service.now(), zone)
        return f"Valid until {words.last_moment(last, zone)}, {away}."

    @on(Input.Changed, "#name")
    def _name_typed(self, event: Input.Changed) -> None:
        if event.value:
            self._name_is_free(event.value)
        else:
            self._say_of_name(_HINT)

    def _name_is_free(self, name: str) -> bool:
        """Say beside the field whether the token may get `name`."""
        self._say("")
        try:
            self._service.check_new_name(name)
        except (InvalidName, NameTaken) as error:
            self._say_of_name(str(error), wrong=True)
            return False
        except TokentuiError as error:
            self._say(error)
            return False
        self._say_of_name(_HINT)
        return True

    def _say_of_name(self, sentence: str, *, wrong: bool = False) -> None:
        self.query_one("#name-reason", Static).update(sentence)
        self.query_one("#name-line").set_class(wrong, "-invalid")

    def _say(self, problem: object) -> None:
        self.query_one("#problem", Static).update(str(problem))

    @on(RadioSet.Changed)
    def _choice_made(self) -> None:
        self.set_class(self._never, "-never")

    @property
    def _never(self) -> bool:
        return self.query_one("#never", Choice).value

    @on(Input.Submitted)
    @on(Button.Pressed, "#create")
    def action_create(self) -> None:
        """Make the token, or go to what is still wrong."""
        if self._sending:
            return
        name = self.query_one("#name", Input).value
        picker = self.query_one(DatePicker)
        if not self._name_is_free(name):
            self.set_focus(self.query_one("#name"))
        elif picker.day is None and not self._never:
            self.set_focus(picker.query_one(Input))
        else:
            self._sending = True
            self._create(name, None if self._never else picker.day)

    @work
    async def _create(self, name: str, last_day: date | None) -> None:
        try:
            new = await asyncio.to_thread(
                self._service.create, name, last_day, **self._access._asdict()
            )
        except TokentuiError as error:
            self._sending = False
            self._say(error)
        else:
            self.dismiss(new)

    @on(Button.Pressed, "#access")
    @work(exclusive=True, group="access")
    async def action_access(self) -> None:
        """Choose what the token may be used for, and from where."""
        chosen = await self.app.push_screen_wait(ChooseAccess(self._access))
        if chosen is not None:
            self._access = chosen
            self.query_one("#limits", Static).update(words.access(chosen))

    @on(Button.Pressed, "#cancel")
    def action_cancel(self) -> None:
        """Go back without a token, unless one is just being made."""
        if not self._sending:
            self.dismiss(None)

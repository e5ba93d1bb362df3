"""Create API Token: a name, an expiration date, and access."""

from datetime import date
from functools import partial
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Button, Input, RadioSet, Static

from tokentui import formatting
from tokentui.core.access import Access
from tokentui.core.commands import TokenCommands
from tokentui.core.errors import InvalidName, InvalidNote, NameTaken, TokentuiError
from tokentui.core.new_token import NewToken
from tokentui.core.token import NAME_LIMIT, check_name
from tokentui.ui.flow import flow
from tokentui.ui.handover import SecretHandover
from tokentui.ui.screens.questions import discard_question
from tokentui.ui.session import Session
from tokentui.ui.textual_compat import Page
from tokentui.ui.widgets.access_fields import AccessFields
from tokentui.ui.widgets.date_picker import DatePicker
from tokentui.ui.widgets.form_line import FormLine, focus_fault
from tokentui.ui.widgets.key_button import KeyButton
from tokentui.ui.widgets.key_footer import KeyFooter
from tokentui.ui.widgets.note_line import NoteLine
from tokentui.ui.widgets.notice import Notice
from tokentui.ui.widgets.screen_header import ScreenHeader
from tokentui.ui.widgets.toggles import Choice, Choices

_HINT = f"1 to {NAME_LIMIT} letters, digits, - or _"
_NAME = "name"
_ADVICE = (
    "Not recommended: a leaked token without an expiration date works until somebody revokes it."
)


class CreateToken(Page[NewToken | None]):
    """Returns the token that was made, or None where the person turned back."""

    CSS_PATH = "../forms.tcss"
    AUTO_FOCUS = ""
    BINDING_GROUP_TITLE = "Create API token"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s,f10,enter", "create", "Create", key_display="^s", id="create.create"),
        Binding("f9", "access", "Access", id="create.access"),
        Binding("escape", "cancel", "Cancel", id="create.cancel"),
        Binding("f1", "app.help", "Help", id="app.help"),
    ]

    def __init__(self, service: TokenCommands, *, first_weekday: int = 0) -> None:
        super().__init__()
        self._service = service
        self._first_weekday = first_weekday
        self._untouched: tuple[object, ...] = ()

    def compose(self) -> ComposeResult:
        today = self._service.queries.today()
        yield ScreenHeader(
            "Create", account=self._service.account, location=self._service.queries.location
        )
        policy = self._service.queries.policy
        with Vertical(id="stage"), VerticalScroll(id="card", can_focus=False) as card:
            card.border_title = "Create API token"
            yield FormLine(
                "API Token Name",
                Input(id="name", max_length=NAME_LIMIT * 2),
                Static(_HINT, id="name-reason", markup=False),
                id="name-line",
            )
            yield FormLine(
                "Should the API token expire?",
                Choices(
                    Choice("Specify an expiration date.", value=True, id="date"),
                    Choice(
                        "The API token will not expire.",
                        id="never",
                        disabled=policy.max_life is not None,
                    ),
                    id="expires",
                ),
                Static(_ADVICE, id="advice", markup=False),
                id="expires-line",
            )
            yield FormLine(
                "API Token Expiration Date",
                DatePicker(
                    today + policy.default_life,
                    today,
                    self._meaning,
                    first_weekday=self._first_weekday,
                ),
                id="date-line",
            )
            yield NoteLine()
            yield AccessFields(Access())
            with Vertical(id="answers"):
                yield Notice(id="problem")
                with Horizontal(id="buttons"):
                    yield KeyButton("Create", "create.create", id="create", variant="primary")
                    yield KeyButton("Cancel", "create.cancel", id="cancel")
        yield KeyFooter()

    def on_mount(self) -> None:
        self._show_problem("")
        self.set_focus(self.query_one("#name"), scroll_visible=False)  # its label is above it
        self._untouched = self._input()

    def _input(self) -> tuple[object, ...]:
        """Return all that a person has entered so far."""
        fields = (field.value for field in self.query(Input))
        return *fields, self._never, self.query_one(AccessFields).read_only.value

    def _meaning(self, day: date) -> str:
        """Say when a token for `day` expires; raise `InvalidExpiry` where it cannot be chosen."""
        last, context = self._service.last_moment(day), self._service.queries.display_context()
        away = formatting.distance(context, last)
        return f"Valid until {formatting.last_moment(last, context.zone)}, {away}."

    @on(Input.Changed, "#name")
    def _name_typed(self, event: Input.Changed) -> None:
        self._check_name(event.value)

    @work(exclusive=True, group=_NAME)
    async def _check_name(self, name: str) -> None:
        """Say beside the field whether the token may get `name`."""
        self._show_problem("")
        try:
            if name:
                await Session.of(self).read(self, lambda _: self._service.check_new_name(name))
        except TokentuiError as error:
            self._show_error(error)
        else:
            self._show_name_message(_HINT)

    def _show_error(self, error: TokentuiError) -> None:
        """Show an error, that of a name beside its field."""
        if isinstance(error, (InvalidName, NameTaken)):
            self._show_name_message(str(error), wrong=True)
        else:
            self._show_problem(error)

    def _show_name_message(self, message: str, *, wrong: bool = False) -> None:
        reason = self.query_one("#name-reason", Static)
        if reason.content != message:  # with each change, all is laid out anew
            reason.update(message)
        reason.set_class(wrong, "-wrong")

    def _show_problem(self, problem: object) -> None:
        self.query_one("#problem", Notice).show(str(problem))
        self._leave_room(for_problem=bool(problem))

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
        name = self.query_one("#name", Input).value
        picker = self.query_one(DatePicker)
        try:
            check_name(name)
        except InvalidName as error:
            self._show_name_message(str(error), wrong=True)
            self._focus_name()
            return
        last_day = None if self._never else picker.accept()
        if last_day is None and not self._never:
            return
        if (access := self.query_one(AccessFields).accept()) is None:
            self._leave_room(for_problem=True)
        else:
            self._create(name, last_day, access)

    def _focus_name(self) -> None:
        focus_fault(self.query_one("#name", Input))

    @on(Input.Changed, "#networks")
    def _networks_typed(self) -> None:
        self._leave_room(for_problem=False)

    def _leave_room(self, *, for_problem: bool) -> None:
        """Take the empty lines away where a problem needs them, so that all fields stay seen."""
        self.set_class(for_problem, "-problem")

    @flow
    async def _create(self, name: str, last_day: date | None, access: Access) -> None:
        # Once the token is there, its name is taken: by itself.
        self.workers.cancel_group(self, _NAME)
        self._show_problem("")
        note = self.query_one(NoteLine).field
        try:
            create = partial(self._service.create, name, last_day, note=note.value)
            new = await SecretHandover.of(self).issue(partial(create, **access._asdict()))
        except TokentuiError as error:
            self._show_error(error)
            if isinstance(error, InvalidNote):
                self.set_focus(note)
            elif isinstance(error, (InvalidName, NameTaken)):
                self._focus_name()
        else:
            self.dismiss(new)

    def action_access(self) -> None:
        """Go to the fields of the access."""
        self.set_focus(self.query_one(AccessFields).read_only)

    @on(Button.Pressed, "#cancel")
    @flow
    async def action_cancel(self) -> None:
        """Go back without a token, unless one is just being made; input is not lost unasked."""
        if self._input() == self._untouched or await self.app.push_screen_wait(discard_question()):
            self.dismiss(None)

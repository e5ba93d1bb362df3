"""A day to be typed, taken from a calendar or from a preset: the three always agree."""

from collections.abc import Callable
from datetime import date, timedelta

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widget import Widget
from textual.widgets import Button, Input, Static

from tokentui.core.errors import InvalidExpiry
from tokentui.core.token import parse_expiration
from tokentui.ui.widgets.form_line import focus_fault
from tokentui.ui.widgets.month_calendar import MonthCalendar

PRESETS = (30, 90, 365)

_HOLDS = 40
"""Characters that the field takes: more than a date has, so that none that is typed is dropped."""


class DatePicker(Widget):
    """Lets a day be chosen that is not before `today`.

    The field is where every choice ends up, at once: whoever presses the next key before the
    screen is drawn means what was chosen by then. `describe` says what choosing a day means, or
    raises `InvalidExpiry` where it cannot be.
    """

    def __init__(
        self, day: date, today: date, describe: Callable[[date], str], *, first_weekday: int = 0
    ) -> None:
        super().__init__()
        self._first = day
        self._today = today
        self._describe = describe
        self._first_weekday = first_weekday

    def compose(self) -> ComposeResult:
        yield MonthCalendar(self._first, self._today, self._first_weekday)
        with Vertical():
            yield Input(str(self._first), placeholder="YYYY-MM-DD", max_length=_HOLDS)
            yield Static("or 30d, 2w, 6m, 1y", classes="hint")
            with Horizontal(id="presets"):
                for days in PRESETS:
                    yield Button(f"{days}d", id=f"preset-{days}", compact=True)
            yield Static(self._describe(self._first), id="meaning", markup=False)

    def on_mount(self) -> None:
        self.watch(self.query_one(MonthCalendar), "day", self._picked, init=False)

    @property
    def day(self) -> date | None:
        """The day that is chosen, or None while what is typed is none that can be."""
        try:
            day = self._read(self.query_one(Input).value)
            self._describe(day)
        except InvalidExpiry:
            return None
        return day

    def accept(self) -> date | None:
        """Return the day that is chosen; where there is none, go to the field."""
        if (day := self.day) is None:
            focus_fault(self.query_one(Input))
        return day

    def _read(self, text: str) -> date:
        return parse_expiration(text.strip(), self._today)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        try:
            # What the field holds now: the event may be older than the last choice.
            day = self._read(event.input.value)
            meaning = self._describe(day)
        except InvalidExpiry as error:
            self._settle(None, str(error))
        else:
            self._settle(day, meaning)

    def _picked(self, day: date | None) -> None:
        if day is not None:
            self._write(day)

    @on(Button.Pressed)
    def _preset(self, event: Button.Pressed) -> None:
        event.stop()
        days = int((event.button.id or "").removeprefix("preset-"))
        self._write(self._today + timedelta(days=days))

    def _write(self, day: date) -> None:
        """Type `day` for the person."""
        self.query_one(Input).value = str(day)

    def _settle(self, day: date | None, meaning: str) -> None:
        self.query_one(MonthCalendar).day = day
        self.query_one("#meaning", Static).update(meaning)
        self.set_class(day is None, "-invalid")

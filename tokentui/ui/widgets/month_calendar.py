"""A month to choose a day from."""

import calendar
from datetime import date
from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.reactive import reactive
from textual.widget import Widget

from tokentui.core.dates import LAST_DAY, in_month, months_later

_CELL = 4
_WIDTH = 7 * _CELL
_MONTHS_TOP = 0
_WEEKS_TOP = 2


class MonthCalendar(Widget, can_focus=True):
    """Shows the month of `day` and moves it by days, weeks, months and years.

    `day` is None while no day is chosen. It never comes before `earliest`.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "month-calendar--title",
        "month-calendar--weekdays",
        "month-calendar--out",
        "month-calendar--today",
        "month-calendar--chosen",
    }
    BINDING_GROUP_TITLE = "In the calendar"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "days(-1)", "Day before", show=False, id="calendar.previous-day"),
        Binding("right,l", "days(1)", "Day after", show=False, id="calendar.next-day"),
        Binding("up,k", "days(-7)", "Week before", show=False, id="calendar.previous-week"),
        Binding("down,j", "days(7)", "Week after", show=False, id="calendar.next-week"),
        Binding(
            "pageup,left_square_bracket",
            "months(-1)",
            "Month before",
            show=False,
            id="calendar.previous-month",
        ),
        Binding(
            "pagedown,right_square_bracket",
            "months(1)",
            "Month after",
            show=False,
            id="calendar.next-month",
        ),
        Binding(
            "left_curly_bracket",
            "months(-12)",
            "Year before",
            show=False,
            id="calendar.previous-year",
        ),
        Binding(
            "right_curly_bracket", "months(12)", "Year after", show=False, id="calendar.next-year"
        ),
        Binding("home", "edge(1)", "First of the month", show=False, id="calendar.first-day"),
        Binding("end", "edge(31)", "Last of the month", show=False, id="calendar.last-day"),
        Binding("t", "today", "Today", show=False, id="calendar.today"),
    ]

    day: reactive[date | None] = reactive(None)

    def __init__(self, day: date, earliest: date, first_weekday: int = 0) -> None:
        super().__init__()
        self._first_weekday = first_weekday
        self._earliest = earliest
        self._month = day.replace(day=1)
        self.set_reactive(MonthCalendar.day, day)

    def watch_day(self, day: date | None) -> None:
        if day is not None:
            self._month = day.replace(day=1)

    def _choose(self, day: date) -> None:
        self.day = min(max(day, self._earliest), LAST_DAY)

    def _base(self) -> date:
        return self.day or max(self._month, self._earliest)

    def action_days(self, days: int) -> None:
        """Choose the day so many days later, or earlier where that is negative."""
        base = self._base()
        # Compared as numbers: beyond its last year, date arithmetic fails.
        target = min(base.toordinal() + days, LAST_DAY.toordinal())
        self._choose(date.fromordinal(max(target, self._earliest.toordinal())))

    def action_months(self, months: int) -> None:
        """Choose the day so many months later, or earlier where that is negative."""
        self._choose(months_later(self._base(), months))

    def action_edge(self, day: int) -> None:
        """Choose a day of the month by its number, or the last one where that is greater."""
        self._choose(in_month(self._base(), day))

    def action_today(self) -> None:
        """Choose the earliest day that there is to choose."""
        self._choose(self._earliest)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.action_months(-1)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.action_months(1)

    def on_click(self, event: events.Click) -> None:
        column, line = event.x // _CELL, event.y
        if line == _MONTHS_TOP and column in (0, 6):
            self.action_months(-1 if column == 0 else 1)
            return
        weeks = self._weeks()
        if 0 <= line - _WEEKS_TOP < len(weeks) and 0 <= column < 7:
            day = weeks[line - _WEEKS_TOP][column]
            if day is not None and day >= self._earliest:
                self._choose(day)

    def render(self) -> Text:
        lines = [self._title(), self._weekdays(), *map(self._week, self._weeks())]
        return Text("\n").join(lines)

    def _title(self) -> Text:
        name = f"{self._month:%B %Y}".center(_WIDTH - 2 * _CELL)
        return Text(f" << {name} >> ", self._style("title"))

    def _weekdays(self) -> Text:
        order = calendar.Calendar(self._first_weekday).iterweekdays()
        names = "".join(f" {calendar.day_abbr[day][:2]} " for day in order)
        return Text(names, self._style("weekdays"))

    def _weeks(self) -> list[list[date | None]]:
        """Return the weeks of the month; None stands where another month is."""
        month = self._month
        weeks = calendar.Calendar(self._first_weekday).monthdayscalendar(month.year, month.month)
        return [[month.replace(day=day) if day else None for day in week] for week in weeks]

    def _week(self, days: list[date | None]) -> Text:
        return Text.assemble(*map(self._cell, days))

    def _cell(self, day: date | None) -> Text:
        if day is None:
            return Text(" " * _CELL)
        # Brackets beside the colour: a screen without colours shows the choice too.
        if day == self.day:
            return Text(f"[{day.day:2}]", self._style("chosen"))
        if day < self._earliest:
            return Text(f" {day.day:2} ", self._style("out"))
        return Text(f" {day.day:2} ", self._style("today") if day == self._earliest else "")

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(f"month-calendar--{name}")

"""The least that Textual can do for a filter: an Input above as many rows as the argument says."""

import sys

from rich.segment import Segment
from textual import on
from textual.app import App, ComposeResult
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widgets import Input


class Rows(ScrollView):
    """Names on the Line API: only those that are seen are painted."""

    def show(self, names: list[str]) -> None:
        self._names = names
        self.virtual_size = Size(0, len(names))
        self.refresh()

    def render_line(self, y: int) -> Strip:
        row = y + self.scroll_offset.y
        return Strip([Segment(self._names[row])] if row < len(self._names) else [])


class BareFilter(App[None]):
    """What a letter of the filter is measured against."""

    CSS = "Rows { height: 1fr; }"

    def compose(self) -> ComposeResult:
        yield Input()
        yield Rows()

    def on_mount(self) -> None:
        self._all = [f"svc-{number:06}" for number in range(int(sys.argv[1]))]
        self._left = self._all
        self._needle = ""
        self.query_one(Rows).show(self._all)

    @on(Input.Changed)
    def _narrow(self, event: Input.Changed) -> None:
        among = self._left if event.value.startswith(self._needle) else self._all
        self._needle = event.value
        self._left = [each for each in among if event.value in each]
        self.query_one(Rows).show(self._left)


if __name__ == "__main__":
    BareFilter().run()

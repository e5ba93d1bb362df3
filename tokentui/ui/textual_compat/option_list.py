"""Lists of options."""

from typing import Literal

from textual import events
from textual.widgets import OptionList


class Options(OptionList):
    """A list that takes it when it has no room, or fewer options than were painted."""

    def _move_page(self, direction: Literal[-1, 1]) -> None:
        if self.scrollable_content_region and self._lines:
            super()._move_page(direction)

    async def _on_click(self, event: events.Click) -> None:
        if event.style.meta.get("option", 0) >= self.option_count:
            event.prevent_default()

"""The keys of a screen, in its last line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.widgets import Footer

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import ActiveBinding
    from textual.screen import Screen


class KeysBelow(Footer):
    """A footer that is made anew only where it says something else by now.

    Textual's own is made anew with each step from field to field, all of its widgets, and several
    times before anything is seen at all.
    """

    def __init__(self) -> None:
        super().__init__(show_command_palette=False)
        self._said: list[ActiveBinding] = []

    def bindings_changed(self, screen: Screen[object]) -> None:
        self._bindings_ready = True
        if self.is_attached and screen is self.screen:
            self.call_after_refresh(self._say)

    def compose(self) -> ComposeResult:
        if self._bindings_ready:  # until then, there is not all of the screen
            self._said = self._to_say()
        yield from super().compose()

    async def _say(self) -> None:
        if self.is_attached and self._to_say() != self._said:
            await self.recompose()

    def _to_say(self) -> list[ActiveBinding]:
        first: dict[str, ActiveBinding] = {}
        for active in self.screen.active_bindings.values():
            if active.binding.show:
                first.setdefault(active.binding.action, active)
        return list(first.values())

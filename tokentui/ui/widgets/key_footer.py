"""The keys of a screen, in its last line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import events, on
from textual.widgets import Footer

from tokentui.ui.textual_compat import FooterKey

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import ActiveBinding
    from textual.screen import Screen


class ActionKey(FooterKey):
    """A key that does its action when it is clicked, and that on its own screen alone.

    Textual's types the key instead, on whatever screen a click before it has left on top.
    """

    def __init__(self, active: ActiveBinding, key_display: str) -> None:
        binding = active.binding
        super().__init__(
            binding.key,
            key_display,
            binding.description,
            binding.action,
            disabled=not active.enabled,
            tooltip=active.tooltip,
        )
        self.set_reactive(FooterKey.compact, False)
        self._active = active

    @on(events.MouseDown)
    async def _run(self, event: events.MouseDown) -> None:
        event.prevent_default()
        if not self._active.enabled:
            self.app.bell()
        elif self.screen is self.app.screen:
            await self.app.run_action(self.action, self._active.node)


class KeyFooter(Footer):
    """A footer that is composed anew only where it has other keys by now.

    Textual's own is made anew with each step from field to field, all of its widgets, and several
    times before anything is seen at all. It binds data to each key, which keeps all of them alive.
    """

    def __init__(self) -> None:
        super().__init__(show_command_palette=False)
        self._complete = False
        """Whether there is all of the screen, and so its bindings."""
        self._shown: list[ActiveBinding] = []

    def bindings_changed(self, screen: Screen[object]) -> None:
        self._complete = True
        if self.is_attached and screen is self.screen:
            self.call_after_refresh(self._show)

    def compose(self) -> ComposeResult:
        if self._complete:
            self._shown = self._to_show()
        for active in self._shown:
            yield ActionKey(active, self.app.get_key_display(active.binding))

    async def _show(self) -> None:
        if self.is_attached and self._to_show() != self._shown:
            await self.recompose()

    def _to_show(self) -> list[ActiveBinding]:
        first: dict[str, ActiveBinding] = {}
        for active in self.screen.active_bindings.values():
            if active.binding.show:
                first.setdefault(active.binding.action, active)
        return list(first.values())

"""The command palette."""

from textual.app import ComposeResult
from textual.command import Command, CommandInput, CommandList, CommandPalette, SearchIcon
from textual.containers import Horizontal, Vertical
from textual.widgets import LoadingIndicator

from tokentui.ui.textual_compat import Page
from tokentui.ui.textual_compat.option_list import Options


class _Commands(CommandList, Options):
    pass


class _Wanted(CommandInput):
    """The field of a palette, in which Enter is only for what is highlighted in the list."""

    async def action_submit(self) -> None:
        """Run what is highlighted; Textual's would highlight the first where nothing is."""
        if self.screen.query_one(CommandList).highlighted is not None:
            await super().action_submit()


class Palette(CommandPalette, Page[None]):
    """A command palette in which Enter runs nothing until something is typed or selected."""

    def compose(self) -> ComposeResult:
        with Vertical(id="--container"):
            with Horizontal(id="--input"):
                yield SearchIcon()
                yield _Wanted(placeholder=self._placeholder, select_on_focus=False)
            with Vertical(id="--results"):
                yield _Commands()
                yield LoadingIndicator()

    def _refresh_command_list(
        self, command_list: CommandList, commands: list[Command], clear_current: bool
    ) -> None:
        super()._refresh_command_list(command_list, commands, clear_current)
        if not self.query_one(CommandInput).value:
            command_list.highlighted = None

"""A dialog with a list to choose from."""

from typing import TypeVar

from textual.widgets import OptionList

from tokentui.ui.textual_compat import Dialog

Result = TypeVar("Result")


class ListDialog(Dialog[Result]):
    """A dialog whose list can be walked with keys beside the arrows."""

    def action_move(self, how: str) -> None:
        """Do an action of the list, such as `cursor_down`, as the arrows do: where it has focus."""
        if isinstance(options := self.focused, OptionList):
            getattr(options, f"action_{how}")()

"""Radio buttons and check boxes that tell on from off by a sign, not by colour alone."""

from textual.content import Content
from textual.widgets import Checkbox, RadioButton, RadioSet


class Choice(RadioButton):
    """One of several, of which exactly one is on."""

    def render(self) -> Content:
        self.BUTTON_INNER = RadioButton.BUTTON_INNER if self.value else " "
        return super().render()


class Choices(RadioSet):
    """Choices one below the other: an arrow chooses the next one at once."""

    def action_next_button(self) -> None:
        """Go to the next choice, and choose it."""
        super().action_next_button()
        self._choose()

    def action_previous_button(self) -> None:
        """Go to the choice before, and choose it."""
        super().action_previous_button()
        self._choose()

    def _choose(self) -> None:
        # Textual looks for the first choice so as well, when nobody has pressed a key yet.
        if self.has_focus:
            self.action_toggle_button()


class Tick(Checkbox):
    """On or off."""

    def render(self) -> Content:
        self.BUTTON_INNER = Checkbox.BUTTON_INNER if self.value else " "
        return super().render()

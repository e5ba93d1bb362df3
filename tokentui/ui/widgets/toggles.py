"""Radio buttons and check boxes that tell on from off by a sign, not by colour alone."""

from textual.content import Content
from textual.widgets import Checkbox, RadioButton


class Choice(RadioButton):
    """One of several, of which exactly one is on."""

    def render(self) -> Content:
        self.BUTTON_INNER = RadioButton.BUTTON_INNER if self.value else " "
        return super().render()


class Tick(Checkbox):
    """On or off."""

    def render(self) -> Content:
        self.BUTTON_INNER = Checkbox.BUTTON_INNER if self.value else " "
        return super().render()

"""A line of a form: a label, and its fields."""

from textual.containers import Vertical
from textual.widget import Widget
from textual.widgets import Label


class FormLine(Widget):
    """Fields beside their label, or below it where the window has no room."""

    def __init__(
        self,
        label: str,
        *fields: Widget,
        id: str | None = None,  # noqa: A002 - as every widget of Textual
    ) -> None:
        super().__init__(Label(label, classes="label"), Vertical(*fields, classes="fields"), id=id)

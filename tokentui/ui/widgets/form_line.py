"""A line of a form: a label, and its fields."""

from textual.containers import Vertical
from textual.widget import Widget
from textual.widgets import Input, Label


def focus_fault(field: Input) -> None:
    """Go to a field, so that it and what is said beside it are seen together."""
    field.focus(scroll_visible=False)
    beside = field.query_ancestor(Vertical)
    beside.call_after_refresh(beside.scroll_visible, animate=False)


class FormLine(Widget):
    """Fields beside their label, or below it where the window has no room."""

    def __init__(
        self,
        label: str,
        *fields: Widget,
        id: str | None = None,  # noqa: A002 - as every widget of Textual
    ) -> None:
        super().__init__(Label(label, classes="label"), Vertical(*fields, classes="fields"), id=id)

"""The field of a search in the list."""

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.reactive import reactive
from textual.widgets import Input


class FilterField(Input):
    """A field that is as wide as its line, so that nothing is laid out anew as one types."""

    BINDING_GROUP_TITLE = "Filter"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,down", "submit", "List", id="filter.list", tooltip="Go to the list"),
    ]

    virtual_size: reactive[Size] = reactive(Size(0, 0), layout=False)

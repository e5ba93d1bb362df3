"""The field of a search in the list."""

from textual.geometry import Size
from textual.reactive import reactive
from textual.widgets import Input


class FilterField(Input):
    """A field that is as wide as its line, so that nothing is laid out anew as one types."""

    virtual_size: reactive[Size] = reactive(Size(0, 0), layout=False)

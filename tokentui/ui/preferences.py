"""How a person likes the app to look. What is chosen in it is remembered."""

import msgspec

from tokentui.core.query import Filter, Sort


class Preferences(msgspec.Struct):
    """What the app starts with, and what it ends with: both are the same object."""

    theme: str | None = None
    sort: Sort = Sort.NAME
    descending: bool = False
    shown: Filter = Filter.ALL

"""How a person likes the app to look. What is chosen in it is remembered; a filter is not.

A part of the list that greets as if it were the whole misleads.
"""

import msgspec

from tokentui.core.query import Sort


class Preferences(msgspec.Struct):
    """What the app starts with, and what it ends with: both are the same object."""

    theme: str | None = None
    sort: Sort = Sort.NAME
    descending: bool = False
    details: bool = True

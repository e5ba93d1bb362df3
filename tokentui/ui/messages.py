"""What the app tells its screens."""

from textual.message import Message


class StoreChanged(Message, bubble=False):
    """A token was changed or used, here or by another process."""

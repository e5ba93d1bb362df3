"""What the app tells its screens."""

from textual.message import Message


class StoreChanged(Message, bubble=False):
    """Something in the store was changed, here or by another process."""

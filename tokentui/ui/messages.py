"""What the app tells its screens."""

from textual.message import Message


class StoreChanged(Message, bubble=False):
    """A token was changed or used, here or by another process."""


class AuditLogChanged(Message, bubble=False):
    """More was written into the audit log, here or by another process."""

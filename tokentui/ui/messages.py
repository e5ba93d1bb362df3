"""What the app tells its screens."""

from textual.message import Message

from tokentui.ui.sign_in import SignedIn


class StoreChanged(Message, bubble=False):
    """A token was changed or used, here or by another process."""


class AuditLogChanged(Message, bubble=False):
    """More was written into the audit log, here or by another process."""


class Accepted(Message):
    """Somebody has signed in, or unlocked the app."""

    def __init__(self, signed_in: SignedIn) -> None:
        self.signed_in = signed_in
        super().__init__()

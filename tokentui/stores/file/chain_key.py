"""The key of an audit log: what its hash chain is sealed with."""

from contextlib import suppress
from pathlib import Path

from tokentui.core.chain import START
from tokentui.core.errors import StoreDamaged
from tokentui.stores import chain_key
from tokentui.stores.anchor import Anchor, OpenAnchor
from tokentui.stores.file import append_log


class ChainKey:
    """The file `audit.key` beside the log `log`, whose end is in `anchor`."""

    def __init__(self, log: Path, anchor: Anchor) -> None:
        self._log = log
        self._anchor = anchor
        self.path = log.with_name("audit.key")

    def made(self, anchor: OpenAnchor) -> bytes:
        """Return the key; where the log is to begin, make it, and an anchor that says so.

        Raises `OSError`, `StoreDamaged` and `StoreUnreadable`. Hold the lock of the log.
        """
        with suppress(FileNotFoundError):
            return chain_key.read(self.path)
        if self._log_begun():
            raise self._gone()
        if anchor.read() is None:
            # Before the key: a key without an anchor looks as if lines had been lost.
            anchor.write(START)
        key = chain_key.new()
        chain_key.write(self.path, key)
        return key

    def read(self) -> bytes:
        """Return the key, or no bytes where no log was begun; raise `OSError`, `StoreDamaged`."""
        try:
            return chain_key.read(self.path)
        except FileNotFoundError:
            if (self._anchor.read() or START) != START or self._log_begun():
                raise self._gone() from None
            return b""

    def _log_begun(self) -> bool:
        return self._log.exists() or bool(append_log.rotated(self._log))

    def _gone(self) -> StoreDamaged:
        return StoreDamaged(
            f"{self.path} is missing, and {self._log} cannot be verified without it. Put "
            f"the key back, or move the audit log and {self._anchor.path} away to start a "
            "new log."
        )

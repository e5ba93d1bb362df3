"""The key of an audit log: what its hash chain is sealed with."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tokentui import files
from tokentui.core import chain
from tokentui.core.chain import START, Link
from tokentui.core.errors import StoreDamaged
from tokentui.stores.file import append_log
from tokentui.stores.file.anchor import Anchor


class ChainKey:
    """The file `audit.key` beside the log `log`, whose end is in `anchor`."""

    def __init__(self, log: Path, anchor: Anchor) -> None:
        self._log = log
        self._anchor = anchor
        self.path = log.with_name("audit.key")

    def made(self, keep: Callable[[Link], None]) -> bytes:
        """Return the key; where the log is to begin, make it, and an anchor that says so.

        `keep` writes the anchor. Raises `OSError` and `StoreDamaged`. Hold the lock of the log.
        """
        with suppress(FileNotFoundError):
            return self._known()
        if self._log_begun():
            raise self._gone()
        if self._anchor.read() is None:
            # Before the key: a key without an anchor looks as if lines had been lost.
            keep(START)
        key = os.urandom(chain.KEY_LENGTH)
        # In one step: half a key would be the wrong one for ever.
        files.replace(self.path, key.hex().encode() + b"\n")
        return key

    def read(self) -> bytes:
        """Return the key, or no bytes where no log was begun; raise `OSError`, `StoreDamaged`."""
        try:
            return self._known()
        except FileNotFoundError:
            if (self._anchor.read() or START) != START or self._log_begun():
                raise self._gone() from None
            return b""

    def _known(self) -> bytes:
        content, _ = files.read_regular(self.path, 1024)
        with suppress(ValueError):
            key = bytes.fromhex(content.decode("ascii"))
            if len(key) == chain.KEY_LENGTH:
                return key
        raise StoreDamaged(f"{self.path} holds no key. Put the right one back.")

    def _log_begun(self) -> bool:
        return self._log.exists() or bool(append_log.rotated(self._log))

    def _gone(self) -> StoreDamaged:
        return StoreDamaged(
            f"{self.path} is gone, and {self._log} is of no use without it. Put the key back, or "
            f"move the audit log away, and {self._anchor.path} with it, to begin another."
        )

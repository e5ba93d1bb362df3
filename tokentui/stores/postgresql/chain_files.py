"""What a host that changes the store has of its audit log: the key of its chain, and an anchor."""

from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path

from tokentui import files
from tokentui.core import chain
from tokentui.core.audit import Event
from tokentui.core.chain import START, Link
from tokentui.core.errors import StoreDamaged, StoreUnreadable
from tokentui.stores import chain_key
from tokentui.stores.anchor import Anchor
from tokentui.stores.os_errors import refusing, unreadable

KEY, ANCHOR = "audit.key", "audit.anchor"
"""The names of the files."""


def fingerprint_of(key: bytes) -> str:
    """Return what tells one key from others, and tells nothing of it."""
    return sha256(key).hexdigest()[:32]


def folder_of(keys: Path, fingerprint: str) -> Path:
    """Return the folder below `keys` that has the key of this fingerprint, and its anchor."""
    return keys / fingerprint


def keep(keys: Path, key: bytes, end: Link = START, anchor: Path | None = None) -> Path:
    """Write a key, and an anchor that says where its chain ends; return the folder of the key.

    Raises `OSError` and `StoreUnreadable`.
    """
    folder = folder_of(keys, fingerprint_of(key))
    files.private_folder(folder)
    with Anchor(anchor or folder / ANCHOR).opened() as opened:
        # Before the key: a key without an anchor looks as if lines had been lost.
        opened.write(end)
    chain_key.write(folder / KEY, key)
    return folder


class ChainFiles:
    """The files of the store whose key has the `fingerprint`, which only the store itself knows.

    All hosts that change it have the same key. Each has an anchor of its own: a line that is in the
    log, and so a lower bound of its end.
    """

    def __init__(self, keys: Path, anchor: Path | None, fingerprint: Callable[[], str]) -> None:
        self._keys = keys
        self._anchor = anchor
        self._fingerprint = fingerprint

    @property
    def folder(self) -> Path:
        """Where the key is."""
        return folder_of(self._keys, self._fingerprint())

    @property
    def anchor(self) -> Anchor:
        """The anchor of this host."""
        return Anchor(self._anchor or self.folder / ANCHOR)

    def key(self) -> bytes:
        """Return the key; raise `StoreUnreadable`, or `StoreDamaged` where it is another one."""
        path = self.folder / KEY
        with refusing(unreadable, path):
            try:
                key = chain_key.read(path)
            except FileNotFoundError:
                raise StoreUnreadable(
                    "The key of the audit log is not on this host, so the store cannot be changed. "
                    f"Copy the folder {self.folder} from a host that has it."
                ) from None
        if fingerprint_of(key) != self._fingerprint():
            raise StoreDamaged(f"{path} is not the key of this audit log. Put the right key back.")
        return key

    def later(self, end: Link) -> Link:
        """Return what the next line goes on from: the end of the chain, or the anchor beyond it.

        A number that was given is not given again, so that what is missing is seen for ever.
        """
        return max(end, self.anchor.read() or START, key=lambda link: link.seq)

    def remarks(self) -> Sequence[Event]:
        """Return what is to be said in the log before the next line."""
        return [chain.loss()] if self.anchor.read() is None else []

    def note(self, end: Link) -> None:
        """Write the end of the chain into the anchor; raise `OSError` and `StoreError`."""
        with self.anchor.opened() as anchor:
            anchor.write(end)

"""What others do to the store while the app is open."""

import fcntl
import os
import threading
from pathlib import Path

from tests.program.conftest import Sandbox

_HELD = 1.0
"""Seconds that another process holds the lock for."""


class Outside:
    """Another process, and a disk that fails, over the store of one sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._data = sandbox.store.parent
        self._aside = self._data.with_name("aside")
        self._made = 0
        self._holder = threading.Thread()

    def do(self, what: str) -> None:
        """Do what a profile names."""
        match what:
            case "damage":
                self._damage()
            case "remove":
                self._remove()
            case "mend":
                self.mend()
            case "hold the lock":
                self._hold()
            case _ if self.whole:
                self._change(what)

    @property
    def whole(self) -> bool:
        """Whether the store is where it was, and can be read."""
        return not self._aside.exists()

    def settle(self) -> None:
        """Wait until nothing is under way."""
        if self._holder.is_alive():
            self._holder.join()

    def mend(self) -> None:
        """Bring back what was damaged or removed."""
        if self._aside.is_dir():
            self._data.unlink()
            self._aside.replace(self._data)
        elif self._aside.exists():
            self._aside.replace(self._sandbox.store)

    def _damage(self) -> None:
        if self.whole:
            self._aside.write_bytes(self._sandbox.store.read_bytes())
            self._aside.chmod(0o600)
            self._sandbox.store.write_text('{"tokens": {"1": ')

    def _remove(self) -> None:
        """Put a file in the place of the folder, so that nothing can be made there anew."""
        if self.whole:
            self._data.replace(self._aside)
            self._data.touch()

    def _hold(self) -> None:
        self.settle()
        lock = self._sandbox.store.with_name("tokens.json.lock")
        taken = threading.Event()
        self._holder = threading.Thread(target=_hold, args=(lock, taken), daemon=True)
        self._holder.start()
        taken.wait()

    def _change(self, what: str) -> None:
        self._made += 1
        name = f"other-{self._made}"
        ours = [each["id"] for each in self._sandbox.records() if each["revoked_at"] is None]
        if what == "create":
            self._sandbox.run("create", name, "--never")
        elif ours:
            arguments = {
                "rename": ("rename", ours[0], name),
                "access": ("access", ours[-1], "--for-reading"),
                "rotate": ("rotate", ours[0]),
                "revoke": ("revoke", ours[-1], "--yes"),
            }
            # It may be refused, as where the token was rotated before.
            self._sandbox.run(*arguments[what])


def _hold(lock: Path, taken: threading.Event) -> None:
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        taken.set()
        threading.Event().wait(_HELD)
    finally:
        os.close(descriptor)

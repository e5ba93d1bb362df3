"""The program over a store in a database, as Unix users of its own would run it."""

from dataclasses import dataclass
from pathlib import Path

from ..program.conftest import Sandbox
from .stores import fresh_store


@dataclass(frozen=True)
class OnDatabase(Sandbox):
    """A sandbox whose store is in a database."""

    url: str

    @property
    def keys(self) -> Path:
        """The folder with the keys of audit logs."""
        return keys_in(self.home)

    def environment(self, **more: str) -> dict[str, str]:
        return super().environment(**{"TOKENTUI_STORE": self.url, **more})


def on_database(home: Path) -> OnDatabase:
    """Return a sandbox with an empty store in a database of its own."""
    return OnDatabase(home, fresh_store(keys_in(home)))


def keys_in(home: Path) -> Path:
    """Return where the program in a sandbox looks for the keys of audit logs."""
    return home / "xdg" / "tokentui" / "keys"

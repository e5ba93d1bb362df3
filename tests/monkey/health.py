"""How the app does: times, CPU, memory, descriptors and threads, for the long run."""

import time
from dataclasses import dataclass

from tests.monkey.invariants import Fault
from tests.monkey.process import Process
from tests.monkey.profiles import Profile

_LIMITS = {"idle": 0.05, "descriptors": 32, "threads": 24}
_UNITS = {"key": "s", "idle": "of a core", "memory": "MiB", "descriptors": "", "threads": ""}
_IDLE_FOR = 1.0


@dataclass
class Health:
    """The worst of what was seen so far of one profile."""

    profile: Profile
    key: float = 0.0
    """Seconds until the app was at rest after a single key."""
    idle: float = 0.0
    """The part of a core that is used while nothing happens."""
    memory: float = 0.0
    descriptors: float = 0
    threads: float = 0

    def note_key(self, seconds: float) -> None:
        """Count a key that was answered."""
        self._note("key", seconds)

    def look_at(self, process: Process) -> None:
        """Count what a process takes that is at rest."""
        before = process.cpu()
        time.sleep(_IDLE_FOR)
        self._note("idle", (process.cpu() - before) / _IDLE_FOR)
        self._note("memory", process.memory())
        self._note("descriptors", process.descriptors())
        self._note("threads", process.threads())

    def merge(self, other: "Health") -> None:
        """Take over what is worse in `other`."""
        for what in _UNITS:
            setattr(self, what, max(getattr(other, what), getattr(self, what)))

    def _note(self, what: str, value: float) -> None:
        setattr(self, what, max(value, getattr(self, what)))
        limit = {**_LIMITS, "key": self.profile.key, "memory": self.profile.memory}[what]
        if value > limit:
            raise Fault(f"too much: {what}", f"{value:.3g} {_UNITS[what]}, at most {limit}")

    def __str__(self) -> str:
        return ", ".join(
            f"{what} {getattr(self, what):.3g} {unit}".rstrip() for what, unit in _UNITS.items()
        )

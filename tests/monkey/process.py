"""What the system tells of a process, as Linux does in /proc."""

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

_PAGE = os.sysconf("SC_PAGE_SIZE")
_TICK = os.sysconf("SC_CLK_TCK")
_ASLEEP = set("SITtZX")


class Process:
    """A process by its number. What has ended sleeps, and uses nothing."""

    def __init__(self, pid: int) -> None:
        self._folder = Path(f"/proc/{pid}")

    def asleep(self) -> bool:
        """Return whether no thread of it runs, wants to run, or waits for a disk."""
        return all(self._state(each) in _ASLEEP for each in self._listed("task"))

    def cpu(self) -> float:
        """Return the seconds of CPU that it took so far."""
        fields = self._read("stat").rpartition(")")[2].split()
        return sum(map(int, fields[11:13])) / _TICK

    def queued(self) -> dict[str, float]:
        """Return how many seconds each thread has waited for a core so far (`schedstat`)."""
        stats = {
            task: self._read(f"task/{task}/schedstat").split() for task in self._listed("task")
        }
        return {task: int(fields[1]) / 1e9 for task, fields in stats.items() if fields}

    def queued_since(self, before: Mapping[str, float]) -> float:
        """Return the longest that one thread waited for a core since `queued` gave `before`."""
        return max((now - before.get(task, 0) for task, now in self.queued().items()), default=0)

    def memory(self) -> float:
        """Return the MiB that it has in memory."""
        return int((self._read("statm") or "0 0").split()[1]) * _PAGE / 2**20

    def descriptors(self) -> int:
        """Return how many files it has open."""
        return len(self._listed("fd"))

    def threads(self) -> int:
        """Return how many threads it has."""
        return len(self._listed("task"))

    def _state(self, task: str) -> str:
        return self._read(f"task/{task}/stat").rpartition(")")[2].strip()[:1] or "X"

    def _read(self, name: str) -> str:
        with suppress(OSError):
            return (self._folder / name).read_text()
        return ""

    def _listed(self, name: str) -> list[str]:
        with suppress(OSError):
            return [each.name for each in (self._folder / name).iterdir()]
        return []

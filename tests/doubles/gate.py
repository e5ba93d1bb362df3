"""A gate that holds threads, and tells that it does."""

import threading
import weakref

_gates: weakref.WeakSet["Gate"] = weakref.WeakSet()


class Gate(threading.Event):
    """Holds threads until it is set. No thread is waited for while one is held here."""

    def __init__(self) -> None:
        super().__init__()
        self._waiting = 0
        self._counting = threading.Lock()
        _gates.add(self)

    @staticmethod
    def holds_any() -> bool:
        """Whether a thread waits at any gate."""
        return any(gate.holds for gate in _gates)

    @property
    def holds(self) -> bool:
        """Whether a thread waits here."""
        return self._waiting > 0 and not self.is_set()

    def wait(self, timeout: float | None = None) -> bool:
        self._count(1)
        try:
            return super().wait(timeout)
        finally:
            self._count(-1)

    def _count(self, step: int) -> None:
        with self._counting:
            self._waiting += step

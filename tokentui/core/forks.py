"""What a forked child must not take over: locks that threads of its parent held, and their work."""

import os
from typing import Protocol
from weakref import WeakSet


class Renewable(Protocol):
    """Something that threads share."""

    def renew(self) -> None:
        """Make new locks, and drop what only threads of the parent can finish."""
        ...


_LIVING: WeakSet[Renewable] = WeakSet()


def renew_in_children(shared: Renewable) -> None:
    """Call `shared.renew` first thing in every process that this one forks."""
    _LIVING.add(shared)


def _renew_all() -> None:
    for shared in list(_LIVING):
        shared.renew()


os.register_at_fork(after_in_child=_renew_all)

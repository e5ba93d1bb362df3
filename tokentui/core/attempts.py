"""The store of sign-in attempts: how many wrong passwords came, and how much was refused."""

from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Protocol

import msgspec
from msgspec.structs import replace

from tokentui.core.audit import EVERYTHING, Entry, Event, Outcome, Recorder, Search
from tokentui.core.cancel import NEVER, Cancel
from tokentui.core.clock import Clock, utc_now
from tokentui.core.errors import StoreError
from tokentui.core.token import Moment

REFUSALS = "refused "
"""What the keys of refusals begin with; the name of the account follows."""
WINDOW = timedelta(hours=1)
FORGOTTEN_AFTER = timedelta(hours=1)
"""After how long a wrong password counts no more."""
RECORDED = 100
"""How many refusals of an account are recorded in a window, one by one."""


class Failures(msgspec.Struct, frozen=True, kw_only=True):
    """How many wrong passwords came in a row, and when the last one did.

    Of refusals: how many came in a window, and when that began.
    """

    count: int
    last_at: Moment


class SignInAttempts(Protocol):
    """Counters that outlive a process: of wrong passwords, and of what accounts are refused.

    Every method may raise `StoreError`.
    """

    def turn(self) -> AbstractContextManager[None]:
        """Wait for the turn of this machine: a flood of guesses costs one core."""
        ...

    def get(self, slots: Collection[str]) -> Mapping[str, Failures]:
        """Return the counters of these slots that there are."""
        ...

    def put(
        self, seen: Mapping[str, Failures | None], changes: Mapping[str, Failures | None]
    ) -> bool:
        """Write `changes`, where None removes, unless a slot is no longer as `seen`.

        Compare-and-swap: False says that another attempt came between; ask again.
        """
        ...


def remembered(counters: Mapping[str, Failures | None], now: datetime) -> dict[str, Failures]:
    """Return the counters that a store keeps: failures that are long past are forgotten."""
    return {
        slot: each
        for slot, each in counters.items()
        if each is not None and (slot.startswith(REFUSALS) or now - each.last_at < FORGOTTEN_AFTER)
    }


class BoundedRecorder:
    """A `Recorder` that no account can fill: refusals have a fixed window counter for each account.

    The first `RECORDED` of a window are recorded, the others counted; the first one of the next
    window says how many these were. The counters are in `attempts`, since each command over SSH is
    a process of its own.
    """

    def __init__(
        self, recorder: Recorder, attempts: SignInAttempts, clock: Clock = utc_now
    ) -> None:
        self._recorder = recorder
        self._attempts = attempts
        self._now = clock

    @property
    def on_notice(self) -> Callable[[str], None]:
        return self._recorder.on_notice

    @on_notice.setter
    def on_notice(self, call: Callable[[str], None]) -> None:
        self._recorder.on_notice = call

    def record(self, *events: Event) -> None:
        """Record `events`; those that were refused are all of one account."""
        refused = [event for event in events if event.outcome is Outcome.REFUSED]
        if refused:
            others = [event for event in events if event.outcome is not Outcome.REFUSED]
            events = (*others, *self._bounded(refused))
        self._recorder.record(*events)

    def _bounded(self, refused: Sequence[Event]) -> Sequence[Event]:
        """Count `refused`, and return those of them that are recorded."""
        try:
            seen, missed = self._count(REFUSALS + refused[0].account, len(refused))
        except StoreError:
            return refused  # better too much in the audit log than nothing
        recorded = list(refused[: max(0, RECORDED - seen)])
        if recorded and missed:
            recorded[0] = _with(
                recorded[0], f"{missed:,} earlier refusals were counted, not recorded."
            )
        if recorded and seen + len(refused) >= RECORDED:
            recorded[-1] = _with(
                recorded[-1], "More refusals within this hour are counted, not recorded."
            )
        return recorded

    def _count(self, key: str, more: int) -> tuple[int, int]:
        """Count `more`; return how many this window had, and the last one had too many."""
        while True:
            now, missed = self._now(), 0
            seen = window = self._attempts.get([key]).get(key)
            # A clock that was set back begins another one.
            if window is None or not timedelta() <= now - window.last_at < WINDOW:
                missed = max(0, window.count - RECORDED) if window else 0
                window = Failures(count=0, last_at=now)
            counted = replace(window, count=window.count + more)
            if self._attempts.put({key: seen}, {key: counted}):
                return window.count, missed

    def version(self) -> Hashable:
        return self._recorder.version()

    def newest(
        self, search: Search = EVERYTHING, after: int = 0, cancel: Cancel = NEVER
    ) -> Iterator[Entry]:
        return self._recorder.newest(search, after, cancel)

    def oldest(
        self, search: Search = EVERYTHING, after: int = 0, cancel: Cancel = NEVER
    ) -> Iterator[Entry]:
        return self._recorder.oldest(search, after, cancel)

    def warnings(self) -> Sequence[str]:
        return self._recorder.warnings()


def _with(event: Event, sentence: str) -> Event:
    return replace(event, about=f"{event.about or ''} {sentence}".lstrip())

"""The only way from a screen to a backend: what may block, blocks a thread and never the screen."""

import asyncio
from collections import Counter
from collections.abc import Callable, Hashable, Iterator
from concurrent import futures
from contextlib import contextmanager, suppress
from datetime import datetime
from enum import Enum, auto
from typing import NamedTuple, TypeVar, cast

from textual.dom import DOMNode

from tokentui.core.cancel import Cancel
from tokentui.core.clock import Clock, utc_now
from tokentui.core.errors import (
    LogInRefused,
    NotPermitted,
    OutcomeUnknown,
    StoreUnavailable,
    TokentuiError,
)
from tokentui.ui.session_threads import Question, Reader, Writer

T = TypeVar("T")

CALM = 0.15
"""Seconds that an answer may take before anybody is told that it is awaited."""
CALM_OF_CHANGES = 1.0
"""The same of a change: a new token takes a while by design, since its secret is hashed."""
_LOOK = "look"


class Phase(Enum):
    """What is known of the store at the moment."""

    CURRENT = auto()
    LOADING = auto()
    """An answer has been awaited for longer than `CALM`."""
    CHANGING = auto()
    """A change has been under way for longer than `CALM_OF_CHANGES`."""
    OFFLINE = auto()
    """It does not answer."""
    DENIED = auto()
    """It answers, and refuses to be read."""


class State(NamedTuple):
    """How far what is on the screen can be believed: as of `as_of`, if anything was read so far.

    That is a time on the clock of the session. `why` is what the store said last, where it did not
    answer or refused to.
    """

    phase: Phase = Phase.CURRENT
    as_of: datetime | None = None
    why: str = ""


class Session:
    """Asks and changes a backend for the screens of an app, and knows how current they are.

    Once `over` says so, whoever waits for an answer or an outcome is cancelled instead of being
    told, and no follower is told of a state: their screens are taken apart. `reader` is one that
    was asked something before there was a session.
    """

    def __init__(
        self,
        clock: Clock = utc_now,
        over: Callable[[], bool] = lambda: False,
        reader: Reader | None = None,
    ) -> None:
        self._over = over
        self._followers: dict[Hashable, Callable[[State], object]] = {}
        self._clock = clock
        self._reader = reader or Reader()
        self._writer = Writer()
        self.state = State()
        self._awaited = 0
        """How many answers and outcomes screens wait for."""
        self._overdue = Counter[Phase]()
        """How many of them have been awaited for too long to say nothing, by phase."""

    @classmethod
    def of(cls, node: DOMNode) -> "Session":
        """Return the session of the app that `node` is in."""
        return cast("Session", node.app.session)  # type: ignore[attr-defined]

    @property
    def busy(self) -> bool:
        """Whether a screen waits for an answer or an outcome. Looks do not count."""
        return self._awaited > 0 or self._writer.busy

    async def read(self, kind: Hashable, ask: Callable[[Cancel], T]) -> T:
        """Return what `ask` returns in the thread that reads; raise what it raises.

        The newest wish wins: an older question of its kind is cancelled, and so is the task that
        awaits its answer. That task is a worker, never a handler of messages.
        """
        with self._waiting(), self._calm(Phase.LOADING, CALM):
            return await self._ask(kind, ask)

    async def look(self, ask: Callable[[Cancel], T], kind: Hashable = _LOOK) -> T:
        """Return what `ask` returns, as `read` does, for nobody who waits for it."""
        return await self._ask(kind, ask)

    async def prepare(self, work: Callable[[Cancel], object], kind: Hashable) -> None:
        """Have `work` done in the thread that reads, ahead of a question that needs it.

        How it ends says nothing of the store, which may not be asked anything by it.
        """
        question = Question(work)
        self._reader.ask(kind, question)
        with suppress(TokentuiError):
            await self._told(question.answer)

    async def commit(self, change: Callable[[], T]) -> T:
        """Make a change in the thread that writes, after those before it; raise what it raises.

        It is never cancelled, and refused at once while the store does not answer.
        """
        with self._waiting(), self._calm(Phase.CHANGING, CALM_OF_CHANGES):
            return await self.commit_unasked(change)

    async def commit_unasked(self, change: Callable[[], T]) -> T:
        """Make a change, as `commit` does, that no person asked for: none is told that it waits."""
        if self.state.phase is Phase.OFFLINE:
            raise StoreUnavailable("The store does not answer; nothing was changed.")
        try:
            return await self._told(self._writer.begin(change))
        except (StoreUnavailable, OutcomeUnknown) as error:
            self._enter(Phase.OFFLINE, str(error))
            raise

    def finish(self, patience: float) -> bool:
        """Wait `patience` seconds at most until no change is under way; say whether none is."""
        return self._writer.finish(patience)

    def close(self) -> None:
        """Let the threads end: the one that reads at once, the other once all changes are made."""
        self._reader.close()
        self._writer.close()

    async def _ask(self, kind: Hashable, ask: Callable[[Cancel], T]) -> T:
        question = Question(ask)
        self._reader.ask(kind, question)
        try:
            answer = await self._told(question.answer)
        except StoreUnavailable as error:
            self._enter(Phase.OFFLINE, str(error))
            raise
        except LogInRefused:
            raise
        except NotPermitted as error:
            self._enter(Phase.DENIED, str(error))
            raise
        self.answered()
        return answer

    async def _told(self, outcome: futures.Future[T]) -> T:
        try:
            return await asyncio.wrap_future(outcome)
        finally:
            if self._over():
                raise asyncio.CancelledError

    # -- how current it is ----------------------------------------------------------------------

    def follow(self, follower: Hashable, changed: Callable[[State], object]) -> None:
        """Call `changed` in the event loop with each new state, until `unfollow`.

        Textual's `watch` would keep a node that is closed until the next change, which may be late.
        """
        self._followers[follower] = changed

    def unfollow(self, follower: Hashable) -> None:
        """Tell the follower of no further state."""
        self._followers.pop(follower, None)

    def answered(self) -> None:
        """Take it that the store has answered just now, as it did before there was a session."""
        self._change_state(State(self._calmest, self._clock()))

    @property
    def _calmest(self) -> Phase:
        """The phase of a store that answers."""
        overdue = (each for each in (Phase.CHANGING, Phase.LOADING) if self._overdue[each])
        return next(overdue, Phase.CURRENT)

    def _enter(self, phase: Phase, why: str = "") -> None:
        self._change_state(State(phase, self.state.as_of, why))

    def _change_state(self, state: State) -> None:
        before, self.state = self.state, state
        if (before.phase, before.why) != (state.phase, state.why) and not self._over():
            for changed in [*self._followers.values()]:
                changed(state)

    @contextmanager
    def _waiting(self) -> Iterator[None]:
        self._awaited += 1
        try:
            yield
        finally:
            self._awaited -= 1

    @contextmanager
    def _calm(self, phase: Phase, patience: float) -> Iterator[None]:
        """Say that something is awaited only where it takes long enough to be asked about."""
        counted = 0

        def overdue() -> None:
            nonlocal counted
            counted = 1
            self._count(phase, 1)

        timer = asyncio.get_running_loop().call_later(patience, overdue)
        try:
            yield
        finally:
            timer.cancel()
            self._count(phase, -counted)

    def _count(self, phase: Phase, more: int) -> None:
        self._overdue[phase] += more
        if self.state.phase not in (Phase.OFFLINE, Phase.DENIED):
            self._enter(self._calmest)

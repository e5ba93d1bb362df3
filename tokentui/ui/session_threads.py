"""Two threads for what may block: one reads, the newest wish first; one makes changes, in order."""

import threading
from collections.abc import Callable, Hashable
from concurrent import futures
from contextlib import suppress
from typing import Any, Generic, TypeVar

from tokentui.core.cancel import Cancel

T = TypeVar("T")


class Question(Generic[T]):
    """A read that is asked for; its answer can be awaited, or cancelled by whoever awaits it."""

    def __init__(self, ask: Callable[[Cancel], T]) -> None:
        self._ask = ask
        self._cancel = Cancel()
        self.answer = futures.Future[T]()
        self.answer.add_done_callback(self._answered)

    def _answered(self, answer: futures.Future[T]) -> None:
        if answer.cancelled():
            self._cancel.request()

    def put(self) -> None:
        """Ask it, in the thread that reads."""
        if not self.answer.cancelled():
            _settle(self.answer, lambda: self._ask(self._cancel))


class Reader:
    """Asks questions in a thread of its own, one at a time: of each kind the newest alone."""

    def __init__(self) -> None:
        self._there = threading.Condition()
        self._asked: dict[Hashable, Question[Any]] = {}
        self._at_work: tuple[Hashable, Question[Any]] | None = None
        self._thread: threading.Thread | None = None
        self._closed = False

    def ask(self, kind: Hashable, question: Question[Any]) -> None:
        """Ask a question in the place of an older one of its kind, which is cancelled."""
        with self._there:
            older = [self._asked.pop(kind, None)]
            if self._at_work is not None and self._at_work[0] == kind:
                older.append(self._at_work[1])
            self._asked[kind] = question
            if self._thread is None:
                self._thread = _begin("read", self._work)
            self._there.notify()
        for each in older:
            if each is not None:
                each.answer.cancel()

    def close(self) -> None:
        """Ask nothing more, and end the thread once it can."""
        with self._there:
            self._closed = True
            left = [*self._asked.values(), *(self._at_work or ())[1:]]
            self._asked.clear()
            self._there.notify()
        for question in left:
            question.answer.cancel()

    def _work(self) -> None:
        while (question := self._next()) is not None:
            question.put()
            del question  # while it waits for the next one, the thread would keep the answer

    def _next(self) -> Question[Any] | None:
        with self._there:
            self._at_work = None
            self._there.wait_for(lambda: self._asked or self._closed)
            if self._closed:
                return None
            kind = next(iter(self._asked))
            self._at_work = kind, self._asked.pop(kind)
            return self._at_work[1]


class Writer:
    """Makes changes in a thread of its own, in the order in which they come; it cancels none."""

    def __init__(self) -> None:
        self._there = threading.Condition()
        self._wanted: list[Callable[[], None]] = []
        self._under_way = 0
        self._thread: threading.Thread | None = None
        self._closed = False

    def begin(self, change: Callable[[], T]) -> futures.Future[T]:
        """Make a change after those that came before it."""
        outcome = futures.Future[T]()
        with self._there:
            self._wanted.append(lambda: _settle(outcome, change))
            self._under_way += 1
            if self._thread is None:
                self._thread = _begin("change", self._work)
            self._there.notify_all()
        return outcome

    @property
    def busy(self) -> bool:
        """Whether a change is under way, or waits for one."""
        return self._under_way > 0

    def finish(self, patience: float) -> bool:
        """Wait for all changes that were begun, at most `patience` seconds; say whether all are."""
        with self._there:
            return self._there.wait_for(lambda: not self._under_way, patience)

    def close(self) -> None:
        """End the thread once all is done that was begun."""
        with self._there:
            self._closed = True
            self._there.notify_all()

    def _work(self) -> None:
        while (change := self._next()) is not None:
            change()
            del change  # while it waits for the next one, the thread would keep the outcome
            with self._there:
                self._under_way -= 1
                self._there.notify_all()

    def _next(self) -> Callable[[], None] | None:
        with self._there:
            self._there.wait_for(lambda: self._wanted or self._closed)
            return self._wanted.pop(0) if self._wanted else None


def _begin(what: str, work: Callable[[], None]) -> threading.Thread:
    """Start a thread; a daemon, unlike an executor's thread, cannot keep the process."""
    thread = threading.Thread(target=work, daemon=True, name=f"session: {what}")
    thread.start()
    return thread


def _settle(outcome: futures.Future[T], work: Callable[[], T]) -> None:
    """Let `outcome` be that of `work`, unless nobody waits for it any longer."""
    with suppress(futures.InvalidStateError):
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001 - whoever waits for the outcome gets it
            outcome.set_exception(error)
        else:
            outcome.set_result(result)

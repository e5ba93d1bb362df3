"""Signals, served by a thread of their own, so that a busy event loop keeps none away."""

import os
import signal
from asyncio import AbstractEventLoop
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import Context, copy_context
from threading import Event, Thread
from types import FrameType

ENDS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_TEXTUALS = (signal.SIGTSTP, signal.SIGCONT, signal.SIGWINCH, signal.SIGTTIN, signal.SIGTTOU)
"""What Textual's driver sets handlers for, and leaves them."""
ANSWER_WITHIN = 5.0
"""Seconds that the event loop has to take a signal that ends the app."""
END_WITHIN = 15.0
"""Seconds that the app has to end; a secret that waits to be saved has had its time by then."""


class Signals:
    """Hands signals on to the event loop, or calls `abandon` where that does not answer.

    The handlers do nothing: one that takes a lock deadlocks where it interrupts who holds it.
    Python's own writes the number of each signal to a pipe (the self-pipe trick), which a thread
    reads. `abandon` is called in that thread, and does not return.
    """

    def __init__(self, abandon: Callable[[int], None]) -> None:
        self._abandon = abandon
        self._came: deque[int] = deque()
        self._loop: AbstractEventLoop | None = None
        self._context = Context()
        self._serve: Callable[[int], None] = lambda _: None
        self._taken = Event()
        self._over = Event()

    def attach(self, loop: AbstractEventLoop, serve: Callable[[int], None]) -> None:
        """Call `serve` in the running `loop` with each signal, also with those that came before.

        It is called in the context of this call, by which Textual knows the app.
        """
        self._context = copy_context()
        self._loop, self._serve = loop, serve
        self._hand_on()

    @contextmanager
    def served(self) -> Iterator[None]:
        """Serve signals in this block, in the main thread; then leave all handlers as they were."""
        before = {number: signal.getsignal(number) for number in (*ENDS, *_TEXTUALS)}
        reading, writing = os.pipe()
        os.set_blocking(writing, False)
        watcher = Thread(target=self._watch, args=[reading], daemon=True, name="signals")
        watcher.start()
        pipe_before = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        for number in ENDS:
            # nohup, and a shell that runs something behind it, had it ignored on purpose.
            if number == signal.SIGTERM or before[number] != signal.SIG_IGN:
                signal.signal(number, _do_nothing)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(pipe_before)
            self._over.set()
            os.close(writing)
            watcher.join()
            os.close(reading)

    def _watch(self, pipe: int) -> None:
        ends = False
        while came := os.read(pipe, 1):
            number = came[0]
            self._taken.clear()
            self._came.append(number)
            if self._loop is not None:
                with suppress(RuntimeError):  # it has ended meanwhile
                    self._loop.call_soon_threadsafe(self._hand_on, context=self._context)
            if number in ENDS and not ends:
                ends = True
                Thread(target=self._see_to_it, args=[number], daemon=True, name="end").start()

    def _see_to_it(self, number: int) -> None:
        """Abandon the app where a signal does not end it."""
        answers = self._taken.wait(ANSWER_WITHIN)
        if not self._over.wait(END_WITHIN if answers else 0.0):
            self._abandon(number)

    def _hand_on(self) -> None:
        self._taken.set()
        while self._came:
            self._serve(self._came.popleft())


def _do_nothing(_number: int, _frame: FrameType | None) -> None:
    """Stand in as the handler of a signal that is served elsewhere."""

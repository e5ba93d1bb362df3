"""The audit log in files: one that lines are appended to, and those that were rotated away."""

import os
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from functools import partial
from itertools import takewhile
from pathlib import Path

from tokentui import file_access, files
from tokentui.core import audit, chain
from tokentui.core.audit import EVERYTHING, Action, Actor, Entry, Event, Search
from tokentui.core.cancel import NEVER, Cancel
from tokentui.core.chain import START, Broken, Link
from tokentui.core.clock import Clock, utc_now
from tokentui.core.errors import (
    AuditLogUnwritable,
    StoreDamaged,
    StoreError,
    StoreReadOnly,
)
from tokentui.stores.anchor import Anchor, OpenAnchor
from tokentui.stores.file import append_log
from tokentui.stores.file.chain_key import ChainKey
from tokentui.stores.lock import Lock, once_free
from tokentui.stores.os_errors import advice, lost_in_change, reason, refusing, unreadable

LARGEST = 64 * 1024 * 1024
"""How many bytes a file has before another is begun: some 200,000 lines."""


class AuditLogFile:
    """A `Recorder` over `path`, with `audit.key` and the rotated files beside it.

    Each event is on disk before `record` returns. `anchor` is a file that holds the end of the
    chain: best on another disk, or another person's. Unless `required`, a log that cannot be
    written hinders nothing, and `on_notice` is called. `copy` is given the lines as well.
    """

    def __init__(
        self,
        path: Path,
        *,
        anchor: Path,
        actor: Actor,
        clock: Clock = utc_now,
        required: bool = True,
        read_only: bool = False,
        on_notice: Callable[[str], None] = lambda _: None,
        largest: int = LARGEST,
    ) -> None:
        self.path = path
        self.anchor = Anchor(anchor)
        self.key = ChainKey(path, self.anchor)
        self._actor = actor
        self._now = clock
        self._required = required
        self._read_only = read_only
        self.copy: Callable[[Sequence[str]], None] = lambda _: None
        self.on_notice = on_notice
        self._largest = largest
        self._lock = Lock(path)
        self._last_error: str | None = None

    # -- writing --------------------------------------------------------------------------------

    def record(self, *events: Event, change: str | None = None) -> None:
        """Append `events`; `change` is the key of the change that they are about."""
        if self._read_only or not events:
            return
        try:
            with self._lock.held():
                self._append(events, change)
            self._last_error = None
        except (OSError, StoreError) as error:
            self._last_error = self._unwritable(error)
            if self._required:
                raise AuditLogUnwritable(self._last_error) from None
            once_free(
                partial(
                    self.on_notice, f"The audit log does not contain this event. {self._last_error}"
                )
            )

    def locked(self) -> AbstractContextManager[None]:
        """Keep everybody else from writing for the block; raise `StoreBusy`."""
        return self._lock.held()

    def warnings(self) -> Sequence[str]:
        if self._last_error is not None and not self._required:
            return [f"Changes are made without entries in the audit log. {self._last_error}"]
        return []

    def accept(self, line: int, account: str) -> None:
        if self._read_only:
            raise StoreReadOnly
        chain.check_acceptable(self.verify(), line)
        with self._written():
            self._append([chain.acceptance(line, account)])

    def rotate(self) -> str | None:
        with self._written():
            return self._rotated()

    @contextmanager
    def _written(self) -> Iterator[None]:
        try:
            with self._lock.held():
                yield
        except (OSError, StoreError) as error:
            raise AuditLogUnwritable(self._unwritable(error)) from None

    def _unwritable(self, error: OSError | StoreError) -> str:
        if isinstance(error, StoreError):
            return str(error)
        return f"{error.filename or self.path} cannot be written: {reason(error)}. {advice(error)}"

    def _append(self, events: Sequence[Event], change: str | None = None) -> None:
        # The anchor is opened first: where it cannot be, nothing is begun.
        with self.anchor.opened() as anchor:
            key = self.key.made(anchor)
            with self._opened() as descriptor:
                last, remarks, size = self._end(descriptor, anchor)
                lines, last = self._sealed(key, last, remarks)
                more, last = self._sealed(key, last, events, change)
                lines += more
                append_log.write(descriptor, b"".join(lines), size)
                try:
                    anchor.write(last)
                except OSError:
                    os.ftruncate(descriptor, size)  # what is refused must leave no line
                    raise
        once_free(partial(self.copy, [line.decode().rstrip() for line in lines]))
        if size + sum(map(len, lines)) > self._largest:
            self._rotate_if_possible()

    def _sealed(
        self, key: bytes, last: Link, events: Sequence[Event], change: str | None = None
    ) -> tuple[list[bytes], Link]:
        """Return the lines of `events` that go on from `last`, and the end of the chain then."""
        lines, moment = [], self._now()
        for event in events:
            entry = chain.entry(last.seq + 1, moment, self._actor, audit.fit(event), change)
            line, last = chain.sealed(key, last, entry)
            lines.append(line)
        return lines, last

    @contextmanager
    def _opened(self) -> Iterator[int]:
        """Give the file, which is made where there is none."""
        flags = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            descriptor = os.open(self.path, flags)
        except FileNotFoundError:
            with files.new_private(self.path) as file:
                files.give_to_owner(file.fileno(), self.path.parent)
            descriptor = os.open(self.path, flags)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def _end(self, descriptor: int, anchor: OpenAnchor) -> tuple[Link, list[Event], int]:
        """Return what the next line goes on from, what is to be said of that first, and the size.

        Where the anchor knows of later lines, their numbers are not given again: that they are
        missing is seen for ever.
        """
        remarks = []
        size = os.fstat(descriptor).st_size
        tail = append_log.tail(descriptor, size)
        whole = tail[: tail.rfind(b"\n") + 1]
        if len(whole) < len(tail):
            size -= len(tail) - len(whole)
            os.ftruncate(descriptor, size)
            about = "A truncated entry was removed."
            remarks.append(Event(account="", action=Action.TRAIL, about=about))
        last = append_log.last_link(whole) or self._end_of_rotated()
        anchored = anchor.read()
        if anchored is None:
            remarks.append(chain.loss())
        return max(last, anchored or START, key=lambda link: link.seq), remarks, size

    def _end_of_rotated(self) -> Link:
        with suppress(OSError, IndexError):
            descriptor = os.open(append_log.rotated(self.path)[-1], os.O_RDONLY | os.O_CLOEXEC)
            try:
                return append_log.end_of(descriptor) or START
            finally:
                os.close(descriptor)
        return START

    def _rotate_if_possible(self) -> None:
        # A file that is too long hinders nothing.
        try:
            self._rotated()
        except (OSError, StoreError) as error:
            why = f"The audit log was not rotated. {self._unwritable(error)}"
            once_free(partial(self.on_notice, why))

    def _rotated(self) -> str | None:
        try:
            with self.path.open("rb") as file:
                last = append_log.end_of(file.fileno())
        except FileNotFoundError:
            last = None
        if last is None:
            return None
        target = self.path.with_name(f"{self.path.stem}-{last.seq}{self.path.suffix}")
        if target.exists():
            raise StoreDamaged(
                f"{target} exists already, so the audit log was not rotated. Move the file away."
            )
        self.path.rename(target)
        # Whoever may read the log, such as what ships it elsewhere, reads the next file as well.
        with suppress(OSError), files.new_private(self.path) as file:
            if lost := file_access.take_over(file.fileno(), target):
                once_free(partial(self.on_notice, lost_in_change(self.path, lost)))
        return str(target)

    # -- reading --------------------------------------------------------------------------------

    def version(self) -> Hashable:
        try:
            facts = self.path.stat()
        except OSError as error:
            return error.errno
        return facts.st_ino, facts.st_size

    def newest(
        self, search: Search = EVERYTHING, after: int = 0, cancel: Cancel = NEVER
    ) -> Iterator[Entry]:
        with refusing(unreadable, self.path):
            lines = cancel.checked(self._all_backwards())
            later = takewhile(lambda line: chain.number_of(line) > after, lines)
            yield from _wanted(later if after else lines, search)

    def oldest(
        self, search: Search = EVERYTHING, after: int = 0, cancel: Cancel = NEVER
    ) -> Iterator[Entry]:
        with refusing(unreadable, self.path), ExitStack() as stack:
            lines = cancel.checked(self._all_forwards(stack))
            later = (line for line in lines if chain.number_of(line) > after)
            yield from _wanted(later if after else lines, search)

    def last_change(self) -> Sequence[Entry]:
        """Return the entries of the change that was written last, the latest first; none of others.

        Raises `StoreError`.
        """
        found: list[Entry] = []
        with refusing(unreadable, self.path):
            for line in self._all_backwards():
                entry = None
                # Reading a line takes ten times as long as a look at its bytes.
                if chain.HAS_CHANGE in line:
                    with suppress(ValueError):  # it was cut off, or altered
                        entry = chain.read(line)
                if found and (entry is None or entry.change != found[0].change):
                    break
                if entry is not None and entry.change:
                    found.append(entry)
        return found

    def _all_backwards(self) -> Iterator[bytes]:
        for path in (self.path, *reversed(append_log.rotated(self.path))):
            yield from append_log.backwards(path)

    def _all_forwards(self, stack: ExitStack) -> Iterator[bytes]:
        """Open all files, to be closed by `stack`, and return the lines that they have now."""
        paths = [*append_log.rotated(self.path), self.path]
        opened = [stack.enter_context(path.open("rb")) for path in paths if path.exists()]
        # What is appended from now on may be seen half-written.
        sizes = [os.fstat(file.fileno()).st_size for file in opened]
        return (
            line
            for file, size in zip(opened, sizes, strict=True)
            for line in append_log.up_to(size, file)
        )

    def verify(self, first: int | None = None) -> Link | Broken:
        with refusing(unreadable, self.path), ExitStack() as stack:
            key = self.key.read()
            anchored = self.anchor.read()
            with ExitStack() as closing:
                if self.path.exists() and not self._read_only:
                    with suppress(StoreError):
                        closing.enter_context(self._lock.held())
                lines = self._all_forwards(stack)
            start = START if first is None else append_log.skipped(lines, first)
            end = chain.verify(key, lines, anchored, start)
            if isinstance(end, Link) and anchored is None and end != start:
                what = f"may be missing, and later ones too: the anchor {self.anchor.path} is empty"
                return Broken(end.seq + 1, what, acceptable=True)
            return end


def _wanted(lines: Iterable[bytes], search: Search) -> Iterator[Entry]:
    clues = search.clues()
    for line in lines:
        # Reading a line takes ten times as long as a look at its bytes.
        small = line.lower()
        if any(clue in small for clue in clues):
            with suppress(ValueError):  # it was cut off, or altered
                if search.wants(entry := chain.read(line)):
                    yield entry

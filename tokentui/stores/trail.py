"""The audit trail in files: one that lines are appended to, and those that were rotated away."""

import os
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from msgspec.structs import replace

from tokentui import files
from tokentui.core import audit
from tokentui.core.audit import (
    EVERYTHING,
    START,
    Action,
    Broken,
    Entry,
    Event,
    Link,
    Origin,
    Outcome,
    Search,
)
from tokentui.core.credential import WRITTEN
from tokentui.core.errors import StoreDamaged, StoreError, TrailUnwritable
from tokentui.core.store import Clock, utc_now
from tokentui.core.text import printable
from tokentui.stores import lines as lines_of
from tokentui.stores.lock import Lock
from tokentui.stores.refusals import advice, reason, refusing, unreadable

LARGEST = 64 * 1024 * 1024
"""How many bytes a file has before another is begun: some 200,000 lines."""
_LONGEST = 1000
"""The most characters of a name or a reason that are written down."""


class TrailFile:
    """A `Recorder` over `path`, with `audit.key` and the rotated files beside it.

    Each event is on disk before `record` returns. `anchor` is a file that holds the end of the
    chain: best on another disk, or another person's. Unless `required`, a trail that cannot be
    written hinders nothing, and `tell` is told. `copy` is given the lines as well.
    """

    def __init__(
        self,
        path: Path,
        *,
        anchor: Path,
        origin: Origin,
        clock: Clock = utc_now,
        required: bool = True,
        read_only: bool = False,
        tell: Callable[[str], None] = lambda _: None,
        largest: int = LARGEST,
    ) -> None:
        self.path = path
        self.anchor = anchor
        self.key = path.with_name("audit.key")
        self._origin = origin
        self._now = clock
        self._required = required
        self._read_only = read_only
        self.copy: Callable[[Sequence[str]], None] = lambda _: None
        self.tell = tell
        self._largest = largest
        self._lock = Lock(path)
        self._trouble: str | None = None

    # -- writing --------------------------------------------------------------------------------

    def record(self, *events: Event) -> None:
        if self._read_only or not events:
            return
        try:
            with self._lock.held():
                self._append(events)
            self._trouble = None
        except (OSError, StoreError) as error:
            self._trouble = self._unwritable(error)
            if self._required:
                raise TrailUnwritable(self._trouble) from None
            self.tell(f"This is not in the audit trail. {self._trouble}")

    def warnings(self) -> Sequence[str]:
        if self._trouble is not None and not self._required:
            return [f"Changes are made that are not in the audit trail. {self._trouble}"]
        return []

    def rotate(self) -> str | None:
        try:
            with self._lock.held():
                return self._rotated()
        except (OSError, StoreError) as error:
            raise TrailUnwritable(self._unwritable(error)) from None

    def _unwritable(self, error: OSError | StoreError) -> str:
        if isinstance(error, StoreError):
            return str(error)
        return f"{error.filename or self.path} cannot be written: {reason(error)}. {advice(error)}"

    def _append(self, events: Sequence[Event]) -> None:
        key, made = self._key()
        with self._opened() as (descriptor, size):
            last, remarks = self._end(descriptor, size, made)
            lines, moment = [], self._now()
            for event in (*remarks, *events):
                entry = audit.entry(last.seq + 1, moment, self._origin, _fit(event))
                line, last = audit.sealed(key, last, entry)
                lines.append(line)
            lines_of.write(descriptor, b"".join(lines))
        self._keep_anchor(last)
        self.copy([line.decode().rstrip() for line in lines])
        if size + sum(map(len, lines)) > self._largest:
            self._rotated()

    @contextmanager
    def _opened(self) -> Iterator[tuple[int, int]]:
        """Give the file, and how long it is."""
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(self.path, flags, files.PRIVATE_FILE)
        try:
            size = os.fstat(descriptor).st_size
            if not size:
                files.give_to_owner(descriptor, self.path.parent)
            yield descriptor, size
        finally:
            os.close(descriptor)

    def _end(self, descriptor: int, size: int, made: bool) -> tuple[Link, list[Event]]:
        """Return what the next line goes on from, and what is to be said of that first.

        Where the anchor knows of later lines, their numbers are not given again: that they are
        missing is seen for ever.
        """
        remarks = []
        tail = lines_of.tail(descriptor)
        whole = tail[: tail.rfind(b"\n") + 1]
        if len(whole) < len(tail):
            os.ftruncate(descriptor, size - len(tail) + len(whole))
            remarks.append(_remark(Outcome.DONE, "A line that was cut off was taken away."))
        last = lines_of.last_link(whole) or self._end_of_rotated()
        anchored = self.anchored()
        if anchored is None and not made:
            remarks.append(
                _remark(Outcome.FAILED, "The anchor was missing: lines may be missing too.")
            )
        return max(last, anchored or START, key=lambda link: link.seq), remarks

    def _end_of_rotated(self) -> Link:
        with suppress(OSError, IndexError):
            descriptor = os.open(self._rotated_files()[-1], os.O_RDONLY | os.O_CLOEXEC)
            try:
                return lines_of.last_link(lines_of.tail(descriptor)) or START
            finally:
                os.close(descriptor)
        return START

    def _key(self) -> tuple[bytes, bool]:
        """Return the key, and whether it was made just now."""
        with suppress(FileNotFoundError):
            return self._known_key(), False
        if self.path.exists() or self._rotated_files():
            raise self._without_key()
        key = os.urandom(audit.KEY_LENGTH)
        with files.new_private(self.key) as file:
            file.write(key.hex().encode() + b"\n")
            files.give_to_owner(file.fileno(), self.path.parent)
        return key, True

    def _without_key(self) -> StoreDamaged:
        return StoreDamaged(
            f"{self.key} is gone, and {self.path} is of no use without it. Put the key back, or "
            f"move the trail away, and {self.anchor} with it, to begin another."
        )

    def _known_key(self) -> bytes:
        content, _ = files.read_regular(self.key, 1024)
        with suppress(ValueError):
            key = bytes.fromhex(content.decode("ascii"))
            if len(key) == audit.KEY_LENGTH:
                return key
        raise StoreDamaged(f"{self.key} holds no key. Put the right one back.")

    def _keep_anchor(self, last: Link) -> None:
        # Not synced: what it says is a lower bound, and one fsync a change is enough.
        files.private_folder(self.anchor.parent)
        flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(self.anchor, flags, files.PRIVATE_FILE)
        try:
            if not os.fstat(descriptor).st_size:
                files.give_to_owner(descriptor, self.anchor.parent)
            content = f"{last}\n".encode()
            os.pwrite(descriptor, content, 0)
            # What was longer was no anchor: the rest of it would spoil this one.
            os.ftruncate(descriptor, len(content))
        finally:
            os.close(descriptor)

    def _rotated(self) -> str | None:
        try:
            with self.path.open("rb") as file:
                last = lines_of.last_link(lines_of.tail(file.fileno()))
        except FileNotFoundError:
            last = None
        if last is None:
            return None
        target = self.path.with_name(f"{self.path.stem}-{last.seq}{self.path.suffix}")
        if target.exists():
            raise StoreDamaged(f"{target} is there already, so nothing was rotated: move it away.")
        self.path.rename(target)
        return str(target)

    # -- reading --------------------------------------------------------------------------------

    def anchored(self) -> Link | None:
        """Return what the anchor says, or None where it says nothing."""
        try:
            content, _ = files.read_regular(self.anchor, 1024)
            return Link.read(content.decode("ascii"))
        except (FileNotFoundError, ValueError):
            return None

    def changed(self) -> Hashable:
        try:
            facts = self.path.stat()
        except OSError as error:
            return error.errno
        return facts.st_ino, facts.st_size

    def newest(self, search: Search = EVERYTHING, after: int = 0) -> Iterator[Entry]:
        clue = search.clue()
        with refusing(unreadable, self.path):
            for line in self._all_backwards():
                if after and audit.number_of(line) <= after:
                    return
                # Reading a line takes ten times as long as a look at its bytes.
                if clue in line.lower():
                    with suppress(ValueError):
                        if search.wants(entry := audit.read(line)):
                            yield entry

    def _all_backwards(self) -> Iterator[bytes]:
        for path in (self.path, *reversed(self._rotated_files())):
            yield from lines_of.backwards(path)

    def verify(self, first: int | None = None) -> Link | Broken:
        with refusing(unreadable, self.path), ExitStack() as stack:
            key = self._known_key_to_read()
            anchored = self.anchored()
            with ExitStack() as closing:
                if self.path.exists() and not self._read_only:
                    with suppress(StoreError):
                        closing.enter_context(self._lock.held())
                paths = [*self._rotated_files(), self.path]
                opened = [stack.enter_context(p.open("rb")) for p in paths if p.exists()]
                # What is appended from now on may be seen half-written.
                sizes = [os.fstat(file.fileno()).st_size for file in opened]
            lines = (
                line
                for file, size in zip(opened, sizes, strict=True)
                for line in lines_of.up_to(size, file)
            )
            start = START if first is None else lines_of.skipped(lines, first)
            end = audit.verify(key, lines, anchored, start)
            if isinstance(end, Link) and anchored is None and end != start:
                return Broken(end.seq + 1, f"may be missing: {self.anchor} says nothing")
            return end

    def _known_key_to_read(self) -> bytes:
        try:
            return self._known_key()
        except FileNotFoundError:
            if self.path.exists() or self.anchor.exists() or self._rotated_files():
                raise self._without_key() from None
            return b""

    def _rotated_files(self) -> list[Path]:
        """Return the files that were rotated away, oldest first."""
        beginning = f"{self.path.stem}-"
        numbered = [
            (int(number), path)
            for path in self.path.parent.glob(f"{beginning}*{self.path.suffix}")
            if (number := path.stem.removeprefix(beginning)).isdecimal()
        ]
        return [path for _, path in sorted(numbered)]


def _fit(event: Event) -> Event:
    """Return `event` as it may be written: short, without a secret, and without what is no text."""

    def short(text: str | None) -> str | None:
        if text is None:
            return None
        text = WRITTEN.sub("(a secret)", printable(text))
        return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."

    account = short(event.account) or ""
    return replace(event, account=account, name=short(event.name), about=short(event.about))


def _remark(outcome: Outcome, about: str) -> Event:
    return Event(account="", action=Action.TRAIL, outcome=outcome, about=about)

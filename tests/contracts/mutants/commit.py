"""Backends that break the contract of commits of token changes, each in one way."""

import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from msgspec.structs import replace

from tokentui.core.audit import Event
from tokentui.core.backend import Change, Committed
from tokentui.core.change import TokenChange
from tokentui.core.errors import NameTaken, TokenChanged, TokentuiError
from tokentui.core.records import Edit, Needs, Records

from ...doubles import memory
from ...doubles.memory import MemoryBackend, Store, Write
from .having import Kind


class Telling(MemoryBackend):
    """Says other events than it should."""

    def told(self, events: Sequence[Event]) -> Sequence[Event]:
        raise NotImplementedError

    def _carried_out(self, change: Change, account: str) -> tuple[Write, Sequence[Event]]:
        write, events = super()._carried_out(change, account)
        return write, self.told(events) if events else ()


class WritesTheEventTwice(Telling):
    def told(self, events: Sequence[Event]) -> Sequence[Event]:
        return [*events, *events]


class WritesTheFirstEvent(Telling):
    def told(self, events: Sequence[Event]) -> Sequence[Event]:
        return events[:1]


class WritesEventsBackwards(Telling):
    def told(self, events: Sequence[Event]) -> Sequence[Event]:
        return events[::-1]


class WritesWhoseTokenItIs(Telling):
    def told(self, events: Sequence[Event]) -> Sequence[Event]:
        return [replace(event, account="ada") for event in events]


class Making(MemoryBackend):
    """Makes a change otherwise than it should."""

    def write(self, write: Write, events: Sequence[Event], key: str) -> None:
        """Make a change that nothing speaks against."""
        self.audit.record(*events, change=key)
        write()
        self._store.done.put(self._store.done.value | {key})

    def _make(self, change: Change, account: str, key: str) -> None:
        try:
            write, events = self._carried_out(change, account)
        except TokentuiError as error:
            self.refuse(change, account, error)
            raise
        if events:
            self.write(write, events, key)

    def refuse(self, change: Change, account: str, error: TokentuiError) -> None:
        tried = memory._tried(change, account)
        self.audit.record(*(event.failed(error) for event in tried))


class WritesNoEvent(Making):
    def write(self, write: Write, events: Sequence[Event], key: str) -> None:
        super().write(write, (), key)


class NamesNoKey(Making):
    def write(self, write: Write, events: Sequence[Event], key: str) -> None:
        super().write(write, (), key)
        self.audit.record(*events)


class SaysWhatItDoesNotDo(Making):
    def write(self, write: Write, events: Sequence[Event], key: str) -> None:
        super().write(lambda: None, events, key)


class ForgetsTheKey(Making):
    def write(self, write: Write, events: Sequence[Event], key: str) -> None:
        super().write(write, events, key)
        self._store.done.put(frozenset())


class KeepsTheLastKey(Making):
    def write(self, write: Write, events: Sequence[Event], key: str) -> None:
        super().write(write, events, key)
        self._store.done.put(frozenset({key}))


class MovesNoVersion(Making):
    def write(self, write: Write, events: Sequence[Event], key: str) -> None:
        version = self._store.tokens.version
        super().write(write, events, key)
        self._store.tokens.version = version


class MovesEveryVersion(Making):
    def write(self, write: Write, events: Sequence[Event], key: str) -> None:
        super().write(write, events, key)
        self._store.accounts.version += 1


class SaysNothingOfWhatIsRefused(Making):
    def refuse(self, change: Change, account: str, error: TokentuiError) -> None:
        pass


class SaysThatWhatIsRefusedWasDone(Making):
    def refuse(self, change: Change, account: str, error: TokentuiError) -> None:
        self.audit.record(*memory._tried(change, account))


class MovesTheVersionForWhatIsRefused(Making):
    def refuse(self, change: Change, account: str, error: TokentuiError) -> None:
        super().refuse(change, account, error)
        self._store.tokens.version += 1


class KeepsTheKeyOfWhatIsRefused(MemoryBackend):
    def commit(self, change: Change, account: str, key: str) -> Committed:
        try:
            return super().commit(change, account, key)
        except TokentuiError:
            self._store.done.put(self._store.done.value | {key})
            raise


class RefusesInSilence(MemoryBackend):
    def commit(self, change: Change, account: str, key: str) -> Committed:
        with suppress(NameTaken, TokenChanged):
            return super().commit(change, account, key)
        return self._made(change)


class HalfMade(MemoryBackend):
    """Adds what it can of what is to be added, whatever becomes of the rest."""

    def commit(self, change: Change, account: str, key: str) -> Committed:
        try:
            return super().commit(change, account, key)
        except TokentuiError:
            for token in getattr(change, "tokens", ())[:1]:
                self._write_tokens(Edit(added=(token,)))
            raise


class HalfRevoked(MemoryBackend):
    """Revokes what it can, whatever becomes of the rest."""

    def commit(self, change: Change, account: str, key: str) -> Committed:
        try:
            return super().commit(change, account, key)
        except TokentuiError:
            for token in getattr(change, "seen", ()) if hasattr(change, "by") else ():
                if self.tokens.get_many([token.id]).get(token.id) == token:
                    gone = replace(token, revoked_at=token.created_at, hash=None)
                    self._write_tokens(Edit(replaced=(gone,)))
                    break
            raise


class SharesNames(MemoryBackend):
    def _records(self, needs: Needs) -> Records:
        return replace(super()._records(needs), holders={})


class AnswersWithLess(MemoryBackend):
    def _made(self, change: Change) -> Committed:
        return Committed()


class OwnKeys(MemoryBackend):
    """Keeps the keys of what it did for itself."""

    def __init__(self, store: Store, **more: Any) -> None:
        super().__init__(store, **more)
        self._known: set[str] = set()

    def commit(self, change: Change, account: str, key: str) -> Committed:
        self._store.done.put(frozenset(self._known))
        self._known.add(key)
        return super().commit(change, account, key)


class ForgetsKeysOnceClosed(MemoryBackend):
    def close(self) -> None:
        self._store.done.put(frozenset())


class WritesWhereItMayNot(MemoryBackend):
    def commit(self, change: Change, account: str, key: str) -> Committed:
        self.read_only = False
        return super().commit(change, account, key)


class SaysWhatIsRefusedToReaders(MemoryBackend):
    def commit(self, change: Change, account: str, key: str) -> Committed:
        if self.read_only:
            MemoryBackend(self._store).audit.record(*memory._tried(change, account))
        return super().commit(change, account, key)


class Unlocked(MemoryBackend):
    """Lets others change the store between its look and its change."""

    _looked_both = threading.Barrier(2)

    def __init__(self, store: Store, **more: Any) -> None:
        super().__init__(store, **more)
        self._looked = threading.local()

    def commit(self, change: Change, account: str, key: str) -> Committed:
        if isinstance(change, TokenChange):
            self._looked.records = super()._records(change.needs())
        if threading.current_thread() is not threading.main_thread():
            self._looked_both.wait(60)  # the threads of a test are even in number
        return super().commit(change, account, key)

    def _records(self, needs: Needs) -> Records:
        records: Records = self._looked.records
        return records


COMMIT: dict[str, Kind] = {
    "writes no event": WritesNoEvent,
    "writes the event twice": WritesTheEventTwice,
    "writes the first event alone": WritesTheFirstEvent,
    "writes events backwards": WritesEventsBackwards,
    "does not write who asked": WritesWhoseTokenItIs,
    "writes no key into the log": NamesNoKey,
    "writes the event of a change that it does not make": SaysWhatItDoesNotDo,
    "says nothing of what is refused": SaysNothingOfWhatIsRefused,
    "says that what is refused was done": SaysThatWhatIsRefusedWasDone,
    "says what is refused to readers": SaysWhatIsRefusedToReaders,
    "commits twice under one key": ForgetsTheKey,
    "knows the last key alone": KeepsTheLastKey,
    "keeps keys for itself": OwnKeys,
    "forgets keys once it is closed": ForgetsKeysOnceClosed,
    "keeps the key of what is refused": KeepsTheKeyOfWhatIsRefused,
    "moves no version": MovesNoVersion,
    "moves every version": MovesEveryVersion,
    "moves the version for what is refused": MovesTheVersionForWhatIsRefused,
    "refuses in silence": RefusesInSilence,
    "adds a half": HalfMade,
    "revokes a half": HalfRevoked,
    "gives a name twice": SharesNames,
    "answers with less": AnswersWithLess,
    "writes where it may not": WritesWhereItMayNot,
    "looks before it locks": Unlocked,
}

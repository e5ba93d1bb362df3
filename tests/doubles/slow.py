"""A backend that is far away: each call takes its time, may fail, and may lose its answer."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from tokentui.core.backend import Backend, Change, Committed, Versions
from tokentui.core.errors import OutcomeUnknown, StoreUnavailable

from .gate import Gate

if TYPE_CHECKING:
    from tokentui.core.attempts import SignInAttempts
    from tokentui.core.audit import AuditLog
    from tokentui.core.lookup import CredentialLookup
    from tokentui.core.repositories import AccountRepository, Backups, TokenRepository
    from tokentui.core.usage import UsageLog
from tokentui.core.snapshot_lookup import SnapshotLookup

_IN_MEMORY = {"usage.record", "attempts.turn"}
"""What takes no time, wherever the store is."""


class Call(NamedTuple):
    """A call that has begun: the method, such as `tokens.page`, and the thread that waits."""

    method: str
    thread: threading.Thread


class SlowBackend:
    """Any `Backend`, at a distance of `delay` seconds a call.

    While it is `away`, each call raises `StoreUnavailable`. `calls` are those that have begun.
    """

    def __init__(self, backend: Backend, delay: float = 0.0) -> None:
        self.delay = delay
        self.away = False
        self.calls: list[Call] = []
        self.url = backend.url
        self.read_only = backend.read_only
        self.capabilities = backend.capabilities
        self._backend = backend
        self.tokens: TokenRepository = self._distant("tokens")
        self.usage: UsageLog = self._distant("usage")
        self.audit: AuditLog = self._distant("audit")
        self.accounts: AccountRepository = self._distant("accounts")
        self.attempts: SignInAttempts = self._distant("attempts")
        self.backups: Backups = self._distant("backups")
        self.lookup: CredentialLookup = SnapshotLookup(self.tokens, self.accounts)
        self._lost: list[bool] = []
        self._free = Gate()
        self._free.set()

    def _distant(self, part: str) -> Any:
        return _Distant(self, part, getattr(self._backend, part))

    @property
    def on_notice(self) -> Callable[[str], None]:
        return self._backend.on_notice

    @on_notice.setter
    def on_notice(self, on_notice: Callable[[str], None]) -> None:
        self._backend.on_notice = on_notice

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep all calls under way until the block ends."""
        self._free.clear()
        try:
            yield
        finally:
            self.release()

    def release(self) -> None:
        """Let all calls that are held go on."""
        self._free.set()

    def lose_answer(self, *, done: bool) -> None:
        """Let the next commit raise `OutcomeUnknown`, `done` or not."""
        self._lost.append(done)

    def commit(self, change: Change, account: str, key: str) -> Committed:
        self.arrive("commit")
        lost = self._lost.pop(0) if self._lost else None
        if lost is False:
            raise OutcomeUnknown
        committed = self._backend.commit(change, account, key)
        if lost:
            raise OutcomeUnknown
        return committed

    def versions(self) -> Versions:
        self.arrive("versions")
        return self._backend.versions()

    def warnings(self) -> Sequence[str]:
        self.arrive("warnings")
        return self._backend.warnings()

    def close(self) -> None:
        self._backend.close()

    def arrive(self, method: str) -> None:
        """Return once a call has got there; raise `StoreUnavailable`."""
        self.calls.append(Call(method, threading.current_thread()))
        time.sleep(self.delay)
        self._free.wait()
        if self.away:
            raise StoreUnavailable("The store does not answer; nothing was changed.")


class _Distant:
    """A part of a backend, all of whose methods are as far away as that."""

    def __init__(self, slow: SlowBackend, name: str, part: object) -> None:
        vars(self).update(_slow=slow, _name=name, _part=part)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._part, name)
        method = f"{self._name}.{name}"
        if method in _IN_MEMORY or not callable(found) or name == "on_notice":
            return found

        def call(*args: object, **more: object) -> object:
            self._slow.arrive(method)
            answer = found(*args, **more)
            return _Distant(self._slow, "copy", answer) if method == "backups.open" else answer

        return call

    def __setattr__(self, name: str, value: object) -> None:
        setattr(self._part, name, value)

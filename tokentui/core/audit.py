"""The audit log: who did what, when and from where."""

from collections.abc import Callable, Hashable, Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

import msgspec
from msgspec.structs import replace

from tokentui.core.cancel import NEVER, Cancel
from tokentui.core.credential import SECRET_PATTERN
from tokentui.core.errors import TokentuiError
from tokentui.core.text import printable
from tokentui.core.token import Moment, Token, name_key

if TYPE_CHECKING:
    from tokentui.core.chain import Broken, Link

_LONGEST = 1000
"""The most characters of a name or a reason that are written down."""


class Action(StrEnum):
    """What was done, or tried."""

    CREATE = "create"
    SAVE = "save"
    RENAME = "rename"
    ACCESS = "access"
    NOTE = "note"
    ROTATE = "rotate"
    REVOKE = "revoke"
    RETIRE = "retire"
    LOOK = "look"
    IMPORT = "import"
    RESTORE = "restore"
    COMMAND = "command"
    LOG_IN = "log-in"
    LOCK = "lock"
    UNLOCK = "unlock"
    ACCOUNT = "account"
    PASSWORD = "password"  # noqa: S105 - the name of an action
    KEY = "key"
    TRAIL = "trail"


class Outcome(StrEnum):
    """What became of it."""

    DONE = "done"
    FAILED = "failed"
    REFUSED = "refused"


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was done or tried. `about` says more of it, in words; never a secret."""

    account: str
    action: Action
    outcome: Outcome = Outcome.DONE
    token: str | None = None
    name: str | None = None
    about: str | None = None

    def failed(self, error: BaseException) -> "Event":
        """Return that it was not done, and why."""
        about = str(error)
        if not isinstance(error, TokentuiError):
            about = f"Interrupted by {type(error).__name__}. Nothing was changed."
        return replace(self, outcome=Outcome.FAILED, about=about)


def fit(event: Event) -> Event:
    """Return `event` as it may be written: short, without a secret, and without what is no text."""

    def short(text: str | None) -> str | None:
        if text is None:
            return None
        text = SECRET_PATTERN.sub("(a secret)", printable(text))
        return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."

    account = short(event.account) or ""
    return replace(event, account=account, name=short(event.name), about=short(event.about))


class Actor(msgspec.Struct, frozen=True):
    """Who runs the process that writes, and from where: the address, where it is known."""

    os_user: str
    address: str | None = None


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the audit log."""

    seq: int
    time: Moment
    account: str
    os_user: str
    address: str | None
    action: str
    outcome: str
    token: str | None
    name: str | None
    about: str | None
    change: str | msgspec.UnsetType = msgspec.UNSET
    """The idempotency key of the change that it is about; lines of version 0.1 have none."""

    def by_account(self, name: str) -> bool:
        """Say whether the account did it, rather than the OS user of that name without one."""
        os_user, _, _ = self.os_user.partition(", by sudo ")
        return self.account == name != os_user

    def holds(self, text: str) -> bool:
        """Say whether `text` stands in any of its words, letter case aside."""
        words = (self.account, self.os_user, self.address, self.action, self.outcome)
        more = (self.token, self.name, self.about)
        return any(name_key(text) in name_key(each) for each in (*words, *more) if each)


_MOST_CLUES = 8


class Search(msgspec.Struct, frozen=True, kw_only=True):
    """Which entries are wanted. What is None narrows nothing."""

    account: str | None = None
    token: str | None = None
    """The id of a token, or a name that it had when the entry was written, letter case aside."""
    ids: frozenset[str] = frozenset()
    """The ids of more tokens: those that had the name `token` at another time."""
    action: str | None = None
    since: datetime | None = None
    text: str = ""

    def clues(self) -> tuple[bytes, ...]:
        """Return of what a line that is wanted has at least one in it, in small letters."""
        if self.token is None:
            clues = [max((self.text, self.account or "", self.action or ""), key=len)]
        else:
            clues = [self.token, *self.ids]
        # What JSON writes otherwise than it is read is no clue.
        plain = all(
            each.isascii() and each.isprintable() and not set('"\\/') & set(each) for each in clues
        )
        few = len(clues) <= _MOST_CLUES
        return tuple(each.lower().encode() for each in clues) if plain and few else (b"",)

    def wants(self, entry: Entry) -> bool:
        return (
            self.account in (None, entry.account)
            and self._is_of_token(entry)
            and self.action in (None, entry.action)
            and (self.since is None or entry.time >= self.since)
            and entry.holds(self.text)
        )

    def _is_of_token(self, entry: Entry) -> bool:
        if self.token is None or entry.token == self.token or entry.token in self.ids:
            return True
        return entry.name is not None and name_key(entry.name) == name_key(self.token)


EVERYTHING = Search()
"""The search that wants every entry."""


class Recorder(Protocol):
    """Where events are written down."""

    on_notice: Callable[[str], None]
    """Told in a sentence what was not written although it should be."""

    def record(self, *events: Event) -> None:
        """Write `events`, all of them on disk once this returns.

        Raises `AuditLogUnwritable` where none of them was written.
        """
        ...

    def version(self) -> Hashable:
        """Return a stamp that differs once something was written. Cheap; raises nothing."""
        ...

    def newest(
        self, search: Search = EVERYTHING, after: int = 0, cancel: Cancel = NEVER
    ) -> Iterator[Entry]:
        """Yield the entries that are wanted, latest first, and of these the numbers above `after`.

        What is no entry is left out. Raises `StoreError`, and `Cancelled` between two lines.
        """
        ...

    def oldest(
        self, search: Search = EVERYTHING, after: int = 0, cancel: Cancel = NEVER
    ) -> Iterator[Entry]:
        """Yield what `newest` does, the oldest first."""
        ...

    def warnings(self) -> Sequence[str]:
        """Return what an administrator should know, a sentence each. Raises nothing."""
        ...


class AuditLog(Recorder, Protocol):
    """A `Recorder` that can be looked through, checked and rotated. All may raise `StoreError`."""

    def verify(self, first: int | None = None) -> "Link | Broken":
        """Return the end of the chain, or where it is broken first.

        With `first`, the line of that number is believed, and only what follows it is checked.
        """
        ...

    def accept(self, line: int, account: str) -> None:
        """Write down that `account` knows why the anchor was missing before a line.

        From then on, `verify` does not name that line again. Raises `InvalidInput` unless it is
        what `verify` names, and `AuditLogUnwritable`.
        """
        ...

    def rotate(self) -> str | None:
        """Begin another file, and return where the lines so far are; None where there are none.

        Numbers and chain go on.
        """
        ...


def ending(token: Token) -> str:
    """Return in a sentence when a token ends."""
    return f"Expires {token.expires_at}." if token.expires_at else "No expiration."


def event_for(token: Token, account: str, action: Action, about: str | None = None) -> Event:
    """Return that `account` did `action` to `token`."""
    return Event(account=account, action=action, token=token.id, name=token.name, about=about)

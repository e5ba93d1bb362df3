"""The audit trail: who did what, when and from where, in lines that cannot be altered unseen.

Each line is a JSON object that ends with a MAC: HMAC-SHA256 under the key of the trail, over the
MAC of the line before it and all that stands in this one. A line that is changed, taken out, put
in or moved breaks the chain there. That the end was cut off shows only against a `Link` that is
kept apart, the anchor.
"""

import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Protocol

import msgspec
from msgspec.structs import replace

from tokentui.core.errors import StoreError, StoreUnconfirmed, TokentuiError
from tokentui.core.token import Moment, Token, name_key

KEY_LENGTH = 32
"""Bytes of the key, as long as what it makes: RFC 2104 wants no less."""

_MAC = b',"mac":"'
_LOSS = b'"action":"trail","outcome":"failed"'
_END = b'"}\n'
_SIGNATURE = len(_MAC) + 2 * KEY_LENGTH + len(_END)
_NUMBER = re.compile(rb'\{"seq":(\d{1,18}),')


class Action(StrEnum):
    """What was done, or tried."""

    CREATE = "create"
    SAVE = "save"
    RENAME = "rename"
    ACCESS = "access"
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

    def failed(self, error: TokentuiError) -> "Event":
        """Return that it was not done, and why."""
        return replace(self, outcome=Outcome.FAILED, about=str(error))


class Origin(NamedTuple):
    """Who runs the process that writes, and from where: the address, where it is known."""

    os_user: str
    address: str | None = None


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the trail."""

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

    def holds(self, text: str) -> bool:
        """Say whether `text` stands in any of its words, letter case aside."""
        words = (self.account, self.os_user, self.address, self.action, self.outcome)
        more = (self.token, self.name, self.about)
        return any(name_key(text) in name_key(each) for each in (*words, *more) if each)


class Search(msgspec.Struct, frozen=True, kw_only=True):
    """Which entries are wanted. What is None narrows nothing."""

    account: str | None = None
    token: str | None = None
    """The id of a token, or the name that it had."""
    action: str | None = None
    since: datetime | None = None
    text: str = ""

    def clue(self) -> bytes:
        """Return what a line that is wanted has in it for sure, in small letters."""
        longest = max((self.token or "", self.text, self.account or "", self.action or ""), key=len)
        # What JSON writes otherwise than it is read is no clue.
        plain = longest.isascii() and longest.isprintable() and not set('"\\/') & set(longest)
        return longest.lower().encode() if plain else b""

    def wants(self, entry: Entry) -> bool:
        return (
            self.account in (None, entry.account)
            and self.token in (None, entry.token, entry.name)
            and self.action in (None, entry.action)
            and (self.since is None or entry.time >= self.since)
            and entry.holds(self.text)
        )


EVERYTHING = Search()
"""The search that wants every entry."""


class Recorder(Protocol):
    """Where events are written down."""

    tell: Callable[[str], None]
    """Told in a sentence what was not written although it should be."""

    def record(self, *events: Event) -> None:
        """Write `events`, all of them on disk once this returns; raise `TrailUnwritable`."""
        ...

    def changed(self) -> Hashable:
        """Return a stamp that differs once something was written. Cheap; raises nothing."""
        ...

    def newest(self, search: Search = EVERYTHING, after: int = 0) -> Iterator[Entry]:
        """Yield the entries that are wanted, latest first, and of these the numbers above `after`.

        What is no entry is left out. Raises `StoreError`.
        """
        ...

    def warnings(self) -> Sequence[str]:
        """Return what an administrator should know, a sentence each. Raises nothing."""
        ...


class Trail(Recorder, Protocol):
    """A `Recorder` that can be looked through, checked and rotated. All may raise `StoreError`."""

    def verify(self, first: int | None = None) -> "Link | Broken":
        """Return the end of the chain, or where it is broken first.

        With `first`, the line of that number is believed, and only what follows it is checked.
        """
        ...

    def rotate(self) -> str | None:
        """Begin another file, and return where the lines so far are; None where there are none.

        Numbers and chain go on.
        """
        ...


class NoTrail:
    """A `Recorder` that writes nothing."""

    def __init__(self) -> None:
        self.tell: Callable[[str], None] = lambda _: None

    def record(self, *_: Event) -> None:
        """Let it go."""

    def changed(self) -> Hashable:
        return None

    def newest(self, search: Search = EVERYTHING, after: int = 0) -> Iterator[Entry]:  # noqa: ARG002
        return iter(())

    def warnings(self) -> Sequence[str]:
        return ()


def noted(
    trail: Recorder, events: Sequence[Event], change: Callable[[Callable[[], None]], object]
) -> None:
    """Do `change`; it calls what it is given just before it comes about, and `events` are written.

    Where it fails, that is written as well, if it can be.
    """
    try:
        change(lambda: trail.record(*events))
    except StoreUnconfirmed:
        raise  # it was done
    except TokentuiError as error:
        with suppress(StoreError):
            trail.record(*(event.failed(error) for event in events))
        raise


class Link(NamedTuple):
    """The end of a chain: the number and the MAC of its last line."""

    seq: int
    mac: bytes

    def __str__(self) -> str:
        return f"{self.seq} {self.mac.hex()}"

    @classmethod
    def read(cls, text: str) -> "Link":
        """Return what `str` made; raise `ValueError`."""
        number, _, mac = text.strip().partition(" ")
        link = cls(int(number), bytes.fromhex(mac))
        if link.seq < 0 or len(link.mac) != KEY_LENGTH:
            raise ValueError("no link")
        return link


START = Link(0, bytes(KEY_LENGTH))
"""What the first line goes on from."""


def entry(seq: int, time: datetime, origin: Origin, event: Event) -> Entry:
    """Return `event` as what is written of it."""
    return Entry(
        seq=seq,
        time=time,
        account=event.account,
        os_user=origin.os_user,
        address=origin.address,
        action=event.action,
        outcome=event.outcome,
        token=event.token,
        name=event.name,
        about=event.about,
    )


def sealed(key: bytes, last: Link, what: Entry) -> tuple[bytes, Link]:
    """Return the line for `what`, which comes after `last`, and the end of the chain with it."""
    import hmac  # slow to load, and looking at tokens does not need it

    body = msgspec.json.encode(what)[:-1]
    mac = hmac.digest(key, last.mac + body, "sha256")
    return _signed(body, mac), Link(what.seq, mac)


def _signed(body: bytes, mac: bytes) -> bytes:
    return body + _MAC + mac.hex().encode() + _END


def link_of(line: bytes) -> Link:
    """Return the number and the MAC that a line claims; raise `ValueError` where it is none."""
    body, signature = line[:-_SIGNATURE], line[-_SIGNATURE:]
    number = _NUMBER.match(body)
    if number is None or not (signature.startswith(_MAC) and signature.endswith(_END)):
        raise ValueError("no line of a trail")
    return Link(int(number[1]), bytes.fromhex(signature[len(_MAC) : -len(_END)].decode("ascii")))


def number_of(line: bytes) -> int:
    """Return the number that a line claims, 0 where it is none."""
    number = _NUMBER.match(line)
    return int(number[1]) if number else 0


def read(line: bytes) -> Entry:
    """Return what a line says, whether or not it is as it was written; raise `ValueError`."""
    return msgspec.json.decode(line, type=Entry)


class Broken(NamedTuple):
    """Where a chain is broken first: a line, counted from 1 over all files, and what is wrong."""

    line: int
    what: str


def verify(
    key: bytes, lines: Iterable[bytes], anchor: Link | None, start: Link = START
) -> Link | Broken:
    """Return the end of the chain in `lines`, or where it is broken first.

    Without an anchor, that lines are missing at the end is not seen. `start` is what the first of
    `lines` goes on from, and is believed.
    """
    import hmac

    digest, (seq, mac) = hmac.digest, start
    anchored, remark = anchor.seq if anchor else 0, 0
    numbered = iter(lines)
    for line in numbered:
        seq += 1
        body = line[:-_SIGNATURE]
        mac_here = digest(key, mac + body, "sha256")
        if line != _signed(body, mac_here) or not body.startswith(b'{"seq":%d,' % seq):
            return Broken(seq, _what_is_wrong(line, seq, numbered))
        mac = mac_here
        if _LOSS in line:
            remark = remark or seq
        if seq == anchored and anchor is not None and mac != anchor.mac:
            return Broken(seq, "was written anew: the anchor knows it otherwise")
    if anchored > seq:
        more = f", and all up to {anchored}" if anchored > seq + 1 else ""
        return Broken(seq + 1, f"is missing{more}: the end was cut off")
    if remark:
        return Broken(remark, "tells that the anchor was missing: lines before it may be too")
    return Link(seq, mac)


def _what_is_wrong(line: bytes, due: int, following: Iterator[bytes]) -> str:
    """Say what is wrong with the line that has the number `due`, or should have it."""
    found = number_of(line) or due
    if found == due:
        return "was altered" if line.endswith(_END) else "was cut off"
    if found < due:
        return f"has the number {found} a second time: it was put in, or moved"
    beginning = b'{"seq":%d,' % due
    if any(other.startswith(beginning) for other in following):
        return f"was moved: in its place is the line with the number {found}"
    return f"is missing: the line with the number {found} is in its place"


def of_token(token: Token, account: str, action: Action, about: str | None = None) -> Event:
    """Return that `account` did `action` to `token`."""
    return Event(account=account, action=action, token=token.id, name=token.name, about=about)

"""The hash chain of the audit log, in lines that cannot be altered unseen.

Each line is a JSON object that ends with a MAC: HMAC-SHA256 under the key of the log, over the MAC
of the line before it and all that stands in this one. A line that is changed, taken out, put in or
moved breaks the chain there. That the end was cut off shows only against a `Link` that is kept
apart, the anchor. That this was missing is a line as well, and so is who knows why: what may have
been lost meanwhile is named until somebody accepts it, and accepting it leaves the trace of both.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

import msgspec

from tokentui.core.audit import Action, Actor, Entry, Event, Outcome
from tokentui.core.errors import InvalidInput

KEY_LENGTH = 32
"""Bytes of the key, as long as what it makes: RFC 2104 wants no less."""

_MAC = b',"mac":"'
_END = b'"}\n'
_SIGNATURE = len(_MAC) + 2 * KEY_LENGTH + len(_END)
_NUMBER = re.compile(rb'\{"seq":(\d{1,18}),')
HAS_CHANGE = b'"change":"'
"""What stands in the line of an entry that names its change, and seldom in another one."""

_LOSS = b'"action":"trail","outcome":"failed"'
_ACCEPTANCE = (
    rb'"action":"trail","outcome":"done","token":null,"name":null,'
    rb'"about":"Accepted: the anchor was missing before line (\d{1,18})\."'
)


def loss() -> Event:
    """Return that the anchor was missing, which is written before the line that follows."""
    about = "The anchor was missing. Entries may be missing too."
    return Event(account="", action=Action.TRAIL, outcome=Outcome.FAILED, about=about)


def acceptance(line: int, account: str) -> Event:
    """Return that `account` knows why the anchor was missing before a line."""
    about = f"Accepted: the anchor was missing before line {line}."
    return Event(account=account, action=Action.TRAIL, about=about)


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


def entry(seq: int, time: datetime, actor: Actor, event: Event, change: str | None = None) -> Entry:
    """Return `event` as what is written of it; `change` is the key of the change it is about."""
    return Entry(
        seq=seq,
        time=time,
        account=event.account,
        os_user=actor.os_user,
        address=actor.address,
        action=event.action,
        outcome=event.outcome,
        token=event.token,
        name=event.name,
        about=event.about,
        change=msgspec.UNSET if change is None else change,
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
        raise ValueError("not an audit log entry")
    return Link(int(number[1]), bytes.fromhex(signature[len(_MAC) : -len(_END)].decode("ascii")))


def number_of(line: bytes) -> int:
    """Return the number that a line claims, 0 where it is none."""
    number = _NUMBER.match(line)
    return int(number[1]) if number else 0


def read(line: bytes) -> Entry:
    """Return what a line says, whether or not it is as it was written; raise `ValueError`."""
    return msgspec.json.decode(line, type=Entry)


class Broken(msgspec.Struct, frozen=True):
    """Where a chain is broken first: a line, counted from 1 over all files, and what is wrong.

    `acceptable` is what may be harmless, and is named until somebody accepts it.
    """

    line: int
    what: str
    acceptable: bool = False


def check_acceptable(found: "Link | Broken", line: int) -> None:
    """Raise `InvalidInput` unless `found`, what `verify` returned, can be accepted at `line`."""
    if isinstance(found, Link):
        raise InvalidInput("The audit log is intact. There is nothing to accept.")
    if not found.acceptable or found.line != line:
        raise InvalidInput(
            f"Entry {found.line} of the audit log {found.what}. Nothing was accepted."
        )


def verify(
    key: bytes, lines: Iterable[bytes], anchor: Link | None, start: Link = START
) -> Link | Broken:
    """Return the end of the chain in `lines`, or where it is broken first.

    Without an anchor, that lines are missing at the end is not seen. `start` is what the first of
    `lines` goes on from, and is believed.
    """
    import hmac

    digest, (seq, mac) = hmac.digest, start
    anchored = anchor.seq if anchor else 0
    losses: list[int] = []
    numbered = iter(lines)
    for line in numbered:
        seq += 1
        body = line[:-_SIGNATURE]
        mac_here = digest(key, mac + body, "sha256")
        if line != _signed(body, mac_here) or not body.startswith(b'{"seq":%d,' % seq):
            return Broken(seq, _what_is_wrong(line, seq, numbered))
        mac = mac_here
        if _LOSS in line:
            losses.append(seq)
        elif accepted := re.search(_ACCEPTANCE, line):
            losses = [each for each in losses if each != int(accepted[1])]
        if seq == anchored and anchor is not None and mac != anchor.mac:
            return Broken(seq, "was rewritten: it does not match the anchor")
    if anchored > seq:
        more = f", and so are all entries up to {anchored}" if anchored > seq + 1 else ""
        return Broken(seq + 1, f"is missing{more}: the end of the log was cut off")
    if losses:
        what = "records that the anchor was missing: entries before it may be missing too"
        return Broken(losses[0], what, acceptable=True)
    return Link(seq, mac)


def _what_is_wrong(line: bytes, due: int, following: Iterator[bytes]) -> str:
    """Say what is wrong with the line that has the number `due`, or should have it."""
    found = number_of(line) or due
    if found == due:
        return "was altered" if line.endswith(_END) else "was cut off"
    if found < due:
        return f"has the number {found}, which was used before: the entry was inserted or moved"
    beginning = b'{"seq":%d,' % due
    if any(other.startswith(beginning) for other in following):
        return f"was moved: the entry with the number {found} is in its place"
    return f"is missing: the entry with the number {found} is in its place"

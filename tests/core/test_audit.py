"""The chain of the audit log: whatever is done to its lines is found."""

import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokentui.core import chain
from tokentui.core.audit import Action, Actor, Event, Outcome, Search
from tokentui.core.chain import START, Broken, Link
from tokentui.core.dates import DateFormat
from tokentui.formatting.audit import stored_part

from ..conftest import NOW

KEY = bytes(range(32))
ORIGIN = Actor("tokens", "192.0.2.7")


def written(count: int) -> tuple[list[bytes], Link]:
    """Return so many lines, and the end of their chain."""
    lines, last = [], START
    for number in range(1, count + 1):
        event = Event(account="ada", action=Action.CREATE, token=f"{number:010}", name=f"t{number}")
        moment = NOW + timedelta(seconds=number)
        line, last = chain.sealed(KEY, last, chain.entry(number, moment, ORIGIN, event))
        lines.append(line)
    return lines, last


LINES, END = written(40)


def test_a_whole_chain_ends_where_the_anchor_says() -> None:
    assert chain.verify(KEY, LINES, END) == END
    assert chain.verify(KEY, [], START) == START


def test_a_line_says_what_was_done() -> None:
    entry = chain.read(LINES[0])
    assert (entry.seq, entry.account, entry.os_user, entry.address) == (
        1,
        "ada",
        "tokens",
        "192.0.2.7",
    )
    assert (entry.action, entry.outcome, entry.name) == (Action.CREATE, Outcome.DONE, "t1")


def test_the_key_is_needed() -> None:
    assert chain.verify(bytes(32), LINES, END) == Broken(1, "was altered")


def _flip(lines: list[bytes], chance: random.Random) -> int:
    place = chance.randrange(len(lines))
    line = bytearray(lines[place])
    where = chance.randrange(len(line))
    line[where] ^= 1 << chance.randrange(8)
    lines[place : place + 1] = bytes(line).splitlines(keepends=True)
    return place


def _delete(lines: list[bytes], chance: random.Random) -> int:
    place = chance.randrange(len(lines))
    del lines[place]
    return place


def _swap(lines: list[bytes], chance: random.Random) -> int:
    one, other = sorted(chance.sample(range(len(lines)), 2))
    lines[one], lines[other] = lines[other], lines[one]
    return one


def _duplicate(lines: list[bytes], chance: random.Random) -> int:
    place, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    lines.insert(place + 1, lines[other])
    # A copy of the next line in front of it changes nothing before what follows that.
    return place + 1 if other != place + 1 else place + 2


def _truncate(lines: list[bytes], chance: random.Random) -> int:
    place = chance.randrange(len(lines))
    del lines[place:]
    return place


@pytest.mark.parametrize("tamper", [_flip, _delete, _swap, _duplicate, _truncate])
def test_a_thousand_tamperings_are_found_where_they_are(
    tamper: Callable[[list[bytes], random.Random], int],
) -> None:
    for seed in range(200):
        lines = LINES.copy()
        place = tamper(lines, random.Random(seed))
        found = chain.verify(KEY, lines, END)
        assert isinstance(found, Broken), seed
        assert found.line == place + 1, seed


@given(st.integers(0, 39), st.binary(min_size=1, max_size=20))
def test_bytes_put_in_are_found(place: int, junk: bytes) -> None:
    lines = LINES.copy()
    lines[place] += junk
    assert isinstance(chain.verify(KEY, b"".join(lines).splitlines(keepends=True), END), Broken)


@pytest.mark.parametrize(
    ("lines", "line", "what"),
    [
        (LINES[:3] + LINES[4:], 4, "is missing"),
        ([*LINES[:3], LINES[5], *LINES[4:]], 4, "is missing"),
        ([LINES[1], LINES[0], *LINES[2:]], 1, "was moved"),
        ([*LINES[:3], LINES[1], *LINES[3:]], 4, "used before"),
        (LINES[:30], 31, "the end of the log was cut off"),
        ([*LINES[:39], LINES[39][:-9]], 40, "was cut off"),
        ([LINES[0].replace(b"ada", b"eve"), *LINES[1:]], 1, "was altered"),
    ],
)
def test_what_is_wrong_is_told(lines: Sequence[bytes], line: int, what: str) -> None:
    found = chain.verify(KEY, lines, END)
    assert isinstance(found, Broken)
    assert found.line == line
    assert what in found.what


def test_without_an_anchor_a_cut_off_end_is_not_seen() -> None:
    assert isinstance(chain.verify(KEY, LINES[:30], None), Link)


def test_an_end_that_was_written_anew_with_the_key_is_known_by_the_anchor() -> None:
    last = chain.link_of(LINES[38])
    forged, _ = chain.sealed(
        KEY, last, chain.entry(40, NOW, ORIGIN, Event(account="eve", action=Action.REVOKE))
    )
    found = chain.verify(KEY, [*LINES[:39], forged], END)
    assert isinstance(found, Broken)
    assert "was rewritten" in found.what


def sealed(*events: Event) -> list[bytes]:
    """Return a line for each event."""
    lines, last = [], START
    for event in events:
        line, last = chain.sealed(KEY, last, chain.entry(last.seq + 1, NOW, ORIGIN, event))
        lines.append(line)
    return lines


def _lost(found: Link | Broken) -> int:
    """Return the line before which others may be missing."""
    assert isinstance(found, Broken)
    assert found.acceptable
    return found.line


def test_a_loss_is_named_until_it_is_accepted() -> None:
    loss, accepted = chain.loss(), chain.acceptance(1, "ada")
    assert _lost(chain.verify(KEY, sealed(loss), None)) == 1
    assert isinstance(chain.verify(KEY, sealed(loss, accepted), None), Link)
    assert _lost(chain.verify(KEY, sealed(loss, accepted, loss), None)) == 3
    assert isinstance(chain.verify(KEY, sealed(loss, chain.acceptance(2, "ada")), None), Broken)


def test_what_is_typed_accepts_nothing_and_is_no_loss() -> None:
    typed = '"action":"trail","outcome":"done","token":null,"name":null,"about":"Accepted: the '
    typed += 'anchor was missing before line 1."'
    forged = [
        Event(account=typed, action=Action.LOOK, name=typed, about=typed),
        Event(account="eve", action=Action.CREATE, about=chain.acceptance(1, "eve").about),
    ]
    assert isinstance(chain.verify(KEY, sealed(chain.loss(), *forged), None), Broken)
    loss = typed.replace("done", "failed")
    assert isinstance(
        chain.verify(KEY, sealed(Event(account="eve", action=Action.LOOK, about=loss)), None), Link
    )


def test_a_later_start_is_believed() -> None:
    assert chain.verify(KEY, LINES[10:], END, chain.link_of(LINES[9])) == END


def test_a_link_reads_itself_back() -> None:
    assert Link.read(str(END)) == END
    for wrong in ("", "x", "1", "1 00", "-1 " + "00" * 32):
        with pytest.raises(ValueError, match=r".*"):
            Link.read(wrong)


@pytest.mark.parametrize(
    ("search", "found"),
    [
        (Search(), True),
        (Search(account="ada"), True),
        (Search(account="bob"), False),
        (Search(token="0000000003"), True),
        (Search(token="t3"), True),
        (Search(token="t4"), False),
        (Search(action="create"), True),
        (Search(action="revoke"), False),
        (Search(since=NOW), True),
        (Search(since=NOW + timedelta(days=1)), False),
        (Search(text="192.0"), True),
        (Search(text="ADA"), True),
        (Search(text="eve"), False),
    ],
)
def test_a_search_narrows(search: Search, found: bool) -> None:
    assert search.wants(chain.read(LINES[2])) is found


def test_every_part_of_a_shown_moment_may_be_ours() -> None:
    for form in DateFormat:
        shown = f"Expires {form.day(datetime(2026, 12, 28, tzinfo=UTC))} 23:59."
        for end in range(len("Expires 2"), len(shown) + 1):
            assert stored_part(shown[:end]) == "", shown[:end]
            assert stored_part(shown[len("Expires ") : end]) == ""


@pytest.mark.parametrize("text", ["192.0.2.7", "10.20.30.40", "2001:db8::7", "name-7", "04:59:59+"])
def test_a_search_for_what_no_moment_contains_stays_as_it_is(text: str) -> None:
    assert stored_part(text) == text

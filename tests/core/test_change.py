"""Changes of tokens as data: what is true of each, over any tokens."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import TypeVar, get_args

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tokentui.core.audit import Outcome
from tokentui.core.change import (
    ConfirmSaved,
    Create,
    Import,
    Rename,
    Restore,
    Revoke,
    SetAccess,
    SetNote,
    TokenChange,
    carry_out,
    events,
)
from tokentui.core.errors import (
    AlreadyReplaced,
    AlreadyRevoked,
    IdTaken,
    NameTaken,
    NotRotated,
    TokenChanged,
    TokenNotFound,
)
from tokentui.core.records import Edit, NameKey, Needs, Records, held_by
from tokentui.core.rotation_change import Retire, Rotate, UndoRotation
from tokentui.core.token import Token, clashing

from ..conftest import NOW

REFUSALS = (
    AlreadyReplaced,
    AlreadyRevoked,
    IdTaken,
    NameTaken,
    NotRotated,
    TokenChanged,
    TokenNotFound,
)
PRESENT, FRESH = [f"{n:010}" for n in range(6)], [f"{n:010}" for n in range(6, 9)]
NAMES = ["a", "A", "b", "c"]
HOURS = [NOW + timedelta(hours=hours) for hours in (-1, 0, 1)]

Tokens = Mapping[str, Token]

T = TypeVar("T")


class Draw:
    """Draws what tests need, evenly: of small numbers alone, most changes would be refused."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self.store: dict[str, Token] = {}
        for _ in range(self.number(10)):
            token = self.token(PRESENT)
            if not clashing([*self.store.values(), token]):
                self.store.setdefault(token.id, token)

    def number(self, most: int) -> int:
        return self._random.randint(0, most)

    def one_of(self, *several: T) -> T:
        return self._random.choice(several)

    def token(self, ids: Sequence[str], **facts: object) -> Token:
        """Return any token that a store may hold."""
        gone = self.number(3) == 3
        token = Token(
            id=self.one_of(*ids),
            account=self.one_of("ada", "bob"),
            name=self.one_of(*NAMES),
            created_at=NOW,
            expires_at=self.one_of(None, *HOURS),
            saved_at=self.one_of(None, NOW),
            revoked_at=NOW if gone else None,
            revoked_by="ada" if gone else None,
            hash=None if gone else "hash",
            replaced_by=self.one_of(None, None, *PRESENT),
            revision=1 + self.number(2),
            note=self.one_of("", "why"),
        )
        return replace(token, **facts)

    def seen(self) -> Token:
        """Return a token of the store; seldom one as it never was, or that is not there."""
        if not self.store or self.number(7) == 7:
            return self.token(FRESH)
        token = self.one_of(*self.store.values())
        return replace(token, revision=token.revision + (self.number(7) == 7))

    def several(self) -> tuple[Token, ...]:
        return tuple(
            {token.id: token for token in (self.seen() for _ in range(self.number(3)))}.values()
        )

    def named(self) -> tuple[Token, ...]:
        """Return tokens that somebody named, now and then one of them twice."""
        several = self.several()
        return (*several, *several[: self.number(1)])

    def new(self, **facts: object) -> Token:
        return self.token([*FRESH, *FRESH, PRESENT[0]], **facts)

    def added(self) -> tuple[Token, ...]:
        return tuple(self.new() for _ in range(self.number(3)))

    def pairs(self) -> tuple[tuple[Token, Token], ...]:
        return tuple((seen, self._becoming(seen)) for seen in self.several())

    def _becoming(self, seen: Token) -> Token:
        return self.token([seen.id], account=seen.account, revision=seen.revision + 1)

    def change(self) -> TokenChange:
        """Return a change, most often one that is possible."""
        kinds: list[Callable[[], TokenChange]] = [
            lambda: Create(token=self.new()),
            lambda: Rename(seen=self.seen(), name=self.one_of(*NAMES)),
            lambda: SetAccess(seen=self.named(), read_only=True, networks=()),
            lambda: SetNote(seen=self.seen(), note=self.one_of("", "why", "Büro & Straße")),
            lambda: ConfirmSaved(seen=self.seen(), at=NOW),
            self.rotation,
            self.undone_rotation,
            lambda: Revoke(seen=self.named(), at=NOW, by="ada"),
            lambda: Retire(seen=self.named(), at=self.one_of(*HOURS)),
            lambda: Import(tokens=self.added()),
            lambda: Restore(name="copy", added=self.added(), replaced=self.pairs()),
        ]
        assert len(kinds) == len(get_args(TokenChange))
        return self.one_of(*kinds)()

    def rotation(self) -> Rotate:
        seen = self.seen()
        live = {"revoked_at": None, "revoked_by": None, "hash": "hash"}
        successor = self.new(account=seen.account, name=seen.name, **live)
        new = self.one_of(successor, successor, self.new())
        return Rotate(seen=seen, new=new, ends_at=self.one_of(*HOURS), at=NOW, by="ada")

    def undone_rotation(self) -> UndoRotation:
        pairs = ((old, self.store.get(old.replaced_by or "")) for old in self.store.values())
        rotated = [(old, new) for old, new in pairs if new is not None]
        old, new = self.one_of(*rotated, (self.seen(), self.seen()))
        return UndoRotation(seen=old, new=new, expires_at=None, at=NOW, by="ada")


@st.composite
def cases(draw: st.DrawFn) -> tuple[Tokens, TokenChange]:
    """Draw the tokens of a store, and a change of them."""
    drawn = Draw(draw(st.randoms(use_true_random=True)))
    return drawn.store, drawn.change()


def records(store: Tokens, needs: Needs | None = None) -> Records:
    """Return what a change needs of `store`, or all of it."""
    holders: dict[NameKey, list[Token]] = {}
    for token in store.values():
        if token.holds_name and (needs is None or held_by(token) in needs.names):
            holders.setdefault(held_by(token), []).append(token)
    ids = store.keys() if needs is None else store.keys() & needs.ids
    return Records(tokens={each: store[each] for each in ids}, holders=holders)


of_any = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.filter_too_much]
)


def made(store: Tokens, change: TokenChange) -> Edit:
    """Return what becomes of `store`; leave the example where that is nothing or refused."""
    try:
        edit = carry_out(change, records(store, change.needs()))
    except REFUSALS:
        edit = Edit()
    assume(edit)
    return edit


def after(store: Tokens, edit: Edit) -> Tokens:
    return {**store, **{token.id: token for token in edit.tokens}}


@of_any
@given(cases())
def test_what_it_says_that_it_needs_is_enough(case: tuple[Tokens, TokenChange]) -> None:
    store, change = case
    outcomes: list[object] = []
    for known in (records(store, change.needs()), records(store)):
        try:
            outcomes.append(carry_out(change, known))
        except REFUSALS as error:
            outcomes.append((type(error), str(error)))
    assert outcomes[0] == outcomes[1]


@of_any
@given(cases())
def test_all_of_it_is_done(case: tuple[Tokens, TokenChange]) -> None:
    store, change = case
    edit = made(store, change)
    ids = [token.id for token in edit.tokens]
    assert len(set(ids)) == len(ids), "a token is written twice"
    assert not {token.id for token in edit.added} & store.keys()
    assert {token.id for token in edit.replaced} <= store.keys()
    if isinstance(change, ConfirmSaved | Retire | UndoRotation):
        assert set(ids) <= change.needs().ids
    else:
        assert set(ids) == change.needs().ids


@of_any
@given(cases())
def test_revisions_grow_by_one_and_a_token_stays_who_it_is(
    case: tuple[Tokens, TokenChange],
) -> None:
    store, change = case
    for token in made(store, change).replaced:
        before = store[token.id]
        assert token.revision == before.revision + 1
        assert (token.account, token.created_at) == (before.account, before.created_at)


@of_any
@given(cases())
def test_no_name_is_held_twice(case: tuple[Tokens, TokenChange]) -> None:
    store, change = case
    assert not clashing(after(store, made(store, change)).values())


@of_any
@given(cases())
def test_a_hash_survives_no_revocation_and_is_never_another_one(
    case: tuple[Tokens, TokenChange],
) -> None:
    store, change = case
    edit = made(store, change)
    assert all(token.hash is None for token in edit.tokens if token.revoked_at is not None)
    if not isinstance(change, Restore):
        for token in edit.replaced:
            assert token.hash in (None, store[token.id].hash)
            assert (token.hash is None) is (token.revoked_at is not None)


@of_any
@given(cases())
def test_only_a_restore_revives(case: tuple[Tokens, TokenChange]) -> None:
    store, change = case
    assume(not isinstance(change, Restore))
    for token in made(store, change).replaced:
        assert store[token.id].revoked_at is None


@of_any
@given(cases())
def test_its_events_name_exactly_its_tokens(case: tuple[Tokens, TokenChange]) -> None:
    store, change = case
    edit = made(store, change)
    told = events(change, "eve", edit)
    assert sorted(str(event.token) for event in told) == sorted(each.id for each in edit.tokens)
    assert {(event.account, event.outcome) for event in told} == {("eve", Outcome.DONE)}


@of_any
@given(cases())
def test_done_again_it_is_refused_or_nothing(case: tuple[Tokens, TokenChange]) -> None:
    store, change = case
    later = after(store, made(store, change))
    try:
        again = carry_out(change, records(later, change.needs()))
    except REFUSALS:
        return
    assert not again
    assert isinstance(change, ConfirmSaved | Retire)


@of_any
@given(cases())
def test_it_is_refused_once_a_token_was_changed(case: tuple[Tokens, TokenChange]) -> None:
    store, change = case
    edit = made(store, change)
    assume(edit.replaced and not isinstance(change, ConfirmSaved | Retire))
    first = store[edit.replaced[0].id]
    meanwhile = replace(first, revision=first.revision + 1)
    with pytest.raises(TokenChanged) as refused:
        carry_out(change, records({**store, first.id: meanwhile}, change.needs()))
    assert refused.value.current == meanwhile


@of_any
@given(cases())
def test_it_says_what_was_tried_where_it_is_refused(case: tuple[Tokens, TokenChange]) -> None:
    _, change = case
    told = events(change, "eve")
    assert {event.token for event in told} - {None} == change.needs().ids
    failed = [event.failed(NameTaken("a")) for event in told]
    assert {event.outcome for event in failed} <= {Outcome.FAILED}


def test_names_may_change_places() -> None:
    one, two = (
        Token(id=each, account="ada", name=name, created_at=NOW, expires_at=None, hash="hash")
        for each, name in zip(PRESENT, ("a", "b"), strict=False)
    )
    swap = Restore(
        name="copy",
        replaced=(
            (one, replace(one, name="b", revision=2)),
            (two, replace(two, name="a", revision=2)),
        ),
    )
    store = {one.id: one, two.id: two}
    assert [token.name for token in carry_out(swap, records(store)).replaced] == ["b", "a"]


@pytest.mark.parametrize(("ends_at", "revoked_at"), [(NOW, NOW), (HOURS[2], None)])
def test_a_rotation_without_overlap_revokes(ends_at: datetime, revoked_at: datetime | None) -> None:
    old = Token(
        id=PRESENT[0], account="ada", name="a", created_at=NOW, expires_at=None, hash="hash"
    )
    change = Rotate(seen=old, new=replace(old, id=FRESH[0]), ends_at=ends_at, at=NOW, by="ada")
    (replaced,) = carry_out(change, records({old.id: old})).replaced
    assert (replaced.revoked_at, replaced.expires_at) == (revoked_at, ends_at)
    assert (replaced.replaced_by, replaced.hash) == (FRESH[0], None if revoked_at else "hash")

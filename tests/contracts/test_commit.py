"""`Backend.commit` of token changes: one unit with the audit log, and idempotent by its key."""

from collections.abc import Collection, Mapping
from datetime import timedelta
from functools import partial
from typing import NamedTuple

import msgspec
import pytest
from msgspec.structs import replace

from tokentui.core import change as token_change
from tokentui.core.audit import Action, Event, Outcome
from tokentui.core.backend import Backend, Versions, new_key
from tokentui.core.chain import Link
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
)
from tokentui.core.errors import (
    AlreadyReplaced,
    AlreadyRevoked,
    IdTaken,
    NameTaken,
    OutcomeUnknown,
    StoreReadOnly,
    TokenChanged,
    TokenNotFound,
    TokentuiError,
)
from tokentui.core.records import NameKey, Records, held_by
from tokentui.core.rotation_change import Retire, Rotate, UndoRotation
from tokentui.core.token import Token

from ..conftest import NOW
from ..doubles.slow import SlowBackend
from .kinds import Opener
from .samples import add, at_once, commit, events, revoked, token

# -- what is there before each change ---------------------------------------------------------

ONE, TWO, SAVED = token(1), token(2, expires_at=NOW + timedelta(days=30)), token(3, saved_at=NOW)
NOTED = token(10, note="Nightly build; ask Ann")
BOUND = token(11, read_only=True, networks=("::1/128",))
GONE = revoked(4, name="t1")
OLD = token(5, name="pair", replaced_by="0000000006", expires_at=NOW + timedelta(hours=1))
NEW = token(6, name="pair")
OVER = token(7, name="ended", replaced_by="0000000008", expires_at=NOW - timedelta(hours=1))
ENDED = token(8, name="ended")
BOBS = token(9, name="t1", account="bob")
BEFORE = (ONE, TWO, SAVED, GONE, OLD, NEW, OVER, ENDED, BOBS, NOTED, BOUND)

_ROTATE = partial(Rotate, new=token(20, name="t1"), at=NOW, by="ada")
_UNDO = partial(UndoRotation, expires_at=None, at=NOW, by="ada")
_REVOKE = partial(Revoke, at=NOW, by="ada")

CHANGES: dict[str, TokenChange] = {
    "create": Create(token=token(20)),
    "create under a name that was revoked": Create(token=token(20, name="T4")),
    "rename": Rename(seen=ONE, name="other"),
    "rename by letter case": Rename(seen=ONE, name="T1"),
    "bind": SetAccess(seen=(ONE,), read_only=True, networks=("192.0.2.0/24",)),
    "bind several": SetAccess(seen=(TWO, ONE, BOBS, ONE), networks=("192.0.2.0/24",)),
    "bind what is bound in part": SetAccess(seen=(BOUND, ONE), read_only=True),
    "note": SetNote(seen=ONE, note="Für Büro & Straße"),
    "note no more": SetNote(seen=NOTED, note=""),
    "confirm": ConfirmSaved(seen=ONE, at=NOW),
    "confirm what was changed": ConfirmSaved(seen=replace(ONE, revision=9), at=NOW),
    "rotate": _ROTATE(seen=ONE, ends_at=NOW + timedelta(hours=1)),
    "rotate at once": _ROTATE(seen=ONE, ends_at=NOW),
    "undo a rotation": _UNDO(seen=OLD, new=NEW),
    "revoke": _REVOKE(seen=(ONE,)),
    "revoke several": _REVOKE(seen=(OLD, ONE, BOBS)),
    "retire": Retire(seen=(OVER,), at=NOW),
    "retire those that are over": Retire(seen=(OLD, OVER, ONE, token(99)), at=NOW),
    "import": Import(tokens=(token(21), token(20), revoked(22, name="t1"))),
    "restore": Restore(
        name="copy",
        added=(token(20),),
        replaced=((ONE, token(1, name="t2", revision=2)), (TWO, token(2, name="t1", revision=2))),
    ),
}
"""Changes that are possible over `BEFORE`, of every kind."""


class Refused(NamedTuple):
    change: TokenChange
    error: type[TokentuiError]


_STALE = replace(ONE, revision=2)
_MISSING = token(99)

REFUSED: dict[str, Refused] = {
    "create an id": Refused(Create(token=token(1, name="fresh")), IdTaken),
    "create an id that was revoked": Refused(Create(token=token(4, name="fresh")), IdTaken),
    "create a name": Refused(Create(token=token(20, name="T1")), NameTaken),
    "rename to a name": Refused(Rename(seen=ONE, name="T2"), NameTaken),
    "rename what was changed": Refused(Rename(seen=_STALE, name="other"), TokenChanged),
    "rename what is not there": Refused(Rename(seen=_MISSING, name="other"), TokenNotFound),
    "rename what was revoked": Refused(Rename(seen=GONE, name="other"), AlreadyRevoked),
    "rename what was replaced": Refused(Rename(seen=OLD, name="other"), AlreadyReplaced),
    "bind what was changed": Refused(
        SetAccess(seen=(_STALE,), read_only=True, networks=()), TokenChanged
    ),
    "bind what was revoked": Refused(
        SetAccess(seen=(GONE,), read_only=True, networks=()), AlreadyRevoked
    ),
    "bind several of which one was changed": Refused(
        SetAccess(seen=(TWO, _STALE, BOBS), read_only=True), TokenChanged
    ),
    "bind several of which one was replaced": Refused(
        SetAccess(seen=(TWO, OLD), read_only=True), AlreadyReplaced
    ),
    "bind several of which one is not there": Refused(
        SetAccess(seen=(TWO, _MISSING), read_only=True), TokenNotFound
    ),
    "note what was changed": Refused(SetNote(seen=_STALE, note="x"), TokenChanged),
    "note what was revoked": Refused(SetNote(seen=GONE, note="x"), AlreadyRevoked),
    "note what was replaced": Refused(SetNote(seen=OLD, note="x"), AlreadyReplaced),
    "confirm what is not there": Refused(ConfirmSaved(seen=_MISSING, at=NOW), TokenNotFound),
    "rotate what was changed": Refused(_ROTATE(seen=_STALE, ends_at=NOW), TokenChanged),
    "rotate what was replaced": Refused(
        _ROTATE(seen=OLD, new=token(20, name="pair"), ends_at=NOW), AlreadyReplaced
    ),
    "rotate to an id": Refused(_ROTATE(seen=ONE, new=token(2, name="t1"), ends_at=NOW), IdTaken),
    "rotate to a name": Refused(
        _ROTATE(seen=ONE, new=token(20, name="t2"), ends_at=NOW), NameTaken
    ),
    "undo what was changed": Refused(_UNDO(seen=replace(OLD, revision=2), new=NEW), TokenChanged),
    "undo what was used since": Refused(
        _UNDO(seen=OLD, new=replace(NEW, revision=2)), TokenChanged
    ),
    "revoke what was revoked": Refused(_REVOKE(seen=(ONE, GONE)), AlreadyRevoked),
    "revoke what was changed": Refused(
        _REVOKE(seen=(TWO, replace(BOBS, revision=2), ONE)), TokenChanged
    ),
    "revoke what is not there": Refused(_REVOKE(seen=(ONE, _MISSING)), TokenNotFound),
    "import an id": Refused(Import(tokens=(token(20), token(4, name="fresh"))), IdTaken),
    "import an id twice": Refused(Import(tokens=(token(20), token(20, name="twin"))), IdTaken),
    "import a name": Refused(Import(tokens=(token(20), token(21, name="T1"))), NameTaken),
    "import a name twice": Refused(Import(tokens=(token(20), token(21, name="T20"))), NameTaken),
    "restore an id": Refused(Restore(name="copy", added=(token(20), ONE)), IdTaken),
    "restore what was changed": Refused(
        Restore(
            name="copy",
            added=(token(20),),
            replaced=((TWO, replace(TWO, revision=2)), (_STALE, replace(_STALE, revision=3))),
        ),
        TokenChanged,
    ),
    "restore a name": Refused(
        Restore(name="copy", replaced=((TWO, replace(TWO, name="t1", revision=2)),)), NameTaken
    ),
}
"""Changes that are not possible over `BEFORE`; of some of them, a part would be."""

NOTHING: dict[str, TokenChange] = {
    "confirm what is": ConfirmSaved(seen=SAVED, at=NOW),
    "confirm what was revoked": ConfirmSaved(seen=GONE, at=NOW),
    "retire what goes on": Retire(seen=(OLD, ONE, GONE, token(99)), at=NOW),
    "import nothing": Import(tokens=()),
    "revoke nothing": _REVOKE(seen=()),
}
"""Changes that change nothing over `BEFORE`."""

every_change = pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
every_refusal = pytest.mark.parametrize(("change", "error"), REFUSED.values(), ids=REFUSED)


def test_no_kind_of_change_is_forgotten() -> None:
    kinds = set(TokenChange.__args__)
    assert {type(change) for change in CHANGES.values()} == kinds
    assert {type(refused.change) for refused in REFUSED.values()} == kinds - {Retire}


def records(tokens: Mapping[str, Token]) -> Records:
    """Return what any change has to know of all these tokens."""
    holders: dict[NameKey, list[Token]] = {}
    for each in tokens.values():
        if each.holds_name:
            holders.setdefault(held_by(each), []).append(each)
    return Records(tokens=tokens, holders=holders)


def some(tokens: Mapping[str, Token], ids: Collection[str]) -> Mapping[str, Token]:
    return {each: tokens[each] for each in ids if each in tokens}


@pytest.fixture
def full(backend: Backend) -> Backend:
    """Give a store in which `BEFORE` is."""
    add(backend, *BEFORE)
    return backend


class Seen(NamedTuple):
    """All that can be told of a store."""

    tokens: Mapping[str, Token]
    events: int
    versions: Versions

    @classmethod
    def of(cls, backend: Backend) -> "Seen":
        return cls(backend.tokens.snapshot(), len(events(backend)), backend.versions())


class TestDone:
    @every_change
    def test_it_makes_of_the_tokens_what_it_says(self, full: Backend, change: TokenChange) -> None:
        before = full.tokens.snapshot()
        edit = token_change.carry_out(change, records(before))
        committed = commit(full, change)
        after = {**before, **{each.id: each for each in edit.tokens}}
        assert full.tokens.snapshot() == after
        assert committed.tokens == some(after, change.needs().ids)

    @every_change
    def test_others_see_it_at_once(
        self, full: Backend, reopened: Backend, change: TokenChange
    ) -> None:
        reopened.tokens.snapshot()
        commit(full, change)
        assert Seen.of(reopened) == Seen.of(full)

    @every_change
    def test_what_it_does_is_recorded_once_and_in_order(
        self, full: Backend, change: TokenChange
    ) -> None:
        edit = token_change.carry_out(change, records(full.tokens.snapshot()))
        before = len(events(full))
        commit(full, change)
        assert events(full)[before:] == token_change.events(change, "ada", edit)
        assert isinstance(full.audit.verify(), Link)

    @every_change
    def test_each_entry_names_the_key_of_its_change(
        self, full: Backend, change: TokenChange
    ) -> None:
        last = next(full.audit.newest()).seq
        commit(full, change, "key")
        assert {entry.change for entry in full.audit.newest(after=last)} == {"key"}
        full.audit.record(Event(account="ada", action=Action.LOOK))
        assert next(full.audit.newest()).change is msgspec.UNSET

    def test_it_is_recorded_who_asked(self, full: Backend) -> None:
        full.commit(_REVOKE(seen=(ONE,), by="bob"), "bob", new_key())
        assert events(full)[-1].account == "bob"
        assert full.tokens.get_many([ONE.id])[ONE.id].revoked_by == "bob"

    @every_change
    def test_the_versions_of_tokens_and_log_move_and_no_others(
        self, full: Backend, reopened: Backend, change: TokenChange
    ) -> None:
        before = reopened.versions()
        commit(full, change)
        after = reopened.versions()
        assert (after.tokens != before.tokens, after.audit != before.audit) == (True, True)
        assert (after.accounts, after.usage) == (before.accounts, before.usage)
        assert full.versions() == after

    def test_a_name_is_free_once_its_token_has_another_one(self, full: Backend) -> None:
        commit(full, Rename(seen=ONE, name="other"))
        commit(full, Create(token=token(20, name="t1")))
        assert {each.id for each in full.tokens.by_name("t1")} == {BOBS.id, "0000000020"}

    def test_a_successor_is_found_by_the_name_and_can_be_changed(self, full: Backend) -> None:
        commit(full, CHANGES["rotate"])
        (new,) = (each for each in full.tokens.by_name("t1") if each.account == "ada")
        assert new.id == "0000000020"
        commit(full, Rename(seen=new, name="next"))
        commit(full, Create(token=token(21, name="t1")))


class TestRefused:
    @every_refusal
    def test_nothing_is_changed(
        self, full: Backend, change: TokenChange, error: type[TokentuiError]
    ) -> None:
        before, stamps = full.tokens.snapshot(), full.versions()
        with pytest.raises(error):
            commit(full, change)
        assert full.tokens.snapshot() == before
        assert replace(full.versions(), audit=None) == replace(stamps, audit=None)

    @every_refusal
    def test_it_is_recorded_as_failed(
        self, full: Backend, change: TokenChange, error: type[TokentuiError]
    ) -> None:
        before = len(events(full))
        with pytest.raises(error) as raised:
            commit(full, change)
        assert events(full)[before:] == [
            event.failed(raised.value) for event in token_change.events(change, "ada")
        ]
        assert isinstance(full.audit.verify(), Link)

    def test_the_present_token_comes_with_the_refusal(self, full: Backend) -> None:
        commit(full, Rename(seen=ONE, name="other"))
        with pytest.raises(TokenChanged) as error:
            commit(full, _REVOKE(seen=(ONE,)))
        assert error.value.current == replace(ONE, name="other", revision=2)

    @pytest.mark.parametrize("change", NOTHING.values(), ids=NOTHING)
    def test_what_changes_nothing_leaves_no_trace(self, full: Backend, change: TokenChange) -> None:
        before = Seen.of(full)
        committed = commit(full, change)
        assert Seen.of(full) == before
        assert committed.tokens == some(before.tokens, change.needs().ids)

    @every_change
    def test_it_leaves_no_trace_where_only_reading_is_possible(
        self, full: Backend, opener: Opener, change: TokenChange
    ) -> None:
        before = Seen.of(full)
        looking = opener(read_only=True)
        assert looking.read_only
        assert not full.read_only
        with pytest.raises(StoreReadOnly):
            commit(looking, change)
        assert Seen.of(looking) == Seen.of(full) == before
        looking.close()


class TestAgain:
    @every_change
    def test_under_one_key_it_is_done_once(self, full: Backend, change: TokenChange) -> None:
        first = commit(full, change, "key")
        before = Seen.of(full)
        assert commit(full, change, "key") == first
        assert Seen.of(full) == before

    @every_change
    def test_whoever_asks(self, full: Backend, reopened: Backend, change: TokenChange) -> None:
        first = commit(full, change, "key")
        before = Seen.of(full)
        assert commit(reopened, change, "key") == first
        assert Seen.of(reopened) == before

    def test_the_key_is_known_to_whoever_comes_later(self, opener: Opener) -> None:
        first = opener()
        add(first, *BEFORE)
        commit(first, CHANGES["rotate"], "key")
        before = Seen.of(first)
        first.close()
        later = opener()
        commit(later, CHANGES["rotate"], "key")
        assert Seen.of(later) == before
        later.close()

    def test_the_key_is_known_after_other_changes(self, full: Backend, reopened: Backend) -> None:
        commit(full, CHANGES["create"], "key")
        renamed = commit(reopened, Rename(seen=token(20), name="other")).tokens
        before = Seen.of(full)
        assert commit(full, CHANGES["create"], "key").tokens == renamed
        assert Seen.of(full) == before

    def test_under_another_key_it_is_another_change(self, full: Backend) -> None:
        commit(full, CHANGES["create"], "key")
        with pytest.raises(IdTaken):
            commit(full, CHANGES["create"], "other")

    def test_what_was_refused_can_be_asked_for_under_its_key(self, full: Backend) -> None:
        with pytest.raises(NameTaken):
            commit(full, Rename(seen=ONE, name="t2"), "key")
        commit(full, _REVOKE(seen=(TWO,)))
        assert commit(full, Rename(seen=ONE, name="t2"), "key").tokens[ONE.id].name == "t2"

    @every_change
    @pytest.mark.parametrize("done", [True, False])
    def test_a_lost_answer_is_asked_for_again(
        self, full: Backend, change: TokenChange, done: bool
    ) -> None:
        edit = token_change.carry_out(change, records(full.tokens.snapshot()))
        before, far = len(events(full)), SlowBackend(full)
        far.lose_answer(done=done)
        with pytest.raises(OutcomeUnknown):
            commit(far, change, "key")
        commit(far, change, "key")
        assert events(full)[before:] == token_change.events(change, "ada", edit)
        assert some(full.tokens.snapshot(), {each.id for each in edit.tokens}) == {
            each.id: each for each in edit.tokens
        }


class TestTogether:
    """Several threads over two openings, as in two processes."""

    def test_all_are_done(self, backend: Backend, reopened: Backend) -> None:
        numbers, both = range(8), (backend, reopened)
        assert not at_once(
            partial(commit, both[number % 2], Create(token=token(number))) for number in numbers
        )
        made = {each.id: each for each in map(token, numbers)}
        assert backend.tokens.snapshot() == reopened.tokens.snapshot() == made
        assert {event.token for event in events(backend)} == set(made)
        assert isinstance(reopened.audit.verify(), Link)

    def test_one_gets_a_name(self, backend: Backend, reopened: Backend) -> None:
        changes = [Create(token=token(number, name="deploy")) for number in range(4)]
        refused = at_once(
            partial(commit, each, change)
            for each, change in zip([backend, reopened] * 2, changes, strict=True)
        )
        assert [type(error) for error in refused] == [NameTaken] * 3
        assert len(backend.tokens.by_name("deploy")) == 1
        outcomes = sorted(event.outcome for event in events(backend))
        assert outcomes == [Outcome.DONE, *[Outcome.FAILED] * 3]

    def test_one_key_is_done_once(self, full: Backend, reopened: Backend) -> None:
        before = len(events(full))
        change = CHANGES["rotate"]
        assert not at_once(partial(commit, each, change, "key") for each in [full, reopened] * 2)
        assert len(events(full)) == before + 2

    def test_one_of_those_who_saw_the_same_changes_it(
        self, full: Backend, reopened: Backend
    ) -> None:
        refused = at_once(
            partial(commit, each, Rename(seen=ONE, name=f"n{number}"))
            for number, each in enumerate([full, reopened] * 2)
        )
        assert [type(error) for error in refused] == [TokenChanged] * 3
        assert full.tokens.get_many([ONE.id])[ONE.id].revision == 2

"""The verbs and their rules."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from tests.opening import raw
from tokentui.core.backend import Committed
from tokentui.core.commands import TokenCommands
from tokentui.core.dates import LAST_DAY
from tokentui.core.errors import (
    AlreadyReplaced,
    AlreadyRevoked,
    AmbiguousName,
    InvalidExpiry,
    InvalidName,
    InvalidNote,
    NameTaken,
    NotRotated,
    TokenChanged,
    TokenNotFound,
)
from tokentui.core.new_token import NewToken
from tokentui.core.policy import Policy
from tokentui.core.problems import find_problems
from tokentui.core.token import Status, Token

from ..conftest import NOW, folders_that_do_not_sync

Open = Callable[[], TokenCommands]


@pytest.fixture
def made(service: TokenCommands) -> NewToken:
    return service.create("ci-deploy", date(2027, 1, 1))


class TestCreate:
    def test_a_new_token(self, service: TokenCommands, made: NewToken) -> None:
        assert made.token == service.queries.look_up("CI-Deploy")
        assert made.token.account == "ada"
        assert made.token.never_saved
        assert made.token.revision == 1

    def test_the_day_ends_where_the_service_is(self, service: TokenCommands) -> None:
        service.queries.policy = replace(service.queries.policy, zone=ZoneInfo("Asia/Tokyo"))
        assert service.queries.today() == date(2026, 11, 25)
        token = service.create("tokyo", service.queries.today()).token
        assert str(token.expires_at) == "2026-11-25 14:59:59+00:00"

    def test_a_clock_before_1970_makes_tokens_that_can_be_read(
        self, service: TokenCommands, open_service: Open
    ) -> None:
        service.queries.now = lambda: datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)
        first, second = (service.create(name, service.queries.today()).token for name in ("a", "b"))
        saved = service.confirm_saved(first.id)
        new = service.rotate(saved, timedelta(hours=1)).token
        service.revoke([second])
        assert list(find_problems(open_service().queries)) == []
        assert {token.id for token in open_service().backend.tokens.snapshot().values()} == {
            first.id,
            second.id,
            new.id,
        }

    def test_yesterday_is_refused(self, service: TokenCommands) -> None:
        with pytest.raises(InvalidExpiry, match="in the past"):
            service.create("late", date(2026, 11, 23))

    def test_a_name_is_unique_letter_case_aside(
        self, service: TokenCommands, made: NewToken
    ) -> None:
        with pytest.raises(NameTaken):
            service.create("CI-DEPLOY", None)

    def test_the_name_of_a_revoked_token_is_free(
        self, service: TokenCommands, made: NewToken
    ) -> None:
        service.revoke([made.token])
        assert service.create("ci-deploy", None)


class TestChange:
    def test_rename_keeps_all_else(self, service: TokenCommands, made: NewToken) -> None:
        renamed = service.rename(made.token, "ci")
        assert renamed == service.queries.get(made.token.id)
        assert (renamed.id, renamed.hash, renamed.revision) == (
            made.token.id,
            made.token.hash,
            2,
        )

    def test_rename_may_change_the_letter_case(
        self, service: TokenCommands, made: NewToken
    ) -> None:
        assert service.rename(made.token, "CI-Deploy").name == "CI-Deploy"

    def test_rename_to_the_same_name_says_so(self, service: TokenCommands, made: NewToken) -> None:
        with pytest.raises(InvalidName, match="already"):
            service.rename(made.token, "ci-deploy")

    def test_a_stale_change_is_refused_with_what_is_there(
        self, service: TokenCommands, made: NewToken
    ) -> None:
        service.rename(made.token, "ci")
        with pytest.raises(TokenChanged) as error:
            service.revoke([made.token])
        assert error.value.current.name == "ci"
        assert service.queries.get(made.token.id).revoked_at is None

    def test_confirming_survives_a_rename_meanwhile(
        self, service: TokenCommands, made: NewToken, open_service: Open
    ) -> None:
        other = open_service()
        commit = service.backend.commit

        def racing(*change: Any) -> Committed:
            other.rename(other.queries.look_up("ci-deploy"), "ci")
            return commit(*change)

        service.backend.commit = racing  # type: ignore[method-assign, assignment]
        saved = service.confirm_saved(made.token.id)
        assert (saved.name, saved.saved_at) == ("ci", NOW)

    def test_revoke_takes_the_hash_for_good(self, service: TokenCommands, made: NewToken) -> None:
        service.revoke([made.token])
        gone = service.queries.get(made.token.id)
        assert (gone.hash, gone.revoked_at) == (None, NOW)
        assert service.queries.find(service.queries.query()).total.value == 0
        assert service.confirm_saved(made.token.id) == gone

    def test_what_is_revoked_changes_no_more(self, service: TokenCommands, made: NewToken) -> None:
        service.revoke([made.token])
        gone = service.queries.get(made.token.id)
        with pytest.raises(AlreadyRevoked):
            service.revoke([gone])
        with pytest.raises(AlreadyRevoked):
            service.rename(gone, "ghost")
        assert service.queries.get(made.token.id) == gone

    def test_revoke_is_all_or_nothing(self, service: TokenCommands, made: NewToken) -> None:
        other = service.create("other", None).token
        service.rename(other, "renamed")
        with pytest.raises(TokenChanged):
            service.revoke([made.token, other])
        assert service.queries.find(service.queries.query()).total.value == 2


class TestAccess:
    def test_it_is_changed_as_seen_or_not_at_all(
        self, service: TokenCommands, made: NewToken
    ) -> None:
        bound = service.set_access(made.token, read_only=True, networks=("::1/128",))
        assert service.queries.get(bound.id) == bound
        assert (bound.read_only, bound.networks, bound.revision) == (True, ("::1/128",), 2)
        with pytest.raises(TokenChanged):
            service.set_access(made.token, read_only=False, networks=("::/0",))
        assert service.queries.get(bound.id) == bound

    def test_what_it_is_already_is_no_change(self, service: TokenCommands, made: NewToken) -> None:
        assert service.set_access(made.token, read_only=False, networks=()) == made.token

    def test_that_of_several_is_changed_or_that_of_none(
        self, service: TokenCommands, made: NewToken
    ) -> None:
        other = service.create("other", None, networks=("::1/128",)).token
        both = service.change_access([made.token, other], read_only=True)
        assert [(each.read_only, each.networks) for each in both] == [
            (True, ()),
            (True, ("::1/128",)),
        ]
        with pytest.raises(TokenChanged):
            service.change_access([both[0], other], networks=())
        assert service.queries.get_many([each.id for each in both]) == list(both)
        unlimited = service.change_access(both, networks=())
        assert [each.revision for each in unlimited] == [2, 3], "of one, nothing was to be changed"

    def test_that_of_a_revoked_token_stays(self, service: TokenCommands, made: NewToken) -> None:
        service.revoke([made.token])
        with pytest.raises(AlreadyRevoked):
            service.set_access(service.queries.get(made.token.id), read_only=True, networks=())


class TestNote:
    def test_it_is_changed_as_seen_or_not_at_all(
        self, service: TokenCommands, made: NewToken
    ) -> None:
        noted = service.set_note(made.token, " Nightly build ")
        assert service.queries.get(noted.id) == noted
        assert (noted.note, noted.revision) == ("Nightly build", 2)
        with pytest.raises(TokenChanged):
            service.set_note(made.token, "other")
        assert service.set_note(noted, "").note == ""

    def test_what_it_is_already_is_no_change(self, service: TokenCommands, made: NewToken) -> None:
        assert service.set_note(made.token, " ") == made.token

    def test_that_of_a_revoked_token_stays(self, service: TokenCommands, made: NewToken) -> None:
        service.revoke([made.token])
        with pytest.raises(AlreadyRevoked):
            service.set_note(service.queries.get(made.token.id), "x")

    def test_a_new_token_gets_one_or_is_not_created(self, service: TokenCommands) -> None:
        assert service.create("ci", None, note=" Nightly build ").token.note == "Nightly build"
        with pytest.raises(InvalidNote):
            service.create("other", None, note="two\nlines")
        assert not service.backend.tokens.by_name("other")

    def test_a_rotation_copies_it(self, service: TokenCommands) -> None:
        old = service.create("ci", None, note="Nightly build").token
        assert service.rotate(old, timedelta(hours=1)).token.note == "Nightly build"


class TestRotate:
    HOUR = timedelta(hours=1)

    def test_the_successor_has_name_access_and_length_of_life(self, service: TokenCommands) -> None:
        service.queries.now = lambda: NOW - timedelta(days=60)
        old = service.create("ci", service.queries.today() + timedelta(days=90)).token
        old = restrict(service, old)
        service.queries.now = lambda: NOW
        new = service.rotate(old, self.HOUR).token
        assert (new.name, new.account) == ("ci", "ada")
        assert (new.read_only, new.networks) == (True, ("192.0.2.0/24",))
        assert str(new.expires_at) == "2027-02-22 23:59:59+00:00"
        assert new.never_saved
        assert service.queries.look_up("ci") == new

    def test_the_old_one_dies_by_itself(self, service: TokenCommands, made: NewToken) -> None:
        old = service.rotate(made.token, self.HOUR).replaces
        assert old is not None
        assert service.queries.status(old) is Status.REPLACED
        service.queries.now = lambda: NOW + self.HOUR
        assert service.queries.status(old) is Status.REPLACED
        service.queries.now = lambda: NOW + self.HOUR + timedelta(seconds=1)
        assert service.queries.status(old) is Status.EXPIRED

    def test_without_an_overlap_it_is_revoked_in_the_same_step(
        self, service: TokenCommands, made: NewToken
    ) -> None:
        new = service.rotate(made.token, timedelta())
        old = service.queries.get(made.token.id)
        assert (old.revoked_at, old.revoked_by, old.hash) == (NOW, "ada", None)
        assert new.replaces == old
        assert service.queries.list_all(service.queries.query()) == [new.token]

    def test_it_never_lives_longer_than_it_would_have(
        self, service: TokenCommands, made: NewToken
    ) -> None:
        service.queries.now = lambda: datetime(2027, 1, 1, 23, tzinfo=UTC)
        old = service.rotate(made.token, timedelta(days=7)).replaces
        assert old is not None
        assert old.expires_at == made.token.expires_at

    def test_what_has_expired_is_rotated_and_gone(
        self, service: TokenCommands, made: NewToken
    ) -> None:
        service.queries.now = lambda: datetime(2027, 3, 1, tzinfo=UTC)
        new = service.rotate(made.token, self.HOUR)
        assert new.replaces is not None
        assert new.replaces.hash is None
        assert service.queries.status(new.token) is Status.ACTIVE

    def test_what_never_expires_has_such_a_successor_unless_that_is_forbidden(
        self, service: TokenCommands
    ) -> None:
        first = service.create("ci", None).token
        second = service.rotate(first, self.HOUR).token
        assert second.expires_at is None
        service.queries.policy = Policy(zone=UTC, max_life=timedelta(days=30))
        third = service.rotate(second, self.HOUR).token
        assert str(third.expires_at) == "2026-12-24 23:59:59+00:00"

    def test_a_long_life_is_cut_to_what_is_allowed(
        self, service: TokenCommands, made: NewToken
    ) -> None:
        service.queries.policy = Policy(zone=UTC, max_life=timedelta(days=10))
        new = service.rotate(made.token, self.HOUR).token
        assert str(new.expires_at) == "2026-12-04 23:59:59+00:00"

    def test_a_life_to_the_end_of_the_calendar(self, service: TokenCommands) -> None:
        old = service.create("ci", LAST_DAY).token
        service.queries.now = lambda: NOW + timedelta(days=400)
        assert service.rotate(old, self.HOUR).token.expires_at == old.expires_at

    def test_the_old_one_is_neither_rotated_nor_renamed_but_revoked(
        self, service: TokenCommands, made: NewToken
    ) -> None:
        old = service.rotate(made.token, self.HOUR).replaces
        assert old is not None
        with pytest.raises(AlreadyReplaced):
            service.rotate(old, self.HOUR)
        with pytest.raises(AlreadyReplaced):
            service.rename(old, "other")
        service.revoke([old])
        assert [token.name for token in service.queries.list_all(service.queries.query())] == [
            "ci-deploy"
        ]

    def test_the_pair_stands_together_the_old_one_last(
        self, service: TokenCommands, made: NewToken
    ) -> None:
        service.create("ci-deploy2", None)
        service.create("ci", None)
        new = service.rotate(made.token, self.HOUR)
        ids = [token.id for token in service.queries.list_all(service.queries.query())]
        assert ids[1:3] == [new.token.id, made.token.id]

    def test_a_stale_token_gets_no_successor(self, service: TokenCommands, made: NewToken) -> None:
        service.rename(made.token, "ci")
        with pytest.raises(TokenChanged):
            service.rotate(made.token, self.HOUR)
        assert service.queries.find(service.queries.query()).total.value == 1

    def test_what_had_its_time_leaves_the_list(
        self, service: TokenCommands, made: NewToken
    ) -> None:
        service.create("late", service.queries.today())
        new = service.rotate(made.token, self.HOUR)
        service.retire()
        assert service.queries.get(made.token.id) == new.replaces
        service.queries.now = lambda: NOW + timedelta(days=2)
        service.retire()
        old = service.queries.get(made.token.id)
        assert (old.hash, old.revoked_at, old.revoked_by) == (None, NOW + self.HOUR, None)
        assert [token.name for token in service.queries.list_all(service.queries.query())] == [
            "ci-deploy",
            "late",
        ]
        assert list(find_problems(service.queries)) == []

    def test_a_disk_that_confirms_nothing_still_hands_out_the_secret(
        self, service: TokenCommands, made: NewToken
    ) -> None:
        first = service.rotate(made.token, self.HOUR).token
        service.queries.now = lambda: NOW + timedelta(days=2)
        with folders_that_do_not_sync():
            # What had its time is retired first, which the disk does not confirm either.
            new = service.rotate(first, timedelta())
            assert new.unconfirmed is not None
            assert service.queries.verifier().identify(new.secret).name == "ci-deploy"
            assert service.confirm_saved(new.token.id).saved_at == service.queries.now()
        assert service.queries.get(made.token.id).hash is None

    def test_where_its_secret_has_no_place_nothing_is_changed(
        self, service: TokenCommands, made: NewToken
    ) -> None:
        def full(_: NewToken) -> None:
            raise OSError

        for attempt in (
            partial(service.rotate, made.token, timedelta()),
            partial(service.create, "other", None),
        ):
            with pytest.raises(OSError):
                attempt(write_ahead=full)
        assert service.queries.list_all(service.queries.query()) == [made.token]


class TestRetire:
    @pytest.fixture
    def over(self, service: TokenCommands) -> list[Token]:
        """Return tokens that were rotated, and whose overlaps are over."""
        made = [service.create(name, None).token for name in ("a", "b", "c")]
        old = [service.rotate(token, timedelta(hours=1)).replaces for token in made]
        service.queries.now = lambda: NOW + timedelta(days=2)
        return [token for token in old if token is not None]

    def test_all_in_one_change(
        self, service: TokenCommands, over: list[Token], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        changes: list[int] = []
        apply = raw(service).apply

        def counted(**changed: Any) -> None:
            changes.append(len(changed["replaced"]))
            apply(**changed)

        monkeypatch.setattr(service.backend.tokens, "apply", counted)
        service.retire()
        assert changes == [3]
        assert {service.queries.get(token.id).hash for token in over} == {None}
        service.retire()
        assert sum(changes) == 3

    def test_a_change_elsewhere_meanwhile_is_no_obstacle(
        self,
        service: TokenCommands,
        over: list[Token],
        open_service: Open,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        commit = service.backend.commit

        def raced(*change: Any) -> Committed:
            monkeypatch.setattr(service.backend, "commit", commit)
            open_service().revoke([over[1]])
            return commit(*change)

        monkeypatch.setattr(service.backend, "commit", raced)
        service.retire()
        now = [service.queries.get(token.id) for token in over]
        assert [token.hash for token in now] == [None] * 3
        assert [token.revoked_by for token in now] == [None, "ada", None]


class TestUndoRotation:
    HOUR = timedelta(hours=1)

    @pytest.mark.parametrize("last_day", [None, date(2026, 11, 24), date(2027, 1, 1), LAST_DAY])
    def test_all_is_as_before_and_the_new_secret_is_gone(
        self, service: TokenCommands, last_day: date | None
    ) -> None:
        made = service.create("ci", last_day)
        service.queries.now = lambda: NOW + timedelta(hours=1)
        new = service.rotate(made.token, self.HOUR).token
        assert service.replaced_by(new) == service.queries.get(made.token.id)
        back = service.undo_rotation(service.replaced_by(new))
        assert back == replace(made.token, revision=3)
        assert service.queries.look_up("ci") == back == service.queries.get(back.id)
        gone = service.queries.get(new.id)
        assert (gone.hash, gone.revoked_by) == (None, "ada")
        assert service.queries.verifier().verify(made.secret).id == back.id
        assert service.rotate(back, self.HOUR).token.name == "ci"

    @pytest.mark.parametrize("longest", [10, 90])
    def test_an_end_that_a_policy_forbids_is_cut_but_not_before_the_overlap(
        self, service: TokenCommands, longest: int
    ) -> None:
        made = service.create("ci", None).token
        service.queries.now = lambda: NOW + timedelta(days=60)
        service.queries.policy = Policy(zone=UTC, max_life=timedelta(days=longest))
        new = service.rotate(made, self.HOUR)
        assert new.replaces is not None
        back = service.undo_rotation(new.replaces)
        assert str(back.expires_at) == (
            "2027-01-23 21:15:00+00:00" if longest == 10 else "2027-02-22 23:59:59+00:00"
        )

    def test_after_the_new_one_was_revoked(self, service: TokenCommands, made: NewToken) -> None:
        new = service.rotate(made.token, self.HOUR)
        assert new.replaces is not None
        service.revoke([new.token])
        gone = service.queries.get(new.token.id)
        assert service.undo_rotation(new.replaces) == service.queries.look_up("ci-deploy")
        assert service.queries.get(new.token.id) == gone

    def test_what_cannot_be_undone(self, service: TokenCommands, made: NewToken) -> None:
        with pytest.raises(NotRotated):
            service.replaced_by(made.token)
        with pytest.raises(NotRotated):
            service.undo_rotation(made.token)
        first = service.rotate(made.token, self.HOUR)
        assert first.replaces is not None
        second = service.rotate(first.token, self.HOUR)
        with pytest.raises(AlreadyReplaced):
            service.undo_rotation(first.replaces)
        service.undo_rotation(service.queries.get(first.token.id))
        third = service.rotate(service.queries.look_up("ci-deploy"), timedelta()).token
        with pytest.raises(NotRotated, match="restore BACKUP --reactivate"):
            service.replaced_by(third)
        with pytest.raises(AlreadyRevoked):
            service.undo_rotation(service.queries.get(first.token.id))
        assert service.queries.get(second.token.id).hash is None

    def test_a_name_that_is_taken_by_then(self, service: TokenCommands, made: NewToken) -> None:
        new = service.rotate(made.token, self.HOUR)
        service.revoke([new.token])
        service.create("ci-deploy", None)
        with pytest.raises(NameTaken):
            service.undo_rotation(service.queries.get(made.token.id))


def restrict(service: TokenCommands, token: Token) -> Token:
    """Let a token only read, and only from one network."""
    limited = replace(token, read_only=True, networks=("192.0.2.0/24",), revision=2)
    raw(service).apply(replaced=[limited])
    return limited


class TestLookUp:
    def test_by_id_also_a_revoked_one(self, service: TokenCommands, made: NewToken) -> None:
        service.revoke([made.token])
        assert service.queries.look_up(made.token.id).revoked_at
        with pytest.raises(TokenNotFound):
            service.queries.look_up("ci-deploy")

    def test_several_accounts_with_one_name(
        self, service: TokenCommands, made: NewToken, open_service: Open
    ) -> None:
        other = open_service()
        other.queries.account = "bob"
        second = other.create("ci-deploy", None)
        with pytest.raises(AmbiguousName, match=second.token.id):
            service.queries.look_up("ci-deploy")


def test_the_clock_gives_utc(open_service: Open) -> None:
    from tokentui.core.clock import utc_now

    assert utc_now().tzinfo is UTC
    assert utc_now().microsecond == 0


class TestLongestLife:
    @pytest.fixture
    def strict(self, service: TokenCommands) -> TokenCommands:
        service.queries.policy = Policy(zone=UTC, max_life=timedelta(days=30))
        return service

    def test_a_day_within_it_is_fine(self, strict: TokenCommands) -> None:
        last = strict.queries.today() + timedelta(days=30)
        assert strict.create("fine", last).token.expires_at == strict.last_moment(last)

    def test_a_later_day_is_refused_with_the_latest(self, strict: TokenCommands) -> None:
        with pytest.raises(InvalidExpiry, match="is 30 days, until 2026-12-24"):
            strict.create("late", strict.queries.today() + timedelta(days=31))

    def test_none_lives_for_ever(self, strict: TokenCommands) -> None:
        with pytest.raises(InvalidExpiry, match="must expire"):
            strict.create("ever", None)
        assert strict.queries.find(strict.queries.query()).total.value == 0

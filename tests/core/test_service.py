"""The verbs and their rules."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from tokentui.core.errors import (
    AlreadyReplaced,
    AlreadyRevoked,
    AmbiguousName,
    InvalidExpiry,
    InvalidName,
    NameTaken,
    TokenChanged,
    TokenNotFound,
)
from tokentui.core.service import NewToken, TokenService
from tokentui.core.token import LAST_DAY, Status, Token

from ..conftest import NOW

Open = Callable[[], TokenService]


@pytest.fixture
def made(service: TokenService) -> NewToken:
    return service.create("ci-deploy", date(2027, 1, 1))


class TestCreate:
    def test_a_new_token(self, service: TokenService, made: NewToken) -> None:
        assert made.token == service.look_up("CI-Deploy")
        assert made.token.account == "ada"
        assert made.token.never_saved
        assert made.token.revision == 1

    def test_the_day_ends_where_the_service_is(self, service: TokenService) -> None:
        service.zone = ZoneInfo("Asia/Tokyo")
        assert service.today() == date(2026, 11, 25)
        token = service.create("tokyo", service.today()).token
        assert str(token.expires_at) == "2026-11-25 14:59:59+00:00"

    def test_yesterday_is_refused(self, service: TokenService) -> None:
        with pytest.raises(InvalidExpiry, match="in the past"):
            service.create("late", date(2026, 11, 23))

    def test_a_name_is_unique_letter_case_aside(
        self, service: TokenService, made: NewToken
    ) -> None:
        with pytest.raises(NameTaken):
            service.create("CI-DEPLOY", None)

    def test_the_name_of_a_revoked_token_is_free(
        self, service: TokenService, made: NewToken
    ) -> None:
        service.revoke([made.token])
        assert service.create("ci-deploy", None)


class TestChange:
    def test_rename_keeps_all_else(self, service: TokenService, made: NewToken) -> None:
        renamed = service.rename(made.token, "ci")
        assert renamed == service.get(made.token.id)
        assert (renamed.id, renamed.hash, renamed.revision) == (
            made.token.id,
            made.token.hash,
            2,
        )

    def test_rename_may_change_the_letter_case(self, service: TokenService, made: NewToken) -> None:
        assert service.rename(made.token, "CI-Deploy").name == "CI-Deploy"

    def test_rename_to_the_same_name_says_so(self, service: TokenService, made: NewToken) -> None:
        with pytest.raises(InvalidName, match="already"):
            service.rename(made.token, "ci-deploy")

    def test_a_stale_change_is_refused_with_what_is_there(
        self, service: TokenService, made: NewToken
    ) -> None:
        service.rename(made.token, "ci")
        with pytest.raises(TokenChanged) as error:
            service.revoke([made.token])
        assert error.value.current.name == "ci"
        assert service.get(made.token.id).revoked_at is None

    def test_confirming_survives_a_rename_meanwhile(
        self, service: TokenService, made: NewToken, open_service: Open
    ) -> None:
        other = open_service()
        put = service.store.apply
        raced: list[object] = []

        def racing(**changes: Any) -> None:
            if not raced:
                raced.append(other.rename(other.look_up("ci-deploy"), "ci"))
            put(**changes)

        service.store.apply = racing  # type: ignore[method-assign]
        saved = service.confirm_saved(made.token.id)
        assert (saved.name, saved.saved_at) == ("ci", NOW)

    def test_revoke_takes_the_hash_for_good(self, service: TokenService, made: NewToken) -> None:
        service.revoke([made.token])
        gone = service.get(made.token.id)
        assert (gone.hash, gone.revoked_at) == (None, NOW)
        assert service.find(service.query()).total == 0
        assert service.confirm_saved(made.token.id) == gone

    def test_what_is_revoked_changes_no_more(self, service: TokenService, made: NewToken) -> None:
        service.revoke([made.token])
        gone = service.get(made.token.id)
        with pytest.raises(AlreadyRevoked):
            service.revoke([gone])
        with pytest.raises(AlreadyRevoked):
            service.rename(gone, "ghost")
        assert service.get(made.token.id) == gone

    def test_revoke_is_all_or_nothing(self, service: TokenService, made: NewToken) -> None:
        other = service.create("other", None).token
        service.rename(other, "renamed")
        with pytest.raises(TokenChanged):
            service.revoke([made.token, other])
        assert service.find(service.query()).total == 2


class TestAccess:
    def test_it_is_changed_as_seen_or_not_at_all(
        self, service: TokenService, made: NewToken
    ) -> None:
        bound = service.set_access(made.token, read_only=True, networks=("::1/128",))
        assert service.get(bound.id) == bound
        assert (bound.read_only, bound.networks, bound.revision) == (True, ("::1/128",), 2)
        with pytest.raises(TokenChanged):
            service.set_access(made.token, read_only=False, networks=("::/0",))
        assert service.get(bound.id) == bound

    def test_what_it_is_already_is_no_change(self, service: TokenService, made: NewToken) -> None:
        assert service.set_access(made.token, read_only=False, networks=()) == made.token

    def test_that_of_a_revoked_token_stays(self, service: TokenService, made: NewToken) -> None:
        service.revoke([made.token])
        with pytest.raises(AlreadyRevoked):
            service.set_access(service.get(made.token.id), read_only=True, networks=())


class TestRotate:
    HOUR = timedelta(hours=1)

    def test_the_successor_has_name_access_and_length_of_life(self, service: TokenService) -> None:
        service.now = lambda: NOW - timedelta(days=60)
        old = service.create("ci", service.today() + timedelta(days=90)).token
        old = restrict(service, old)
        service.now = lambda: NOW
        new = service.rotate(old, self.HOUR).token
        assert (new.name, new.account) == ("ci", "ada")
        assert (new.read_only, new.networks) == (True, ("192.0.2.0/24",))
        assert str(new.expires_at) == "2027-02-22 23:59:59+00:00"
        assert new.never_saved
        assert service.look_up("ci") == new

    def test_the_old_one_dies_by_itself(self, service: TokenService, made: NewToken) -> None:
        old = service.rotate(made.token, self.HOUR).replaces
        assert old is not None
        assert service.status(old) is Status.REPLACED
        service.now = lambda: NOW + self.HOUR
        assert service.status(old) is Status.REPLACED
        service.now = lambda: NOW + self.HOUR + timedelta(seconds=1)
        assert service.status(old) is Status.EXPIRED

    def test_without_an_overlap_it_is_revoked_in_the_same_step(
        self, service: TokenService, made: NewToken
    ) -> None:
        new = service.rotate(made.token, timedelta())
        old = service.get(made.token.id)
        assert (old.revoked_at, old.revoked_by, old.hash) == (NOW, "ada", None)
        assert new.replaces == old
        assert service.find(service.query()).tokens == [new.token]

    def test_it_never_lives_longer_than_it_would_have(
        self, service: TokenService, made: NewToken
    ) -> None:
        service.now = lambda: datetime(2027, 1, 1, 23, tzinfo=UTC)
        old = service.rotate(made.token, timedelta(days=7)).replaces
        assert old is not None
        assert old.expires_at == made.token.expires_at

    def test_what_has_expired_is_rotated_and_gone(
        self, service: TokenService, made: NewToken
    ) -> None:
        service.now = lambda: datetime(2027, 3, 1, tzinfo=UTC)
        new = service.rotate(made.token, self.HOUR)
        assert new.replaces is not None
        assert new.replaces.hash is None
        assert service.status(new.token) is Status.ACTIVE

    def test_what_never_expires_has_such_a_successor_unless_that_is_forbidden(
        self, service: TokenService
    ) -> None:
        first = service.create("ci", None).token
        second = service.rotate(first, self.HOUR).token
        assert second.expires_at is None
        service.max_life = timedelta(days=30)
        third = service.rotate(second, self.HOUR).token
        assert str(third.expires_at) == "2026-12-24 23:59:59+00:00"

    def test_a_long_life_is_cut_to_what_is_allowed(
        self, service: TokenService, made: NewToken
    ) -> None:
        service.max_life = timedelta(days=10)
        new = service.rotate(made.token, self.HOUR).token
        assert str(new.expires_at) == "2026-12-04 23:59:59+00:00"

    def test_a_life_to_the_end_of_the_calendar(self, service: TokenService) -> None:
        old = service.create("ci", LAST_DAY).token
        service.now = lambda: NOW + timedelta(days=400)
        assert service.rotate(old, self.HOUR).token.expires_at == old.expires_at

    def test_the_old_one_is_neither_rotated_nor_renamed_but_revoked(
        self, service: TokenService, made: NewToken
    ) -> None:
        old = service.rotate(made.token, self.HOUR).replaces
        assert old is not None
        with pytest.raises(AlreadyReplaced):
            service.rotate(old, self.HOUR)
        with pytest.raises(AlreadyReplaced):
            service.rename(old, "other")
        service.revoke([old])
        assert [token.name for token in service.find(service.query()).tokens] == ["ci-deploy"]

    def test_the_pair_stands_together_the_old_one_last(
        self, service: TokenService, made: NewToken
    ) -> None:
        service.create("ci-deploy2", None)
        service.create("ci", None)
        new = service.rotate(made.token, self.HOUR)
        ids = [token.id for token in service.find(service.query()).tokens]
        assert ids[1:3] == [new.token.id, made.token.id]

    def test_a_stale_token_gets_no_successor(self, service: TokenService, made: NewToken) -> None:
        service.rename(made.token, "ci")
        with pytest.raises(TokenChanged):
            service.rotate(made.token, self.HOUR)
        assert service.find(service.query()).total == 1

    def test_what_had_its_time_leaves_the_list(self, service: TokenService, made: NewToken) -> None:
        service.create("late", service.today())
        new = service.rotate(made.token, self.HOUR)
        service.retire()
        assert service.get(made.token.id) == new.replaces
        service.now = lambda: NOW + timedelta(days=2)
        service.retire()
        old = service.get(made.token.id)
        assert (old.hash, old.revoked_at, old.revoked_by) == (None, NOW + self.HOUR, None)
        assert [token.name for token in service.find(service.query()).tokens] == [
            "ci-deploy",
            "late",
        ]
        assert service.problems() == []


def restrict(service: TokenService, token: Token) -> Token:
    """Let a token only read, and only from one network."""
    limited = replace(token, read_only=True, networks=("192.0.2.0/24",), revision=2)
    service.store.apply(replaced=[limited])
    return limited


class TestLookUp:
    def test_by_id_also_a_revoked_one(self, service: TokenService, made: NewToken) -> None:
        service.revoke([made.token])
        assert service.look_up(made.token.id).revoked_at
        with pytest.raises(TokenNotFound):
            service.look_up("ci-deploy")

    def test_several_accounts_with_one_name(
        self, service: TokenService, made: NewToken, open_service: Open
    ) -> None:
        other = open_service()
        other.account = "bob"
        second = other.create("ci-deploy", None)
        with pytest.raises(AmbiguousName, match=second.token.id):
            service.look_up("ci-deploy")


def test_the_clock_gives_utc(open_service: Open) -> None:
    from tokentui.core.store import utc_now

    assert utc_now().tzinfo is UTC
    assert utc_now().microsecond == 0


class TestLongestLife:
    @pytest.fixture
    def strict(self, service: TokenService) -> TokenService:
        service.max_life = timedelta(days=30)
        return service

    def test_a_day_within_it_is_fine(self, strict: TokenService) -> None:
        last = strict.today() + timedelta(days=30)
        assert strict.create("fine", last).token.expires_at == strict.last_moment(last)

    def test_a_later_day_is_refused_with_the_latest(self, strict: TokenService) -> None:
        with pytest.raises(InvalidExpiry, match="for 30 days at most here, so until 2026-12-24"):
            strict.create("late", strict.today() + timedelta(days=31))

    def test_none_lives_for_ever(self, strict: TokenService) -> None:
        with pytest.raises(InvalidExpiry, match="has to expire"):
            strict.create("ever", None)
        assert strict.find(strict.query()).total == 0

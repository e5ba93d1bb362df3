"""`AuditLog`: what was done and tried, in lines that cannot be altered unseen."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from tokentui.core import chain
from tokentui.core.audit import Action, Event, Outcome, Search
from tokentui.core.backend import Backend
from tokentui.core.chain import START, Broken, Link
from tokentui.core.change import Rename
from tokentui.core.errors import InvalidInput, StoreError, StoreReadOnly

from ..conftest import NOW
from .kinds import Opener
from .samples import add, commit, events, token

LOOK = Event(account="ada", action=Action.LOOK, about="All tokens.")
REFUSED = Event(
    account="bob",
    action=Action.REVOKE,
    outcome=Outcome.REFUSED,
    token="0000000001",
    name="Deploy",
    about="That is not bob's.",
)


class TestRecord:
    def test_what_is_recorded_is_there_for_all(self, backend: Backend, reopened: Backend) -> None:
        backend.audit.record(LOOK, REFUSED)
        reopened.audit.record(LOOK)
        assert events(backend) == events(reopened) == [LOOK, REFUSED, LOOK]

    def test_who_wrote_it_and_when_and_in_which_order(self, backend: Backend) -> None:
        backend.audit.record(LOOK, REFUSED, LOOK)
        entries = list(backend.audit.newest())
        assert [entry.seq for entry in entries] == [3, 2, 1]
        assert all(entry.os_user and entry.time.tzinfo for entry in entries)

    def test_nothing_is_nothing(self, backend: Backend) -> None:
        backend.audit.record()
        assert events(backend) == []
        assert backend.audit.verify() == START

    def test_neither_secrets_nor_what_acts_on_a_terminal_are_written(
        self, backend: Backend
    ) -> None:
        secret = f"tt_{'0' * 10}_{'x' * 32}{'y' * 6}"
        backend.audit.record(replace(LOOK, about=f"\x1b[2J {secret}"))
        (entry,) = backend.audit.newest()
        assert entry.about == "\\x1b[2J (a secret)"

    def test_it_is_kept(self, opener: Opener) -> None:
        first = opener()
        first.audit.record(LOOK)
        first.close()
        later = opener()
        later.audit.record(REFUSED)
        assert events(later) == [LOOK, REFUSED]
        assert isinstance(later.audit.verify(), Link)
        later.close()

    def test_nothing_is_written_where_only_reading_is_possible(
        self, backend: Backend, opener: Opener
    ) -> None:
        looking = opener(read_only=True)
        looking.audit.record(LOOK)
        assert events(looking) == events(backend) == []
        looking.close()

    def test_the_version_moves_with_each_record_alone(
        self, backend: Backend, reopened: Backend
    ) -> None:
        stamps = [(reopened.audit.version(), reopened.versions().audit)]
        for _ in range(2):
            backend.audit.record(LOOK)
            stamps.append((reopened.audit.version(), reopened.versions().audit))
            events(reopened)
        assert (reopened.audit.version(), reopened.versions().audit) == stamps[-1]
        assert len({stamp for stamp, _ in stamps}) == len({version for _, version in stamps}) == 3


class TestSearch:
    @pytest.fixture
    def four(self, backend: Backend) -> Backend:
        """Give a store whose log has four entries."""
        add(backend, token(1, name="Deploy"))
        commit(backend, Rename(seen=token(1, name="Deploy"), name="other"))
        backend.audit.record(LOOK, REFUSED)
        return backend

    @pytest.mark.parametrize(
        ("search", "found"),
        [
            (Search(), [4, 3, 2, 1]),
            (Search(account="bob"), [4]),
            (Search(account="BOB"), []),
            (Search(action="look"), [3]),
            (Search(token="deploy"), [4, 2, 1]),
            (Search(token="0000000001"), [4, 2, 1]),
            (Search(token="nowhere", ids=frozenset({"0000000001"})), [4, 2, 1]),
            (Search(text="OTHER"), [2]),
            (Search(text="bob's"), [4]),
            (Search(text="\\"), []),
            (Search(since=NOW + timedelta(days=99_999)), []),
            (Search(account="ada", action="rename", token="deploy", text="renamed"), [2]),
        ],
    )
    def test_what_is_wanted_latest_first(
        self, four: Backend, search: Search, found: list[int]
    ) -> None:
        assert [entry.seq for entry in four.audit.newest(search)] == found
        assert [entry.seq for entry in four.audit.oldest(search)] == found[::-1]

    def test_what_is_known_is_left_out(self, four: Backend) -> None:
        assert [entry.seq for entry in four.audit.newest(after=2)] == [4, 3]
        assert [entry.seq for entry in four.audit.newest(Search(account="ada"), after=2)] == [3]
        assert list(four.audit.newest(after=4)) == []
        assert [entry.seq for entry in four.audit.oldest(after=2)] == [3, 4]
        assert [entry.seq for entry in four.audit.oldest(Search(account="ada"), after=2)] == [3]

    def test_since_a_moment(self, four: Backend) -> None:
        moment = next(four.audit.newest()).time
        assert 4 in [entry.seq for entry in four.audit.newest(Search(since=moment))]


class TestVerify:
    def test_the_end_of_a_whole_chain(self, backend: Backend, reopened: Backend) -> None:
        assert backend.audit.verify() == START
        backend.audit.record(LOOK, REFUSED)
        end = backend.audit.verify()
        assert isinstance(end, Link)
        assert end.seq == 2
        assert reopened.audit.verify() == end
        backend.audit.record(LOOK)
        assert reopened.audit.verify() != end

    def test_from_a_line_that_is_believed(self, backend: Backend) -> None:
        backend.audit.record(LOOK, REFUSED)
        assert backend.audit.verify(1) == backend.audit.verify(2) == backend.audit.verify()
        with pytest.raises(InvalidInput):
            backend.audit.verify(3)

    def test_a_loss_is_named_until_it_is_accepted(
        self, backend: Backend, reopened: Backend
    ) -> None:
        backend.audit.record(LOOK, chain.loss(), REFUSED)
        found = backend.audit.verify()
        assert isinstance(found, Broken)
        assert (found.line, found.acceptable) == (2, True)
        with pytest.raises(InvalidInput):
            backend.audit.accept(1, "ada")
        reopened.audit.accept(2, "ada")
        assert isinstance(backend.audit.verify(), Link)
        assert events(backend)[-1] == chain.acceptance(2, "ada")

    def test_nothing_else_can_be_accepted(self, backend: Backend, opener: Opener) -> None:
        backend.audit.record(LOOK)
        with pytest.raises(InvalidInput):
            backend.audit.accept(1, "ada")
        backend.audit.record(chain.loss())
        looking = opener(read_only=True)
        with pytest.raises(StoreReadOnly):
            looking.audit.accept(2, "ada")
        looking.close()
        assert events(backend) == [LOOK, chain.loss()]

    def test_numbers_and_chain_go_on_after_a_rotation(
        self, backend: Backend, reopened: Backend
    ) -> None:
        assert backend.audit.rotate() is None
        backend.audit.record(LOOK)
        try:
            assert backend.audit.rotate()
        except StoreError as error:
            pytest.skip(str(error))
        reopened.audit.record(REFUSED)
        assert [entry.seq for entry in backend.audit.newest()] == [2, 1]
        assert [entry.seq for entry in backend.audit.oldest()] == [1, 2]
        end = backend.audit.verify()
        assert isinstance(end, Link)
        assert end.seq == 2


def test_all_is_well(backend: Backend) -> None:
    backend.audit.record(LOOK)
    assert list(backend.audit.warnings()) == []

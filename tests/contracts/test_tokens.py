"""`TokenRepository`: finding tokens by id, by name and by query."""

from datetime import timedelta
from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tokentui.core import summary
from tokentui.core.account_change import AddAccount, DisableAccount
from tokentui.core.backend import Backend
from tokentui.core.cancel import Cancel, Cancelled
from tokentui.core.change import Rename, Revoke
from tokentui.core.query import Count, Filter, Query, Sort
from tokentui.core.search import Search
from tokentui.core.search_language import parse
from tokentui.core.summary import COUNTED, Summary
from tokentui.core.token import BASE62, Status
from tokentui.core.usage import Usage
from tokentui.core.window import After, Around, Before, First, Last, Offset, Position

from ..conftest import NOW
from .kinds import Opener
from .samples import EVERYTHING, LIVE, add, commit, names, revoked, token, tokens, use
from .searches import NOTES, searches

FOUND = {
    "C": ["birch", "Cedar"],
    "dar": ["Cedar"],
    "000002": ["ash"],
    "CID": ["ash"],
    "!cid": ["birch", "Cedar"],
    "bi rc": ["birch"],
    '"bi rc"': [],
    "a_h": [],
    "%%%": [],
    "BUILDS": ["ash"],
    '"builds of" ash': ["ash"],
    '"s a"': [],
    "!builds": ["birch", "Cedar"],
    "of": [],
    "ZOË": ["Cedar"],
    "note:of": ["ash", "Cedar"],
    "note:ZOË": ["Cedar"],
    "note:ci": ["ash"],
    "!note:BUILDS": ["birch", "Cedar"],
    "note:of note:zo": ["Cedar"],
    "note:cedar": [],
    "bir note:none": ["birch"],
    "note:none": ["birch"],
    "!note:none": ["ash", "Cedar"],
    "note:none note:a": [],
    "owner:bob": ["Cedar"],
    "owner:bo": [],
    "!owner:bob": ["ash", "birch"],
    "status:soon": ["ash"],
    "status:active": ["birch", "Cedar"],
    "status:soon,revoked": ["ash", "gone"],
    "status:revoked": ["gone"],
    "!status:revoked": ["ash", "birch", "Cedar"],
    "!status:active": ["ash"],
    "status:replaced": [],
    "status:not-saved": ["ash"],
    "!status:not-saved,soon": ["birch", "Cedar"],
    "expires:never": ["birch"],
    "!expires:never": ["ash", "Cedar"],
    "expires:<30d": ["ash"],
    "!expires:<30d": ["birch", "Cedar"],
    "expires:>4d": ["Cedar"],
    "created:<2d": ["ash", "Cedar"],
    "created:>2d": ["birch"],
}
FOUND_BY_USE = {
    "used:never": ["birch"],
    "!used:never": ["ash", "Cedar"],
    "used:<30d": ["Cedar"],
    "!used:<30d": ["ash", "birch"],
    "used:>30d": ["ash"],
    "from:192.0.2": ["Cedar"],
    "!from:192.0.2": ["ash", "birch"],
    "from:192.0.2.0/29": ["Cedar"],
    "from:192.0.2.8/29": [],
    "from:192.0.0.0/16": ["Cedar"],
    "from:0.0.0.0/0": ["Cedar"],
    "status:active from:192.0.2.7/32 used:<1w ced": ["Cedar"],
}
REVOKED = replace(LIVE, statuses=frozenset({Status.REVOKED}))


class TestById:
    def test_many_at_once_revoked_or_not(self, backend: Backend) -> None:
        add(backend, token(1), revoked(2), token(3))
        ids = ["0000000002", "0000000001", "nowhere"]
        assert backend.tokens.get_many(ids) == {"0000000001": token(1), "0000000002": revoked(2)}
        assert backend.tokens.get_many([]) == {}

    def test_all_fields_are_kept(self, backend: Backend) -> None:
        one = token(
            1,
            account="bob",
            expires_at=NOW + timedelta(days=3),
            saved_at=NOW,
            read_only=True,
            networks=("192.0.2.0/24", "2001:db8::/32"),
            replaced_by="0000000002",
            revision=7,
            note="Für den nächtlichen Build; ask Ann",
        )
        add(backend, one, revoked(2, account="bob"))
        assert backend.tokens.get_many([one.id, "0000000002"]) == {
            one.id: one,
            "0000000002": revoked(2, account="bob"),
        }


class TestByName:
    def test_letter_case_aside_in_all_accounts(self, backend: Backend) -> None:
        add(backend, token(1, name="Deploy"), token(2, name="deploy", account="bob"), token(3))
        found = backend.tokens.by_name("dePLOY")
        assert {each.id for each in found} == {"0000000001", "0000000002"}
        assert list(backend.tokens.by_name("dep")) == []

    def test_of_one_owner(self, backend: Backend) -> None:
        add(backend, token(1, name="deploy"), token(2, name="deploy", account="bob"))
        bobs = [token(2, name="deploy", account="bob")]
        assert list(backend.tokens.by_name("DEPLOY", "bob")) == bobs
        assert list(backend.tokens.by_name("deploy", "eve")) == []

    def test_only_those_that_hold_it(self, backend: Backend) -> None:
        old = token(2, name="deploy", replaced_by="0000000003")
        add(backend, revoked(1, name="deploy"), old, token(3, name="deploy"))
        assert list(backend.tokens.by_name("deploy")) == [token(3, name="deploy")]

    def test_names_that_nobody_can_choose_any_more(self, backend: Backend) -> None:
        add(backend, token(1, name="Straße im Süden"))
        assert list(backend.tokens.by_name("STRASSE IM SÜDEN")) == [
            token(1, name="Straße im Süden")
        ]
        assert names(backend, replace(LIVE, text="ss")) == ["Straße im Süden"]

    def test_what_was_found_stays_as_it_was(self, backend: Backend) -> None:
        add(backend, token(1), token(2))
        found, page = backend.tokens.by_name("t1"), backend.tokens.page(LIVE)
        commit(backend, Rename(seen=token(1), name="other"))
        assert (list(found), tokens(page.rows)) == ([token(1)], [token(1), token(2)])
        assert list(backend.tokens.by_name("t1")) == []


class TestSnapshot:
    def test_all_are_in_it_revoked_ones_as_well(self, backend: Backend, reopened: Backend) -> None:
        add(backend, token(1), revoked(2))
        for each in (backend, reopened):
            assert each.tokens.snapshot() == {"0000000001": token(1), "0000000002": revoked(2)}

    def test_it_changes_no_more_and_the_next_one_is_new(
        self, backend: Backend, reopened: Backend
    ) -> None:
        add(backend, token(1))
        before = backend.tokens.snapshot()
        add(backend, token(3))
        add(reopened, token(2))
        commit(reopened, Rename(seen=token(1), name="other"))
        assert before == {"0000000001": token(1)}
        assert {each: found.name for each, found in backend.tokens.snapshot().items()} == {
            "0000000001": "other",
            "0000000002": "t2",
            "0000000003": "t3",
        }


_SORTED = [
    (Sort.NAME, ["ash", "birch", "Cedar"]),
    (Sort.ACCOUNT, ["birch", "Cedar", "ash"]),
    (Sort.CREATED, ["birch", "ash", "Cedar"]),
    (Sort.EXPIRES, ["ash", "Cedar", "birch"]),
    (Sort.USED, ["birch", "ash", "Cedar"]),
    (Sort.STATUS, ["ash", "birch", "Cedar"]),
    (Sort.REVOKED, ["ash", "birch", "Cedar"]),
]


def test_no_order_is_forgotten() -> None:
    assert {sort for sort, _ in _SORTED} == set(Sort)


@pytest.fixture
def three(backend: Backend) -> Backend:
    """Give a store of three live tokens and one that was revoked."""
    later = NOW + timedelta(days=30)
    add(
        backend,
        token(1, name="Cedar", account="bob", expires_at=later, saved_at=NOW, note="Of Zoë"),
        token(
            2, name="ash", account="cid", expires_at=NOW + timedelta(days=3), note="Builds of CI"
        ),
        token(3, name="birch", saved_at=NOW),
        revoked(4, name="gone"),
    )
    return backend


class TestOrder:
    @pytest.mark.parametrize(("sort", "expected"), _SORTED)
    def test_every_order_both_ways(self, three: Backend, sort: Sort, expected: list[str]) -> None:
        if three.capabilities.usage:
            use(three, {"0000000001": NOW, "0000000002": NOW - timedelta(days=1)})
        elif sort is Sort.USED:
            pytest.skip(three.capabilities.denial_reasons["usage"])
        query = replace(LIVE, sort=sort)
        assert names(three, query) == expected
        assert names(three, replace(query, descending=True)) == expected[::-1]

    def test_by_when_they_were_revoked(self, backend: Backend) -> None:
        for number, days in ((1, 2), (2, 0), (3, 1)):
            add(backend, revoked(number, revoked_at=NOW - timedelta(days=days)))
        query = replace(REVOKED, sort=Sort.REVOKED)
        assert names(backend, query) == ["t1", "t3", "t2"]
        assert names(backend, replace(query, descending=True)) == ["t2", "t3", "t1"]

    def test_equals_go_by_name(self, backend: Backend) -> None:
        add(backend, *(replace(token(n, name=f"t{9 - n}"), created_at=NOW) for n in (1, 2, 3)))
        for sort in Sort:
            assert names(backend, replace(LIVE, sort=sort)) == ["t6", "t7", "t8"]

    def test_what_there_is_to_do_comes_first(self, backend: Backend) -> None:
        add(
            backend,
            token(1, name="fine", saved_at=NOW),
            token(2, name="lost"),
            token(3, name="in-time", expires_at=NOW + timedelta(days=3)),
            token(4, name="over", expires_at=NOW - timedelta(days=3)),
        )
        query = replace(LIVE, sort=Sort.STATUS)
        assert names(backend, query) == ["over", "in-time", "lost", "fine"]
        later = replace(query, now=NOW + timedelta(days=30))
        assert names(backend, later) == ["in-time", "over", "lost", "fine"]


class TestFilter:
    def test_of_one_account(self, three: Backend) -> None:
        assert names(three, replace(LIVE, account="bob")) == ["Cedar"]
        assert three.tokens.page(replace(LIVE, account="eve")).total == Count(0)

    def test_by_text_status_and_never_saved(self, three: Backend) -> None:
        assert names(three, replace(LIVE, text="C")) == ["birch", "Cedar"]
        assert names(three, REVOKED) == ["gone"]
        soon = frozenset({Status.EXPIRES_SOON})
        assert names(three, replace(LIVE, statuses=soon)) == ["ash"]
        assert names(three, replace(LIVE, never_saved=True)) == ["ash"]

    def test_a_text_that_grows_and_shrinks(self, three: Backend) -> None:
        for text, expected in (
            ("", ["ash", "birch", "Cedar"]),
            ("c", ["birch", "Cedar"]),
            ("ce", ["Cedar"]),
            ("e", ["Cedar"]),
            ("i", ["birch"]),
            ("", ["ash", "birch", "Cedar"]),
            ("RC", ["birch"]),
        ):
            assert names(three, replace(LIVE, text=text)) == expected
            backwards = replace(LIVE, text=text, descending=True)
            assert names(three, backwards) == expected[::-1]

    def test_a_text_is_no_pattern(self, backend: Backend) -> None:
        add(backend, token(1, name="a_b"), token(2, name="a-b"), token(3, name="axb"))
        assert names(backend, replace(LIVE, text="_")) == ["a_b"]
        assert names(backend, replace(LIVE, text="%")) == []

    def test_by_what_a_person_looks_for(self, three: Backend) -> None:
        for text, expected in FOUND.items():
            assert names(three, LIVE.searching(parse(text))) == expected, text

    def test_by_the_last_use(self, three: Backend) -> None:
        if not three.capabilities.usage:
            pytest.skip(three.capabilities.denial_reasons["usage"])
        three.usage.record("0000000001", NOW - timedelta(days=2), "192.0.2.7")
        three.usage.record("0000000002", NOW - timedelta(days=40))
        three.usage.flush()
        for text, expected in FOUND_BY_USE.items():
            assert names(three, LIVE.searching(parse(text))) == expected, text

    def test_a_search_that_grows_and_shrinks(self, three: Backend) -> None:
        for text, expected in (
            ("c", ["birch", "Cedar"]),
            ("ci", []),
            ("cid", ["ash"]),
            ("cid ash", ["ash"]),
            ("cid !ash", []),
            ("!ash", ["birch", "Cedar"]),
            ("!ash !bir", ["Cedar"]),
            ("", ["ash", "birch", "Cedar"]),
        ):
            assert names(three, LIVE.searching(parse(text))) == expected, text

    def test_a_search_finds_what_came_since(self, three: Backend, reopened: Backend) -> None:
        for text in ("000007", "eve"):
            assert names(three, LIVE.searching(parse(text))) == []
        add(three, token(7, account="eve"))
        for each in (three, reopened):
            for text in ("000007", "EVE"):
                assert names(each, LIVE.searching(parse(text))) == ["t7"]
        add(reopened, token(8, account="eve"))
        assert names(three, LIVE.searching(parse("eve"))) == ["t7", "t8"]

    def test_time_passes_for_a_search_too(self, backend: Backend) -> None:
        add(backend, token(1, expires_at=NOW + timedelta(hours=1)))
        for text, expected in (
            ("status:expired", ([], ["t1"])),
            ("expires:<1d", (["t1"], [])),
            ("created:<2d", (["t1"], ["t1"])),
            ("!expires:>1d", (["t1"], ["t1"])),
        ):
            query = LIVE.searching(parse(text))
            later = replace(query, now=NOW + timedelta(hours=2))
            assert (names(backend, query), names(backend, later)) == expected, text

    @pytest.mark.parametrize("text", ["Zoë", "ZOË", "straße", "STRASSE"])
    def test_letter_case_of_other_alphabets(self, backend: Backend, text: str) -> None:
        add(backend, token(1, name="zoë-STRASSE", account="Ärger"), token(2))
        assert names(backend, LIVE.searching(parse(text))) == ["zoë-STRASSE"]
        assert names(backend, LIVE.searching(parse("RGER"))) == ["zoë-STRASSE"]

    def test_by_use(self, three: Backend) -> None:
        if not three.capabilities.usage:
            pytest.skip(three.capabilities.denial_reasons["usage"])
        use(three, {"0000000001": NOW - timedelta(days=2)})
        assert names(three, replace(LIVE, never_used=True)) == ["ash", "birch"]
        # Cedar was made a day ago and used two days ago, as clocks will have it; ash and birch
        # were made two and three days ago.
        idle = replace(LIVE, idle_since=NOW - timedelta(days=1, hours=12))
        assert names(three, idle) == ["ash", "birch"]
        assert names(three, replace(idle, idle_since=NOW)) == ["ash", "birch", "Cedar"]
        use(three, {"0000000002": NOW})
        assert names(three, idle) == ["birch"]

    def test_time_passes(self, backend: Backend) -> None:
        add(backend, token(1, expires_at=NOW + timedelta(hours=1)))
        query = replace(LIVE, statuses=frozenset({Status.EXPIRED}))
        for hours, expected in ((0, []), (2, ["t1"]), (0, [])):
            assert names(backend, replace(query, now=NOW + timedelta(hours=hours))) == expected

    def test_what_expires_soon_is_up_to_the_query(self, three: Backend) -> None:
        soon = timedelta(days=40)
        query = replace(LIVE, statuses=frozenset({Status.EXPIRES_SOON}), soon=soon)
        assert names(three, query) == ["ash", "Cedar"]


class TestSummary:
    @pytest.fixture
    def many(self, backend: Backend) -> Backend:
        """Give a store with tokens of every status, of two accounts."""
        days = (-9, -1, 0, 3, 14, 15, 30, 400)
        dates = [None, *(NOW + timedelta(days=each) for each in days)]
        for number, (at, by, account) in enumerate(
            product(dates, (None, "0000000001"), ("ada", "bob")), 1
        ):
            saved = NOW if number % 3 else None
            each = token(number, account=account, expires_at=at, replaced_by=by, saved_at=saved)
            gone = {"revoked_at": NOW, "revoked_by": "ada", "hash": None}
            add(backend, replace(each, **gone) if number % 8 == 0 else each)
        return backend

    @pytest.mark.parametrize("account", [None, "ada", "bob", "eve", "\0"])
    def test_it_is_what_counting_one_by_one_gives(self, many: Backend, account: str | None) -> None:
        use(many, {f"{number:010}": NOW for number in range(2, 30, 3)})
        for now, soon in (
            (NOW, timedelta(days=14)),
            (NOW + timedelta(days=2), timedelta(days=14)),
            (NOW, timedelta(days=365)),
        ):
            query = Query(now=now, soon=soon, account=account)
            found = many.tokens.summary(now, soon, account)
            for shown in COUNTED:
                expected = len(list(many.tokens.scan(query.showing(shown))))
                assert found.get(shown) == Count(expected), shown

    def test_it_tells_of_each_kind(self, many: Backend) -> None:
        if not many.capabilities.usage:
            pytest.skip(many.capabilities.denial_reasons["usage"])
        counts = [many.tokens.summary(NOW).get(shown) for shown in COUNTED]
        assert all(count and count.value for count in counts)

    def test_no_filter_is_counted_that_it_has_no_field_for(self, backend: Backend) -> None:
        found = backend.tokens.summary(NOW)
        assert found.get(Filter.REVOKED) is None
        assert found.get(Filter.ALL) == Count(0)

    def test_a_use_and_a_change_elsewhere_count_at_once(
        self, backend: Backend, reopened: Backend
    ) -> None:
        if not backend.capabilities.usage:
            pytest.skip(backend.capabilities.denial_reasons["usage"])
        add(backend, token(1), token(2))
        assert backend.tokens.summary(NOW).never_used == Count(2)
        use(reopened, {"0000000001": NOW})
        assert backend.tokens.summary(NOW).never_used == Count(1)
        commit(reopened, Revoke(seen=(token(2),), at=NOW, by="ada"))
        assert backend.tokens.summary(NOW) == Summary(
            all=Count(1), active=Count(1), never_saved=Count(1), never_used=Count(0)
        )

    def test_it_counts_no_further_than_needed(
        self, backend: Backend, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(summary, "CAP", 3)
        add(backend, *(token(number) for number in range(1, 4)))
        assert backend.tokens.summary(NOW).all == Count(3)
        add(backend, token(4), token(5))
        assert backend.tokens.summary(NOW).all == Count(3, exact=False)

    def test_nobody_waits_for_what_is_cancelled(self, many: Backend) -> None:
        cancel = Cancel()
        cancel.request()
        with pytest.raises(Cancelled):
            many.tokens.summary(NOW, cancel=cancel)

    def test_a_search_that_was_prepared_finds_the_same(self, many: Backend) -> None:
        query = Query(now=NOW, search=parse("t1"))
        many.tokens.prepare_search()
        prepared = [row.token for row in many.tokens.scan(query)]
        assert prepared == query.select(many.tokens.snapshot().values())
        cancel = Cancel()
        cancel.request()
        with pytest.raises(Cancelled):
            many.tokens.prepare_search(cancel)

    def test_tokens_are_counted_by_owner(self, many: Backend) -> None:
        if not many.capabilities.accounts:
            pytest.skip(many.capabilities.denial_reasons["accounts"])
        expected: dict[str, int] = {}
        for row in many.tokens.scan(Query(now=NOW)):
            expected[row.token.account] = expected.get(row.token.account, 0) + 1
        assert len(expected) > 1
        assert dict(many.tokens.count_by_owner()) == expected


class TestWindow:
    @pytest.fixture
    def ten(self, backend: Backend) -> Backend:
        """Give a store of the tokens t0 to t9."""
        add(backend, *map(token, range(10)))
        return backend

    @pytest.mark.parametrize("descending", [False, True], ids=["rising", "falling"])
    @pytest.mark.parametrize(
        ("at", "expected"),
        [
            (First(), [0, 1, 2, 3]),
            (Last(), [6, 7, 8, 9]),
            (Offset(3), [3, 4, 5, 6]),
            (Offset(8), [8, 9]),
            (Offset(10), []),
        ],
        ids=str,
    )
    def test_where_it_stands(
        self, ten: Backend, at: Position, expected: list[int], descending: bool
    ) -> None:
        page = ten.tokens.page(replace(LIVE, descending=descending), at, 4)
        start = 10 if at == Offset(10) else expected[0]
        assert (page.offset, page.total.value) == (start, 10)
        numbers = [9 - n for n in expected] if descending else expected
        assert [row.token.name for row in page.rows] == [f"t{n}" for n in numbers]

    @pytest.mark.parametrize(
        ("start", "around", "first"),
        [(1, 2, 1), (0, 3, 0), (0, 4, 2), (5, 0, 0), (3, 9, 7), (0, 99, 0)],
        ids=["within", "last within", "just after", "before", "at the end", "not there"],
    )
    def test_it_moves_only_where_it_would_miss_its_token(
        self, ten: Backend, start: int, around: int, first: int
    ) -> None:
        page = ten.tokens.page(LIVE, Around(f"{around:010}", start), 4)
        assert page.offset == first
        assert [row.token.name for row in page.rows] == [
            f"t{number}" for number in range(first, min(first + 4, 10))
        ]

    @pytest.mark.parametrize("descending", [False, True], ids=["rising", "falling"])
    @pytest.mark.parametrize("sort", Sort)
    def test_it_goes_on_from_a_row(self, ten: Backend, sort: Sort, descending: bool) -> None:
        if ten.capabilities.usage:
            use(ten, {f"{n:010}": NOW - timedelta(hours=n % 3) for n in range(7)})
        query = replace(LIVE, sort=sort, descending=descending)
        rows = list(ten.tokens.scan(query))
        for place, row in enumerate(rows):
            after = ten.tokens.page(query, After(row), 4)
            before = ten.tokens.page(query, Before(row), 4)
            assert list(after.rows) == rows[place + 1 :][:4]
            assert list(before.rows) == rows[:place][-4:]
            assert before.offset == max(0, place - 4)

    def test_the_row_that_it_goes_on_from_may_be_gone(self, ten: Backend) -> None:
        rows = list(ten.tokens.scan(LIVE))
        commit(ten, Revoke(seen=(token(4),), at=NOW, by="ada"))
        assert list(ten.tokens.page(LIVE, After(rows[4]), 2).rows) == rows[5:7]
        assert list(ten.tokens.page(LIVE, Before(rows[4]), 2).rows) == rows[2:4]

    def test_a_scan_yields_the_whole_result_in_order(self, ten: Backend) -> None:
        query = replace(LIVE, descending=True)
        found = [row.token.name for row in ten.tokens.scan(query)]
        assert found == [f"t{n}" for n in range(9, -1, -1)]
        assert [row.token.name for row in ten.tokens.scan(replace(query, text="7"))] == ["t7"]

    def test_nobody_waits_for_what_is_cancelled(self, ten: Backend) -> None:
        cancel = Cancel()
        assert len(ten.tokens.page(LIVE, First(), 4, cancel).rows) == 4
        cancel.request()
        with pytest.raises(Cancelled):
            ten.tokens.page(replace(LIVE, sort=Sort.CREATED), First(), 4, cancel)
        with pytest.raises(Cancelled):
            list(ten.tokens.scan(replace(LIVE, sort=Sort.EXPIRES), cancel))


class TestRows:
    def test_they_tell_of_uses(self, three: Backend) -> None:
        if not three.capabilities.usage:
            pytest.skip(three.capabilities.denial_reasons["usage"])
        use(three, {"0000000001": NOW})
        expected = [None, None, Usage(last_used_at=NOW)]
        assert [row.usage for row in three.tokens.page(LIVE).rows] == expected
        assert [row.usage for row in three.tokens.scan(LIVE)] == expected

    def test_they_tell_whose_owner_is_disabled(self, three: Backend) -> None:
        if not three.capabilities.accounts:
            pytest.skip(three.capabilities.denial_reasons["accounts"])
        for name in ("ada", "bob", "cid"):
            commit(three, AddAccount(name=name, role=None, password=None, at=NOW))
        assert not any(row.owner_disabled for row in three.tokens.page(LIVE).rows)
        commit(three, DisableAccount(name="bob", at=NOW))
        for rows in (three.tokens.page(LIVE).rows, three.tokens.scan(LIVE)):
            assert [row.owner_disabled for row in rows] == [False, False, True]


class TestVersion:
    def test_a_change_elsewhere_is_seen_at_once(self, backend: Backend, reopened: Backend) -> None:
        stamp = backend.tokens.version()
        assert backend.tokens.page(LIVE).total == Count(0)
        add(reopened, token(1))
        assert backend.tokens.version() != stamp
        assert names(backend, LIVE) == ["t1"]
        stamp = backend.tokens.version()
        commit(reopened, Revoke(seen=(token(1),), at=NOW, by="ada"))
        assert backend.tokens.version() != stamp
        assert (names(backend, LIVE), names(backend, REVOKED)) == ([], ["t1"])
        assert backend.tokens.version() == reopened.tokens.version()

    def test_it_stands_still_where_nothing_changes(
        self, backend: Backend, reopened: Backend
    ) -> None:
        add(backend, token(1))
        stamp = reopened.tokens.version()
        assert names(reopened, LIVE) == ["t1"]
        backend.usage.record("0000000001", NOW)
        backend.usage.flush()
        assert backend.tokens.version() == reopened.tokens.version() == stamp

    def test_what_is_opened_later_finds_everything(self, opener: Opener) -> None:
        first = opener()
        add(first, token(1), revoked(2))
        first.close()
        later = opener()
        assert later.tokens.snapshot() == {"0000000001": token(1), "0000000002": revoked(2)}
        later.close()


@given(
    st.lists(st.text(BASE62 + "-_", min_size=1, max_size=8), unique_by=str.casefold),
    st.text("abABc1-", max_size=2),
    searches(),
    st.sampled_from(Sort),
    st.booleans(),
    st.integers(0, 5),
    st.integers(1, 5),
)
@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_it_agrees_with_a_plain_list(
    backend: Backend,
    given_names: list[str],
    text: str,
    search: Search,
    sort: Sort,
    descending: bool,
    offset: int,
    size: int,
) -> None:
    left = tokens(backend.tokens.scan(LIVE))
    commit(backend, Revoke(seen=tuple(left), at=NOW, by="ada"))
    count = len(backend.tokens.snapshot())
    made = [
        replace(
            token(count + n, name=name, note=NOTES[n % len(NOTES)]),
            created_at=NOW - timedelta(days=n % 3),
        )
        for n, name in enumerate(given_names)
    ]
    add(backend, *made)
    query = Query(now=NOW, text=text, search=search, sort=sort, descending=descending)
    model = query.select(made)
    wider = [replace(query, search=Search(search.terms[:-1])), replace(query, text=text[:-1])]
    for each in wider:  # what is narrowed may be found in what is kept
        assert tokens(backend.tokens.scan(each)) == each.select(made)
    page = backend.tokens.page(query, Offset(offset), size)
    assert page.total == Count(len(model))
    assert backend.tokens.count(query) == len(model)
    assert tokens(page.rows) == model[offset : offset + size]
    assert tokens(backend.tokens.scan(query)) == model
    everything = {row.token.id for row in backend.tokens.scan(EVERYTHING)}
    assert {each.id for each in made} <= everything

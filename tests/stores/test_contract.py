"""What every store promises. Another kind of store joins by another parameter of `opener`."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tokentui.core.errors import IdTaken, NameTaken, TokenChanged, TokenNotFound
from tokentui.core.query import Query, Sort
from tokentui.core.store import TokenStore
from tokentui.core.token import BASE62, Status, Token
from tokentui.stores import open_store

from ..conftest import NOW

Opener = Callable[[], TokenStore]
ALL = Query(now=NOW)


def token(number: int, **changes: object) -> Token:
    """Return the token t<number>, created that many days ago."""
    facts = {
        "id": f"{number:010}",
        "account": "ada",
        "name": f"t{number}",
        "created_at": NOW - timedelta(days=number),
        "expires_at": None,
        "hash": "hash",
    }
    return msgspec.convert(facts | changes, Token)


def after(before: Token, **changes: object) -> Token:
    """Return the next revision of a token."""
    return replace(before, revision=before.revision + 1, **changes)


def names(store: TokenStore, query: Query) -> list[str]:
    return [found.name for found in store.find(query).tokens]


@pytest.fixture(params=["tinydb"])
def opener(request: pytest.FixtureRequest, store_path: Path) -> Opener:
    """Return what opens one and the same store, as often as it is called."""
    return {"tinydb": lambda: open_store(str(store_path))}[request.param]


@pytest.fixture
def store(opener: Opener) -> TokenStore:
    return opener()


class TestAdd:
    def test_what_was_added_is_there(self, store: TokenStore) -> None:
        store.apply(added=[token(1, networks=("192.0.2.0/24",), read_only=True)])
        assert store.get("0000000001") == token(1, networks=("192.0.2.0/24",), read_only=True)
        assert store.named("T1") == [store.get("0000000001")]

    def test_what_was_not_added_is_not(self, store: TokenStore) -> None:
        with pytest.raises(TokenNotFound):
            store.get("0000000001")
        assert store.named("t1") == []
        assert store.find(ALL).total == 0

    def test_a_name_is_taken_letter_case_aside(self, store: TokenStore) -> None:
        store.apply(added=[token(1, name="Deploy")])
        with pytest.raises(NameTaken):
            store.apply(added=[token(2, name="dePLOY")])
        assert store.find(ALL).total == 1

    def test_a_name_is_free_in_another_account_and_after_revoking(self, store: TokenStore) -> None:
        store.apply(added=[token(1, name="deploy", revoked_at=NOW, hash=None)])
        store.apply(added=[token(2, name="deploy")])
        store.apply(added=[token(3, name="deploy", account="bob")])
        assert {found.id for found in store.named("deploy")} == {"0000000002", "0000000003"}

    def test_a_revoked_token_claims_no_name(self, store: TokenStore) -> None:
        store.apply(added=[token(1, name="deploy")])
        store.apply(added=[token(2, name="deploy", revoked_at=NOW, hash=None)])
        assert store.named("deploy") == [token(1, name="deploy")]

    def test_an_id_is_taken_for_ever(self, store: TokenStore) -> None:
        store.apply(added=[token(1)])
        store.apply(replaced=[after(token(1), revoked_at=NOW, hash=None)])
        for added in ([token(1, name="other")], [token(2), token(2, name="twin")]):
            with pytest.raises(IdTaken):
                store.apply(added=added)
        assert store.get("0000000001").revoked_at == NOW
        assert store.find(ALL).total == 0


class TestApply:
    def test_all_is_done(self, store: TokenStore) -> None:
        store.apply(added=[token(1)])
        store.apply(added=[token(2), token(3)], replaced=[after(token(1), name="other")])
        assert names(store, ALL) == ["other", "t2", "t3"]

    @pytest.mark.parametrize(
        "refused",
        [
            {"added": [token(3), token(1, name="fresh")]},
            {"added": [token(3), token(4, name="T2")]},
            {"added": [token(3)], "replaced": [after(token(2), name="T1")]},
            {"added": [token(3)], "replaced": [token(2, revision=5)]},
            {"added": [token(3)], "replaced": [after(token(9))]},
        ],
    )
    def test_or_nothing(self, store: TokenStore, refused: dict[str, Any]) -> None:
        store.apply(added=[token(1), token(2)])
        stamp = store.changed()
        with pytest.raises((IdTaken, NameTaken, TokenChanged, TokenNotFound)):
            store.apply(**refused)
        assert names(store, ALL) == ["t1", "t2"]
        assert store.changed() == stamp

    def test_names_may_change_places(self, store: TokenStore) -> None:
        store.apply(added=[token(1), token(2)])
        store.apply(replaced=[after(token(1), name="t2"), after(token(2), name="t1")])
        assert [store.named(name)[0].id for name in ("t1", "t2")] == ["0000000002", "0000000001"]

    def test_what_was_found_stays_as_it_was(self, store: TokenStore) -> None:
        store.apply(added=[token(1), token(2)])
        found, page = store.named("t1"), store.find(ALL)
        store.apply(replaced=[after(token(1), name="other")])
        assert (found, list(page.tokens)) == ([token(1)], [token(1), token(2)])

    def test_nothing_to_do_makes_nothing(self, store: TokenStore) -> None:
        stamp = store.changed()
        store.apply()
        assert store.changed() == stamp


class TestReplace:
    def test_the_next_revision_takes_the_place(self, store: TokenStore) -> None:
        store.apply(added=[token(1)])
        store.apply(replaced=[after(token(1), name="other")])
        assert (store.get("0000000001").name, store.get("0000000001").revision) == ("other", 2)
        assert store.named("t1") == []

    @pytest.mark.parametrize("revision", [1, 3])
    def test_any_other_revision_is_stale(self, store: TokenStore, revision: int) -> None:
        store.apply(added=[token(1)])
        with pytest.raises(TokenChanged) as error:
            store.apply(replaced=[token(1, name="other", revision=revision)])
        assert error.value.current == token(1)
        assert store.get("0000000001") == token(1)

    def test_what_is_not_there_cannot_be_replaced(self, store: TokenStore) -> None:
        with pytest.raises(TokenNotFound):
            store.apply(replaced=[after(token(1))])

    def test_many_are_replaced_or_none(self, store: TokenStore) -> None:
        for number in (1, 2, 3):
            store.apply(added=[token(number)])
        stale = token(3, name="other")
        with pytest.raises(TokenChanged):
            store.apply(replaced=[after(token(1), name="a"), after(token(2), name="b"), stale])
        assert names(store, ALL) == ["t1", "t2", "t3"]
        store.apply(replaced=[after(token(n), revoked_at=NOW, hash=None) for n in (1, 2)])
        assert names(store, ALL) == ["t3"]

    def test_many_cannot_take_one_name_together(self, store: TokenStore) -> None:
        store.apply(added=[token(1)])
        store.apply(added=[token(2)])
        with pytest.raises(NameTaken):
            store.apply(replaced=[after(token(1), name="x"), after(token(2), name="X")])
        assert names(store, ALL) == ["t1", "t2"]

    def test_many_may_share_a_name_where_their_accounts_differ(self, store: TokenStore) -> None:
        both = token(1), token(2, account="bob")
        for each in both:
            store.apply(added=[each])
        store.apply(replaced=[after(each, name="x") for each in both])
        assert len(store.named("x")) == 2


class TestOthers:
    def test_a_change_elsewhere_is_seen_at_once(self, opener: Opener) -> None:
        here, there = opener(), opener()
        stamp = here.changed()
        assert here.find(ALL).total == 0
        there.apply(added=[token(1)])
        assert here.changed() != stamp
        assert here.get("0000000001") == token(1)
        stamp = here.changed()
        there.apply(replaced=[after(token(1), revoked_at=NOW, hash=None)])
        assert here.changed() != stamp
        assert here.get("0000000001").revoked_at == NOW
        assert here.changed() == there.changed()

    def test_the_stamp_stands_still_where_nothing_changes(self, opener: Opener) -> None:
        here, there = opener(), opener()
        here.apply(added=[token(1)])
        stamp = there.changed()
        assert names(there, ALL) == ["t1"]
        with pytest.raises(NameTaken):
            there.apply(added=[token(2, name="T1")])
        assert here.changed() == there.changed() == stamp

    def test_two_long_lived_handles_both_add(self, opener: Opener) -> None:
        here, there = opener(), opener()
        for number in range(0, 6, 2):
            here.apply(added=[token(number)])
            there.apply(added=[token(number + 1)])
        assert here.find(ALL).total == there.find(ALL).total == 6


class TestFind:
    @pytest.fixture
    def three(self, store: TokenStore) -> TokenStore:
        store.apply(
            added=[token(1, name="Cedar", expires_at=NOW + timedelta(days=30), saved_at=NOW)]
        )
        store.apply(added=[token(2, name="ash", expires_at=NOW + timedelta(days=3))])
        store.apply(added=[token(3, name="birch", saved_at=NOW)])
        store.apply(added=[token(4, name="gone", revoked_at=NOW, hash=None)])
        return store

    @pytest.mark.parametrize(
        ("sort", "expected"),
        [
            (Sort.NAME, ["ash", "birch", "Cedar"]),
            (Sort.CREATED, ["birch", "ash", "Cedar"]),
            (Sort.EXPIRES, ["ash", "Cedar", "birch"]),
            (Sort.USED, ["birch", "ash", "Cedar"]),
            (Sort.STATUS, ["ash", "birch", "Cedar"]),
            (Sort.REVOKED, ["ash", "birch", "Cedar"]),
        ],
    )
    def test_every_order_both_ways(
        self, three: TokenStore, sort: Sort, expected: list[str]
    ) -> None:
        query = replace(
            ALL, sort=sort, used={"0000000001": NOW, "0000000002": NOW - timedelta(days=1)}
        )
        assert names(three, query) == expected
        assert names(three, replace(query, descending=True)) == expected[::-1]

    def test_by_text_status_and_never_saved(self, three: TokenStore) -> None:
        assert names(three, replace(ALL, text="C")) == ["birch", "Cedar"]
        assert names(three, replace(ALL, statuses=frozenset({Status.REVOKED}))) == ["gone"]
        soon = frozenset({Status.EXPIRES_SOON})
        assert names(three, replace(ALL, statuses=soon)) == ["ash"]
        assert names(three, replace(ALL, never_saved=True)) == ["ash"]

    def test_a_text_that_grows_and_shrinks(self, three: TokenStore) -> None:
        for text, expected in (
            ("", ["ash", "birch", "Cedar"]),
            ("c", ["birch", "Cedar"]),
            ("ce", ["Cedar"]),
            ("e", ["Cedar"]),
            ("i", ["birch"]),
            ("", ["ash", "birch", "Cedar"]),
            ("RC", ["birch"]),
        ):
            assert names(three, replace(ALL, text=text)) == expected
            backwards = replace(ALL, text=text, descending=True)
            assert names(three, backwards) == expected[::-1]

    def test_a_window_of_many(self, store: TokenStore) -> None:
        for number in range(10):
            store.apply(added=[token(number)])
        page = store.find(replace(ALL, offset=3, size=4))
        assert [found.name for found in page.tokens] == ["t3", "t4", "t5", "t6"]
        assert (page.offset, page.total) == (3, 10)
        assert store.find(replace(ALL, size=4, around="0000000002")).offset == 0
        page = store.find(replace(ALL, size=4, around="0000000008"))
        assert "t8" in [found.name for found in page.tokens]
        assert store.find(replace(ALL, size=4, around="nowhere")).offset == 0

    @pytest.mark.parametrize(
        ("offset", "around", "first"),
        [(1, 2, 1), (0, 3, 0), (0, 4, 2), (5, 0, 0), (3, 9, 7)],
        ids=["within", "last within", "just after", "before", "at the end"],
    )
    def test_a_window_moves_only_where_it_would_miss_its_token(
        self, store: TokenStore, offset: int, around: int, first: int
    ) -> None:
        for number in range(10):
            store.apply(added=[token(number)])
        page = store.find(replace(ALL, offset=offset, size=4, around=f"{around:010}"))
        assert page.offset == first
        assert [found.name for found in page.tokens] == [
            f"t{number}" for number in range(first, min(first + 4, 10))
        ]

    def test_by_use(self, three: TokenStore) -> None:
        used = {"0000000001": NOW - timedelta(days=2)}
        query = replace(ALL, used=used)
        assert names(three, replace(query, never_used=True)) == ["ash", "birch"]
        # Cedar was made a day ago and used two days ago, as clocks will have it; ash and birch
        # were made two and three days ago.
        idle = replace(query, idle_since=NOW - timedelta(days=1, hours=12))
        assert names(three, idle) == ["ash", "birch"]
        assert names(three, replace(idle, idle_since=NOW)) == ["ash", "birch", "Cedar"]
        assert names(three, replace(idle, used={"0000000002": NOW})) == ["birch"]

    def test_what_there_is_to_do_comes_first(self, store: TokenStore) -> None:
        store.apply(added=[token(1, name="fine", saved_at=NOW)])
        store.apply(added=[token(2, name="lost")])
        store.apply(added=[token(3, name="in time", expires_at=NOW + timedelta(days=3))])
        store.apply(added=[token(4, name="over", expires_at=NOW - timedelta(days=3))])
        query = replace(ALL, sort=Sort.STATUS)
        assert names(store, query) == ["over", "in time", "lost", "fine"]
        later = replace(query, now=NOW + timedelta(days=30))
        assert names(store, later) == ["in time", "over", "lost", "fine"]

    def test_time_passes(self, store: TokenStore) -> None:
        store.apply(added=[token(1, expires_at=NOW + timedelta(hours=1))])
        query = replace(ALL, statuses=frozenset({Status.EXPIRED}))
        for hours, expected in ((0, []), (2, ["t1"]), (0, [])):
            assert names(store, replace(query, now=NOW + timedelta(hours=hours))) == expected

    def test_what_expires_soon_is_up_to_the_query(self, three: TokenStore) -> None:
        query = replace(ALL, statuses=frozenset({Status.EXPIRES_SOON}), soon=timedelta(days=40))
        assert names(three, query) == ["ash", "Cedar"]

    @given(
        st.lists(st.text(BASE62 + "-_", min_size=1, max_size=8), unique_by=str.casefold),
        st.text("abABc1-", max_size=2),
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
        self,
        opener: Opener,
        given_names: list[str],
        text: str,
        sort: Sort,
        descending: bool,
        offset: int,
        size: int,
    ) -> None:
        store = opener()
        left = store.find(replace(ALL, size=10**6)).tokens
        store.apply(replaced=[after(old, revoked_at=NOW, hash=None) for old in left])
        made = [
            replace(token(0), id=_new_id(store), name=name, created_at=NOW - timedelta(days=n % 3))
            for n, name in enumerate(given_names)
        ]
        for each in made:
            store.apply(added=[replace(each, id=_new_id(store))])
        query = replace(ALL, text=text, sort=sort, descending=descending, offset=offset, size=size)
        key = {
            Sort.NAME: lambda t: (0, t.name.casefold()),
            Sort.CREATED: lambda t: (t.created_at.timestamp(), t.name.casefold()),
        }.get(sort, lambda t: (0, t.name.casefold()))
        model = [each for each in made if text.casefold() in each.name.casefold()]
        model.sort(key=key, reverse=descending)
        page = store.find(query)
        assert page.total == len(model)
        assert [found.name for found in page.tokens] == [
            each.name for each in model[offset : offset + size]
        ]


def _new_id(store: TokenStore) -> str:
    everyone = replace(ALL, statuses=frozenset(Status), size=1)
    return f"{store.find(everyone).total:010}"

"""Windows of results that have more rows than are found before they are sorted."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import chain, repeat

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tokentui.core.account_change import AddAccount
from tokentui.core.backend import Backend
from tokentui.core.query import Count, Query, Sort, TokenRow
from tokentui.core.token import Status, Token
from tokentui.core.usage import Usage
from tokentui.core.window import After, Around, Before, First, Last, Offset, Position, window
from tokentui.stores.postgresql import statements, tokens

from ..conftest import NOW
from ..contracts.kinds import KINDS
from ..contracts.samples import add, commit, revoked, token
from ..contracts.searches import ADDRESSES, NOTES, searches
from .server import NEEDED

pytestmark = pytest.mark.needs(*NEEDED)

_NAMES = ("ash", "Birch", "birch-2", "CEDAR", "elm_1", "elm%1", "fir", "oak", "yew", "zelkova")


def _made(number: int) -> Token:
    """Return one of many tokens that differ in all that they can be sorted and found by."""
    facts = {
        "name": f"{_NAMES[number % len(_NAMES)]}-{number}",
        "account": ("ada", "Bob.1")[number % 2],
        "created_at": NOW - timedelta(days=number % 4),
        "expires_at": (None, NOW + timedelta(days=number - 12))[number % 3 > 0],
        "saved_at": (None, NOW)[number % 5 > 0],
        "note": NOTES[number % len(NOTES)],
    }
    if number % 7 == 0:
        return revoked(number, **facts, revoked_at=NOW - timedelta(hours=number % 3))
    return token(number, **facts, replaced_by=("0000000001" if number % 11 == 0 else None))


TOKENS = [_made(number) for number in range(1, 40)]
USES = {
    each.id: Usage(
        last_used_at=NOW - timedelta(hours=number % 4), address=ADDRESSES[number % len(ADDRESSES)]
    )
    for number, each in enumerate(TOKENS)
    if number % 3
}


@pytest.fixture(scope="module")
def stocked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    backend = KINDS["postgresql"](tmp_path_factory.mktemp("store"))()
    commit(backend, AddAccount(name="ada", role=None, password=None, at=NOW))
    add(backend, *TOKENS)
    for token_id, use in USES.items():
        backend.usage.record(token_id, use.last_used_at, use.address)
    backend.usage.flush()
    yield backend
    backend.close()


def _queries() -> st.SearchStrategy[Query]:
    return st.builds(
        Query,
        now=st.just(NOW),
        text=st.sampled_from(["", "", "i", "BIR", "m_", "%", "elm", "nowhere"]),
        search=searches(),
        account=st.sampled_from([None, None, "ada"]),
        statuses=st.one_of(
            st.just(frozenset(Status) - {Status.REVOKED}), st.frozensets(st.sampled_from(Status))
        ),
        never_saved=st.booleans().map(lambda _: False) | st.booleans(),
        never_used=st.sampled_from([False, False, True]),
        idle_since=st.sampled_from([None, None, NOW - timedelta(hours=2)]),
        sort=st.sampled_from(Sort),
        descending=st.booleans(),
    )


def _positions() -> st.SearchStrategy[Position]:
    rows = st.sampled_from(TOKENS).map(lambda each: TokenRow(each, USES.get(each.id)))
    return st.one_of(
        st.just(First()),
        st.just(Last()),
        st.builds(After, rows),
        st.builds(Before, rows),
        st.builds(Offset, st.integers(0, 45)),
        st.builds(
            Around, st.sampled_from([*(each.id for each in TOKENS), "nowhere"]), st.integers(0, 45)
        ),
    )


@pytest.mark.parametrize("few", [0, 5, 100])
@given(query=_queries(), at=_positions(), limit=st.integers(1, 12))
@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_they_are_those_of_a_plain_list(
    stocked: Backend,
    monkeypatch: pytest.MonkeyPatch,
    few: int,
    query: Query,
    at: Position,
    limit: int,
) -> None:
    for module in (statements, tokens):
        monkeypatch.setattr(module, "FEW", few)
    found = query.select(TOKENS, USES)
    expected = [found[number] for number in window(found, query, at, limit, USES)]
    page = stocked.tokens.page(query, at, limit)
    assert [row.token for row in page.rows] == expected
    assert [row.usage for row in page.rows] == [USES.get(each.id) for each in expected]
    if len(found) <= few:
        assert page.total.exact
        assert page.total.value == len(found)
    else:
        assert (page.total.exact, page.total.value >= few) == (False, True)
    assert stocked.tokens.count(query) == len(found)
    if expected:
        assert page.offset == found.index(expected[0])


def test_a_summary_tells_where_it_looked_only_among_the_newest(
    stocked: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = Query(now=NOW).matching(TOKENS)
    newest = sorted(live, key=lambda each: each.created_at, reverse=True)
    # As many as end with the tokens of a day, so that it does not matter how equals are sorted.
    count = sum(each.created_at >= NOW - timedelta(days=1) for each in live)
    unused = sum(each.id not in USES for each in newest[:count])
    monkeypatch.setattr(statements, "NEWEST", count)
    assert stocked.tokens.summary(NOW).never_used == Count(unused, exact=False)
    monkeypatch.setattr(statements, "NEWEST", len(live))
    assert stocked.tokens.summary(NOW).never_used == Count(sum(e.id not in USES for e in live))


def test_a_scan_takes_several_parts(stocked: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "sizes", lambda: chain([2], repeat(7)))
    for sort in Sort:
        query = replace(Query(now=NOW, statuses=frozenset(Status)), sort=sort)
        assert [row.token for row in stocked.tokens.scan(query)] == query.select(TOKENS, USES)

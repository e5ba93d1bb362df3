"""The language of searches, why they find nothing, and which token is exactly meant."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tokentui.core.commands import TokenCommands
from tokentui.core.query import Filter, Query
from tokentui.core.search import (
    Between,
    Date,
    HasStatus,
    Never,
    NoNote,
    Note,
    Owner,
    Search,
    Term,
    UsedFrom,
    Word,
)
from tokentui.core.search_hints import exact_hit, explain
from tokentui.core.search_language import InvalidSearch, parse
from tokentui.core.token import Status

from ..conftest import NOW
from ..contracts.samples import add, revoked, token
from ..contracts.searches import searches

DAY = timedelta(days=1)
TERMS = {
    "deploy": Word(text="deploy"),
    "CI": Word(text="CI"),
    '"web  server"': Word(text="web server"),
    '"owner:bob"': Word(text="owner:bob"),
    "note:Billing": Note(text="Billing"),
    'NOTE:"web server"': Note(text="web server"),
    "note:None": NoNote(),
    "owner:Bob": Owner(account="Bob"),
    "OWNER:bob": Owner(account="bob"),
    'owner:"b b"': Owner(account="b b"),
    "status:Expired": HasStatus(statuses=frozenset({Status.EXPIRED})),
    "status:soon": HasStatus(statuses=frozenset({Status.EXPIRES_SOON})),
    "status:expires-soon": HasStatus(statuses=frozenset({Status.EXPIRES_SOON})),
    "status:not-saved": HasStatus(never_saved=True),
    "status:active,never-saved": HasStatus(statuses=frozenset({Status.ACTIVE}), never_saved=True),
    "from:192.0.2": UsedFrom(prefixes=("192.0.2",)),
    "from:2001:DB8:": UsedFrom(prefixes=("2001:db8:",)),
    "from:192.0.2.9/24": UsedFrom(prefixes=("192.0.2.",)),
    "from:192.0.2.0/23": UsedFrom(prefixes=("192.0.2.", "192.0.3.")),
    "from:192.0.2.2/31": UsedFrom(addresses=frozenset({"192.0.2.2", "192.0.2.3"})),
    "from:192.0.2.2/32": UsedFrom(addresses=frozenset({"192.0.2.2"})),
    "from:2001:db8::/32": UsedFrom(prefixes=("2001:db8:",)),
    "from:2001:db8:0:5::/64": UsedFrom(prefixes=("2001:db8:0:5:",)),
    "from:2001:db8::1/128": UsedFrom(addresses=frozenset({"2001:db8::1"})),
    "used:never": Never(date=Date.USED),
    "used:<30d": Between(date=Date.USED, since=-30 * DAY),
    "used:>2w": Between(date=Date.USED, until=-14 * DAY),
    "expires:never": Never(date=Date.EXPIRES),
    "expires:<30d": Between(date=Date.EXPIRES, since=0 * DAY, until=30 * DAY),
    "expires:>1y": Between(date=Date.EXPIRES, since=365 * DAY),
    "created:<30d": Between(date=Date.CREATED, since=-30 * DAY),
    "created:2026-03-31": Between(
        date=Date.CREATED,
        since=datetime(2026, 3, 31, tzinfo=UTC),
        until=datetime(2026, 4, 1, tzinfo=UTC),
    ),
    "used:>2026-03-31": Between(date=Date.USED, since=datetime(2026, 4, 1, tzinfo=UTC)),
    "expires:<2026-03-31": Between(date=Date.EXPIRES, until=datetime(2026, 3, 31, tzinfo=UTC)),
}


def parsed(text: str) -> list[Term]:
    return [replace(term, source="") for term in parse(text, UTC).terms]


@pytest.mark.parametrize("text", TERMS)
def test_each_kind_of_term(text: str) -> None:
    assert parsed(text) == [TERMS[text]]
    assert parsed(f"  !{text} ") == [replace(TERMS[text], excluded=True)]


def test_all_together() -> None:
    assert parsed(" ".join(list(TERMS)[:20])) == list(TERMS.values())[:20]
    assert parse("") == parse("   ") == Search()


def test_days_are_those_of_a_time_zone() -> None:
    (term,) = parse("created:2026-03-31", ZoneInfo("Asia/Tokyo")).terms
    assert isinstance(term, Between)
    assert term.since == datetime(2026, 3, 30, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("stauts:expired", "There is no operator stauts:"),
        ("status:gone", "There is no status gone. Write active, soon"),
        ("status:soon,", "There is no status"),
        ("note:", "note: has no value. Write, for example, note:billing or note:none."),
        ("status:", "status: has no value. Write, for example, status:expired."),
        ("!", "Write the word right after it"),
        ("a ! b", "Write the word right after it"),
        ('""', "The quotes are empty"),
        ('"web server', "The quote in .* is not closed"),
        ('we"b', "is not closed"),
        ('a "b"c', "is inside a word"),
        ("from:192.0.2/33", "is not a network"),
        ("from:x/8", "is not a network"),
        ("from:2001::/64", "cannot be searched for"),
        ("from:::/0", "cannot be searched for"),
        ("from:2001:db8::/33", "cannot be searched for"),
        ("used:soon", "soon is not a date. Write, for example, used:never"),
        ("used:<", "Nothing is not a date"),
        ("used:<0d", "0d is not a date"),
        ("expires:30d", "30d is not a date"),
        ("created:never", "never is not a date"),
        ("created:2026-02-30", "2026-02-30 is not a date"),
        ("created:<0001-01-01", "is too far away"),
        ("created:>9999-12-31", "is too far away"),
        ("a\x1b", "cannot be shown"),
        ("x" * 501, "Write at most 500 characters"),
        ("x " * 21, "Write at most 20"),
    ],
)
def test_what_has_no_meaning_is_said_in_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(InvalidSearch, match=sentence) as refused:
        parse(text, UTC)
    assert str(refused.value).endswith(".")


@given(st.text(st.sampled_from('abc:!"<>/.-0192 \x00é') | st.characters()) | st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    for each in (text, f"from:{text}", f"used:{text}", f"status:{text}"):
        try:
            found = parse(each, UTC)
        except InvalidSearch:
            continue
        query = Query(now=NOW).searching(found)
        assert query.select([]) == []
        assert all(term.source for term in found.terms)


@given(searches(), searches())
def test_what_narrows_finds_a_part(one: Search, other: Search) -> None:
    tokens = [
        token(number, name=name, account=account, expires_at=NOW + number * DAY)
        for number, (name, account) in enumerate(
            (name, account) for name in ("a", "ab", "ada", "birch") for account in ("ada", "Bob.1")
        )
    ]
    query, narrower = Query(now=NOW, search=other), Query(now=NOW, search=one)
    if narrower.narrows(query):
        assert narrower.narrow(query.select(tokens)) == narrower.select(tokens)


def test_a_word_that_grows_narrows_unless_more_is_looked_through() -> None:
    narrows = {
        (short, long): parse(long).narrows(parse(short))
        for short, long in (
            ("", "a"), ("a", "ab"), ("ab", "abc"), ("abc", "xabcd"), ("abc", "abd"),
            ("a", "a b"), ("note:a", "note:abc"), ("note:abc", "note:ab"),
            ("!a", "!ab"), ("!a", "!a"), ("owner:bob", "bob owner:bob"),
        )
    }  # fmt: skip
    assert [pair for pair, narrow in narrows.items() if not narrow] == [
        ("ab", "abc"), ("abc", "abd"), ("note:abc", "note:ab"), ("!a", "!ab"),
    ]  # fmt: skip


@pytest.fixture
def stocked(open_service: Callable[[], TokenCommands]) -> TokenCommands:
    service = open_service()
    add(
        service.backend,
        token(1, name="deploy", account="ada", expires_at=NOW - DAY),
        token(2, name="deploy-2", account="bob"),
        token(3, name="backup", account="bob"),
        revoked(4, name="gone"),
    )
    return service


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("owner:eve", "No token is owned by eve."),
        ("deploy owner:eve", "No token is owned by eve."),
        ("xy", "No name contains xy."),
        ('"no such"', 'No name, ID, owner or note contains "no such".'),
        ("note:xyz", "No note contains xyz."),
        ("!note:none", "All tokens match note:none, which the search excludes."),
        ("used:<3d deploy", "No token matches used:<3d."),
        ("!created:>1d deploy", "All tokens match created:>1d, which the search excludes."),
        (
            "deploy owner:bob status:expired",
            "No token matches everything. 1 token matches without owner:bob.",
        ),
        (
            "owner:bob !deploy !backup",
            "No token matches everything. 1 token matches without !deploy.",
        ),
        (
            "owner:ada owner:bob deploy backup",
            "No token matches everything. Remove some of the words.",
        ),
    ],
)
def test_why_nothing_matches(stocked: TokenCommands, text: str, sentence: str) -> None:
    queries = stocked.queries
    query = replace(queries.query(), now=NOW).searching(queries.search(text))
    if text.startswith("!created"):
        query = query.searching(parse("!created:>2026-01-01 deploy"))
        sentence = sentence.replace(">1d", ">2026-01-01")
    assert queries.find(query).total.value == 0
    assert explain(queries, query) == sentence


def test_nothing_to_search(service: TokenCommands) -> None:
    queries = service.queries
    query = queries.query().searching(queries.search("x"))
    assert explain(queries, query) == "There are no tokens to search."


def test_the_token_that_is_exactly_meant(stocked: TokenCommands) -> None:
    queries = stocked.queries

    def hit(text: str, shown: Filter = Filter.ALL) -> str | None:
        query = queries.query(shown).searching(queries.search(text))
        found = exact_hit(queries, query)
        assert found is None or query.search.is_exact(found)
        return None if found is None else found.name

    assert hit("DEPLOY") == "deploy"
    assert hit("0000000002") == "deploy-2"
    assert hit("deploy", Filter.NEVER_USED) == "deploy"
    assert hit("deploy", Filter.ACTIVE) is None
    for text in ("deplo", "!deploy", "deploy owner:ada", "owner:bob", "0000000004", "gone", ""):
        assert hit(text) is None
    assert hit("0000000004", Filter.REVOKED) == "gone"


def test_a_search_asks_for_revoked_tokens_unless_a_status_is_chosen(
    stocked: TokenCommands,
) -> None:
    queries = stocked.queries
    search = queries.search("status:revoked")
    found = {
        shown: [each.name for each in queries.list_all(queries.query(shown).searching(search))]
        for shown in (Filter.ALL, Filter.REVOKED, Filter.ACTIVE)
    }
    assert found == {Filter.ALL: ["gone"], Filter.REVOKED: ["gone"], Filter.ACTIVE: []}

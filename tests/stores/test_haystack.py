"""The joined texts of tokens find what a look at each token does."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tokentui.core.cancel import NEVER, Cancel, Cancelled
from tokentui.core.query import NO_USES, Query, Sort
from tokentui.core.search import Context, Word
from tokentui.core.search_language import parse
from tokentui.core.token import DEFAULT_SOON, Token
from tokentui.stores.file import haystack as module
from tokentui.stores.file import slices
from tokentui.stores.file.haystack import Haystack
from tokentui.stores.file.index import Index

from ..conftest import NOW
from ..contracts.samples import token

_PIECES = ("ab", "A", "ß", "ss", "Ä", "ä", "İ", "000", "b\nc", "\n", "-", "")
_TEXTS = st.lists(st.sampled_from(_PIECES), max_size=4).map("".join)
_CONTEXT = Context(NOW, DEFAULT_SOON, NO_USES)


def _tokens() -> st.SearchStrategy[list[Token]]:
    facts = st.tuples(_TEXTS, _TEXTS, _TEXTS)
    return st.lists(facts, max_size=9).map(
        lambda each: [
            token(number, name=name, account=account, note=note)
            for number, (name, account, note) in enumerate(each)
        ]
    )


@given(_tokens(), st.sampled_from(["a", "ab", "abab", "ÄAB", "ssa", "0007", "000"]), st.booleans())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_they_agree(
    monkeypatch: pytest.MonkeyPatch, tokens: list[Token], text: str, excluded: bool
) -> None:
    monkeypatch.setattr(slices, "SIZE", 4)
    word = Word(text=text, excluded=excluded)
    found = Haystack(tokens, NEVER).having(word, NEVER)
    assert found == word.select(tokens, _CONTEXT)


@given(
    _tokens(),
    st.lists(st.sampled_from(["", "a", "ab", "aba", "abab", "000", "!ab", "!000 a"]), max_size=6),
    st.sampled_from([Sort.NAME, Sort.CREATED, Sort.ACCOUNT]),
    st.booleans(),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_one_search_after_the_other_finds_what_it_would_alone(
    monkeypatch: pytest.MonkeyPatch,
    tokens: list[Token],
    searches: list[str],
    sort: Sort,
    descending: bool,
) -> None:
    monkeypatch.setattr(slices, "SIZE", 4)
    index = Index({f"{number}": each for number, each in enumerate(tokens, 1)})
    for text in searches:
        query = Query(now=NOW, search=parse(text), sort=sort, descending=descending)
        assert list(index.select(query, NO_USES, NEVER)) == query.select(tokens)


def test_what_was_prepared_is_not_joined_again(monkeypatch: pytest.MonkeyPatch) -> None:
    index = Index({"1": token(1)})
    index.haystack(NEVER).join(NEVER)
    monkeypatch.delattr(module, "_lines")
    query = Query(now=NOW, search=parse(token(1).id))
    assert list(index.select(query, NO_USES, NEVER)) == [token(1)]


def test_nobody_waits_for_what_is_cancelled() -> None:
    haystack = Haystack([token(1)], NEVER)
    cancel = Cancel()
    cancel.request()
    with pytest.raises(Cancelled):
        haystack.join(cancel)
    with pytest.raises(Cancelled):
        haystack.having(Word(text="t1"), cancel)
    with pytest.raises(Cancelled):
        Haystack([token(1)], cancel)

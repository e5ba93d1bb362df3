"""Searches of every kind, for what is compared with a plain list."""

from datetime import timedelta

from hypothesis import strategies as st

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
from tokentui.core.token import Status

from ..conftest import NOW

ADDRESSES = ("192.0.2.7", "192.0.2.70", "198.51.100.1", "2001:db8::1", "100%_", None)
"""Where tokens of such a comparison were used from."""
_WORDS = ("a", "ab", "-1", "000", "0001", "ADA", "bob.1", "BIR", "elm_1", "elm%", "b.1", "ss")
NOTES = ("", "", "Elm_1 for Bob.1", "-1 00011", "Straße", "a b")
"""What tokens of such a comparison are for."""
_DISTANCES = (timedelta(), timedelta(hours=2), timedelta(days=2), timedelta(days=-1))


def _terms() -> st.SearchStrategy[Term]:
    bounds = st.sampled_from([None, *_DISTANCES, *(NOW + each for each in _DISTANCES)])
    excluded = st.booleans()
    return st.one_of(
        st.builds(Word, text=st.sampled_from(_WORDS), excluded=excluded),
        st.builds(Note, text=st.sampled_from(_WORDS), excluded=excluded),
        st.builds(NoNote, excluded=excluded),
        st.builds(Owner, account=st.sampled_from(["ada", "Bob.1", "bob.1"]), excluded=excluded),
        st.builds(
            HasStatus,
            statuses=st.frozensets(st.sampled_from(Status)),
            never_saved=st.booleans(),
            excluded=excluded,
        ),
        st.builds(
            UsedFrom,
            prefixes=st.sampled_from([(), ("192.0.2.7",), ("198.", "2001:db8:"), ("100%",)]),
            addresses=st.sampled_from([frozenset(), frozenset({"192.0.2.7", "x"})]),
            excluded=excluded,
        ),
        st.builds(
            Between, date=st.sampled_from(Date), since=bounds, until=bounds, excluded=excluded
        ),
        st.builds(Never, date=st.sampled_from([Date.EXPIRES, Date.USED]), excluded=excluded),
    )


def searches() -> st.SearchStrategy[Search]:
    """Return searches of up to three terms; most have none or one."""
    terms = _terms()
    return st.one_of(
        st.just(Search()),
        st.builds(Search, st.tuples(terms)),
        st.builds(Search, st.lists(terms, min_size=2, max_size=3).map(tuple)),
    )

"""What a person should know of a search: why it finds nothing, and which token is exactly meant."""

from msgspec.structs import replace

from tokentui.core.cancel import NEVER, Cancel
from tokentui.core.queries import TokenQueries
from tokentui.core.query import NO_USES, Count, Query
from tokentui.core.search import EVERYTHING, NoNote, Note, Owner, Search, Term, Word
from tokentui.core.token import Token


def explain(queries: TokenQueries, query: Query, cancel: Cancel = NEVER) -> str:
    """Say why a search finds nothing: which of its terms alone does, or leaves nothing of the rest.

    Two questions to the backend for each term at most. Raises what `TokenQueries.find` does.
    """

    def count(*terms: Term) -> Count:
        wanted = replace(query, search=Search(terms))
        return queries.find(wanted, limit=1, cancel=cancel).total

    terms = query.search.terms
    if not count().value:
        return "There are no tokens to search."
    for term in terms:
        if not count(term).value:
            return _nothing(term)
    for number, term in enumerate(terms):
        left = count(*terms[:number], *terms[number + 1 :])
        if left.value:
            return f"No token matches everything. {_matching(left)} without {_written(term)}."
    return "No token matches everything. Remove some of the words."


def exact_hit(queries: TokenQueries, query: Query) -> Token | None:
    """Return the token in the result of `query` that has what is searched as its name or ID.

    None where no token has, or where the search is more than one word. Raises `StoreError`.
    """
    if (reference := query.search.reference) is None:
        return None
    found = queries.get_many([reference])
    if not found:
        named = queries.backend.tokens.by_name(reference)
        found = queries.get_many([token.id for token in named])
    wanted = replace(query, search=EVERYTHING)
    uses = queries.uses(found) if wanted.by_use else NO_USES
    return next(iter(wanted.select(found, uses)), None)


def _nothing(term: Term) -> str:
    match term:
        case Term(excluded=True):
            return f"All tokens match {term.source}, which the search excludes."
        case Word(short=True):
            return f"No name contains {term.source}."
        case Word():
            return f"No name, ID, owner or note contains {term.source}."
        case Note(text=text):
            return f"No note contains {text}."
        case NoNote():
            return "All tokens have a note."
        case Owner(account=account):
            return f"No token is owned by {account}."
        case _:
            return f"No token matches {term.source}."


def _written(term: Term) -> str:
    return f"!{term.source}" if term.excluded else term.source


def _matching(count: Count) -> str:
    if count == Count(1):
        return "1 token matches"
    return f"{count.value:,}{'' if count.exact else '+'} tokens match"

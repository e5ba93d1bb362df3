"""One load of the list: all that it shows, read together."""

from collections.abc import Sequence
from typing import NamedTuple

from msgspec.structs import replace

from tokentui.core.cancel import NEVER, Cancel
from tokentui.core.display import DisplayContext
from tokentui.core.queries import TokenQueries
from tokentui.core.query import NO_USES, Count, Filter, Query, Sort, TokenPage, TokenRow
from tokentui.core.rights import Permissions
from tokentui.core.search_hints import explain
from tokentui.core.token import Token, name_key
from tokentui.core.window import Around, Offset, Position


class Wanted(NamedTuple):
    """What is to be listed. It asks nobody, so that one thread may make it and another read it.

    `offset` is where the window starts, unless it would miss the token with the ID `around`.
    `account` is whose tokens alone are wanted; None for all. `selected` are IDs of tokens.
    """

    text: str = ""
    account: str | None = None
    shown: Filter = Filter.ALL
    sort: Sort = Sort.NAME
    descending: bool = False
    offset: int = 0
    around: str | None = None
    selected: frozenset[str] = frozenset()

    @property
    def question(self) -> tuple[object, ...]:
        """What decides which rows there are, and in which order."""
        return self.text, self.account, self.shown, self.sort, self.descending

    @property
    def position(self) -> Position:
        """Where the window stands."""
        return Offset(self.offset) if self.around is None else Around(self.around, self.offset)

    @property
    def narrowed(self) -> bool:
        """Whether some tokens may be left out that are not revoked."""
        return bool(self.text or self.account) or self.shown is not Filter.ALL


class Listing(NamedTuple):
    """What the list shows, as of one moment.

    `selected` are the IDs of selected tokens that were not revoked meanwhile; the filter hides
    those in `hidden`. `any_revoked` says, where no token is listed, whether some were revoked.
    """

    permissions: Permissions
    context: DisplayContext
    query: Query
    page: TokenPage
    selected: frozenset[str]
    hidden: frozenset[str]
    warnings: Sequence[str]
    any_revoked: bool = False
    explanation: str = ""

    @property
    def exact_hit(self) -> str | None:
        """The ID of the token whose name or ID is just what was searched, if the page has it."""
        search = self.query.search
        return next((row.token.id for row in self.page.rows if search.is_exact(row.token)), None)


def load(service: TokenQueries, wanted: Wanted, cancel: Cancel = NEVER) -> Listing:
    """Return what is wanted. Blocks; raises `TokentuiError` and `Cancelled`."""
    query = _query(service, wanted)
    page = service.find(query, wanted.position, cancel=cancel)
    cancel.check()
    valid = _valid(service, wanted)
    cancel.check()
    permissions = service.permissions()
    cancel.check()
    return Listing(
        permissions=permissions,
        context=service.display_context(),
        query=query,
        page=page,
        selected=_ids(valid),
        hidden=_ids(valid) - _ids(_matching(service, query, valid)),
        warnings=service.warnings(),
        any_revoked=not (page.total.value or wanted.narrowed) and _any_revoked(service),
        explanation=_explanation(service, query, page, cancel),
    )


def with_total(listing: Listing, known: Count) -> Listing:
    """Return `listing` with the total that was `known` of it, unless it has an exact one."""
    page = listing.page
    if page.total.exact or not known.exact or known.value < page.total.value:
        return listing
    return listing._replace(page=replace(page, total=known))


def ids(service: TokenQueries, wanted: Wanted, cancel: Cancel = NEVER) -> list[str]:
    """Return the IDs of all tokens that are wanted, in order.

    Blocks; raises `TokentuiError` and `Cancelled`.
    """
    return [token.id for token in service.list_all(_query(service, wanted), cancel)]


def selected(service: TokenQueries, wanted: Wanted) -> Sequence[TokenRow]:
    """Return the selected tokens as they are now, by name, but for those that the filter hides.

    Blocks; raises `TokentuiError`.
    """
    tokens = _matching(service, _query(service, wanted), _valid(service, wanted))
    return service.rows(sorted(tokens, key=lambda token: name_key(token.name)))


def never_saved(service: TokenQueries, cancel: Cancel = NEVER) -> Sequence[TokenRow]:
    """Return the tokens of one's own whose secrets nobody saved; none where nothing may be changed.

    Blocks; raises `TokentuiError` and `Cancelled`.
    """
    if service.permissions().read_only_reason:
        return ()
    query = replace(service.query(Filter.NEVER_SAVED), account=service.own)
    tokens = service.list_all(query, cancel)
    return service.rows(tokens) if tokens else ()  # nothing more is asked where there are none


def _query(service: TokenQueries, wanted: Wanted) -> Query:
    query = service.query(wanted.shown, wanted.sort, descending=wanted.descending)
    return replace(query.searching(service.search(wanted.text)), account=wanted.account)


def _matching(service: TokenQueries, query: Query, tokens: Sequence[Token]) -> Sequence[Token]:
    """Return those of `tokens` that are in the result of `query`."""
    return query.matching(tokens, service.uses(tokens) if query.by_use else NO_USES)


def _valid(service: TokenQueries, wanted: Wanted) -> list[Token]:
    """Return the selected tokens that were not revoked meanwhile."""
    if not wanted.selected:
        return []
    return [token for token in service.get_many(wanted.selected) if token.revoked_at is None]


def _explanation(service: TokenQueries, query: Query, page: TokenPage, cancel: Cancel) -> str:
    if page.total.value or not query.search.terms:
        return ""
    return explain(service, query, cancel)


def _any_revoked(service: TokenQueries) -> bool:
    return service.find(service.query(Filter.REVOKED), limit=1).total.value > 0


def _ids(tokens: Sequence[Token]) -> frozenset[str]:
    return frozenset(token.id for token in tokens)

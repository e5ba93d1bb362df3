"""What somebody may know of the audit log."""

from collections.abc import Iterator

from msgspec.structs import replace

from tokentui.core.audit import Entry, Search
from tokentui.core.cancel import NEVER, Cancel
from tokentui.core.queries import TokenQueries
from tokentui.core.token import Status, Token, name_key


def history(
    queries: TokenQueries, token: Token, text: str = "", cancel: Cancel = NEVER
) -> Iterator[Entry]:
    """Yield what was done with `token`, by whomever, as far as `text` is in it; latest first.

    Raises `TokenNotFound` where it may not be seen, `StoreError` and `Cancelled`.
    """
    queries.get(token.id)
    entries = queries.recorder.newest(Search(token=token.id, text=text), cancel=cancel)
    return (entry for entry in entries if entry.token == token.id)


def ever_called(queries: TokenQueries, reference: str) -> frozenset[str]:
    """Return the ids of the tokens whose id this is, or that have or had this name.

    Letter case aside. Reads the whole audit log. Raises `StoreError`.
    """
    # A name that a token has now may stand in no entry yet, an earlier one stands in some.
    seen = queries.rights.visible(queries.backend.tokens.snapshot().values())
    now = {token.id for token in seen if name_key(token.name) == name_key(reference)}
    entries = queries.recorder.newest(Search(token=reference))
    return frozenset(now | {entry.token for entry in entries if entry.token is not None})


def entries(
    queries: TokenQueries,
    search: Search,
    after: int = 0,
    cancel: Cancel = NEVER,
    *,
    latest_first: bool = True,
) -> Iterator[Entry]:
    """Yield the entries of the audit log that are wanted, of numbers above `after`.

    The latest comes first, or else the oldest. Who sees only their own tokens sees what was done
    with these, by whomever, and what they did besides, but not which tokens of others they asked
    for, nor what was done by the OS user of their name, who has the files. Raises `StoreError`,
    `Cancelled`.
    """
    log = queries.recorder
    wanted = (log.newest if latest_first else log.oldest)(search, after, cancel)
    only = queries.rights.owner_filter
    if only is None:
        return wanted
    every = replace(queries.query(), statuses=frozenset(Status))
    own = {token.id for token in queries.list_all(every)}
    return (
        entry
        for entry in wanted
        if (entry.by_account(only) if entry.token is None else entry.token in own)
    )

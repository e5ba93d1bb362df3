"""Tokens and changes that the contract is tried with."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from threading import Barrier, Thread

import msgspec
from msgspec.structs import replace

from tokentui.core.audit import Action, Event, Outcome
from tokentui.core.backend import Backend, Change, Committed, new_key
from tokentui.core.change import Import
from tokentui.core.errors import TokentuiError
from tokentui.core.query import Query, TokenRow
from tokentui.core.token import Status, Token

from ..conftest import NOW

LIVE = Query(now=NOW)
EVERYTHING = replace(LIVE, statuses=frozenset(Status))


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


def revoked(number: int, **changes: object) -> Token:
    """Return a token that was revoked, without its hash."""
    return token(number, **{"revoked_at": NOW, "revoked_by": "ada", "hash": None} | changes)


def commit(backend: Backend, change: Change, key: str | None = None) -> Committed:
    """Make a change as ada, under a key of its own unless one is given."""
    return backend.commit(change, "ada", key or new_key())


def add(backend: Backend, *tokens: Token) -> None:
    commit(backend, Import(tokens=tokens))


def use(backend: Backend, uses: Mapping[str, datetime]) -> None:
    """Note that tokens were used once more, each at a moment."""
    for token_id, moment in uses.items():
        backend.usage.record(token_id, moment)
    backend.usage.flush()


def names(backend: Backend, query: Query) -> list[str]:
    return [row.token.name for row in backend.tokens.page(query).rows]


def tokens(rows: Iterable[TokenRow]) -> list[Token]:
    return [row.token for row in rows]


def events(backend: Backend) -> Sequence[Event]:
    """Return what the audit log says, oldest first."""
    return [
        Event(
            account=entry.account,
            action=Action(entry.action),
            outcome=Outcome(entry.outcome),
            token=entry.token,
            name=entry.name,
            about=entry.about,
        )
        for entry in reversed(list(backend.audit.newest()))
    ]


def at_once(calls: Iterable[Callable[[], object]]) -> list[TokentuiError]:
    """Make all calls in threads of their own; return what was refused."""
    calls = list(calls)
    ready, refused = Barrier(len(calls)), []

    def run(call: Callable[[], object]) -> None:
        ready.wait(20)
        try:
            call()
        except TokentuiError as error:
            refused.append(error)

    threads = [Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return refused

"""What somebody may know: the tokens of a store, found and judged."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from msgspec.structs import replace

from tokentui.core import credential
from tokentui.core.account import NoAccounts
from tokentui.core.audit import Action, NoTrail, Outcome, Search, of_token
from tokentui.core.credential import BcryptHasher, Hasher
from tokentui.core.dates import DateFormat
from tokentui.core.errors import AmbiguousName, InvalidName, StoreError, TokenNotFound
from tokentui.core.query import UNUSED_FOR, Filter, Page, Query, Sort
from tokentui.core.rights import Rights
from tokentui.core.store import Clock, TokenStore, Usage, UsageStore, everything, utc_now
from tokentui.core.text import printable
from tokentui.core.token import (
    DEFAULT_LIFE,
    DEFAULT_SOON,
    ID_LENGTH,
    Status,
    Token,
    check_name,
    clashing,
)

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence
    from datetime import date, timedelta, tzinfo

    from tokentui.core.account import AccountSource
    from tokentui.core.audit import Entry, Event, Recorder
    from tokentui.core.verifier import Verifier


class TokenReader:
    """Finds the tokens of one store, as far as an account may see them.

    `account` owns the tokens that are created. Where the reader is `bound` to it, it is one of
    `accounts`, and its role says what is seen and what may be done; whoever is not has the files,
    and so sees and does everything. What is done is written into `trail`. `zone` is where days
    begin and end (None: the system's time zone). `soon` is how long before its end a token counts
    as expiring soon. `default_life` is how long a token lives unless told otherwise, `max_life`
    how long it may at most: with one, every new token expires. `date_format` is how days are told
    to people.
    """

    def __init__(
        self,
        store: TokenStore,
        usage: UsageStore,
        *,
        account: str,
        accounts: AccountSource | None = None,
        bound: bool = False,
        trail: Recorder | None = None,
        hasher: Hasher | None = None,
        clock: Clock = utc_now,
        zone: tzinfo | None = None,
        prefix: str = credential.PREFIX,
        soon: timedelta = DEFAULT_SOON,
        default_life: timedelta = DEFAULT_LIFE,
        max_life: timedelta | None = None,
        date_format: DateFormat = DateFormat.ISO,
    ) -> None:
        self.store = store
        self.usage = usage
        self.account = account
        self.accounts = accounts or NoAccounts()
        self.bound = bound
        self.rights = Rights(account, accounts, bound=bound)
        self.trail = trail or NoTrail()
        self.hasher = hasher or BcryptHasher()
        self.now = clock
        self.zone = zone
        self.prefix = prefix
        self.soon = soon
        self.default_life = default_life
        self.max_life = max_life
        self.date_format = date_format

    def changed(self) -> Hashable:
        """Return a stamp that differs once a token or an account was changed, or a token used.

        Cheap; raises nothing.
        """
        try:
            store = self.store.changed()
        except StoreError as error:
            store = str(error)
        return store, self._accounts_changed(), self.usage.changed()

    def _accounts_changed(self) -> Hashable:
        try:
            return self.accounts.changed()
        except StoreError as error:
            return str(error)

    @property
    def location(self) -> str:
        """Where the tokens are, in words for people."""
        return self.store.location

    @property
    def obstacle(self) -> str:
        """Why nothing can be changed here at all, in a sentence; nothing where it can."""
        if self.store.read_only:
            return "The store was opened read-only."
        return self.rights.why_not(Action.CREATE)

    def warnings(self) -> Sequence[str]:
        """Return what an administrator should know about the store, a sentence each."""
        return [printable(said) for said in self._warnings()]

    def _warnings(self) -> Iterator[str]:
        yield from self.store.warnings()
        yield from self.usage.warnings()
        yield from self.accounts.warnings()
        yield from self.trail.warnings()

    def problems(self) -> list[str]:
        """Return all that is wrong with the store, a sentence each. Reads every token."""
        tokens = everything(self.store)
        return [
            *self.warnings(),
            *(
                f"Several tokens are called {printable(name)}: rename all but one."
                for name in sorted(clashing(tokens))
            ),
            *(problem for token in tokens for problem in _problems(token)),
        ]

    def today(self) -> date:
        """Return the current day in the service's time zone."""
        return self.now().astimezone(self.zone).date()

    def status(self, token: Token) -> Status:
        """Return what `token` is worth now."""
        return token.status(self.now(), self.soon)

    def query(
        self,
        shown: Filter = Filter.ALL,
        sort: Sort = Sort.NAME,
        *,
        descending: bool = False,
    ) -> Query:
        """Return a query for the tokens of a filter, as of now. Narrow it with `replace`.

        Raises `StoreError` where it rests on uses and these cannot be read: a token must not
        count as unused because nobody knows.
        """
        query = Query(now=self.now(), soon=self.soon, sort=sort, descending=descending)
        if sort is Sort.USED or shown in {Filter.NEVER_USED, Filter.UNUSED}:
            uses = self.usage.everything()
            query = replace(query, used={each: use.last_used_at for each, use in uses.items()})
        match shown:
            case Filter.ALL:
                return query
            case Filter.NEVER_SAVED:
                return replace(query, never_saved=True)
            case Filter.NEVER_USED:
                return replace(query, never_used=True)
            case Filter.UNUSED:
                return replace(query, idle_since=query.now - UNUSED_FOR)
            case status:
                return replace(query, statuses=frozenset({Status(status)}))

    def find(self, query: Query) -> Page:
        """Return the window of tokens that `query` asks for, as far as they may be seen."""
        only = self.rights.only_of
        return self.store.find(query if only is None else replace(query, account=only))

    def everything(self, query: Query) -> Sequence[Token]:
        """Return the whole result of `query`, not just a window of it."""
        return self.find(replace(query, offset=0, size=sys.maxsize)).tokens

    def _all_of_them(self) -> Query:
        """Return the query for all tokens, revoked ones as well."""
        return replace(self.query(), statuses=frozenset(Status))

    @property
    def own(self) -> str | None:
        """The account whose own business this is; None for all, of whoever has the files."""
        return self.account if self.bound else None

    def owners(self) -> list[str]:
        """Return who has tokens, or might: the accounts, and others that tokens belong to."""
        # Not by a query: of many tokens, putting them in order takes the longest.
        owners = {token.account for token in self.rights.sees(self.store.snapshot().values())}
        return sorted(owners | set(self.accounts.everything() if self.rights.several else ()))

    def get(self, token_id: str) -> Token:
        """Return a token by its id, revoked or not; raise `TokenNotFound`."""
        token = self.store.get(token_id)
        if not self.rights.sees([token]):
            self._note_reach(token)
            raise TokenNotFound(token_id)
        return token

    def used(self, token: Token) -> Usage | None:
        """Return how `token` has been used, or None where it never was."""
        return self.usage.of(token.id)

    def verifier(self) -> Verifier:
        """Return what checks secrets of these tokens; a secret tried so does not count as used."""
        from tokentui.core.verifier import Verifier  # slow to load, and seldom needed

        return Verifier(
            self.store,
            accounts=self.accounts,
            hasher=self.hasher,
            clock=self.now,
            prefix=self.prefix,
        )

    def look_up(self, reference: str) -> Token:
        """Return the token with this id, or else the one that holds this name.

        Raises `TokenNotFound`, and `AmbiguousName` where several accounts use the name.
        """
        # By id first: nobody can give a token of theirs the id of another one as its name.
        if len(reference) == ID_LENGTH:
            with suppress(TokenNotFound):
                if found := self.rights.sees([self.store.get(reference)]):
                    return found[0]
        named = self.store.named(reference)
        match self.rights.sees(named):
            case [token]:
                return token
            case []:
                for token in named:
                    self._note_reach(token)
                if not named and len(reference) == ID_LENGTH:
                    return self.get(reference)
                raise TokenNotFound(reference)
            case several:
                raise AmbiguousName(reference, several)

    def _note_reach(self, token: Token) -> None:
        """Write down that somebody asked for what is not theirs."""
        about = f"It belongs to {token.account}."
        self._note_refusal(of_token(token, self.account, Action.LOOK, about))

    def _note_refusal(self, *events: Event) -> None:
        # Refused it is in any case.
        with suppress(StoreError):
            self.trail.record(*(replace(event, outcome=Outcome.REFUSED) for event in events))

    def history(self, token: Token, text: str = "") -> Iterator[Entry]:
        """Yield what was done with `token`, by whomever, as far as `text` is in it; latest first.

        Raises `TokenNotFound` where it may not be seen, and `StoreError`.
        """
        self.get(token.id)
        entries = self.trail.newest(Search(token=token.id, text=text))
        return (entry for entry in entries if entry.token == token.id)

    def entries(self, search: Search, after: int = 0) -> Iterator[Entry]:
        """Yield the entries of the audit trail that are wanted, of numbers above `after`.

        The latest comes first. Who sees only their own tokens sees what was done with these, by
        whomever, and what they did besides, but not which tokens of others they asked for. Raises
        `StoreError`.
        """
        wanted = self.trail.newest(search, after)
        only = self.rights.only_of
        if only is None:
            return wanted
        own = {token.id for token in self.everything(self._all_of_them())}
        return (
            entry
            for entry in wanted
            if (entry.account == only if entry.token is None else entry.token in own)
        )


def _problems(token: Token) -> Iterator[str]:
    if token.revoked_at is not None:
        if token.hash is not None:
            yield f"{printable(token.name)} ({token.id}) was revoked but still has a hash."
        return
    try:
        check_name(token.name)
    except InvalidName as error:
        yield f"The name {printable(token.name)} ({token.id}) breaks a rule: {error} Rename it."
    if token.hash is None or not credential.is_hash(token.hash):
        yield (
            f"The hash of {printable(token.name)} is damaged, so its secret opens nothing: "
            "revoke it and create another."
        )

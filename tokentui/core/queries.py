"""What somebody may know: the tokens of a store, found and judged."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from msgspec.structs import replace

from tokentui.core.account import without_deleted
from tokentui.core.audit import Action, Outcome, event_for
from tokentui.core.cancel import NEVER, Cancel
from tokentui.core.dates import local
from tokentui.core.errors import (
    AmbiguousName,
    StoreError,
    TokenNotFound,
    TokentuiError,
)
from tokentui.core.query import WINDOW, Filter, Query, Sort
from tokentui.core.rights import Permissions, Rights
from tokentui.core.rows import joined
from tokentui.core.search import EVERYTHING
from tokentui.core.text import printable, similar
from tokentui.core.token import (
    ID_LENGTH,
    Status,
    Token,
)
from tokentui.core.window import FIRST, Position

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable, Iterator, Sequence
    from datetime import date

    from tokentui.core.audit import Event, Recorder
    from tokentui.core.backend import Backend
    from tokentui.core.clock import Clock
    from tokentui.core.credential import Hasher, Secret
    from tokentui.core.display import DisplayContext
    from tokentui.core.policy import Policy
    from tokentui.core.query import TokenPage, TokenRow, Uses
    from tokentui.core.search import Search
    from tokentui.core.summary import Summary
    from tokentui.core.verifier import Verifier

_MOST_PARTS = 4
_MOST_COMPARED = 500
"""How many tokens with each of these parts of a name are compared with one that is unknown."""


class TokenQueries:
    """Finds the tokens of one backend, as far as an account may see them.

    Where somebody has `signed_in` as the account, its role says what may be seen and done; whoever
    has not has the files, and so sees and does everything. `opened_by` is as for `Rights`. Refusals
    are recorded by `recorder`, or else in the audit log. `remarks` are warnings about other things
    than the backend.
    """

    def __init__(
        self,
        backend: Backend,
        policy: Policy,
        *,
        account: str,
        signed_in: bool,
        opened_by: Collection[str],
        recorder: Recorder | None,
        hasher: Hasher,
        clock: Clock,
        remarks: Sequence[str],
    ) -> None:
        self.backend = backend
        self.policy = policy
        self.account = account
        self.rights = Rights(account, backend.accounts, signed_in=signed_in, opened_by=opened_by)
        self.recorder = recorder or backend.audit
        self.now = clock
        self._hasher = hasher
        self._remarks = remarks

    def version(self) -> Hashable:
        """Return a stamp that differs once a token or an account was changed, or a token used.

        Cheap; raises `StoreUnavailable` alone: what cannot be read for another reason differs once
        that reason does.
        """
        versions = self.backend.versions()
        return versions.tokens, versions.accounts, versions.usage

    @property
    def location(self) -> str:
        """Where the tokens are, in words for people."""
        return self.backend.url

    def permissions(self) -> Permissions:
        """Return what may be seen and done now. Raises what `Rights.permissions` does.

        For what is shown: every change is checked again when it is made.
        """
        known = self.rights.permissions()
        if self.backend.read_only:
            return replace(known, read_only_reason="The store was opened read-only.")
        return known

    def warnings(self) -> Sequence[str]:
        """Return what an administrator should know about the store, a sentence each."""
        return [printable(said) for said in self._warnings()]

    def _warnings(self) -> Iterator[str]:
        yield from self._remarks
        yield from self.backend.warnings()

    def display_context(self) -> DisplayContext:
        """Return what formatting takes to show things as they are now. Asks no store."""
        from tokentui.core.display import DisplayContext  # not all commands show tokens

        return DisplayContext(
            account=self.account,
            now=self.now(),
            zone=self.policy.zone,
            soon=self.policy.soon,
            date_format=self.policy.date_format,
        )

    def today(self) -> date:
        """Return the current day in the service's time zone."""
        return local(self.now(), self.policy.zone).date()

    def status(self, token: Token) -> Status:
        """Return what `token` is worth now."""
        return token.status(self.now(), self.policy.soon)

    def query(
        self,
        shown: Filter = Filter.ALL,
        sort: Sort = Sort.NAME,
        *,
        descending: bool = False,
    ) -> Query:
        """Return a query for the tokens of a filter, as of now. Narrow it with `replace`."""
        query = Query(now=self.now(), soon=self.policy.soon, sort=sort, descending=descending)
        return query.showing(shown)

    def search(self, text: str) -> Search:
        """Return what a person looks for; raise `InvalidSearch`."""
        if not text.strip():
            return EVERYTHING
        from tokentui.core.search_language import parse  # slow to load, and seldom needed

        return parse(text, self.policy.zone)

    def find(
        self,
        query: Query,
        at: Position = FIRST,
        limit: int = WINDOW,
        cancel: Cancel = NEVER,
    ) -> TokenPage:
        """Return a window of the result of `query`, as far as it may be seen.

        Raises what `TokenRepository.page` does.
        """
        return self.backend.tokens.page(self._within_rights(query), at, limit, cancel)

    def count(self, query: Query, cancel: Cancel = NEVER) -> int:
        """Return the size of the result of `query`, as far as it may be seen.

        Raises what `TokenRepository.count` does.
        """
        return self.backend.tokens.count(self._within_rights(query), cancel)

    def summary(self, account: str | None = None, cancel: Cancel = NEVER) -> Summary:
        """Count the tokens of each filter, as far as they may be seen: one question.

        Of those of one `account`, or of all. Raises what `TokenRepository.summary` does.
        """
        query = self._within_rights(replace(self.query(), account=account))
        return self.backend.tokens.summary(query.now, query.soon, query.account, cancel)

    def prepare_search(self, cancel: Cancel = NEVER) -> None:
        """Make ready what searches for words need; raise what the method of the repository does."""
        self.backend.tokens.prepare_search(cancel)

    def scan(self, query: Query, cancel: Cancel = NEVER) -> Iterator[TokenRow]:
        """Yield the whole result of `query`, not just a window of it, as far as it may be seen.

        Raises what `TokenRepository.page` does.
        """
        yield from self.backend.tokens.scan(self._within_rights(query), cancel)

    def list_all(self, query: Query, cancel: Cancel = NEVER) -> Sequence[Token]:
        """Return the tokens of the whole result of `query`; raise what `scan` does."""
        return [row.token for row in self.scan(query, cancel)]

    def _within_rights(self, query: Query) -> Query:
        only = self.rights.owner_filter
        return query if only is None else replace(query, account=only)

    def rows(self, tokens: Sequence[Token]) -> Sequence[TokenRow]:
        """Return `tokens` with all that is told of them.

        Where uses or accounts cannot be read, `warnings` says so: no token counts as used, and no
        account as disabled.
        """
        return joined(tokens, self.backend.usage, self.backend.accounts)

    def uses(self, tokens: Sequence[Token]) -> Uses:
        """Return how `tokens` were used; raise `StoreError` where that cannot be read."""
        return self.backend.usage.get_many([token.id for token in tokens])

    @property
    def own(self) -> str | None:
        """The account whose own business this is; None for all, of whoever has the files."""
        return self.rights.acting_as

    def owners(self) -> list[str]:
        """Return who has tokens, or might: the accounts, and others that tokens belong to."""
        # Not by a query: of many tokens, putting them in order takes the longest.
        permissions = self.rights.permissions()
        owners = {
            token.account for token in permissions.visible(self.backend.tokens.snapshot().values())
        }
        accounts = self.backend.accounts.list_all() if permissions.multi_account else {}
        return sorted(owners | set(without_deleted(accounts)))

    def get(self, token_id: str) -> Token:
        """Return a token by its id, revoked or not; raise `TokenNotFound`."""
        token = self.stored(token_id)
        if not self.rights.visible([token]):
            self._note_reach(token)
            raise TokenNotFound(token_id)
        return token

    def stored(self, token_id: str) -> Token:
        """Return a token, whoever may see it; raise `TokenNotFound`."""
        try:
            return self.backend.tokens.get_many([token_id])[token_id]
        except KeyError:
            raise TokenNotFound(token_id) from None

    def get_many(self, ids: Collection[str]) -> Sequence[Token]:
        """Return the tokens with these ids, revoked or not, as far as they may be seen."""
        return self.rights.visible(self.backend.tokens.get_many(ids).values())

    def refusal(self, error: TokentuiError) -> str:
        """Return why a secret was refused, with the name of its token where that may be seen."""
        from tokentui.core.verdicts import NOT_VALID, Refused  # seldom needed

        try:
            token = self.get(getattr(error, "token_id", None) or "")
        except TokentuiError:
            # Of what is others', nobody learns more than from a wrong secret.
            return NOT_VALID if isinstance(error, Refused) and self.own else str(error)
        return f"{printable(token.name)}: {error}"

    def verifier(self) -> Verifier:
        """Return what checks secrets of these tokens; a secret tried so does not count as used."""
        # Slow to load, and seldom needed.
        from tokentui.core.verifier import Verifier

        return Verifier(
            self.backend.lookup,
            hasher=self._hasher,
            clock=self.now,
            prefix=self.policy.prefix,
        )

    def token_of(self, verifier: Verifier, presented: Secret) -> Token:
        """Return the token that `presented` is the secret of; raise a kind of `Refused`.

        One that may not be seen is refused as a wrong secret is.
        """
        from tokentui.core.verdicts import NOT_VALID, WrongSecret  # seldom needed

        token_id = verifier.identify(presented).id
        try:
            return self.get(token_id)
        except TokenNotFound:
            raise WrongSecret(NOT_VALID, token_id) from None

    def look_up(self, reference: str) -> Token:
        """Return the token with this id, or else the one that holds this name.

        Raises `TokenNotFound`, and `AmbiguousName` where several accounts use the name.
        """
        # By id first: nobody can give a token of theirs the id of another one as its name.
        if len(reference) == ID_LENGTH:
            with suppress(TokenNotFound):
                if found := self.rights.visible([self.stored(reference)]):
                    return found[0]
        named = self.backend.tokens.by_name(reference)
        match self.rights.visible(named):
            case [token]:
                return token
            case []:
                for token in named:
                    self._note_reach(token)
                if not named and len(reference) == ID_LENGTH:
                    return self.get(reference)
                raise TokenNotFound(reference, self._similar_names(reference))
            case several:
                raise AmbiguousName(reference, several)

    def _similar_names(self, reference: str) -> Sequence[str]:
        """Return names that `reference` may be a misspelling of, as far as they may be seen.

        Only names that share a part of it are compared, and not all of them where there are many.
        """
        size = max(2, len(reference) // 3)
        parts = {reference[at : at + size] for at in range(0, len(reference), size)}
        names: set[str] = set()
        with suppress(StoreError):
            for part in list(parts)[:_MOST_PARTS]:
                page = self.find(replace(self.query(), text=part), limit=_MOST_COMPARED)
                names |= {row.token.name for row in page.rows}
        return similar(reference, names)

    def _note_reach(self, token: Token) -> None:
        """Write down that somebody asked for what is not theirs."""
        about = f"The owner is {token.account}."
        self.record_refusal(event_for(token, self.account, Action.LOOK, about))

    def record_refusal(self, *events: Event) -> None:
        # Refused it is in any case.
        with suppress(StoreError):
            self.recorder.record(*(replace(event, outcome=Outcome.REFUSED) for event in events))

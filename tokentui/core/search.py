"""What is looked for among tokens: terms, all of which have to match. Plain data, without a store.

How people write it is in `core.search_language`.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from tokentui.core.token import Status, Token, name_key
from tokentui.core.usage import Usage

SHORT = 3
"""Words of fewer letters are looked for in names alone: IDs and notes have almost any of them."""

Bound = datetime | timedelta | None
"""A moment, or one that far from the present moment; None where there is no bound."""
Test = Callable[[Token], bool]


class Context(msgspec.Struct, frozen=True):
    """What terms are judged by: the moment, when a token expires soon, and how tokens were used."""

    now: datetime
    soon: timedelta
    uses: Mapping[str, Usage]

    def moment(self, bound: Bound) -> datetime | None:
        """Return the moment of a bound."""
        return self.now + bound if isinstance(bound, timedelta) else bound


class Term(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that has to match, or must not where it is `excluded`."""

    excluded: bool = False
    source: str = ""
    """How a person wrote it, without the mark of what is excluded."""

    @property
    def timeless(self) -> bool:
        """Whether it matches the same tokens at any moment."""
        return True

    @property
    def by_use(self) -> bool:
        """Whether uses decide which tokens match."""
        return False

    def test(self, context: Context) -> Test:
        """Return what tells whether a token matches, `excluded` aside."""
        raise NotImplementedError

    def select(self, tokens: Sequence[Token], context: Context) -> list[Token]:
        """Return those of `tokens` that are wanted."""
        test, wanted = self.test(context), not self.excluded
        return [token for token in tokens if test(token) is wanted]

    def implies(self, other: "Term") -> bool:
        """Say whether every token that this wants is wanted by `other`."""
        return self == other


class Word(Term, frozen=True, kw_only=True):
    """A part of a name, an ID, an owner or a note, letter case aside."""

    text: str

    @property
    def key(self) -> str:
        """The text as it is compared."""
        return name_key(self.text)

    @property
    def short(self) -> bool:
        """Whether it is looked for in names alone."""
        return len(self.key) < SHORT

    def select(self, tokens: Sequence[Token], _: Context) -> list[Token]:
        # Spelled out: a call for each token takes longer than all the rest.
        key, wanted = self.key, not self.excluded
        if self.short:
            return [token for token in tokens if (key in token.name.casefold()) is wanted]
        owners = _Owners(key)
        return [
            token
            for token in tokens
            if (
                key in token.name.casefold()
                or key in token.id.lower()
                or owners[token.account]
                or key in token.note.casefold()
            )
            is wanted
        ]

    def implies(self, other: Term) -> bool:
        if not isinstance(other, Word) or self.excluded or other.excluded:
            return self == other
        return other.key in self.key and (self.short or not other.short)


class Note(Term, frozen=True, kw_only=True):
    """A part of the note, letter case aside."""

    text: str

    @property
    def key(self) -> str:
        """The text as it is compared."""
        return name_key(self.text)

    def test(self, _: Context) -> Test:
        key = self.key
        return lambda token: key in name_key(token.note)

    def implies(self, other: Term) -> bool:
        if not isinstance(other, Note) or self.excluded or other.excluded:
            return self == other
        return other.key in self.key


class NoNote(Term, frozen=True, kw_only=True):
    """No note at all."""

    def test(self, _: Context) -> Test:
        return lambda token: not token.note


class Owner(Term, frozen=True, kw_only=True):
    """The account that a token belongs to."""

    account: str

    def test(self, _: Context) -> Test:
        return lambda token: token.account == self.account


class HasStatus(Term, frozen=True, kw_only=True):
    """One of some statuses, or a secret that nobody saved."""

    statuses: frozenset[Status] = frozenset()
    never_saved: bool = False

    @property
    def timeless(self) -> bool:
        return self.statuses <= {Status.REVOKED}

    def test(self, context: Context) -> Test:
        now, soon = context.now, context.soon
        return lambda token: (
            (self.never_saved and token.never_saved) or token.status(now, soon) in self.statuses
        )


class UsedFrom(Term, frozen=True, kw_only=True):
    """An address of the last use that begins in one of some ways, or is exactly one of others."""

    prefixes: tuple[str, ...] = ()
    addresses: frozenset[str] = frozenset()

    @property
    def by_use(self) -> bool:
        return True

    def test(self, context: Context) -> Test:
        def matches(token: Token) -> bool:
            use = context.uses.get(token.id)
            address = use.address if use is not None else None
            return address is not None and (
                address in self.addresses or address.startswith(self.prefixes)
            )

        return matches


class Date(StrEnum):
    """A moment of a token."""

    CREATED = "created"
    EXPIRES = "expires"
    USED = "used"


class Between(Term, frozen=True, kw_only=True):
    """A moment from `since` on and before `until`; what has no such moment does not match."""

    date: Date
    since: Bound = None
    until: Bound = None

    @property
    def timeless(self) -> bool:
        return not any(isinstance(bound, timedelta) for bound in (self.since, self.until))

    @property
    def by_use(self) -> bool:
        return self.date is Date.USED

    def test(self, context: Context) -> Test:
        since, until = context.moment(self.since), context.moment(self.until)

        def matches(token: Token) -> bool:
            moment = moment_of(self.date, token, context.uses)
            return (
                moment is not None
                and (since is None or moment >= since)
                and (until is None or moment < until)
            )

        return matches


class Never(Term, frozen=True, kw_only=True):
    """No such moment: the token never expires, or was never used."""

    date: Date

    @property
    def by_use(self) -> bool:
        return self.date is Date.USED

    def test(self, context: Context) -> Test:
        return lambda token: moment_of(self.date, token, context.uses) is None


class Search(msgspec.Struct, frozen=True):
    """Terms, all of which have to match."""

    terms: tuple[Term, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.terms)

    @property
    def timeless(self) -> bool:
        """Whether it finds the same tokens at any moment."""
        return all(term.timeless for term in self.terms)

    @property
    def by_use(self) -> bool:
        """Whether uses decide what it finds."""
        return any(term.by_use for term in self.terms)

    @property
    def rarest_word(self) -> Word | None:
        """The word that most likely leaves the fewest tokens, if there is any."""
        words = (term for term in self.terms if isinstance(term, Word))
        return max(words, key=lambda word: (not word.excluded, len(word.key)), default=None)

    def without(self, term: Term) -> "Search":
        """Return the search for all other terms."""
        return Search(tuple(each for each in self.terms if each is not term))

    @property
    def revoked(self) -> bool:
        """Whether it asks for revoked tokens, which are otherwise left out."""
        return any(
            isinstance(term, HasStatus) and Status.REVOKED in term.statuses and not term.excluded
            for term in self.terms
        )

    def select(self, tokens: list[Token], context: Context) -> list[Token]:
        """Return those of `tokens` that match."""
        for term in self.terms:
            tokens = term.select(tokens, context)
        return tokens

    def narrows(self, other: "Search") -> bool:
        """Whether all that this finds is found by `other`."""
        return all(any(mine.implies(term) for mine in self.terms) for term in other.terms)

    @property
    def reference(self) -> str | None:
        """The word that the search is, if it is nothing else: maybe the name or ID of a token."""
        match self.terms:
            case (Word(text=text, excluded=False),):
                return text
            case _:
                return None

    def is_exact(self, token: Token) -> bool:
        """Say whether the search is nothing but the name or the ID of a token."""
        reference = self.reference
        return reference is not None and (
            reference == token.id or name_key(reference) == name_key(token.name)
        )


EVERYTHING = Search()
"""The search that finds all tokens."""


def moment_of(date: Date, token: Token, uses: Mapping[str, Usage]) -> datetime | None:
    """Return a moment of a token, if there is one."""
    match date:
        case Date.CREATED:
            return token.created_at
        case Date.EXPIRES:
            return token.expires_at
        case Date.USED:
            use = uses.get(token.id)
            return None if use is None else use.last_used_at


def owner_key(account: str) -> str:
    """Return an account as words are compared with it: in a database too, that is for ASCII."""
    return account.lower() if account.isascii() else account.translate(_LOWER)


_LOWER = {ord(letter): letter.lower() for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}


class _Owners(dict[str, bool]):
    """Whether a word is in an account, each looked at once: there are few of them."""

    def __init__(self, key: str) -> None:
        self._key = key

    def __missing__(self, account: str) -> bool:
        found = self[account] = self._key in owner_key(account)
        return found

"""The records that a change needs and what it makes of them, and the rules that hold for each."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

import msgspec
from msgspec.structs import replace

from tokentui.core.errors import (
    AlreadyReplaced,
    AlreadyRevoked,
    IdTaken,
    NameTaken,
    TokenChanged,
    TokenNotFound,
)
from tokentui.core.token import Token, name_key

NameKey = tuple[str, str]
"""An account, and a name as it is compared: what at most one token may hold."""


def held_by(token: Token) -> NameKey:
    """Return what `token` holds as long as it holds its name."""
    return token.account, name_key(token.name)


class Needs(msgspec.Struct, frozen=True, kw_only=True):
    """What a change has to know of the present state."""

    ids: frozenset[str] = frozenset()
    names: frozenset[NameKey] = frozenset()


def needing(tokens: Iterable[Token]) -> Needs:
    """Return the needs of a change that leaves `tokens` their names or frees them."""
    return Needs(ids=frozenset(token.id for token in tokens))


def needing_names(tokens: Collection[Token]) -> Needs:
    """Return the needs of a change after which `tokens` have the names that they have here."""
    return Needs(ids=frozenset(token.id for token in tokens), names=frozenset(map(held_by, tokens)))


class Records(msgspec.Struct, frozen=True, kw_only=True):
    """The tokens that a change needs, as they are now.

    `tokens` has those of the ids that there are; `holders` those that hold one of the names.
    """

    tokens: Mapping[str, Token] = {}
    holders: Mapping[NameKey, Collection[Token]] = {}

    def get(self, token_id: str) -> Token:
        """Return a token; raise `TokenNotFound`."""
        try:
            return self.tokens[token_id]
        except KeyError:
            raise TokenNotFound(token_id) from None

    def unchanged(self, seen: Token) -> Token:
        """Return a token that is as it was seen (compare-and-swap); raise `TokenChanged`."""
        current = self.get(seen.id)
        if current.revision != seen.revision:
            raise TokenChanged(current)
        return current


class Edit(msgspec.Struct, frozen=True, kw_only=True):
    """What a change makes of the records: new ones, and next revisions of present ones."""

    added: tuple[Token, ...] = ()
    replaced: tuple[Token, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.replaced)

    @property
    def tokens(self) -> tuple[Token, ...]:
        """All that are written."""
        return *self.added, *self.replaced


def next_revision(token: Token, **changes: object) -> Token:
    """Return `token` with other fields, as its next revision."""
    return replace(token, revision=token.revision + 1, **changes)


def once(tokens: Iterable[Token]) -> Collection[Token]:
    """Return each of the tokens once, whoever named it twice."""
    return {token.id: token for token in tokens}.values()


def revoked(token: Token, at: datetime, by: str) -> Token:
    """Return `token` as its next revision, revoked and without its hash."""
    return next_revision(token, revoked_at=at, revoked_by=by, hash=None)


def check_ids_free(added: Iterable[Token], records: Records) -> None:
    """Raise `IdTaken` where there is a token of one of these ids already."""
    seen: set[str] = set()
    for token in added:
        if token.id in records.tokens or token.id in seen:
            raise IdTaken(token.id)
        seen.add(token.id)


def check_names_free(tokens: Collection[Token], records: Records) -> None:
    """Raise `NameTaken` where another token of the account holds a name."""
    together = {token.id for token in tokens}
    claimed: set[NameKey] = set()
    for token in tokens:
        if not token.holds_name:
            continue
        claim = held_by(token)
        others = (each for each in records.holders.get(claim, ()) if each.id not in together)
        if claim in claimed or any(others):
            raise NameTaken(token.name)
        claimed.add(claim)


def check_not_revoked(token: Token) -> Token:
    """Return `token`; raise `AlreadyRevoked` where it is revoked."""
    if token.revoked_at is not None:
        raise AlreadyRevoked(token.name)
    return token


def check_changeable(token: Token) -> Token:
    """Return `token`; raise `AlreadyRevoked`, or `AlreadyReplaced` where it was rotated."""
    if check_not_revoked(token).replaced_by is not None:
        raise AlreadyReplaced(token.name)
    return token

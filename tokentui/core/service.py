"""The verbs: what may be done with tokens. The one place where the rules meet a store."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec.structs import replace

from tokentui.core import credential
from tokentui.core.credential import BcryptHasher, Hasher, Secret
from tokentui.core.dates import DateFormat
from tokentui.core.errors import (
    AlreadyReplaced,
    AlreadyRevoked,
    AmbiguousName,
    InvalidExpiry,
    InvalidName,
    NameTaken,
    StoreError,
    TokenChanged,
    TokenNotFound,
)
from tokentui.core.query import UNUSED_FOR, Filter, Page, Query, Sort
from tokentui.core.store import (
    Clock,
    TokenStore,
    Usage,
    UsageStore,
    everything,
    everything_of,
    utc_now,
)
from tokentui.core.text import printable
from tokentui.core.token import (
    DEFAULT_LIFE,
    DEFAULT_SOON,
    ID_LENGTH,
    LAST_DAY,
    Status,
    Token,
    check_name,
    clashing,
    end_of_day,
)

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Sequence

    from tokentui.core.verifier import Verifier

OVERLAPS = {
    "none": timedelta(),
    "1h": timedelta(hours=1),
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
}
"""For how long a token that is rotated may go on beside its successor."""
DEFAULT_OVERLAP = "24h"


class NewToken(NamedTuple):
    """A token just made, with its secret: the only time that the two are together.

    `replaces` is the token that it is the successor of, as that is by now.
    """

    token: Token
    secret: Secret
    replaces: Token | None = None


class TokenService:
    """Creates, finds, renames, binds, rotates and revokes the tokens of one store.

    `account` owns the tokens that are created. `zone` is where days begin and end (None: the
    system's time zone). `soon` is how long before its end a token counts as expiring soon.
    `default_life` is how long a token lives unless told otherwise, `max_life` how long it may at
    most: with one, every new token expires. `date_format` is how days are told to people.
    """

    def __init__(
        self,
        store: TokenStore,
        usage: UsageStore,
        *,
        account: str,
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
        self.hasher = hasher or BcryptHasher()
        self.now = clock
        self.zone = zone
        self.prefix = prefix
        self.soon = soon
        self.default_life = default_life
        self.max_life = max_life
        self.date_format = date_format

    def changed(self) -> Hashable:
        """Return a stamp that differs once a token was changed or used. Cheap; raises nothing."""
        try:
            store = self.store.changed()
        except StoreError as error:
            store = str(error)
        return store, self.usage.changed()

    def warnings(self) -> Sequence[str]:
        """Return what an administrator should know about the store, a sentence each."""
        return [printable(said) for said in (*self.store.warnings(), *self.usage.warnings())]

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
        """Return the window of tokens that `query` asks for."""
        return self.store.find(query)

    def get(self, token_id: str) -> Token:
        """Return a token by its id, revoked or not; raise `TokenNotFound`."""
        return self.store.get(token_id)

    def used(self, token: Token) -> Usage | None:
        """Return how `token` has been used, or None where it never was."""
        return self.usage.of(token.id)

    def verifier(self) -> Verifier:
        """Return what checks secrets of these tokens; a secret tried so does not count as used."""
        from tokentui.core.verifier import Verifier  # slow to load, and seldom needed

        return Verifier(self.store, hasher=self.hasher, clock=self.now, prefix=self.prefix)

    def look_up(self, reference: str) -> Token:
        """Return the token that holds this name, or else the token with this id.

        Raises `TokenNotFound`, and `AmbiguousName` where several accounts use the name.
        """
        match self.store.named(reference):
            case [token]:
                return token
            case []:
                if len(reference) != ID_LENGTH:
                    raise TokenNotFound(reference)
                return self.store.get(reference)
            case several:
                raise AmbiguousName(reference, tuple(token.id for token in several))

    def check_new_name(self, name: str, *, of: Token | None = None) -> None:
        """Raise `InvalidName` or `NameTaken` unless a token may get this name.

        With `of`, say whether that token may be renamed so.
        """
        check_name(name)
        if of is not None and name == of.name:
            raise InvalidName("This is its name already.")
        account = of.account if of else self.account
        for other in self.store.named(name):
            if other.account == account and (of is None or other.id != of.id):
                raise NameTaken(other.name)

    def last_moment(self, day: date) -> datetime:
        """Return when a token valid until `day` dies; raise `InvalidExpiry` for a past day.

        Today can be chosen: "valid until this date" includes the date, so a token for today
        lives until midnight, which is just what a visitor of one day should get.
        """
        if day < self.today():
            raise InvalidExpiry(f"{day} is in the past: choose today or a later day.")
        if self.max_life is not None and day > self.today() + self.max_life:
            raise InvalidExpiry(
                f"{day} is too late: a token lives for {self.max_life.days} days at most here, so "
                f"until {self.today() + self.max_life}."
            )
        return end_of_day(day, self.zone)

    def create(
        self,
        name: str,
        last_day: date | None,
        *,
        read_only: bool = False,
        networks: tuple[str, ...] = (),
    ) -> NewToken:
        """Make a token that is valid until the end of `last_day`, or for ever where None.

        It may be bound to reading, and to `networks` as `access.parse_network` returns them.
        Raises `InvalidName`, `NameTaken`, `InvalidExpiry`. Slow by design: it hashes.
        """
        self.check_new_name(name)
        if last_day is None and self.max_life is not None:
            raise InvalidExpiry(
                f"A token has to expire here, after {self.max_life.days} days at most."
            )
        expires_at = None if last_day is None else self.last_moment(last_day)
        new = self._mint(
            account=self.account,
            name=name,
            expires_at=expires_at,
            read_only=read_only,
            networks=networks,
        )
        self.store.add(new.token)
        return new

    def _mint(self, **facts: Any) -> NewToken:
        minted = credential.mint()
        hashed = self.hasher.hash(minted.secret)
        token = Token(id=minted.id, created_at=self.now(), hash=hashed, **facts)
        return NewToken(token, minted.written(self.prefix))

    def rotate(self, token: Token, overlap: timedelta) -> NewToken:
        """Make a successor of `token`, as it was last seen, that takes over its name.

        It gets the same access and length of life, from today on. `token` goes on for `overlap`,
        but not for longer than it would have, and then dies by itself; where nothing is left, it
        is revoked in the same step. Raises `AlreadyRevoked`, `AlreadyReplaced`, `TokenChanged`.
        Slow by design: it hashes.
        """
        _refuse_revoked([token])
        _refuse_replaced(token)
        self.retire()
        new = self._mint(
            account=token.account,
            name=token.name,
            expires_at=self._renewed(token),
            read_only=token.read_only,
            networks=token.networks,
        )
        now = self.now()
        ends_at = min(now + overlap, token.expires_at or now + overlap)
        replaced = _next(token, replaced_by=new.token.id, expires_at=ends_at)
        if ends_at <= now:
            replaced = replace(replaced, **self._revoked_now())
        self.store.apply(added=[new.token], replaced=[replaced])
        return new._replace(replaces=replaced)

    def _renewed(self, token: Token) -> datetime | None:
        """Return when a successor of `token` made today dies: its life is as long, if allowed."""
        if token.expires_at is not None:
            first, last = (
                each.astimezone(self.zone).date() for each in (token.created_at, token.expires_at)
            )
            life = min(last - first, self.max_life or timedelta.max)
        elif self.max_life is not None:
            life = self.max_life
        else:
            return None
        # As numbers: a date after the last one cannot be made.
        day = min(self.today().toordinal() + max(life.days, 0), LAST_DAY.toordinal())
        return end_of_day(date.fromordinal(day), self.zone)

    def retire(self) -> None:
        """Revoke what was replaced and has had its time; another change meanwhile is no obstacle.

        It opens no door any more anyway: this clears the list, and deletes the hash.
        """
        for token in everything_of(self.store, self.query(Filter.EXPIRED)):
            if token.replaced_by is not None:
                with suppress(TokenChanged):
                    self.store.replace(_next(token, revoked_at=token.expires_at, hash=None))

    def confirm_saved(self, token_id: str) -> Token:
        """Note that somebody has the secret. A change made elsewhere meanwhile is no obstacle."""
        while True:
            token = self.store.get(token_id)
            if token.saved_at is not None or token.revoked_at is not None:
                return token
            saved = _next(token, saved_at=self.now())
            try:
                self.store.replace(saved)
            except TokenChanged:
                continue
            return saved

    def rename(self, token: Token, name: str) -> Token:
        """Give `token`, as it was last seen, another name and return it.

        Raises `InvalidName`, `NameTaken`, `AlreadyReplaced`, and `TokenChanged` where it is no
        longer as seen.
        """
        _refuse_revoked([token])
        _refuse_replaced(token)
        self.check_new_name(name, of=token)
        renamed = _next(token, name=name)
        self.store.replace(renamed)
        return renamed

    def set_access(self, token: Token, *, read_only: bool, networks: tuple[str, ...]) -> Token:
        """Bind `token`, as it was last seen, to other limits and return it; see `create`.

        Raises `AlreadyRevoked`, `AlreadyReplaced`, and `TokenChanged` where it is no longer as
        seen.
        """
        if (read_only, networks) == (token.read_only, token.networks):
            return token
        _refuse_revoked([token])
        _refuse_replaced(token)
        bound = _next(token, read_only=read_only, networks=networks)
        self.store.replace(bound)
        return bound

    def check_unchanged(self, tokens: Iterable[Token]) -> None:
        """Raise `TokenChanged` where one of `tokens` is no longer as it was last seen."""
        for token in tokens:
            current = self.get(token.id)
            if current.revision != token.revision:
                raise TokenChanged(current)

    def revoke(self, tokens: Sequence[Token]) -> None:
        """Revoke all of `tokens`, as they were last seen, or none; raise `TokenChanged`.

        The records stay, without their hashes: "revoked" can be told from "unknown", and history
        can be read.
        """
        _refuse_revoked(tokens)
        gone = self._revoked_now()
        self.store.apply(replaced=[_next(token, **gone) for token in tokens])

    def _revoked_now(self) -> dict[str, Any]:
        return {"revoked_at": self.now(), "revoked_by": self.account, "hash": None}


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


def _refuse_revoked(tokens: Sequence[Token]) -> None:
    for token in tokens:
        if token.revoked_at is not None:
            raise AlreadyRevoked(token.name)


def _refuse_replaced(token: Token) -> None:
    if token.replaced_by is not None:
        raise AlreadyReplaced(token.name)


def _next(token: Token, **changes: object) -> Token:
    return replace(token, revision=token.revision + 1, **changes)

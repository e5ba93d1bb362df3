"""The verbs: what may be done with tokens. The one place where the rules meet a store."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec.structs import replace

from tokentui.core import credential
from tokentui.core.audit import Action, Event, noted, of_token
from tokentui.core.errors import (
    AlreadyReplaced,
    AlreadyRevoked,
    InvalidExpiry,
    InvalidName,
    NameTaken,
    NotPermitted,
    TokenChanged,
)
from tokentui.core.query import Filter
from tokentui.core.reading import TokenReader
from tokentui.core.token import LAST_DAY, Token, check_name, end_of_day

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from tokentui.core.credential import Secret

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


class TokenService(TokenReader):
    """Creates, renames, binds, rotates and revokes tokens, as far as an account may.

    Every verb may raise `NotPermitted`, and `TrailUnwritable` where it cannot be written down.
    """

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
        self._permit(Action.CREATE)
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
        self._commit([self._event(Action.CREATE, new.token, _ends(new.token))], added=[new.token])
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
        self._permit(Action.ROTATE, [token])
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
        events = [
            self._event(Action.ROTATE, token, f"Its successor is {new.token.id}."),
            self._event(Action.CREATE, new.token, f"It replaces {token.id}. {_ends(new.token)}"),
        ]
        self._commit(events, added=[new.token], replaced=[replaced])
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
        for token in self.everything(self.query(Filter.EXPIRED)):
            if token.replaced_by is not None:
                retired = _next(token, revoked_at=token.expires_at, hash=None)
                with suppress(TokenChanged):
                    self._commit([self._event(Action.RETIRE, token)], replaced=[retired])

    def confirm_saved(self, token_id: str) -> Token:
        """Note that somebody has the secret. A change made elsewhere meanwhile is no obstacle."""
        while True:
            token = self.get(token_id)
            self._permit(Action.SAVE, [token])
            if token.saved_at is not None or token.revoked_at is not None:
                return token
            saved = _next(token, saved_at=self.now())
            try:
                self._commit([self._event(Action.SAVE, token)], replaced=[saved])
            except TokenChanged:
                continue
            return saved

    def rename(self, token: Token, name: str) -> Token:
        """Give `token`, as it was last seen, another name and return it.

        Raises `InvalidName`, `NameTaken`, `AlreadyReplaced`, and `TokenChanged` where it is no
        longer as seen.
        """
        self._permit(Action.RENAME, [token])
        _refuse_revoked([token])
        _refuse_replaced(token)
        self.check_new_name(name, of=token)
        renamed = _next(token, name=name)
        event = self._event(Action.RENAME, token, f"Its name is {name} now.")
        self._commit([event], replaced=[renamed])
        return renamed

    def set_access(self, token: Token, *, read_only: bool, networks: tuple[str, ...]) -> Token:
        """Bind `token`, as it was last seen, to other limits and return it; see `create`.

        Raises `AlreadyRevoked`, `AlreadyReplaced`, and `TokenChanged` where it is no longer as
        seen.
        """
        if (read_only, networks) == (token.read_only, token.networks):
            return token
        self._permit(Action.ACCESS, [token])
        _refuse_revoked([token])
        _refuse_replaced(token)
        bound = _next(token, read_only=read_only, networks=networks)
        use = "for reading" if read_only else "for anything"
        about = f"It is {use}, from {' or '.join(networks) or 'anywhere'}, now."
        self._commit([self._event(Action.ACCESS, token, about)], replaced=[bound])
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
        self._permit(Action.REVOKE, tokens)
        _refuse_revoked(tokens)
        gone = self._revoked_now()
        events = [self._event(Action.REVOKE, token) for token in tokens]
        self._commit(events, replaced=[_next(token, **gone) for token in tokens])

    def _permit(self, action: Action, tokens: Collection[Token] = ()) -> None:
        """Raise `NotPermitted`, and write that down, unless the account may do this."""
        try:
            self.rights.check(action, tokens)
        except NotPermitted as error:
            about = str(error)
            events = [self._event(action, token, about) for token in tokens]
            self._note_refusal(
                *(events or [Event(account=self.account, action=action, about=about)])
            )
            raise

    def _event(self, action: Action, token: Token, about: str | None = None) -> Event:
        return of_token(token, self.account, action, about)

    def _commit(
        self,
        events: Sequence[Event],
        *,
        added: Sequence[Token] = (),
        replaced: Sequence[Token] = (),
    ) -> None:
        """Change the store, and write `events` down just before that comes about."""
        change = partial(self.store.apply, added=added, replaced=replaced)
        noted(self.trail, events, lambda note: change(note=note))

    def _revoked_now(self) -> dict[str, Any]:
        return {"revoked_at": self.now(), "revoked_by": self.account, "hash": None}


def _ends(token: Token) -> str:
    return f"It ends {token.expires_at}." if token.expires_at else "It never ends."


def _refuse_revoked(tokens: Sequence[Token]) -> None:
    for token in tokens:
        if token.revoked_at is not None:
            raise AlreadyRevoked(token.name)


def _refuse_replaced(token: Token) -> None:
    if token.replaced_by is not None:
        raise AlreadyReplaced(token.name)


def _next(token: Token, **changes: object) -> Token:
    return replace(token, revision=token.revision + 1, **changes)

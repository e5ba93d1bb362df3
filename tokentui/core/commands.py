"""The verbs: what may be done with tokens. The one place where the rules meet a store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from tokentui.core import credential
from tokentui.core.audit import Action, Event, event_for
from tokentui.core.backend import Backend, Committed, committed
from tokentui.core.change import (
    ConfirmSaved,
    Create,
    Rename,
    Revoke,
    SetAccess,
    SetNote,
    TokenChange,
)
from tokentui.core.clock import Clock, utc_now
from tokentui.core.credential import BcryptHasher
from tokentui.core.errors import (
    InvalidName,
    NameTaken,
    NotPermitted,
    NotRotated,
    OutcomeUnknown,
    TokenChanged,
)
from tokentui.core.new_token import NewToken, WriteAhead
from tokentui.core.note import parse_note
from tokentui.core.policy import Policy
from tokentui.core.queries import TokenQueries
from tokentui.core.query import Filter
from tokentui.core.records import check_changeable, check_not_revoked
from tokentui.core.rotation import original_end, renewed_end
from tokentui.core.rotation_change import Retire, Rotate, UndoRotation
from tokentui.core.token import Status, Token, check_name

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import date, datetime, timedelta

    from tokentui.core.audit import Recorder
    from tokentui.core.credential import Hasher


_RETIRED_TOGETHER = 10_000
"""The most tokens that one change retires: between two, others can change the store."""


class TokenCommands:
    """Creates, renames, limits, rotates and revokes tokens, as far as an account may.

    `account` owns the tokens that are created; what it may see and know is in `queries`, and the
    other arguments are as for `TokenQueries`. Every verb may raise `NotPermitted`, and
    `AuditLogUnwritable` where it cannot be written down.
    """

    def __init__(
        self,
        backend: Backend,
        policy: Policy | None = None,
        *,
        account: str,
        signed_in: bool = False,
        opened_by: Collection[str] = (),
        recorder: Recorder | None = None,
        hasher: Hasher | None = None,
        clock: Clock = utc_now,
        remarks: Sequence[str] = (),
    ) -> None:
        self.backend = backend
        self.hasher = hasher or BcryptHasher()
        self.queries = TokenQueries(
            backend,
            policy or Policy(),
            account=account,
            signed_in=signed_in,
            opened_by=opened_by,
            recorder=recorder,
            hasher=self.hasher,
            clock=clock,
            remarks=remarks,
        )

    @property
    def account(self) -> str:
        """The account that owns what is created."""
        return self.queries.account

    @property
    def _policy(self) -> Policy:
        return self.queries.policy

    def check_new_name(self, name: str, *, renaming: Token | None = None) -> None:
        """Raise `InvalidName` or `NameTaken` unless a new token may get this name.

        With `renaming`, unless that token may get it.
        """
        check_name(name)
        if renaming is not None and name == renaming.name:
            raise InvalidName("The token already has this name.")
        account = renaming.account if renaming else self.account
        for other in self.backend.tokens.by_name(name, account):
            if renaming is None or other.id != renaming.id:
                raise NameTaken(other.name)

    def last_moment(self, day: date) -> datetime:
        """Return when a token that is valid until `day` expires; see `Policy.last_moment`."""
        return self._policy.last_moment(day, self.queries.today())

    def create(
        self,
        name: str,
        last_day: date | None,
        *,
        read_only: bool = False,
        networks: tuple[str, ...] = (),
        note: str = "",
        write_ahead: WriteAhead | None = None,
    ) -> NewToken:
        """Create a token that is valid until the end of `last_day`; None for no expiration.

        It may be read-only, and limited to `networks` as `access.parse_network` returns them;
        `note` says what it is for. Raises `InvalidName`, `NameTaken`, `InvalidNote`,
        `InvalidExpiry`. Slow by design: it hashes.
        """
        self._permit(Action.CREATE)
        self.check_new_name(name)
        note = parse_note(note)
        expires_at = self._policy.expiry(last_day, self.queries.today())
        new = self._mint(
            account=self.account,
            name=name,
            expires_at=expires_at,
            read_only=read_only,
            networks=networks,
            note=note,
        )
        return self._issue(new, Create(token=new.token), write_ahead)

    def _mint(self, **fields: Any) -> NewToken:
        minted = credential.mint()
        hashed = self.hasher.hash(minted.secret)
        token = Token(id=minted.id, created_at=self.queries.now(), hash=hashed, **fields)
        return NewToken(token, minted.encode(self._policy.prefix))

    def _issue(
        self, new: NewToken, change: Create | Rotate, write_ahead: WriteAhead | None
    ) -> NewToken:
        """Commit a new token. Once that is done its secret is returned, whatever the disk says.

        Also where it is not known whether it is done: a secret that opens nothing does less harm
        than one that is lost.
        """
        if write_ahead is not None:
            write_ahead(new)
        try:
            made = committed(self.backend, change, self.account)
        except OutcomeUnknown as error:
            return replace(new, unconfirmed=str(error))
        replaces = made.tokens[change.seen.id] if isinstance(change, Rotate) else None
        return replace(new, unconfirmed=made.unconfirmed, replaces=replaces)

    def rotate(
        self, token: Token, overlap: timedelta, write_ahead: WriteAhead | None = None
    ) -> NewToken:
        """Replace `token`, as it was last seen, by a new one with the same name.

        That gets the same access, note and lifetime, from today on. `token` stays valid for
        `overlap`, but not for longer than it would have, and then expires; where nothing is left,
        it is revoked in the same step. Raises `AlreadyRevoked`, `AlreadyReplaced`, `TokenChanged`.
        Slow by design: it hashes.
        """
        self._permit(Action.ROTATE, [token])
        check_changeable(token)
        self.retire()
        new = self._mint(
            account=token.account,
            name=token.name,
            expires_at=renewed_end(
                token, self.queries.today(), self._policy.max_life, self._policy.zone
            ),
            read_only=token.read_only,
            networks=token.networks,
            note=token.note,
        )
        now = self.queries.now()
        ends_at = min(now + overlap, token.expires_at or now + overlap)
        change = Rotate(seen=token, new=new.token, ends_at=ends_at, at=now, by=self.account)
        return self._issue(new, change, write_ahead)

    def undo_rotation(self, old: Token) -> Token:
        """Give `old`, as it was last seen, its name and its end back, and revoke its replacement.

        Raises `AlreadyRevoked` where its hash is deleted already, `AlreadyReplaced` where the
        replacement was itself rotated, `NotRotated`, `NameTaken`, `TokenNotFound`, `TokenChanged`.
        """
        self._permit(Action.ROTATE, [old])
        check_not_revoked(old)
        if old.replaced_by is None:
            raise NotRotated(old.name)
        new = self.queries.stored(old.replaced_by)
        change = UndoRotation(
            seen=old,
            new=new,
            expires_at=original_end(old, new, self._policy.zone),
            at=self.queries.now(),
            by=self.account,
        )
        return self._commit(change).tokens[old.id]

    def replaced_by(self, token: Token) -> Token:
        """Return the token that `token` replaces and that still has a hash; raise `NotRotated`."""
        statuses = frozenset({Status.REPLACED, Status.EXPIRED})
        for old in self.queries.list_all(replace(self.queries.query(), statuses=statuses)):
            if old.replaced_by == token.id:
                return old
        raise NotRotated(token.name)

    def retire(self) -> None:
        """Revoke what was replaced and has had its time; another change meanwhile is no obstacle.

        Their secrets are refused in any case: this clears the list, and deletes the hashes. All of
        them in one change: each rewrites the whole store.
        """
        over = [
            token
            for token in self.queries.list_all(self.queries.query(Filter.EXPIRED))
            if token.replaced_by is not None
        ]
        for start in range(0, len(over), _RETIRED_TOGETHER):
            seen = tuple(over[start : start + _RETIRED_TOGETHER])
            committed(self.backend, Retire(seen=seen, at=self.queries.now()), self.account)

    def confirm_saved(self, token_id: str) -> Token:
        """Note that somebody has the secret. A change made elsewhere meanwhile is no obstacle."""
        token = self.queries.get(token_id)
        self._permit(Action.SAVE, [token])
        # That it may not last is no reason to say that it was not noted.
        made = committed(
            self.backend, ConfirmSaved(seen=token, at=self.queries.now()), self.account
        )
        return made.tokens[token.id]

    def rename(self, token: Token, name: str) -> Token:
        """Give `token`, as it was last seen, another name and return it.

        Raises `InvalidName`, `NameTaken`, `AlreadyReplaced`, and `TokenChanged` where it is no
        longer as seen.
        """
        self._permit(Action.RENAME, [token])
        check_changeable(token)
        self.check_new_name(name, renaming=token)
        return self._commit(Rename(seen=token, name=name)).tokens[token.id]

    def set_access(self, token: Token, *, read_only: bool, networks: tuple[str, ...]) -> Token:
        """Give `token`, as it was last seen, other limits and return it; see `change_access`."""
        [changed] = self.change_access([token], read_only=read_only, networks=networks)
        return changed

    def change_access(
        self,
        tokens: Sequence[Token],
        *,
        read_only: bool | None = None,
        networks: tuple[str, ...] | None = None,
    ) -> Sequence[Token]:
        """Give all of `tokens`, as they were last seen, other limits and return them, or none.

        The limits are as for `create`; what is None stays as it is. Raises `AlreadyRevoked`,
        `AlreadyReplaced`, and `TokenChanged` where one is no longer as seen.
        """
        change = SetAccess(seen=tuple(tokens), read_only=read_only, networks=networks)
        if not any(map(change.changes, tokens)):
            return tokens
        self._permit(Action.ACCESS, tokens)
        for token in tokens:
            check_changeable(token)
        changed = self._commit(change).tokens
        return [changed[token.id] for token in tokens]

    def set_note(self, token: Token, note: str) -> Token:
        """Give `token`, as it was last seen, another note and return it; an empty one removes it.

        Raises `InvalidNote`, and what `set_access` does.
        """
        if (note := parse_note(note)) == token.note:
            return token
        self._permit(Action.NOTE, [token])
        check_changeable(token)
        return self._commit(SetNote(seen=token, note=note)).tokens[token.id]

    def check_unchanged(self, tokens: Sequence[Token]) -> None:
        """Raise `TokenChanged` where one of `tokens` is no longer as it was last seen."""
        known = {token.id: token for token in self.queries.get_many([token.id for token in tokens])}
        for token in tokens:
            current = known.get(token.id) or self.queries.get(token.id)  # which raises
            if current.revision != token.revision:
                raise TokenChanged(current)

    def revoke(self, tokens: Sequence[Token]) -> None:
        """Revoke all of `tokens`, as they were last seen, or none; raise `TokenChanged`.

        The records stay, without their hashes: "revoked" can be told from "unknown", and history
        can be read.
        """
        self._permit(Action.REVOKE, tokens)
        for token in tokens:
            check_not_revoked(token)
        self._commit(Revoke(seen=tuple(tokens), at=self.queries.now(), by=self.account))

    def _permit(self, action: Action, tokens: Collection[Token] = ()) -> None:
        """Raise `NotPermitted`, and write that down, unless the account may do this."""
        try:
            self.queries.rights.check(action, tokens)
        except NotPermitted as error:
            about = str(error)
            events = [event_for(token, self.account, action, about) for token in tokens]
            self.queries.record_refusal(
                *(events or [Event(account=self.account, action=action, about=about)])
            )
            raise

    def _commit(self, change: TokenChange) -> Committed:
        return committed(self.backend, change, self.account).confirmed()


TokenService = TokenCommands
"""The name that version 0.1 has for it."""

"""Changes by which a token takes over from another, as `core.change` has them."""

from collections.abc import Iterator
from datetime import datetime

import msgspec
from msgspec.structs import replace

from tokentui.core.audit import Action, Event, ending, event_for
from tokentui.core.errors import NotRotated
from tokentui.core.records import (
    Edit,
    Needs,
    Records,
    check_changeable,
    check_not_revoked,
    needing,
    needing_names,
    next_revision,
    once,
    revoked,
)
from tokentui.core.token import Token


class Rotate(msgspec.Struct, frozen=True, kw_only=True):
    """Add a token that takes over the name of another, which keeps working until `ends_at`.

    Where that is over at `at`, the other one is revoked in the same step, by `by`.
    """

    seen: Token
    new: Token
    ends_at: datetime
    at: datetime
    by: str

    def needs(self) -> Needs:
        return needing_names([self.seen, self.new])

    def edit(self, records: Records) -> Edit:
        token = check_changeable(records.unchanged(self.seen))
        old = next_revision(token, replaced_by=self.new.id, expires_at=self.ends_at)
        if self.ends_at <= self.at:
            old = replace(old, revoked_at=self.at, revoked_by=self.by, hash=None)
        return Edit(added=(self.new,), replaced=(old,))

    def events(self, account: str) -> Iterator[Event]:
        yield event_for(self.seen, account, Action.ROTATE, f"Replaced by {self.new.id}.")
        about = f"Replaces {self.seen.id}. {ending(self.new)}"
        yield event_for(self.new, account, Action.CREATE, about)


class UndoRotation(msgspec.Struct, frozen=True, kw_only=True):
    """Give a token its name and its end back, and revoke the one that replaced it."""

    seen: Token
    new: Token
    expires_at: datetime | None
    at: datetime
    by: str

    def needs(self) -> Needs:
        return needing_names([self.seen, self.new])

    def edit(self, records: Records) -> Edit:
        token = check_not_revoked(records.unchanged(self.seen))
        if token.replaced_by != self.new.id:
            raise NotRotated(token.name)
        old = next_revision(token, replaced_by=None, expires_at=self.expires_at)
        new = records.unchanged(self.new)
        if new.revoked_at is not None:
            return Edit(replaced=(old,))
        return Edit(replaced=(old, revoked(check_changeable(new), self.at, self.by)))

    def events(self, account: str) -> Iterator[Event]:
        back = replace(self.seen, expires_at=self.expires_at)
        yield event_for(self.seen, account, Action.ROTATE, f"Rotation undone. {ending(back)}")
        about = f"Rotation undone: {self.seen.id} is valid again."
        yield event_for(self.new, account, Action.REVOKE, about)


class Retire(msgspec.Struct, frozen=True, kw_only=True):
    """Revoke the replaced tokens that have no overlap left at `at`.

    Their secrets are refused in any case: this deletes the hashes. Whatever was changed elsewhere
    meanwhile is no obstacle.
    """

    seen: tuple[Token, ...]
    at: datetime

    def needs(self) -> Needs:
        return needing(self.seen)

    def edit(self, records: Records) -> Edit:
        current = (records.tokens.get(seen.id) for seen in once(self.seen))
        over = [token for token in current if token is not None and self._is_over(token)]
        return Edit(
            replaced=tuple(
                next_revision(each, revoked_at=each.expires_at, hash=None) for each in over
            )
        )

    def _is_over(self, token: Token) -> bool:
        waits = token.revoked_at is None and token.replaced_by is not None
        return waits and token.expired(self.at)

    def events(self, account: str) -> Iterator[Event]:
        for seen in once(self.seen):
            yield event_for(seen, account, Action.RETIRE)

"""Changes as data (the command pattern): what somebody wants of the tokens that they have seen.

A backend loads the records that a change needs, inside its lock or its transaction, and lets
`carry_out` say what they become; `events` is what the audit log says of it. Both are pure, so
that each backend does the same, and a change whose answer was lost can be asked for again.
"""

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime

import msgspec
from msgspec.structs import replace

from tokentui.core.audit import Action, Event, event_for
from tokentui.core.errors import NotRotated
from tokentui.core.records import (
    Edit,
    Needs,
    Records,
    check_changeable,
    check_ids_free,
    check_names_free,
    check_not_revoked,
    needing,
    needing_names,
    next_revision,
)
from tokentui.core.token import Token


def carry_out(change: "TokenChange", records: Records) -> Edit:
    """Return what `change` makes of `records`, which are what it needs.

    Raises `TokenNotFound`, `TokenChanged`, `AlreadyRevoked`, `AlreadyReplaced`, `NotRotated`,
    `IdTaken` and `NameTaken`: all of a change is possible, or none of it is done.
    """
    edit = change.edit(records)
    check_ids_free(edit.added, records)
    check_names_free(edit.tokens, records)
    return edit


def events(change: "TokenChange", account: str, edit: Edit | None = None) -> list[Event]:
    """Return what the audit log says of `change`, which `account` asked for.

    With `edit`, what became of it, tokens that it left alone are left out.
    """
    told = list(change.events(account))
    if edit is None:
        return told
    ids = {token.id for token in edit.tokens}
    return [event for event in told if event.token is None or event.token in ids]


# -- the changes ----------------------------------------------------------------------------------


class Create(msgspec.Struct, frozen=True, kw_only=True):
    """Add a token that was minted here; its hash is in it, its secret is not."""

    token: Token

    def needs(self) -> Needs:
        return needing_names([self.token])

    def edit(self, records: Records) -> Edit:  # noqa: ARG002 - the same for every change
        return Edit(added=(self.token,))

    def events(self, account: str) -> Iterator[Event]:
        yield event_for(self.token, account, Action.CREATE, ending(self.token))


class Rename(msgspec.Struct, frozen=True, kw_only=True):
    """Give a token another name."""

    seen: Token
    name: str

    def needs(self) -> Needs:
        return needing_names([self.seen, replace(self.seen, name=self.name)])

    def edit(self, records: Records) -> Edit:
        token = check_changeable(records.unchanged(self.seen))
        return Edit(replaced=(next_revision(token, name=self.name),))

    def events(self, account: str) -> Iterator[Event]:
        yield event_for(self.seen, account, Action.RENAME, f"Renamed to {self.name}.")


class SetAccess(msgspec.Struct, frozen=True, kw_only=True):
    """Limit a token to reading, and to networks as `access.parse_network` returns them."""

    seen: Token
    read_only: bool
    networks: tuple[str, ...]

    def needs(self) -> Needs:
        return needing([self.seen])

    def edit(self, records: Records) -> Edit:
        token = check_changeable(records.unchanged(self.seen))
        return Edit(
            replaced=(next_revision(token, read_only=self.read_only, networks=self.networks),)
        )

    def events(self, account: str) -> Iterator[Event]:
        use = "read-only" if self.read_only else "all requests"
        networks = " or ".join(self.networks) or "any network"
        about = f"Changed to {use}, from {networks}."
        yield event_for(self.seen, account, Action.ACCESS, about)


class SetNote(msgspec.Struct, frozen=True, kw_only=True):
    """Give a token another note, as `note.parse_note` returns it; an empty one removes it."""

    seen: Token
    note: str

    def needs(self) -> Needs:
        return needing([self.seen])

    def edit(self, records: Records) -> Edit:
        token = check_changeable(records.unchanged(self.seen))
        return Edit(replaced=(next_revision(token, note=self.note),))

    def events(self, account: str) -> Iterator[Event]:
        about = "The note was changed." if self.note else "The note was removed."
        yield event_for(self.seen, account, Action.NOTE, about)


class ConfirmSaved(msgspec.Struct, frozen=True, kw_only=True):
    """Note that somebody has the secret; what was changed elsewhere meanwhile is no obstacle."""

    seen: Token
    at: datetime

    def needs(self) -> Needs:
        return needing([self.seen])

    def edit(self, records: Records) -> Edit:
        token = records.get(self.seen.id)
        if token.saved_at is not None or token.revoked_at is not None:
            return Edit()
        return Edit(replaced=(next_revision(token, saved_at=self.at),))

    def events(self, account: str) -> Iterator[Event]:
        yield event_for(self.seen, account, Action.SAVE)


class Rotate(msgspec.Struct, frozen=True, kw_only=True):
    """Add a token that takes over the name of another, which goes on until `ends_at`.

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
        revoked = _revoked(check_changeable(new), self.at, self.by)
        return Edit(replaced=(old, revoked))

    def events(self, account: str) -> Iterator[Event]:
        back = replace(self.seen, expires_at=self.expires_at)
        yield event_for(self.seen, account, Action.ROTATE, f"Rotation undone. {ending(back)}")
        about = f"Rotation undone: {self.seen.id} is valid again."
        yield event_for(self.new, account, Action.REVOKE, about)


class Revoke(msgspec.Struct, frozen=True, kw_only=True):
    """Revoke tokens, all or none. The records stay, without their hashes."""

    seen: tuple[Token, ...]
    at: datetime
    by: str

    def needs(self) -> Needs:
        return needing(self.seen)

    def edit(self, records: Records) -> Edit:
        tokens = [check_not_revoked(records.unchanged(seen)) for seen in self.seen]
        return Edit(replaced=tuple(_revoked(token, self.at, self.by) for token in _once(tokens)))

    def events(self, account: str) -> Iterator[Event]:
        for seen in _once(self.seen):
            yield event_for(seen, account, Action.REVOKE)


class Retire(msgspec.Struct, frozen=True, kw_only=True):
    """Revoke those of the tokens that were replaced and whose overlap is over at `at`.

    Their secrets are refused in any case: this deletes the hashes. Whatever was changed elsewhere
    meanwhile is no obstacle.
    """

    seen: tuple[Token, ...]
    at: datetime

    def needs(self) -> Needs:
        return needing(self.seen)

    def edit(self, records: Records) -> Edit:
        current = (records.tokens.get(seen.id) for seen in _once(self.seen))
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
        for seen in _once(self.seen):
            yield event_for(seen, account, Action.RETIRE)


class Import(msgspec.Struct, frozen=True, kw_only=True):
    """Add tokens of another store."""

    tokens: tuple[Token, ...]

    def needs(self) -> Needs:
        return needing_names(self.tokens)

    def edit(self, records: Records) -> Edit:  # noqa: ARG002 - the same for every change
        return Edit(added=self.tokens)

    def events(self, account: str) -> Iterator[Event]:
        for token in self.tokens:
            yield event_for(token, account, Action.IMPORT)


class Restore(msgspec.Struct, frozen=True, kw_only=True):
    """Bring tokens back from the backup `name`: lost ones, and others as they become.

    `replaced` are pairs of a token as it was seen and as it becomes. Where `instead`, the backup
    takes the place of a store that is damaged, and `replaced` is of the backup's own tokens.
    """

    name: str
    added: tuple[Token, ...] = ()
    replaced: tuple[tuple[Token, Token], ...] = ()
    instead: bool = False

    def needs(self) -> Needs:
        return needing_names([*self.added, *(each for pair in self.replaced for each in pair)])

    def edit(self, records: Records) -> Edit:
        for seen, _ in self.replaced:
            records.unchanged(seen)
        return Edit(added=self.added, replaced=tuple(after for _, after in self.replaced))

    def events(self, account: str) -> Iterator[Event]:
        tokens = [*self.added, *(after for _, after in self.replaced)]
        for token in tokens:
            yield event_for(token, account, Action.RESTORE, f"From {self.name}.")
        if not tokens:
            yield Event(account=account, action=Action.RESTORE, about=self.name)


TokenChange = (
    Create
    | Rename
    | SetAccess
    | SetNote
    | ConfirmSaved
    | Rotate
    | UndoRotation
    | Revoke
    | Retire
    | Import
    | Restore
)
"""A change of tokens (a sum type). All methods are pure:

`needs()` returns what has to be known before it can be carried out, `edit(records)` what becomes of
the records, and `events(account)` what the audit log says of it, one event a token.
"""


def ending(token: Token) -> str:
    """Return in a sentence when a token ends."""
    return f"Expires {token.expires_at}." if token.expires_at else "No expiration."


def _once(tokens: Iterable[Token]) -> Collection[Token]:
    """Return each of the tokens once, whoever named it twice."""
    return {token.id: token for token in tokens}.values()


def _revoked(token: Token, at: datetime, by: str) -> Token:
    return next_revision(token, revoked_at=at, revoked_by=by, hash=None)

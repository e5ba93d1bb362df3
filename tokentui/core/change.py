"""Changes as data (the command pattern): what somebody wants of the tokens that they have seen.

A backend loads the records that a change needs, inside its lock or its transaction, and lets
`carry_out` say what they become; `events` is what the audit log says of it. Both are pure, so
that each backend does the same, and a change whose answer was lost can be asked for again.
"""

from collections.abc import Iterator
from datetime import datetime

import msgspec
from msgspec.structs import replace

from tokentui.core.access import Access
from tokentui.core.audit import Action, Event, ending, event_for
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
    once,
    revoked,
)
from tokentui.core.rotation_change import Retire, Rotate, UndoRotation
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
    """Limit tokens to reading, and to networks as `access.parse_network` returns them; all or none.

    What is None stays as it is; tokens that have this access already are left alone.
    """

    seen: tuple[Token, ...]
    read_only: bool | None = None
    networks: tuple[str, ...] | None = None

    def becoming(self, token: Token) -> Access:
        """Return the access that a token gets."""
        return Access(
            token.read_only if self.read_only is None else self.read_only,
            token.networks if self.networks is None else self.networks,
        )

    def changes(self, token: Token) -> bool:
        """Say whether a token gets another access than it has."""
        return self.becoming(token) != (token.read_only, token.networks)

    def needs(self) -> Needs:
        return needing(self.seen)

    def edit(self, records: Records) -> Edit:
        tokens = [check_changeable(records.unchanged(seen)) for seen in once(self.seen)]
        return Edit(
            replaced=tuple(
                next_revision(token, **self.becoming(token)._asdict())
                for token in tokens
                if self.changes(token)
            )
        )

    def events(self, account: str) -> Iterator[Event]:
        for seen in once(self.seen):
            access = self.becoming(seen)
            use = "read-only" if access.read_only else "all requests"
            networks = " or ".join(access.networks) or "any network"
            about = f"Changed to {use}, from {networks}."
            yield event_for(seen, account, Action.ACCESS, about)


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


class Revoke(msgspec.Struct, frozen=True, kw_only=True):
    """Revoke tokens, all or none. The records stay, without their hashes."""

    seen: tuple[Token, ...]
    at: datetime
    by: str

    def needs(self) -> Needs:
        return needing(self.seen)

    def edit(self, records: Records) -> Edit:
        tokens = [check_not_revoked(records.unchanged(seen)) for seen in self.seen]
        return Edit(replaced=tuple(revoked(token, self.at, self.by) for token in once(tokens)))

    def events(self, account: str) -> Iterator[Event]:
        for seen in once(self.seen):
            yield event_for(seen, account, Action.REVOKE)


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

"""Undo of changes to tokens, as far back as they were made here."""

from collections.abc import Sequence
from typing import NamedTuple

from tokentui import formatting
from tokentui.core.access import Access
from tokentui.core.commands import TokenCommands
from tokentui.core.errors import TokenChanged
from tokentui.core.text import printable
from tokentui.core.token import Token


class Change(NamedTuple):
    """A change of a name, a note or an access: the token before and after (memento pattern)."""

    before: Token
    after: Token

    def undo(self, service: TokenCommands) -> Token:
        """Undo this change, and nothing that was changed besides; return the token after that.

        Raises `TokenChanged` where what it changed was changed again, and what the verbs raise.
        """
        token = service.queries.get(self.after.id)
        if self.before.name != self.after.name:
            _check_same(token, token.name, self.after.name)
            return service.rename(token, self.before.name)
        if self.before.note != self.after.note:
            _check_same(token, token.note, self.after.note)
            return service.set_note(token, self.before.note)
        _check_same(token, _access(token), _access(self.after))
        return service.set_access(token, **_access(self.before)._asdict())

    @property
    def undone(self) -> str:
        """What a person is told once it is undone."""
        name, before = printable(self.after.name), self.before
        if before.name != self.after.name:
            return f"Renamed {name} back to {printable(before.name)}."
        if before.note != self.after.note:
            return f"Restored the note of {name}."
        return f"Restored the access of {name}: {formatting.access(before)}."


def _access(token: Token) -> Access:
    return Access(token.read_only, token.networks)


def _check_same(token: Token, present: object, expected: object) -> None:
    if present != expected:
        raise TokenChanged(token)


class UndoHistory:
    """The changes that can be undone, latest last."""

    def __init__(self) -> None:
        self._changes: list[Change] = []

    def __len__(self) -> int:
        return len(self._changes)

    def add(self, *changes: Change) -> None:
        """Add changes, latest last; one that changed nothing is left out."""
        self._changes += (each for each in changes if each.before != each.after)

    def take(self) -> Change | None:
        """Return the latest change and forget it; None where there is none."""
        return self._changes.pop() if self._changes else None

    def clear(self) -> Sequence[Change]:
        """Return all changes, latest last, and forget them."""
        changes, self._changes = self._changes, []
        return changes

"""What can go wrong, one class each; why a secret is refused is in `verdicts`.

The text of an error is fit to be shown as it stands: what is wrong, what was left unchanged
where that is in doubt, and what to do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tokentui.core.text import did_you_mean, printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tokentui.core.token import Token


class TokentuiError(Exception):
    """The root of all errors that this package raises on purpose."""

    def __str__(self) -> str:
        # Names, paths and what was typed go into these texts: made harmless once, here.
        return printable(super().__str__())


class InvalidInput(TokentuiError):
    """Something was typed that cannot be meant. Nothing was changed."""


class InvalidName(InvalidInput):
    """A token name breaks the rules for names."""


class InvalidNote(InvalidInput):
    """This cannot be the note of a token."""


class InvalidNetwork(InvalidInput):
    """This is no network that a token can be limited to."""


class InvalidListener(InvalidInput):
    """Nothing can listen for requests there."""


class InvalidExpiry(InvalidInput):
    """An expiration date or a lifetime cannot be used."""


class InvalidAccount(InvalidInput):
    """An account cannot have this name, this role or this key."""


class InvalidPassword(InvalidInput):
    """A password cannot be chosen."""


class InvalidSetting(InvalidInput):
    """A setting has a value that cannot be used."""


class NameTaken(TokentuiError):
    """Another token of the account holds this name already."""

    def __init__(self, name: str) -> None:
        super().__init__(f"The name {name} is already in use. Choose another name.")


class NamesClash(TokentuiError):
    """Tokens that are to come back have names that others have by now."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(
            f"Newer tokens use names that the backup needs: {', '.join(names)}. Nothing was "
            "changed. Rename or revoke the newer tokens first."
        )


class IdTaken(TokentuiError):
    """Another token has this id already, revoked or not."""

    def __init__(self, token_id: str) -> None:
        super().__init__(f"A token with the ID {token_id} exists already. Nothing was changed.")


class AlreadyRevoked(TokentuiError):
    """A revoked token can be changed no more."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is already revoked. Nothing was changed.")


class AlreadyReplaced(TokentuiError):
    """A token that was replaced can only be revoked."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name} was already replaced. Nothing was changed. Change the token that "
            "replaced it, which has the same name."
        )


class NotRotated(TokentuiError):
    """There is no rotation that could be undone."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"No rotation of {name} can be undone. Nothing was changed. If a backup has the "
            "old token, run: tokentui restore BACKUP --reactivate ID"
        )


class TokenNotFound(TokentuiError):
    """No token has this ID or name; `similar` are names that may be meant, best first."""

    def __init__(self, reference: str, similar: Sequence[str] = ()) -> None:
        super().__init__(f'There is no token "{reference}".{did_you_mean(similar)}')


class AccountNotFound(TokentuiError):
    """No account has this name; `similar` are names that may be meant, best first."""

    def __init__(self, name: str, similar: Sequence[str] = ()) -> None:
        super().__init__(f'There is no account "{name}".{did_you_mean(similar)}')


class AccountTaken(TokentuiError):
    """There is an account of this name, or there was one that was `deleted`."""

    def __init__(self, name: str, *, deleted: bool = False) -> None:
        super().__init__(
            f"An account named {name} was deleted, and no other account can get its name. "
            "Nothing was changed. Choose another name."
            if deleted
            else f"An account named {name} exists already. Nothing was changed."
        )


class AccountChanged(TokentuiError):
    """An account was changed elsewhere since it was read."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} was changed elsewhere in the meantime. Your change was not made.")


class LastAdministrator(TokentuiError):
    """Without this account, nobody could look after accounts."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name} is the last administrator. Nothing was changed. Add another "
            "administrator first: tokentui account role NAME administrator"
        )


class NotPermitted(TokentuiError):
    """The account may not do this."""


class AccountDisabled(NotPermitted):
    """The account was disabled, and may do nothing."""

    def __init__(self, name: str) -> None:
        super().__init__(f"The account {name} is disabled. An administrator can enable it.")


class KeyRemoved(NotPermitted):
    """The SSH key that opened the session was removed from the account."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"An SSH key of this session was removed from the account {name}. Connect again."
        )


class LogInRefused(NotPermitted):
    """Nobody was logged in."""


class WrongLogIn(LogInRefused):
    """Name and password do not belong together, or the account is disabled."""

    def __init__(self) -> None:
        super().__init__("Wrong name or password.")


class TooManyLogIns(LogInRefused):
    """Wrong passwords came too fast for another one to be looked at, for `seconds` to come."""

    def __init__(self, seconds: int) -> None:
        super().__init__(
            f"Too many wrong passwords. Try again in {seconds} second{'' if seconds == 1 else 's'}."
        )
        self.seconds = seconds


class BackupNotFound(TokentuiError):
    """No backup has this name."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f'There is no backup "{name}". Run tokentui backup --list, or give a path '
            "that contains a /."
        )


class AmbiguousName(TokentuiError):
    """Several accounts in one store have a token of this name."""

    def __init__(self, name: str, tokens: Sequence[Token]) -> None:
        ids = ", ".join(f"{token.id} (owned by {token.account})" for token in tokens)
        super().__init__(
            f"Several tokens have the name {name}. Nothing was changed. Give the token ID "
            f"instead: {ids}."
        )


class TokenChanged(TokentuiError):
    """A token was changed elsewhere since it was read; `current` is what it is now."""

    def __init__(self, current: Token) -> None:
        revoked = current.revoked_at is not None
        super().__init__(
            f"{current.name} was {'revoked' if revoked else 'changed'} elsewhere in the "
            "meantime. Your change was not "
            f"made.{'' if revoked else ' Check the token and try again.'}"
        )
        self.current = current


class InvalidImport(InvalidInput):
    """What was to be imported cannot be, for each of `problems`."""

    def __init__(self, problems: Sequence[str]) -> None:
        more = f" {len(problems)} problems were found." if len(problems) > 1 else ""
        super().__init__(f"{problems[0]} Nothing was changed.{more}")
        self.problems = problems


class StoreError(TokentuiError):
    """A store cannot be used as it is."""


class StoreUnknown(StoreError):
    """No kind of store answers to this location."""


class StoreReadOnly(TokentuiError):
    """The store was opened to be looked at."""

    def __init__(self) -> None:
        super().__init__("The store was opened read-only. Nothing was changed.")


class StoreMended(TokentuiError):
    """A store that was damaged is so no longer."""

    def __init__(self, location: str) -> None:
        super().__init__(
            f"{location} is not damaged any more. Nothing was restored. Check the store and "
            "try again."
        )


class StoreUnreadable(StoreError):
    """The store exists but cannot be read."""


class StoreDamaged(StoreError):
    """The store can be read but does not hold what it should."""


class StoreOutOfDate(StoreError):
    """What was read of the store last is too old to let anybody in."""

    def __init__(self, cause: str) -> None:
        super().__init__(f"All tokens are refused, because the store cannot be read. {cause}")


class StoreTooNew(StoreError):
    """The store was written by a newer version."""


class StoreUnsafe(StoreError):
    """Others on this machine can change the store."""


class StoreBusy(StoreError):
    """Another process kept the store locked for too long."""


class StoreUnwritable(StoreError):
    """A change could not be written."""


class AuditLogUnwritable(StoreError):
    """What is done cannot be written into the audit log, so it is not done."""

    def __init__(self, why: str) -> None:
        super().__init__(f"Nothing was changed, because the audit log could not be written. {why}")


class StoreUnavailable(StoreError):
    """The store does not answer, and nothing was changed."""


class OutcomeUnknown(StoreError):
    """Whether a change was made is not known: the answer was lost on its way."""

    def __init__(self) -> None:
        super().__init__(
            "The store stopped responding, so it is not known whether the change was made. "
            "Check the list when the store responds again."
        )


class StoreUnconfirmed(StoreError):
    """A change was made, but the disk did not confirm that it will last."""

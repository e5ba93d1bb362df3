"""What can go wrong, one class each; why a secret is refused is in `verdicts`.

The text of an error is fit to be shown as it stands: what is wrong, what was left unchanged
where that is in doubt, and what to do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tokentui.core.text import printable

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
        super().__init__(f"The name {name} is taken: choose another one.")


class NamesClash(TokentuiError):
    """Tokens that are to come back have names that others have by now."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(
            f"Newer tokens have names that would come back: {', '.join(names)}; nothing was "
            "changed. Rename or revoke the newer ones first."
        )


class IdTaken(TokentuiError):
    """Another token has this id already, revoked or not."""

    def __init__(self, token_id: str) -> None:
        super().__init__(f"A token with the id {token_id} is there already; nothing was changed.")


class AlreadyRevoked(TokentuiError):
    """A revoked token can be changed no more."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} was revoked already and stays as it is; nothing was changed.")


class AlreadyReplaced(TokentuiError):
    """A token that was replaced can only be revoked."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name} was rotated already; nothing was changed. "
            "Change its successor instead, which has the name now."
        )


class NotRotated(TokentuiError):
    """There is no rotation that could be undone."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name} replaces no token whose secret is still known; nothing was changed. "
            "If a backup has the old token, restore it: tokentui restore BACKUP --revive ID."
        )


class TokenNotFound(TokentuiError):
    """No token has this id or name."""

    def __init__(self, reference: str) -> None:
        super().__init__(
            f"There is no token {reference}; nothing was changed. "
            "See the list for the names in use."
        )


class AccountNotFound(TokentuiError):
    """No account has this name."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"There is no account {name}; nothing was changed. See tokentui account list."
        )


class AccountTaken(TokentuiError):
    """There is an account of this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is an account {name} already; nothing was changed.")


class AccountChanged(TokentuiError):
    """An account was changed elsewhere since it was read."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} was changed elsewhere meanwhile; nothing was changed here.")


class LastAdministrator(TokentuiError):
    """Without this account, nobody could look after accounts."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name} is the last administrator; nothing was changed. Make another one first: "
            "tokentui account role NAME administrator."
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
            f"An SSH key that may have opened this session was removed from the account {name}. "
            "Connect again."
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
            f"Too many wrong passwords: the next one is looked at in {seconds} "
            f"second{'' if seconds == 1 else 's'}."
        )
        self.seconds = seconds


class BackupNotFound(TokentuiError):
    """No backup has this name."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"There is no backup {name}; nothing was changed. "
            "See tokentui backup --list, or give a path with a / in it."
        )


class AmbiguousName(TokentuiError):
    """Several accounts in one store have a token of this name."""

    def __init__(self, name: str, tokens: Sequence[Token]) -> None:
        ids = ", ".join(f"{token.id} (of {token.account})" for token in tokens)
        super().__init__(
            f"Several tokens are called {name}; nothing was changed. Give the id instead: {ids}."
        )


class TokenChanged(TokentuiError):
    """A token was changed elsewhere since it was read; `current` is what it is now."""

    def __init__(self, current: Token) -> None:
        revoked = current.revoked_at is not None
        super().__init__(
            f"{current.name} was {'revoked' if revoked else 'changed'} elsewhere meanwhile; "
            f"nothing was changed here.{'' if revoked else ' Look at it again, then decide.'}"
        )
        self.current = current


class InvalidImport(InvalidInput):
    """What was to be imported cannot be, for each of `problems`."""

    def __init__(self, problems: Sequence[str]) -> None:
        more = f" There are {len(problems)} such problems." if len(problems) > 1 else ""
        super().__init__(f"{problems[0]} Nothing was changed.{more}")
        self.problems = problems


class StoreError(TokentuiError):
    """A store cannot be used as it is."""


class StoreUnknown(StoreError):
    """No kind of store answers to this location."""


class StoreReadOnly(TokentuiError):
    """The store was opened to be looked at."""

    def __init__(self) -> None:
        super().__init__("The store was opened read-only; nothing was changed.")


class StoreMended(TokentuiError):
    """A store that was damaged is so no longer."""

    def __init__(self, location: str) -> None:
        super().__init__(
            f"{location} is no longer damaged; nothing was changed here. Look at it again."
        )


class StoreUnreadable(StoreError):
    """The store exists but cannot be read."""


class StoreDamaged(StoreError):
    """The store can be read but does not hold what it should."""


class StoreOutOfDate(StoreError):
    """What was read of the store last is too old to let anybody in."""

    def __init__(self, cause: str) -> None:
        super().__init__(f"Nobody is let in, since the tokens cannot be read. {cause}")


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
        super().__init__(f"Nothing was changed, because the audit log could not be kept. {why}")


class StoreUnavailable(StoreError):
    """The store does not answer, and nothing was changed."""


class OutcomeUnknown(StoreError):
    """Whether a change was made is not known: the answer was lost on its way."""

    def __init__(self) -> None:
        super().__init__(
            "It is not known whether this was done: the store did not answer any more. "
            "Look at the list once it is back."
        )


class StoreUnconfirmed(StoreError):
    """A change was made, but the disk did not confirm that it will last."""

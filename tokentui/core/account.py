"""An account: somebody who has tokens, or looks after those of others."""

import re
from collections.abc import Hashable, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Protocol

import msgspec

from tokentui.core.credential import Secret
from tokentui.core.errors import (
    AccountDisabled,
    AccountNotFound,
    AccountTaken,
    InvalidAccount,
    InvalidPassword,
)
from tokentui.core.text import similar
from tokentui.core.token import Moment

NAME_LIMIT = 32
SHORTEST_PASSWORD = 12
"""Characters, as OWASP ASVS 4.0 asks for (2.1.1)."""
LONGEST_PASSWORD = 72
"""Bytes in UTF-8: all that bcrypt looks at."""

_KIND = r"[a-z0-9@.-]+"
_NAME = r"[a-z][a-z0-9._-]*"


class Role(StrEnum):
    """What somebody may do with tokens."""

    ADMINISTRATOR = "administrator"
    """Sees all, changes their own, revokes anybody's, and looks after accounts."""
    MEMBER = "member"
    """Sees and changes their own."""
    AUDITOR = "auditor"
    """Sees all, and changes nothing."""


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """One account, without its password. Times are in UTC.

    `keys` are the public SSH keys that sign in as it, each a type and the key in base64. Once it
    is deleted, this is its tombstone: it stays disabled, and its name is never given again.
    """

    name: str
    role: Role
    created_at: Moment
    disabled_at: Moment | None = None
    deleted_at: Moment | None = None
    keys: tuple[str, ...] = ()
    revision: Annotated[int, msgspec.Meta(ge=1)] = 1


class AccountRow(msgspec.Struct, frozen=True):
    """An account, and how many tokens that were not revoked it owns."""

    account: Account
    tokens: int


class AccountSource(Protocol):
    """What is asked about accounts all the time. Every method may raise `StoreError`."""

    def version(self) -> Hashable:
        """Return a stamp that differs once an account or a password was changed. Cheap."""
        ...

    def list_all(self) -> Mapping[str, Account | None]:
        """Return all accounts by name, and the tombstones of those that were deleted.

        None is one whose record is damaged.
        """
        ...

    def warnings(self) -> Sequence[str]:
        """Return what an administrator should know about them, a sentence each."""
        ...


class NoAccounts:
    """An `AccountSource` without any."""

    def version(self) -> Hashable:
        return None

    def list_all(self) -> Mapping[str, Account | None]:
        return {}

    def warnings(self) -> Sequence[str]:
        return ()


def disabled(accounts: Mapping[str, Account | None]) -> frozenset[str]:
    """Return the names of those whose tokens are refused; of a damaged record, nothing else is
    known, so it counts as one.
    """
    return frozenset(
        name for name, each in accounts.items() if each is None or each.disabled_at is not None
    )


def without_deleted(accounts: Mapping[str, Account | None]) -> dict[str, Account | None]:
    """Return the accounts that were not deleted, by name."""
    return {
        name: each for name, each in accounts.items() if each is None or each.deleted_at is None
    }


def find(accounts: Mapping[str, Account | None], name: str) -> Account:
    """Return an account; raise `AccountNotFound`, also where it was deleted or is damaged.

    The error names a similar account: this is for those who may see all accounts.
    """
    known = without_deleted(accounts)
    account = known.get(name)
    if account is None:
        raise AccountNotFound(name, similar(name, known))
    return account


def find_own(accounts: Mapping[str, Account | None], name: str) -> Account:
    """Return the account that somebody acts as; raise `AccountNotFound`, naming no other one."""
    account = accounts.get(name)
    if account is None or account.deleted_at is not None:
        raise AccountNotFound(name)
    return account


def find_enabled(accounts: AccountSource, name: str) -> Account:
    """Return the enabled account that somebody acts as.

    Raises `AccountNotFound`, `AccountDisabled`.
    """
    account = find_own(accounts.list_all(), name)
    if account.disabled_at is not None:
        raise AccountDisabled(name)
    return account


def administrators(accounts: Iterable[Account | None]) -> set[str]:
    """Return the names of the administrators who can still sign in."""
    return {
        each.name
        for each in accounts
        if each and each.role is Role.ADMINISTRATOR and each.disabled_at is None
    }


def check_account_name(name: str) -> None:
    """Raise `InvalidAccount` unless `name` is as useradd(8) likes it: a-z first, then 0-9._- too.

    One spelling only, so that two accounts cannot be taken for each other.
    """
    if not re.fullmatch(_NAME, name) or len(name) > NAME_LIMIT:
        raise InvalidAccount(
            f"{name!a} is not a valid account name. Use up to {NAME_LIMIT} of a-z, 0-9, ., "
            "_ and -, starting with a letter."
        )


def check_name_free(accounts: Mapping[str, Account | None], name: str) -> None:
    """Raise `AccountTaken` where an account has this name, or had it before it was deleted."""
    if name in accounts:
        account = accounts[name]
        raise AccountTaken(name, deleted=account is not None and account.deleted_at is not None)


def prepared(password: Secret) -> Secret:
    """Return a password as it is hashed: in the one form that keyboards differ about (RFC 8265)."""
    import unicodedata  # slow to load, and seldom needed

    return Secret(unicodedata.normalize("NFC", password.reveal()))


def hashable(password: Secret) -> bool:
    """Say whether bcrypt looks at all of a password, as `prepared`."""
    text = password.reveal()
    try:
        length = len(text.encode())
    except UnicodeEncodeError:
        return False
    return 0 < length <= LONGEST_PASSWORD and "\0" not in text


def check_password(password: Secret, account: str) -> None:
    """Raise `InvalidPassword` unless `password`, as `prepared`, may be chosen.

    What bcrypt would not look at is refused rather than cut off or hashed beforehand: cutting
    makes two passwords one, and a hash beforehand without a secret of its own lets leaked hashes
    be tried as passwords (OWASP Password Storage, "pre-hashing").
    """
    text = password.reveal()
    if len(text) < SHORTEST_PASSWORD:
        raise InvalidPassword(
            f"A password needs at least {SHORTEST_PASSWORD} characters; this one has {len(text)}."
        )
    if (length := len(text.encode(errors="replace"))) > LONGEST_PASSWORD:
        raise InvalidPassword(
            f"A password can have at most {LONGEST_PASSWORD} bytes; this one has {length}. "
            "Choose a shorter password."
        )
    if not hashable(password):
        raise InvalidPassword(
            "The password contains a character that is not allowed. Choose another password."
        )
    holds_name = len(account) > 3 and account in text.casefold()
    if holds_name or len(set(text)) < 4:
        raise InvalidPassword("The password is too easy to guess. Choose another password.")


def parse_key(line: str) -> str:
    """Return the type and the key of a public SSH key, as in `~/.ssh/id_ed25519.pub`.

    Raises `InvalidAccount` for anything else: a private key, options, two lines.
    """
    import base64

    kind, _, rest = line.strip().partition(" ")
    blob = rest.partition(" ")[0]
    try:
        raw = base64.b64decode(blob, validate=True)
        length = int.from_bytes(raw[:4], "big")
        sound = (
            "\n" not in line.strip()
            and re.fullmatch(_KIND, kind) is not None
            and raw[4 : 4 + length].decode("ascii") == kind
            and len(raw) > 4 + length + 32
        )
    except ValueError:
        sound = False
    if not sound:
        raise InvalidAccount(
            "This is not a public SSH key. Give the single line of a file such as id_ed25519.pub."
        )
    return f"{kind} {blob}"


def fingerprint(key: str) -> str:
    """Return the fingerprint of a key as `ssh-keygen -l` prints it."""
    import base64
    import hashlib

    digest = hashlib.sha256(base64.b64decode(key.partition(" ")[2])).digest()
    return "SHA256:" + base64.b64encode(digest).decode("ascii").rstrip("=")

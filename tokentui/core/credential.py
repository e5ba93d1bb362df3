"""The secret: how it is made, written, read back, hashed and checked.

Written out, it is `tt_<id>_<secret><checksum>`: a prefix, the token's public id, 32 random
base62 characters (190 bits) and a CRC-32 of all that stands before it in six more. The checksum
catches typing errors and feeds secret scanners; it defends nothing.
"""

import os
import re
import zlib
from typing import NoReturn, Protocol

import msgspec

from tokentui.core.token import BASE62, ID_LENGTH
from tokentui.core.verdicts import DamagedHash, MalformedSecret

PREFIX = "tt"
# A limit, so that looking for a secret in a long text takes no more than a look at each place.
PREFIX_LIMIT = 16
DEFAULT_COST = 10
# A planted hash of cost 31 would hold a core for a day: bcrypt's work doubles with each step.
HIGHEST_COST = 14

_SECRET_LENGTH = 32
_CHECKSUM_LENGTH = 6
_UNBIASED = 256 - 256 % len(BASE62)
"""The bytes below this stand for each character equally often."""
SECRET_PATTERN = re.compile(
    rf"(?P<body>(?P<prefix>[a-z][a-z0-9_]{{0,{PREFIX_LIMIT - 1}}})"
    rf"_(?P<id>[0-9A-Za-z]{{{ID_LENGTH}}})"
    rf"_(?P<secret>[0-9A-Za-z]{{{_SECRET_LENGTH}}}))"
    rf"(?P<checksum>[0-9A-Za-z]{{{_CHECKSUM_LENGTH}}})"
)
"""What an encoded secret looks like, whether or not it is one."""
LONGEST = PREFIX_LIMIT + 1 + ID_LENGTH + 1 + _SECRET_LENGTH + _CHECKSUM_LENGTH
"""How many characters an encoded secret has at most."""
_BCRYPT = r"\$2[aby]\$([0-9]{2})\$[./A-Za-z0-9]{21}[.Oeu][./A-Za-z0-9]{31}"


class Secret:
    """A text that shows itself only when asked to: neither repr, str, format nor pickle do."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the plain text. Call it only where it is shown, copied, written or hashed."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a Secret can be neither pickled nor copied")


class Credential(msgspec.Struct, frozen=True):
    """What an encoded secret says: which token it belongs to, and the part that is hashed."""

    id: str
    secret: Secret

    def encode(self, prefix: str = PREFIX) -> Secret:
        """Return it as it is handed out, with prefix and checksum."""
        body = f"{prefix}_{self.id}_{self.secret.reveal()}"
        return Secret(body + _checksum(body))


class Hasher(Protocol):
    """Turns secrets into hashes and compares them. May be slow: never call it on an event loop."""

    def hash(self, secret: Secret) -> str:
        """Return a salted hash."""
        ...

    def check(self, secret: Secret, hashed: str) -> bool:
        """Say whether `secret` is what was hashed; raise `DamagedHash` if `hashed` is no hash."""
        ...


class BcryptHasher:
    """bcrypt at a chosen cost. A check costs about 2 ** cost / 17,000 seconds of a core.

    A random secret of 190 bits gains nothing from a slow hash, so the cost is chosen by how many
    tokens a service meets for the first time after a restart, not by how guessable they are.
    """

    def __init__(self, cost: int = DEFAULT_COST) -> None:
        if not 4 <= cost <= HIGHEST_COST:
            raise ValueError(f"cost must be from 4 to {HIGHEST_COST}, not {cost}")
        self._cost = cost

    def hash(self, secret: Secret) -> str:
        import bcrypt  # slow to load, and most commands hash nothing

        salt = bcrypt.gensalt(self._cost)
        return bcrypt.hashpw(secret.reveal().encode(), salt).decode("ascii")

    def check(self, secret: Secret, hashed: str) -> bool:
        import bcrypt  # slow to load, and most commands hash nothing

        if not is_hash(hashed):
            raise DamagedHash(
                "The stored hash of this token is damaged. Revoke the token and create another."
            )
        return bcrypt.checkpw(secret.reveal().encode(), hashed.encode("ascii"))


def is_hash(text: str) -> bool:
    """Say whether `text` is a bcrypt hash of a cost that may be checked."""
    match = re.fullmatch(_BCRYPT, text)
    return match is not None and 4 <= int(match[1]) <= HIGHEST_COST


def mint() -> Credential:
    """Return a new credential from the system's source of randomness."""
    return Credential(_random(ID_LENGTH), Secret(_random(_SECRET_LENGTH)))


def id_part(prefix: str = PREFIX) -> slice:
    """Return where an encoded secret has the id of its token."""
    return slice(len(prefix) + 1, len(prefix) + 1 + ID_LENGTH)


def parse(presented: Secret, prefix: str = PREFIX) -> Credential:
    """Read an encoded secret back; raise `MalformedSecret` if anything about it is off.

    Length, alphabet and checksum are settled here, so that bcrypt, which refuses more than
    72 bytes, only ever sees 32 letters and digits.
    """
    form = SECRET_PATTERN.fullmatch(presented.reveal())
    if form is None or form["prefix"] != prefix:
        raise MalformedSecret(
            f"This is not a secret. A secret is {prefix}_, {ID_LENGTH} letters or digits, "
            f"_, and {_SECRET_LENGTH + _CHECKSUM_LENGTH} more."
        )
    if _checksum(form["body"]) != form["checksum"]:
        raise MalformedSecret("The secret contains a typo: its checksum does not match.")
    return Credential(form["id"], Secret(form["secret"]))


def _random(length: int) -> str:
    """Return random characters, each as likely as any other (rejection sampling).

    `os.urandom` is what the module `secrets`, which is slow to load, draws from as well.
    """
    text = ""
    while len(text) < length:
        drawn = (byte for byte in os.urandom(length) if byte < _UNBIASED)
        text += "".join(BASE62[byte % len(BASE62)] for byte in drawn)
    return text[:length]


def _checksum(body: str) -> str:
    number, digits = zlib.crc32(body.encode("ascii")), ""
    for _ in range(_CHECKSUM_LENGTH):
        number, digit = divmod(number, len(BASE62))
        digits = BASE62[digit] + digits
    return digits

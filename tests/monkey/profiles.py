"""Whom the monkey plays, over which store, and in which window."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from msgspec.structs import replace

from tests.bench.samples import fill, sample
from tests.conftest import CHEAPEST
from tests.program.conftest import Sandbox
from tests.ui.office import Office
from tokentui.core.credential import mint
from tokentui.core.token import Token

_SIZES = ((80, 24), (80, 24), (120, 40), (100, 30), (60, 20))
_SMALL = ((20, 5), (24, 6), (30, 8), (40, 12), (20, 12), (80, 5))
_MANY = 5000


def _three_tokens(home: Path) -> None:
    names = ("deploy", "backup", "ci")
    fill(Sandbox(home).store, [replace(_sample(at), name=name) for at, name in enumerate(names)])


def _many_tokens(home: Path) -> None:
    fill(Sandbox(home).store, [_sample(number) for number in range(_MANY)])


def _sample(number: int) -> Token:
    return sample(number, _shared_hash())


@cache
def _shared_hash() -> str:
    return CHEAPEST.hash(mint().secret)


def _office(home: Path) -> None:
    Office(Sandbox(home).store).stock()


@dataclass(frozen=True, kw_only=True)
class Profile:
    """One way to use the app. Where `keys` or `walks` are empty, the usual ones are used."""

    name: str
    prepare: Callable[[Path], None] = _three_tokens
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    sizes: tuple[tuple[int, int], ...] = _SIZES
    keys: tuple[str, ...] = ()
    walks: tuple[tuple[str, ...], ...] = ()
    outside: tuple[str, ...] = ()
    """What is done outside of the app meanwhile: names from `outside.py`."""
    codes: frozenset[int] = frozenset({0})
    """Exit codes that the app may end with."""
    key: float = 0.3
    """Seconds that the app may take for a key."""
    memory: int = 110
    """MiB that the app may take."""


_PASSWORD = 0.8
"""Seconds for a key that sends a password: to check it takes a core a quarter of a second."""
_CHANGES = ("create", "rename", "access", "rotate", "revoke", "hold the lock")
_CHOSEN_KEYS = "list.create=b;list.revoke=x,delete;list.manage=z;list.rotate=p;list.quit=Q"
_KEYS = tuple("bxzpQjk/fy \r\t\x1b\x13\x12\x14")
_WALKS = (
    ("b", "release", "\x13", "\x1b[Z", "\r"),
    ("x", "\t", "\r"),
    ("z", "\t", "other", "\r", "\x1b"),
    ("p", "\x13", "\x1b[Z", "\r"),
)

PROFILES = {
    profile.name: profile
    for profile in (
        Profile(name="one person"),
        Profile(name="member", prepare=_office, key=_PASSWORD, arguments=("--account", "bob")),
        Profile(
            name="administrator", prepare=_office, key=_PASSWORD, arguments=("--account", "ann")
        ),
        Profile(name="auditor", prepare=_office, key=_PASSWORD, arguments=("--account", "eye")),
        Profile(name="sign-in", prepare=_office, key=_PASSWORD),
        Profile(name="read-only", arguments=("--read-only",)),
        Profile(
            name="chosen keys",
            environment={"TOKENTUI_KEYS": _CHOSEN_KEYS},
            keys=_KEYS,
            walks=_WALKS,
        ),
        Profile(name="small windows", sizes=_SMALL),
        Profile(name="5,000 tokens", prepare=_many_tokens, memory=160),
        Profile(name="a second process", outside=_CHANGES),
        Profile(
            name="a store that goes away",
            outside=("damage", "remove", "mend", "mend", "create"),
            codes=frozenset({0, 5}),
        ),
    )
}

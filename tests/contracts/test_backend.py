"""`Backend` as a whole: what it says of itself."""

import msgspec

from tokentui.core.backend import Backend

from .kinds import Opener
from .samples import add, token


def test_it_says_where_it_is(backend: Backend, reopened: Backend) -> None:
    assert backend.url == reopened.url != ""


def test_it_says_why_it_cannot_do_something(backend: Backend) -> None:
    can = msgspec.structs.asdict(backend.capabilities)
    denial_reasons = can.pop("denial_reasons")
    # Scopes are kept, and enforced by none yet.
    missing = {name for name, able in can.items() if not able} - {"scopes"}
    assert missing <= denial_reasons.keys()


def test_all_is_well(backend: Backend, opener: Opener) -> None:
    for each in (backend, opener(read_only=True)):
        assert list(each.warnings()) == []
        each.close()
    add(backend, token(1))
    assert list(backend.warnings()) == []
    assert backend.tokens.broken() == {}


def test_it_can_be_closed_twice(opener: Opener) -> None:
    backend = opener()
    add(backend, token(1))
    backend.close()
    backend.close()


def test_all_openings_have_the_same_versions(backend: Backend, reopened: Backend) -> None:
    assert backend.versions() == reopened.versions()
    add(backend, token(1))
    assert backend.versions() == reopened.versions() == backend.versions()

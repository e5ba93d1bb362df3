"""`Backups`: copies of all tokens as they were."""

import pytest
from msgspec.structs import replace

from tokentui.core.backend import Backend
from tokentui.core.change import Create, Rename, Restore, Revoke
from tokentui.core.errors import BackupNotFound, StoreMended

from ..conftest import NOW
from .samples import EVERYTHING, LIVE, add, commit, events, revoked, token, tokens


@pytest.fixture(autouse=True)
def two(backend: Backend) -> None:
    """Let two tokens be there, one of them revoked."""
    if not backend.capabilities.backups:
        pytest.skip(backend.capabilities.denial_reasons["backups"])
    add(backend, token(1), revoked(2))


def made(backend: Backend) -> str:
    """Make a copy, and return the name that it is listed by."""
    before = {copy.name for copy in backend.backups.listed()}
    backend.backups.make()
    (new,) = (copy for copy in backend.backups.listed() if copy.name not in before)
    assert new.reason == "asked"
    return new.name


def test_a_copy_is_as_the_tokens_were(backend: Backend, reopened: Backend) -> None:
    name = made(backend)
    commit(backend, Rename(seen=token(1), name="other"))
    add(backend, token(3))
    copy = reopened.backups.open(name)
    assert tokens(copy.scan(EVERYTHING)) == [token(1), revoked(2)]
    assert tokens(copy.page(LIVE).rows) == [token(1)]
    assert copy.get_many(["0000000002", "0000000003"]) == {"0000000002": revoked(2)}
    assert list(copy.by_name("T1")) == [token(1)]
    assert copy.snapshot() == {"0000000001": token(1), "0000000002": revoked(2)}


def test_the_latest_is_listed_first(backend: Backend, reopened: Backend) -> None:
    names = [made(backend) for _ in range(3)]
    listed = [copy.name for copy in reopened.backups.listed() if copy.name in names]
    assert listed == names[::-1]
    moments = [copy.made_at for copy in backend.backups.listed()]
    assert moments == sorted(moments, reverse=True)


@pytest.mark.parametrize("name", ["nowhere", "../tokens.json", ""])
def test_a_copy_that_is_not_there(backend: Backend, name: str) -> None:
    with pytest.raises(BackupNotFound):
        backend.backups.open(name)


def test_making_one_changes_nothing(backend: Backend) -> None:
    before, said = backend.versions(), events(backend)
    made(backend)
    assert (backend.versions(), events(backend)) == (before, said)
    assert list(backend.backups.problems()) == []


def test_tokens_come_back_from_one(backend: Backend) -> None:
    name = made(backend)
    commit(backend, Revoke(seen=(token(1),), at=NOW, by="ada"))
    commit(backend, Create(token=token(3)))
    now = backend.tokens.get_many(["0000000001"])["0000000001"]
    (old,) = backend.backups.open(name).by_name("t1")
    commit(backend, Restore(name=name, replaced=((now, replace(old, revision=3)),)))
    assert list(backend.tokens.by_name("t1")) == [token(1, revision=3)]
    assert events(backend)[-1].about == f"From {name}."
    assert {copy.name for copy in backend.backups.listed()} >= {name}


def test_none_takes_the_place_of_what_is_sound(backend: Backend) -> None:
    name = made(backend)
    before = backend.tokens.snapshot()
    with pytest.raises(StoreMended):
        commit(backend, Restore(name=name, instead=True))
    assert backend.tokens.snapshot() == before

"""`CredentialLookup`: what a verifier asks about one token at a time."""

from collections.abc import Callable
from datetime import timedelta
from threading import Event
from unittest import mock

import pytest
from msgspec.structs import replace

from tokentui.core.account_change import AddAccount, DisableAccount, EnableAccount
from tokentui.core.backend import Backend
from tokentui.core.change import Import, Rename, Revoke, SetAccess
from tokentui.core.credential import LONGEST
from tokentui.core.lookup import NOT_IN_MEMORY, CredentialLookup, StoredCredential
from tokentui.core.token import Token

from ..conftest import NOW
from .kinds import Opener
from .samples import add, at_once, commit, revoked, token

ONE = "0000000001"


@pytest.fixture(autouse=True)
def verifies(backend: Backend) -> None:
    if not backend.capabilities.verifies:
        pytest.skip(backend.capabilities.denial_reasons["verifies"])


def refreshed(lookup: CredentialLookup) -> CredentialLookup:
    """Let a lookup learn about every change that was made before."""
    while not lookup.due:
        Event().wait(0.01)
    lookup.refresh()
    return lookup


def found(lookup: CredentialLookup, token_id: str) -> StoredCredential | None:
    """Return a token by its id, which is the same from memory if it is there."""
    before = lookup.peek(token_id)
    answer = lookup.find(token_id)
    for peeked in (before, lookup.peek(token_id)):
        assert peeked is NOT_IN_MEMORY or peeked == answer
    return answer


def stored(token: Token, *, owner_disabled: bool = False) -> StoredCredential:
    """Return what a verifier has to know of a token."""
    return StoredCredential(
        id=token.id,
        name=token.name,
        account=token.account,
        hash=token.hash or "",
        expires_at=token.expires_at,
        read_only=token.read_only,
        networks=token.networks,
        revoked=token.revoked_at is not None,
        owner_disabled=owner_disabled,
    )


class TestOneToken:
    def test_all_that_a_verifier_has_to_know(self, backend: Backend) -> None:
        tokens = (
            token(1),
            token(
                2,
                account="bob",
                expires_at=NOW + timedelta(days=3),
                read_only=True,
                networks=("192.0.2.0/24", "2001:db8::/32"),
            ),
            token(3, expires_at=NOW - timedelta(days=3)),
            token(4, replaced_by=ONE, hash="another hash"),
        )
        add(backend, *tokens)
        lookup = refreshed(backend.lookup)
        assert [found(lookup, each.id) for each in tokens] == [stored(each) for each in tokens]

    def test_a_revoked_one_has_no_hash(self, backend: Backend) -> None:
        add(backend, revoked(1))
        answer = found(refreshed(backend.lookup), ONE)
        assert answer == stored(revoked(1))
        assert (answer.revoked, answer.hash) == (True, "")

    @pytest.mark.parametrize(
        "token_id",
        [
            "0000000009",
            "",
            "t1",
            "000000000",
            "00000000011",
            "\ud800" * 10,
            "\0" * 10,
            "'" * LONGEST,
        ],
    )
    def test_any_text_is_looked_for(self, backend: Backend, token_id: str) -> None:
        add(backend, token(1))
        assert found(refreshed(backend.lookup), token_id) is None

    def test_before_anything_was_refreshed(self, opener: Opener, backend: Backend) -> None:
        add(backend, token(1))
        fresh = opener()
        assert found(fresh.lookup, ONE) == stored(token(1))
        assert found(fresh.lookup, "0000000002") is None
        fresh.close()

    def test_of_a_store_that_is_only_read(self, opener: Opener, backend: Backend) -> None:
        add(backend, token(1))
        reading = opener(read_only=True)
        assert found(refreshed(reading.lookup), ONE) == stored(token(1))
        reading.close()


class TestChanges:
    @pytest.fixture
    def lookup(self, backend: Backend, reopened: Backend) -> CredentialLookup:
        """Return a lookup that knows a token, of another process than that which changes it."""
        add(backend, token(1))
        lookup = refreshed(reopened.lookup)
        assert found(lookup, ONE) == stored(token(1))
        assert found(lookup, "0000000002") is None
        return lookup

    @pytest.mark.parametrize(
        "change",
        [
            lambda seen: Rename(seen=seen, name="other"),
            lambda seen: SetAccess(seen=(seen,), read_only=True, networks=("192.0.2.0/24",)),
            lambda seen: Revoke(seen=(seen,), at=NOW, by="ada"),
        ],
        ids=["rename", "access", "revoke"],
    )
    def test_a_change_elsewhere_is_seen_after_a_refresh(
        self,
        backend: Backend,
        lookup: CredentialLookup,
        change: Callable[[Token], Rename | SetAccess | Revoke],
    ) -> None:
        before = lookup.generation
        after = commit(backend, change(token(1))).tokens[ONE]
        assert found(refreshed(lookup), ONE) == stored(after) != stored(token(1))
        assert lookup.generation > before

    def test_a_token_that_was_not_there_is_found_once_it_is(
        self, backend: Backend, lookup: CredentialLookup
    ) -> None:
        commit(backend, Import(tokens=(token(2),)))
        assert found(refreshed(lookup), "0000000002") == stored(token(2))
        assert found(lookup, ONE) == stored(token(1))

    def test_the_owner_is_disabled_and_enabled(
        self, backend: Backend, lookup: CredentialLookup
    ) -> None:
        if not backend.capabilities.accounts:
            pytest.skip(backend.capabilities.denial_reasons["accounts"])
        for name in ("root", "ada"):
            commit(backend, AddAccount(name=name, role=None, password=None, at=NOW))
        generations = [refreshed(lookup).generation]
        assert found(lookup, ONE) == stored(token(1))
        for change, disabled in (
            (DisableAccount(name="ada", at=NOW), True),
            (EnableAccount(name="ada"), False),
        ):
            commit(backend, change)
            assert found(refreshed(lookup), ONE) == stored(token(1), owner_disabled=disabled)
            generations.append(lookup.generation)
        assert generations == sorted(set(generations))

    def test_generations_only_grow(self, backend: Backend, lookup: CredentialLookup) -> None:
        seen, generations = token(1), [lookup.generation]
        for number in range(3):
            seen = commit(backend, Rename(seen=seen, name=f"name-{number}")).tokens[ONE]
            generations.append(refreshed(lookup).generation)
        assert generations == sorted(set(generations))

    def test_without_a_change_there_is_no_generation(self, lookup: CredentialLookup) -> None:
        before = lookup.generation
        refreshed(lookup)
        assert lookup.generation == before


def test_many_threads_ask_while_a_token_is_revoked(backend: Backend, reopened: Backend) -> None:
    """Whatever a thread gets is the token before or after, never a mixture of the two."""
    add(backend, token(1))
    lookup, over = refreshed(reopened.lookup), Event()
    before = lookup.generation
    gone = stored(replace(token(1), revoked_at=NOW, hash=None))
    wrong: list[StoredCredential | None] = []

    def ask() -> None:
        while not over.is_set():
            lookup.refresh()
            answer = lookup.find(ONE)
            if answer not in (stored(token(1)), gone):
                wrong.append(answer)

    def revoke() -> None:
        try:
            commit(backend, Revoke(seen=(token(1),), at=NOW, by="ada"))
            while lookup.generation == before:
                over.wait(0.01)
        finally:
            over.set()

    assert at_once([revoke, *[ask] * 4]) == []
    assert wrong == []
    assert found(lookup, ONE) == gone


def test_its_health_and_end(backend: Backend) -> None:
    add(backend, token(1))
    lookup = refreshed(backend.lookup)
    health = lookup.health()
    assert 0 <= health.age < 60
    assert health.last_error is None
    assert health.tokens <= 1
    for _ in range(2):
        lookup.close()


def test_it_is_closed_with_its_backend(opener: Opener) -> None:
    backend = opener()
    with mock.patch.object(type(backend.lookup), "close", autospec=True) as closed:
        backend.close()
    closed.assert_called_once_with(backend.lookup)

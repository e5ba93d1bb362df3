"""A lookup over all tokens of a store, kept in memory."""

from collections.abc import Hashable, Mapping, Sequence
from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from tokentui.core.account import Account, Role
from tokentui.core.errors import StoreOutOfDate, StoreUnreadable
from tokentui.core.freshness import EVERY, GRACE
from tokentui.core.lookup import NOT_IN_MEMORY, CredentialLookup, StoredCredential
from tokentui.core.snapshot_lookup import _NEWS, SnapshotLookup
from tokentui.core.token import Token

from ..conftest import NOW
from .test_limits import Ticks

TOKEN = Token(
    id="0000000001",
    account="ada",
    name="ci-deploy",
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
    expires_at=NOW,
    hash="a hash",
    read_only=True,
    networks=("192.0.2.0/24",),
)
STORED = StoredCredential(
    id="0000000001",
    account="ada",
    name="ci-deploy",
    hash="a hash",
    expires_at=NOW,
    read_only=True,
    networks=("192.0.2.0/24",),
    revoked=False,
    owner_disabled=False,
)


class Source:
    """Tokens that count how often they are read, and may be broken."""

    def __init__(self) -> None:
        self.tokens: Mapping[str, Token] = {}
        self.reads = 0
        self.broken = False

    def version(self) -> Hashable:
        if self.broken:
            raise StoreUnreadable("The disk is gone.")
        return tuple(self.tokens.values())

    def snapshot(self) -> Mapping[str, Token]:
        self.reads += 1
        return self.tokens


class Accounts:
    """Accounts that tests set."""

    def __init__(self) -> None:
        self.accounts: Mapping[str, Account | None] = {}

    def version(self) -> Hashable:
        return tuple(self.accounts.items())

    def list_all(self) -> Mapping[str, Account | None]:
        return self.accounts

    def warnings(self) -> Sequence[str]:
        return ()


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def accounts() -> Accounts:
    return Accounts()


@pytest.fixture
def ticks() -> Ticks:
    return Ticks()


@pytest.fixture
def lookup(source: Source, accounts: Accounts, ticks: Ticks) -> SnapshotLookup:
    return SnapshotLookup(source, accounts, monotonic=ticks)


def put(source: Source, lookup: CredentialLookup, ticks: Ticks, *tokens: Token) -> None:
    """Let a store have these tokens, and the lookup know of it."""
    source.tokens = {token.id: token for token in tokens}
    ticks.now += EVERY
    lookup.refresh()


def test_nothing_is_in_memory_before_it_was_read(lookup: CredentialLookup, source: Source) -> None:
    source.tokens = {TOKEN.id: TOKEN}
    assert lookup.peek(TOKEN.id) is NOT_IN_MEMORY
    assert source.reads == 0
    assert lookup.find(TOKEN.id) == lookup.peek(TOKEN.id) == STORED


def test_a_token_counts_as_soon_as_it_was_created(
    lookup: SnapshotLookup, source: Source, ticks: Ticks
) -> None:
    put(source, lookup, ticks)
    assert lookup.peek(TOKEN.id) is None
    source.tokens = {TOKEN.id: TOKEN}
    ticks.now += _NEWS
    assert lookup.find(TOKEN.id) is lookup.peek(TOKEN.id) is None
    ticks.now += _NEWS
    assert not lookup.due
    assert lookup.peek(TOKEN.id) is NOT_IN_MEMORY
    assert lookup.find(TOKEN.id) == lookup.peek(TOKEN.id) == STORED


def test_made_up_ids_lead_to_few_looks(
    lookup: SnapshotLookup, source: Source, ticks: Ticks, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(source, lookup, ticks, TOKEN)
    looks = []
    monkeypatch.setattr(source, "version", lambda: looks.append(ticks.now))
    for _ in range(100):
        ticks.now += _NEWS / 10
        assert lookup.find("0000000002") is None
    assert len(looks) <= 10


def test_a_store_that_takes_long_rests(
    lookup: SnapshotLookup, source: Source, ticks: Ticks, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(source, lookup, ticks, TOKEN)
    looks = []

    def slow() -> Hashable:
        looks.append(ticks.now)
        ticks.now += 4 * _NEWS
        return ()

    monkeypatch.setattr(source, "version", slow)
    for _ in range(100):
        ticks.now += _NEWS
        assert lookup.peek("0000000002") in (None, NOT_IN_MEMORY)
        assert lookup.find("0000000002") is None
    assert 2 <= len(looks) <= 1 + 100 / 16


def test_what_arrives_while_it_is_looked_up_is_found(
    lookup: SnapshotLookup, source: Source, ticks: Ticks, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(source, lookup, ticks)
    may_look = lookup._freshness.may_look_again

    def meanwhile(after: float) -> bool:
        put(source, lookup, ticks, TOKEN)  # in another thread
        return may_look(after)

    monkeypatch.setattr(lookup._freshness, "may_look_again", meanwhile)
    assert lookup.peek(TOKEN.id) == STORED


def test_unknown_ids_do_not_try_a_store_that_cannot_be_read(
    lookup: SnapshotLookup, source: Source, ticks: Ticks
) -> None:
    put(source, lookup, ticks, TOKEN)
    source.broken = True
    ticks.now += EVERY
    lookup.refresh()
    source.broken = False
    source.tokens = {}
    ticks.now += EVERY / 2
    assert lookup.find("0000000002") is None
    assert lookup.peek(TOKEN.id) == STORED


@pytest.mark.parametrize("token_id", ["0000000002", "", "\ud800" * 10])
def test_an_unknown_id(lookup: SnapshotLookup, source: Source, ticks: Ticks, token_id: str) -> None:
    put(source, lookup, ticks, TOKEN)
    assert lookup.peek(token_id) is None
    assert lookup.find(token_id) is None
    # Anybody can make up any number of them.
    assert token_id not in lookup._snapshot
    put(source, lookup, ticks, TOKEN, replace(TOKEN, id=token_id))
    assert lookup.peek(token_id) == replace(STORED, id=token_id)


def test_only_what_changed_is_read_and_makes_a_generation(
    lookup: CredentialLookup, source: Source, ticks: Ticks
) -> None:
    generations = []
    for name in ("one", "one", "two"):
        put(source, lookup, ticks, replace(TOKEN, name=name))
        generations.append(lookup.generation)
        assert lookup.peek(TOKEN.id) == replace(STORED, name=name)
    assert (generations, source.reads) == ([1, 1, 2], 2)


def test_a_credential_is_built_once_a_generation(
    lookup: CredentialLookup, source: Source, ticks: Ticks
) -> None:
    put(source, lookup, ticks, TOKEN)
    assert lookup.peek(TOKEN.id) is lookup.peek(TOKEN.id) is lookup.find(TOKEN.id)


@pytest.mark.parametrize("changes", [{"hash": None}, {"revoked_at": NOW}])
def test_a_revoked_token_has_no_hash(
    lookup: CredentialLookup, source: Source, ticks: Ticks, changes: dict[str, object]
) -> None:
    put(source, lookup, ticks, replace(TOKEN, **changes))
    assert lookup.peek(TOKEN.id) == replace(STORED, revoked=True, hash="")


def test_a_disabled_or_damaged_account(
    lookup: CredentialLookup, source: Source, accounts: Accounts, ticks: Ticks
) -> None:
    ada = Account(name="ada", role=Role.MEMBER, created_at=NOW)
    for account, disabled in (
        (ada, False),
        (replace(ada, disabled_at=NOW), True),
        (ada, False),
        (None, True),
    ):
        accounts.accounts = {"ada": account}
        put(source, lookup, ticks, TOKEN)
        assert lookup.peek(TOKEN.id) == replace(STORED, owner_disabled=disabled)


def test_what_is_too_old_is_not_in_memory(
    lookup: CredentialLookup, source: Source, ticks: Ticks
) -> None:
    put(source, lookup, ticks, TOKEN)
    source.broken = True
    ticks.now += GRACE
    assert lookup.find(TOKEN.id) == lookup.peek(TOKEN.id) == STORED
    assert lookup.health() == (GRACE, 1, "The disk is gone.")
    ticks.now += EVERY
    assert lookup.peek(TOKEN.id) is NOT_IN_MEMORY
    with pytest.raises(StoreOutOfDate, match=r"The disk is gone\."):
        lookup.refresh()
    with pytest.raises(StoreOutOfDate, match=r"The disk is gone\."):
        lookup.find(TOKEN.id)

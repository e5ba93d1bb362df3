"""Verifiers of a store in a cluster, while its leader dies, or leads no more and does not know."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tokentui.core.backend import Backend, new_key
from tokentui.core.change import Revoke
from tokentui.core.credential import Secret
from tokentui.core.errors import StoreError, StoreOutOfDate
from tokentui.core.freshness import EVERY
from tokentui.core.token import Token
from tokentui.core.verdicts import TokenRevoked
from tokentui.core.verifier import Verifier
from tokentui.stores.postgresql import lookup, pulse
from tokentui.stores.postgresql.opening import created
from tokentui.stores.postgresql.pulse import COUNTS

from ..conftest import NOW
from ..contracts.samples import commit
from .cluster import MARKS, Cluster
from .lookups import Lookups, create, writer

pytestmark = MARKS

_ANSWER = 0.5
"""How many seconds the standbys have to confirm a pulse: nobody is let in where they are late."""


def revoke(cluster: Cluster, backend: Backend, token: Token) -> None:
    """Revoke a token, as soon as somebody takes changes."""
    change, key = Revoke(seen=(token,), at=NOW, by="ada"), new_key()

    def done() -> bool:
        try:
            commit(backend, change, key)
        except StoreError:
            return False
        return True

    cluster.wait_until(done, "nobody takes changes")


def test_what_is_known_passes_while_a_leader_dies(
    tmp_path: Path, lookups: Lookups, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Cluster() as cluster:
        created(cluster.url(), tmp_path)
        with writer(cluster.url(), tmp_path) as backend:
            token, secret = create(backend)
            verifiers = [lookups.verifier(cluster.url(), grace=10**6) for _ in range(3)]

            def pass_all() -> bool:
                lookups.ticks.now += EVERY
                assert all(verifier.verify(secret) for verifier in verifiers)
                return True

            def are_well() -> bool:
                return pass_all() and not any(each.health().problems for each in verifiers)

            assert are_well()
            with monkeypatch.context() as hurried:
                hurried.setattr(lookup, "_PATIENCE", 0.05)
                hurried.setattr(pulse, "_PATIENCE", _ANSWER)
                cluster.kill_leader()
                assert not are_well()
                cluster.wait_until(are_well, "the verifiers do not find the new leader")
            revoke(cluster, backend, token)
            lookups.ticks.now += EVERY
            for verifier in verifiers:
                with pytest.raises(TokenRevoked):
                    verifier.verify(secret)


def test_nobody_is_let_in_by_a_leader_that_is_frozen(
    tmp_path: Path, lookups: Lookups, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulse, "_PATIENCE", _ANSWER)
    grace = 2.0
    with Cluster() as cluster:
        created(cluster.url(), tmp_path)
        with writer(cluster.url(), tmp_path) as backend:
            token, secret = create(backend)
        verifiers = [lookups.verifier(cluster.url(), grace=grace) for _ in range(3)]
        assert outcomes(verifiers, secret) == [None] * 3
        frozen = cluster.freeze_leader()
        cluster.wait_until(lambda: cluster.leader() not in {None, frozen}, "nobody leads")
        leader = cluster.leader()
        assert leader is not None
        with writer(leader.url(), tmp_path) as backend:
            revoke(cluster, backend, token)
        # They go on to ask the one that they know, which goes on to answer.
        last = lookups.ticks.now + EVERY + COUNTS + grace
        while lookups.ticks.now <= last:
            lookups.ticks.now += 1.0
            let_in = [each is None for each in outcomes(verifiers, secret)]
        assert not any(let_in)
        all_refused = refused(lookups, verifiers, secret)
        cluster.wait_until(all_refused, "the verifiers do not find the new leader")
        frozen.thaw()


def refused(lookups: Lookups, verifiers: list[Verifier], secret: Secret) -> Callable[[], bool]:
    """Return what says whether all know of a revocation, and fails where anybody is let in."""

    def all_know() -> bool:
        lookups.ticks.now += EVERY
        seen = outcomes(verifiers, secret)
        assert set(seen) <= {StoreOutOfDate, TokenRevoked}
        return set(seen) == {TokenRevoked}

    return all_know


def outcomes(verifiers: list[Verifier], secret: Secret) -> list[type[Exception] | None]:
    """Return why each verifier refuses a secret; None where it does not."""
    seen: list[type[Exception] | None] = []
    for verifier in verifiers:
        try:
            verifier.verify(secret)
        except (StoreOutOfDate, TokenRevoked) as error:
            seen.append(type(error))
        else:
            seen.append(None)
    return seen

"""A store behind pgbouncer, which gives each transaction a connection of its choice."""

from functools import partial
from pathlib import Path

import pytest
from msgspec.structs import replace

from tokentui.core.chain import Link
from tokentui.core.change import Create, Rename, Revoke
from tokentui.core.query import Sort

from ..conftest import NOW
from ..contracts.kinds import opened
from ..contracts.samples import LIVE, at_once, commit, events, names, token, use
from .pgbouncer import NEEDED, Pgbouncer
from .server import shared_server
from .stores import fresh_store

pytestmark = pytest.mark.needs(*NEEDED)


def test_all_works_through_a_pooler(tmp_path: Path) -> None:
    url = fresh_store(tmp_path)
    database = url.partition("///")[2].partition("?")[0]
    with Pgbouncer(shared_server(), connections=3) as pooler:
        backends = [opened(pooler.url(database), tmp_path) for _ in range(6)]

        def work(number: int) -> None:
            backend = backends[number % len(backends)]
            commit(backend, Create(token=token(number)))
            renamed = commit(backend, Rename(seen=token(number), name=f"n{number}"))
            use(backend, {token(number).id: NOW})
            assert backend.tokens.get_many([token(number).id]) == renamed.tokens
            assert backend.lookup.find(token(number).id) is not None
            if number % 2:
                commit(backend, Revoke(seen=tuple(renamed.tokens.values()), at=NOW, by="ada"))

        assert at_once(partial(work, number) for number in range(12)) == []
        left = sorted(f"n{number}" for number in range(0, 12, 2))
        for sort in Sort:
            assert sorted(names(backends[0], replace(LIVE, sort=sort))) == left
        assert len(events(backends[0])) == 12 * 2 + 6
        assert isinstance(backends[0].audit.verify(), Link)
        for backend in backends:
            backend.close()

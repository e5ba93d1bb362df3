"""A cluster whose leader dies, or whose standbys do, while tokens are changed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tokentui.core import backend as core_backend
from tokentui.core.backend import Backend, Change, committed
from tokentui.core.chain import Link
from tokentui.core.change import Create, Rename, Revoke
from tokentui.core.errors import OutcomeUnknown, StoreUnavailable
from tokentui.stores.postgresql import connections
from tokentui.stores.postgresql.opening import created

from ..conftest import NOW
from ..contracts.kinds import opened
from ..contracts.samples import LIVE, add, names, token
from .cluster import MARKS, Cluster
from .processes import wait_until
from .writers import Writers, differences

pytestmark = MARKS

KILLS = 1
"""How often the leader is killed."""
SWITCHOVERS = 0
"""How often administrators let another node lead, after that."""
_WRITERS = 8
_MANY = 6
"""So many changes of each writer: each kind of them at least once."""


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with Cluster() as started:
        yield started


@pytest.fixture
def backend(cluster: Cluster, tmp_path: Path) -> Iterator[Backend]:
    created(cluster.url(), tmp_path)
    backend = opened(cluster.url(), tmp_path)
    yield backend
    backend.close()


def wait_for_writes(writers: Writers) -> None:
    """Wait until every writer has made changes that it began after this call."""
    before = writers.counts()

    def go_on() -> bool:
        pairs = zip(before, writers.counts(), strict=True)
        return all(after >= earlier + _MANY for earlier, after in pairs)

    wait_until(go_on, "writes do not go on", unless=writers.trouble)


def test_what_is_acknowledged_is_done_once_whatever_dies(
    cluster: Cluster, backend: Backend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Writers(cluster.url(), tmp_path, _WRITERS) as writers:
        wait_for_writes(writers)
        for number in range(KILLS + SWITCHOVERS):
            if number < KILLS:
                cluster.kill_leader()
            else:
                cluster.switchover()
            wait_for_writes(writers)
            cluster.start_standbys()
    assert writers.trouble() is None
    assert differences(writers, backend) == []
    assert isinstance(backend.audit.verify(), Link)

    seen = token(1), token(2)
    add(backend, *seen)
    cluster.stop_standbys()
    monkeypatch.setattr(connections, "PATIENCE", 1.0)
    monkeypatch.setattr(core_backend, "_PAUSES", (0.0, 0.0))
    for change in (
        Create(token=token(3)),
        Rename(seen=seen[0], name="other"),
        Revoke(seen=(seen[1],), at=NOW, by="ada"),
    ):
        with pytest.raises((OutcomeUnknown, StoreUnavailable)):
            committed(backend, change, "ada")
        wait_until(lambda: bool(read(backend)), "reading does not go on")
    monkeypatch.undo()
    cluster.start_standbys()
    wait_until(lambda: is_done(backend, Create(token=token(4))), "writes do not go on")
    assert "t4" in read(backend)
    assert isinstance(backend.audit.verify(), Link)


def is_done(backend: Backend, change: Change) -> bool:
    """Ask for a change; return whether it is said to be done."""
    try:
        committed(backend, change, "ada")
    except StoreUnavailable:
        return False
    return True


def read(backend: Backend) -> list[str]:
    """Return the names that are valid; none where the store does not answer."""
    try:
        return names(backend, LIVE)
    except StoreUnavailable:
        return []

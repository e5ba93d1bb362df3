"""The cluster of the tests: what is acknowledged survives its leader."""

import psycopg

from .cluster import MARKS, Cluster

pytestmark = MARKS


def write(cluster: Cluster, name: str) -> bool:
    """Write with a quorum; return whether it was acknowledged."""
    url = f"{cluster.url()}?target_session_attrs=read-write&connect_timeout=2"
    try:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS names(name text)")
            connection.execute("INSERT INTO names VALUES (%s)", [name])
    except psycopg.OperationalError:
        return False
    return True


def names(cluster: Cluster) -> set[str]:
    with psycopg.connect(f"{cluster.url()}?target_session_attrs=read-write") as connection:
        return {str(name) for (name,) in connection.execute("SELECT name FROM names")}


def test_a_leader_that_dies_is_replaced_and_nothing_is_lost() -> None:
    with Cluster() as cluster:
        assert write(cluster, "before")
        dead = cluster.kill_leader()
        cluster.wait_until(lambda: write(cluster, "after"), "nobody takes writes")
        assert cluster.leader() not in {None, dead}
        assert {"before", "after"} <= names(cluster)
        cluster.start_standbys()
        assert dead in cluster.standbys()
        new = cluster.switchover()
        cluster.wait_until(lambda: cluster.leader() is new, "the switchover is not done")
        cluster.wait_until(cluster.is_whole, "the standbys do not follow")
        cluster.stop_standbys()
        assert not cluster.is_whole()
        assert cluster.standbys() == []
        cluster.start_standbys()


def test_a_leader_that_is_frozen_is_replaced_while_its_postgresql_goes_on() -> None:
    with Cluster() as cluster:
        frozen = cluster.freeze_leader()
        cluster.wait_until(lambda: cluster.leader() not in {None, frozen}, "nobody leads")
        with psycopg.connect(frozen.url()) as connection:
            assert connection.execute("SELECT pg_is_in_recovery()").fetchone() == (False,)
        frozen.kill()
        cluster.start_standbys()
        assert frozen in cluster.standbys()

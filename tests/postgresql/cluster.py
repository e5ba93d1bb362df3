"""A real cluster of Patroni on three etcd: a leader, a synchronous standby and another standby."""

import signal
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Self

import httpx
import psycopg
import pytest
from filelock import FileLock

from ..conftest import program, require
from ..program.conftest import held_port
from . import processes
from .patroni import Node
from .server import NEEDED as SERVER_NEEDED

if TYPE_CHECKING:
    from subprocess import Popen

NEEDED = (*SERVER_NEEDED, "patroni", "etcd")
"""The programs without which there is none."""

MARKS = [pytest.mark.cluster, pytest.mark.needs(*NEEDED), pytest.mark.timeout(900)]
"""For each module that starts one: `pytestmark = MARKS`. It may have to wait for its turn."""

_SIZE = 3
_GLANCE = 0.05


class Cluster:
    """A cluster that takes writes, whose superuser is the user of the tests, without a password.

    A write is acknowledged once a standby has it, and waits where there is none. One cluster at a
    time runs on a machine, and it ends with the tests. As a context manager it is started, and
    removed at the end of the block.
    """

    def __init__(self) -> None:
        require(*NEEDED)
        self._end = ExitStack()
        self.nodes: list[Node] = []
        self._etcd: list[Popen[bytes]] = []

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start all of it, and wait until a leader has two standbys, one of them synchronous."""
        try:
            self._end.enter_context(FileLock(processes.home() / "cluster.lock"))
            self.folder = self._end.enter_context(processes.folder())
            self._end.callback(self._end_processes)
            self._ports = [self._held() for _ in range(2 * _SIZE)]
            self.nodes = [
                Node(f"n{number}", self.folder, self._held(), self._held())
                for number in range(_SIZE)
            ]
            self._start_etcd()
            for node in self.nodes:
                self.start_node(node)
            self.wait_until(self.is_whole, "the cluster does not start")
        except BaseException:
            self.stop()
            raise

    def _held(self) -> int:
        return self._end.enter_context(held_port())

    def stop(self) -> None:
        """End all of it at once, and remove its files."""
        self._end.close()

    def _end_processes(self) -> None:
        for node in self.nodes:
            node.end()
        for etcd in self._etcd:
            etcd.kill()
        for node in self.nodes:
            node.wait()
        for etcd in self._etcd:
            etcd.wait(processes.PATIENCE)
        self._etcd.clear()

    # -- what it is -------------------------------------------------------------------------------

    def url(self, database: str = "postgres") -> str:
        """Return the URL of a database, with all the hosts."""
        hosts = ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)
        return f"postgresql://{hosts}/{database}"

    def leader(self) -> Node | None:
        """Return the node that leads, as etcd has it: one that died does for a while."""
        for member in self._members():
            if member["role"] == "leader":
                return self._named(member["name"])
        return None

    def standbys(self) -> list[Node]:
        """Return the nodes that run and do not lead."""
        leader = self.leader()
        return [node for node in self.nodes if node.runs and node is not leader]

    def is_whole(self) -> bool:
        """Return whether all nodes take part, one of them as synchronous standby."""
        members = self._members()
        roles = [member["role"] for member in members]
        if sorted(roles) != ["leader", "replica", "sync_standby"]:
            return False
        # Patroni still counts a node that died a while ago; the leader's PostgreSQL does not.
        leader = self._named(members[roles.index("leader")]["name"])
        answering = all(node.answers for node in self.nodes)
        return answering and self._followers(leader) == ["async", "sync"]

    def _followers(self, leader: Node) -> list[str]:
        following = "SELECT sync_state FROM pg_stat_replication WHERE state = 'streaming'"
        try:
            with psycopg.connect(leader.url()) as connection:
                return sorted(str(state) for (state,) in connection.execute(following))
        except psycopg.OperationalError:
            return []

    def _members(self) -> list[dict[str, Any]]:
        for node in self.nodes:
            if node.answers:
                try:
                    answer = httpx.get(f"http://127.0.0.1:{node.api}/cluster", timeout=2)
                except httpx.TransportError:
                    continue
                if answer.is_success:
                    found: list[dict[str, Any]] = answer.json()["members"]
                    return found
        return []

    def _named(self, name: str) -> Node:
        return next(node for node in self.nodes if node.name == name)

    def wait_until(self, holds: Callable[[], bool], what: str) -> None:
        """Wait until a condition holds; where it does not, fail with what the nodes logged."""
        running = [node for node in self.nodes if node.runs]

        def ended() -> str | None:
            return next((f"{node.name} ended" for node in running if not node.runs), None)

        try:
            processes.wait_until(holds, what, unless=ended, glance=_GLANCE)
        except AssertionError as error:
            logs = sorted(self.folder.glob("*.log"))
            ends = "\n".join(f"== {log.name}\n{log.read_text()[-3000:]}" for log in logs)
            raise AssertionError(f"{error}\n{self._members()}\n{ends}") from None

    # -- what may happen to it --------------------------------------------------------------------

    def kill_leader(self) -> Node:
        """Kill Patroni and PostgreSQL of the leader at once; return it."""
        leader = self._the_leader()
        leader.kill()
        return leader

    def freeze_leader(self) -> Node:
        """Stop the leader's Patroni, while its PostgreSQL goes on; return it, to be thawed."""
        leader = self._the_leader()
        leader.freeze()
        return leader

    def switchover(self) -> Node:
        """Let the synchronous standby lead, as administrators do it; return it."""
        leader = self._the_leader()
        candidate = next(each for each in self._members() if each["role"] == "sync_standby")
        wish = {"leader": leader.name, "candidate": candidate["name"]}
        place = f"http://127.0.0.1:{leader.api}/switchover"
        answer = httpx.post(place, json=wish, timeout=processes.PATIENCE)
        assert answer.is_success, answer.text
        return self._named(candidate["name"])

    def stop_standbys(self) -> None:
        """Kill all nodes but the leader: no write is acknowledged from now on."""
        for node in self.standbys():
            node.kill()

    def start_standbys(self) -> None:
        """Start all nodes that do not run, and wait until the cluster is whole."""
        for node in self.nodes:
            if not node.runs:
                self.start_node(node)
        self.wait_until(self.is_whole, "the standbys do not come back")

    def _the_leader(self) -> Node:
        leader = self.leader()
        assert leader is not None, "nobody leads"
        return leader

    # -- how it is set up -------------------------------------------------------------------------

    def _start_etcd(self) -> None:
        clients, peers = self._ports[:_SIZE], self._ports[_SIZE:]
        urls = [f"http://127.0.0.1:{port}" for port in peers]
        everybody = ",".join(f"e{number}={url}" for number, url in enumerate(urls))
        for number, (client, peer) in enumerate(zip(clients, urls, strict=True)):
            url = f"http://127.0.0.1:{client}"
            command = [
                *(program("etcd"), "--name", f"e{number}"),
                *("--data-dir", str(self.folder / f"e{number}")),
                *("--listen-client-urls", url, "--advertise-client-urls", url),
                *("--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer),
                *("--initial-cluster", everybody, "--logger", "zap"),
            ]
            log = self.folder / f"e{number}.log"
            self._etcd.append(processes.start(command, log, ending=signal.SIGKILL))
        self.wait_until(lambda: all(map(_is_healthy, clients)), "etcd does not start")

    def start_node(self, node: Node) -> None:
        """Start a node, which may have been killed before."""
        node.start(self._ports[:_SIZE])


def _is_healthy(port: int) -> bool:
    try:
        answer = httpx.get(f"http://127.0.0.1:{port}/health", timeout=2)
    except httpx.TransportError:
        return False
    return bool(answer.json().get("health") == "true")

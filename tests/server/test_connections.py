"""How many connections there are, and how long each lasts."""

import asyncio
import resource
from collections.abc import AsyncIterator

import pytest
import uvicorn
from uvicorn.server import ServerState

from tokentui.core.verifier import Verifier
from tokentui.server import connections
from tokentui.server.connections import Connection, Pool, Pools, open_files
from tokentui.server.forward_auth import ForwardAuth
from tokentui.server.proxies import TrustedProxies


class Fake:
    """A connection that tells whether it was ended."""

    def __init__(self) -> None:
        self.ended = False

    def abort(self) -> None:
        self.ended = True


class TestPool:
    @pytest.fixture
    def pool(self, ticks: list[float]) -> Pool:
        """Return a pool for three."""
        return Pool(3, lambda: ticks[-1])

    def opened(self, pool: Pool, ticks: list[float], number: int) -> list[Fake]:
        found = [Fake() for _ in range(number)]
        for each in found:
            ticks.append(ticks[-1] + 1)
            pool.add(each)
        return found

    def test_the_one_that_waited_longest_makes_room(self, pool: Pool, ticks: list[float]) -> None:
        five = self.opened(pool, ticks, 5)
        assert [each.ended for each in five] == [True, True, False, False, False]
        assert len(pool) == 3

    def test_what_is_in_use_stays(self, pool: Pool, ticks: list[float]) -> None:
        [used] = self.opened(pool, ticks, 1)
        for _ in range(10):
            self.opened(pool, ticks, 1)
            pool.begin(used)
            pool.finish(used)
        assert not used.ended

    def test_the_idle_make_room_for_the_new(self, pool: Pool, ticks: list[float]) -> None:
        idle = self.opened(pool, ticks, 3)
        for each in idle:
            pool.begin(each)
            pool.finish(each)
        [new] = self.opened(pool, ticks, 1)
        assert [each.ended for each in (*idle, new)] == [True, False, False, False]

    def test_a_request_under_way_is_not_ended(self, pool: Pool, ticks: list[float]) -> None:
        busy = self.opened(pool, ticks, 3)
        for each in busy:
            pool.begin(each)
        [new] = self.opened(pool, ticks, 1)
        assert [each.ended for each in (*busy, new)] == [False, False, False, True]

    def test_each_state_has_its_time(self, pool: Pool, ticks: list[float]) -> None:
        new, idle, busy = three = self.opened(pool, [0.0], 3)
        for each in (idle, busy):
            pool.begin(each)
        pool.finish(idle)
        ended = []
        for moment in (9.9, 10.0, 59.9, 60.0, 179.9, 180.0):
            ticks.append(moment)
            pool.end_overdue()
            ended.append([each.ended for each in three].count(True))
        assert ended == [0, 1, 1, 2, 2, 3]
        assert (new.ended, busy.ended, len(pool)) == (True, True, 0)


def test_only_believed_proxies_are_in_their_pool() -> None:
    pools = Pools(TrustedProxies(["127.0.0.2"]), 64)
    assert pools.get("127.0.0.1") is pools.get("192.0.2.1") is pools.get(None)
    assert pools.get("127.0.0.2") is not pools.get("127.0.0.1")


@pytest.mark.parametrize(
    ("soft", "hard", "raised", "files"),
    [
        (1024, 524288, (4096, 524288), 4096),
        (1024, resource.RLIM_INFINITY, (4096, resource.RLIM_INFINITY), 4096),
        (256, 1024, (1024, 1024), 1024),
        (1024, 1024, None, 1024),
        (524288, 524288, None, 4096),
        (resource.RLIM_INFINITY, resource.RLIM_INFINITY, None, 4096),
    ],
)
def test_as_many_files_as_it_may_have(
    monkeypatch: pytest.MonkeyPatch,
    soft: int,
    hard: int,
    raised: tuple[int, int] | None,
    files: int,
) -> None:
    asked: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: (soft, hard))
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: asked.append(limits))
    assert open_files() == files
    assert asked == ([] if raised is None else [raised])


def test_where_it_may_not_ask_for_more_files(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, 4096))
    monkeypatch.setattr(resource, "setrlimit", forbidden)
    assert open_files() == 256


class TestConnection:
    @pytest.fixture
    async def port(self, verifier: Verifier, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
        """Serve the endpoint, and give its port."""
        monkeypatch.setattr(connections, "_SWEEP", 0.01)
        proxies = TrustedProxies([])
        pools = Pools(proxies, 64)
        config = uvicorn.Config(ForwardAuth(verifier, proxies), lifespan="off", log_config=None)
        state = ServerState()
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: Connection(pools, lambda *_: None, config, state, {}), "127.0.0.1", 0
        )
        pools.sweep()
        async with server:
            yield server.sockets[0].getsockname()[1]

    async def test_unfinished_headers_end_by_themselves(
        self, port: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        came, receive = asyncio.Event(), Connection.data_received

        def received(connection: Connection, data: bytes) -> None:
            receive(connection, data)
            came.set()

        monkeypatch.setattr(Connection, "data_received", received)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /health HTTP/1.1\r\nX: ")
        await came.wait()
        monkeypatch.setattr(connections, "_FIRST_REQUEST", 0.0)
        assert await reader.read() == b""
        writer.close()

    async def test_headers_that_never_end(self, port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /health HTTP/1.1\r\n" + b"X: y\r\n" * 2**18)
        assert (await reader.read()).startswith(b"HTTP/1.1 431 ")
        writer.close()

    async def test_several_requests_at_once(self, port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n" * 20 + b"GET / HTTP/1.0\r\n\r\n")
        answers = (await reader.read()).split(b"HTTP/1.1 ")
        assert [answer[:3] for answer in answers] == [b"", *[b"200"] * 20, b"404"]
        writer.close()

"""What is answered without a task is answered as everything else is."""

import asyncio
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from threading import Thread
from types import FrameType

import pytest
import uvicorn
from msgspec.structs import replace
from uvicorn.server import ServerState

from tests.opening import raw
from tokentui.core import credential
from tokentui.core.commands import TokenCommands
from tokentui.core.new_token import NewToken
from tokentui.core.verifier import Verifier
from tokentui.server import connections
from tokentui.server.asgi import Receive, Scope, Send
from tokentui.server.connections import Connection, PassAtOnce, Pools
from tokentui.server.forward_auth import ForwardAuth
from tokentui.server.proxies import TrustedProxies

_PROXIES = TrustedProxies(["127.0.0.1"])
_DATE = b"Sat, 28 Nov 2026 05:00:00 GMT"
_MANY = 1000
_CALLS = 40
"""How many functions of ours and of uvicorn may be called for a request with a known secret."""


class Asked(ForwardAuth):
    """An endpoint that knows how many requests it was asked as an ASGI app."""

    def __init__(self, verifier: Verifier) -> None:
        super().__init__(verifier, _PROXIES)
        self.calls = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.calls += 1
        await super().__call__(scope, receive, send)


@pytest.fixture
def app(verifier: Verifier, made: NewToken) -> Asked:
    """Return an endpoint that has seen the secret."""
    verifier.verify(made.secret)
    return Asked(verifier)


_END = b"GET /end HTTP/1.1\r\nConnection: close\r\n\r\n"


@asynccontextmanager
async def _connected(
    app: ForwardAuth, pass_at_once: PassAtOnce, state: ServerState | None = None
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Serve an endpoint, and connect to it."""
    config = uvicorn.Config(
        app, lifespan="off", log_config=None, http="httptools", timeout_keep_alive=0
    )
    state = state or ServerState()
    state.default_headers = [(b"date", _DATE)]
    pools = Pools(_PROXIES, 64)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: Connection(pools, pass_at_once, config, state, {}), "127.0.0.1", 0
    )
    pools.sweep()
    async with server, asyncio.timeout(20):
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        yield reader, writer
        writer.close()


async def _answered(
    app: ForwardAuth, sent: bytes, pass_at_once: PassAtOnce, end: bytes = _END
) -> bytes:
    """Return all that is answered on a connection, on which no more than `sent` is sent."""
    async with _connected(app, pass_at_once) as (reader, writer):
        writer.write(sent + end)
        return await reader.read()


def _request(secret: credential.Secret, *more: bytes, line: bytes = b"GET /auth HTTP/1.1") -> bytes:
    key = b"X-API-Key: " + secret.reveal().encode()
    return b"\r\n".join([line, b"Host: x", key, b"X-Forwarded-Method: GET", *more, b"", b""])


def test_most_requests_are_answered_at_once(app: Asked, made: NewToken) -> None:
    answer = asyncio.run(_answered(app, _request(made.secret) * 20, app.pass_at_once))
    assert answer.count(b"HTTP/1.1 204 No Content\r\ndate: %b\r\nx-token-id: " % _DATE) == 20
    assert app.calls == 1, "only the request that ends the connection"
    assert app._metrics._answers["allowed"] == 20


def test_a_response_is_written_before_the_end(
    app: Asked, made: NewToken, monkeypatch: pytest.MonkeyPatch
) -> None:
    receive = Connection.data_received

    def received(connection: Connection, data: bytes) -> None:
        receive(connection, data)
        connection.shutdown()

    monkeypatch.setattr(Connection, "data_received", received)
    answer = asyncio.run(_answered(app, _request(made.secret), app.pass_at_once, end=b""))
    assert answer.startswith(b"HTTP/1.1 204 ")


@pytest.mark.parametrize(
    ("more", "line", "at_once"),
    [
        ([], b"GET /auth HTTP/1.1", True),
        ([b"X-Forwarded-For: 192.0.2.7"], b"GET /auth HTTP/1.1", True),
        ([], b"HEAD /auth HTTP/1.1", False),
        ([], b"POST /auth HTTP/1.1", False),
        ([], b"GET /auth?x HTTP/1.1", False),
        ([], b"GET /%61uth HTTP/1.1", False),
        ([], b"GET /other HTTP/1.1", False),
        ([], b"GET /auth HTTP/1.0", False),
        ([b"Connection: close"], b"GET /auth HTTP/1.1", False),
        ([b"Upgrade: h2c"], b"GET /auth HTTP/1.1", True),
        ([b"Content-Length: 4", b"", b"body"], b"GET /auth HTTP/1.1", False),
        ([b"Transfer-Encoding: chunked", b"", b"0"], b"GET /auth HTTP/1.1", False),
        ([b"Expect: 100-continue"], b"GET /auth HTTP/1.1", False),
        ([b"Accept: a", b"accept: b"], b"GET /auth HTTP/1.1", False),
        ([b"X-Forwarded-For: 192.0.2.7", b"X-Forwarded-For: x"], b"GET /auth HTTP/1.1", False),
        ([b"X-API-Key: x"], b"GET /auth HTTP/1.1", False),
        ([b"Authorization: Basic x"], b"GET /auth HTTP/1.1", True),
    ],
    ids=str,
)
def test_either_way_the_answer_is_the_same(
    app: Asked, made: NewToken, more: list[bytes], line: bytes, at_once: bool
) -> None:
    once, again = _request(made.secret), _request(made.secret, *more, line=line)
    whole = b"".join((once, again, once))
    answers, calls = [], []
    for pass_at_once in (app.pass_at_once, lambda *_: None):
        app.calls = 0
        answers.append(asyncio.run(_answered(app, whole, pass_at_once)))
        calls.append(app.calls)
    assert answers[0] == answers[1]
    assert answers[0].startswith(b"HTTP/1.1 204 No Content\r\n")
    assert (calls[1] - calls[0] == 3) is at_once


async def test_an_upgrade_is_not_agreed_to(app: Asked, made: NewToken) -> None:
    upgrade = _request(made.secret, b"Connection: upgrade", b"Upgrade: h2c")
    async with _connected(app, app.pass_at_once) as (reader, writer):
        writer.write(upgrade)
        answer = await reader.readuntil(b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 204 ")
    assert app.calls == 1


async def test_the_date_is_that_of_each_response(app: Asked, made: NewToken) -> None:
    state, later = ServerState(), b"Sat, 28 Nov 2026 05:00:01 GMT"
    async with _connected(app, app.pass_at_once, state) as (reader, writer):
        for date in (_DATE, _DATE, later):
            state.default_headers = [(b"date", date)]
            writer.write(_request(made.secret))
            assert b"\r\ndate: %b\r\n" % date in await reader.readuntil(b"\r\n\r\n")


async def test_nothing_but_the_pool_ends_a_connection(
    app: Asked, made: NewToken, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "_SWEEP", 0.01)
    monkeypatch.setattr(connections, "_FIRST_REQUEST", 3600.0)
    request = _request(made.secret)
    async with _connected(app, app.pass_at_once) as (reader, writer):
        for sent in (request.replace(b"GET", b"HEAD", 1), request):
            writer.write(sent)
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 204 ")
        monkeypatch.setattr(connections, "_KEEP_ALIVE", 0)
        assert await reader.read() == b""
    assert app.calls == 1, "only HEAD"


async def test_a_connection_is_idle_after_a_response_at_once(
    app: Asked, made: NewToken, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "_SWEEP", 0.01)
    monkeypatch.setattr(connections, "_FIRST_REQUEST", 3600.0)
    async with _connected(app, app.pass_at_once) as (reader, writer):
        writer.write(_request(made.secret))
        await reader.readuntil(b"\r\n\r\n")
        monkeypatch.setattr(connections, "_KEEP_ALIVE", 0)
        assert await reader.read() == b""
    assert app.calls == 0


def test_a_refusal_is_not_said_at_once(
    app: Asked, service: TokenCommands, made: NewToken, ticks: list[float]
) -> None:
    request = _request(made.secret, b"X-Forwarded-Method: POST")
    raw(service).apply(replaced=[replace(made.token, read_only=True, revision=2)])
    ticks.append(1.0)
    for _ in range(2):
        answer = asyncio.run(_answered(app, request, app.pass_at_once))
        assert answer.startswith(b"HTTP/1.1 403 ")
    assert app._metrics._answers["TokenReadOnly"] == 2
    assert app.calls == 4


def test_a_secret_that_was_not_seen_is_checked(
    app: Asked, service: TokenCommands, ticks: list[float]
) -> None:
    new = service.create("other", None)
    ticks.append(1.0)
    answer = asyncio.run(_answered(app, _request(new.secret), app.pass_at_once))
    assert answer.startswith(b"HTTP/1.1 204 ")
    assert app.calls == 2


def test_few_threads_are_begun_for_many_requests(
    app: Asked, made: NewToken, ticks: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, start = 0, Thread.start

    def counting(thread: Thread) -> None:
        nonlocal begun
        begun += 1
        start(thread)

    monkeypatch.setattr(Thread, "start", counting)
    app.verifier.verify(made.secret)  # begins the timer that writes uses down
    begun = 0
    ticks.append(0.2)  # a look at the store is due
    answer = asyncio.run(_answered(app, _request(made.secret) * _MANY, app.pass_at_once))
    assert answer.count(b"HTTP/1.1 204 ") == _MANY
    assert begun == 1, "one thread looks at the store"


def test_few_functions_are_called_for_a_request(
    app: Asked, made: NewToken, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: Counter[str] = Counter()
    receive = Connection.data_received

    def count(frame: FrameType, event: str, _: object) -> None:
        module = str(frame.f_globals["__name__"])
        if event == "call" and module.startswith(("tokentui.", "uvicorn.")):
            called[frame.f_code.co_qualname] += 1

    def received(connection: Connection, data: bytes) -> None:
        sys.setprofile(count)
        receive(connection, data)
        sys.setprofile(None)

    monkeypatch.setattr(Connection, "data_received", received)
    answer = asyncio.run(_answered(app, _request(made.secret) * _MANY, app.pass_at_once))
    assert answer.count(b"HTTP/1.1 204 ") == _MANY
    assert called.total() / _MANY < _CALLS, called.most_common()

"""Both middlewares: who comes in, who does not, and what each is told."""

import asyncio
import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
from msgspec.structs import replace

from tests.opening import raw
from tokentui.core import credential
from tokentui.core.commands import TokenCommands
from tokentui.core.errors import StoreUnreadable
from tokentui.core.new_token import NewToken
from tokentui.core.public_token import PublicToken
from tokentui.core.verifier import Verifier
from tokentui.server import asgi, wsgi

from ..conftest import NOW

Headers = list[tuple[bytes, bytes]]


class Answer(NamedTuple):
    """What came back, and the token that the app was given, if it was asked."""

    status: int
    headers: dict[str, str]
    body: bytes
    token: PublicToken | None


Call = Callable[..., Answer]


def call_asgi(
    verifier: Verifier, headers: Headers, method: str = "GET", address: str | None = "192.0.2.7"
) -> Answer:
    sent: list[dict[str, Any]] = []
    tokens: list[PublicToken] = []

    async def app(scope: asgi.Scope, _: asgi.Receive, send: asgi.Send) -> None:
        tokens.append(scope["state"]["token"])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"in"})

    async def receive() -> asgi.Message:
        return {"type": "http.request"}

    async def send(message: asgi.Message) -> None:
        sent.append(dict(message))

    client = (address, 1) if address else None
    scope = {"type": "http", "method": method, "headers": headers, "client": client}
    asyncio.run(asgi.TokenMiddleware(app, verifier)(scope, receive, send))
    told = {key.decode(): value.decode() for key, value in sent[0]["headers"]}
    return Answer(sent[0]["status"], told, sent[1]["body"], tokens[0] if tokens else None)


def call_wsgi(
    verifier: Verifier, headers: Headers, method: str = "GET", address: str | None = "192.0.2.7"
) -> Answer:
    told: list[tuple[str, list[tuple[str, str]]]] = []
    tokens: list[PublicToken] = []

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        tokens.append(environ["tokentui.token"])
        start_response("200 OK", [])
        return [b"in"]

    def start_response(status: str, headers: list[tuple[str, str]], *_: object) -> Any:
        told.append((status, headers))

    environ: WSGIEnvironment = {"REQUEST_METHOD": method}
    if address:
        environ["REMOTE_ADDR"] = address
    for key, value in headers:
        name = "HTTP_" + key.decode().upper().replace("-", "_")
        joined = [environ[name]] if name in environ else []
        environ[name] = ",".join([*joined, value.decode("latin-1")])
    body = b"".join(wsgi.TokenMiddleware(app, verifier)(environ, start_response))
    status, answered = told[0]
    lowered = {key.lower(): value for key, value in answered}
    return Answer(int(status.split()[0]), lowered, body, tokens[0] if tokens else None)


@pytest.fixture(params=[call_asgi, call_wsgi], ids=["asgi", "wsgi"])
def call(request: pytest.FixtureRequest, verifier: Verifier) -> Call:
    kind = request.param
    return lambda headers, **about: kind(verifier, headers, **about)


def bearer(made: NewToken) -> Headers:
    return [(b"authorization", b"Bearer " + made.secret.reveal().encode())]


def test_the_app_is_told_the_token(call: Call, made: NewToken) -> None:
    answer = call(bearer(made))
    assert (answer.status, answer.body) == (200, b"in")
    assert answer.token is not None
    assert answer.token.name == "ci-deploy"


def test_other_ways_to_present_it(call: Call, made: NewToken) -> None:
    secret = made.secret.reveal().encode()
    assert call([(b"x-api-key", secret)]).status == 200
    assert call([(b"authorization", b"cpanel ada:" + secret)]).status == 200
    assert call([(b"authorization", b"cpanel eve:" + secret)]).status == 401


def test_without_a_secret(call: Call) -> None:
    answer = call([])
    assert (answer.status, answer.token) == (401, None)
    assert answer.headers["www-authenticate"] == 'Bearer realm="API"'
    assert answer.body == b"Send the secret of an API token.\n"
    assert answer.headers["content-length"] == str(len(answer.body))


@pytest.mark.parametrize(
    "garbage",
    [
        lambda text: b"Bearer \xff\xfe",
        lambda text: b"Bearer " + b"x" * 2**20,
        lambda text: b"Bearer",
        lambda text: b"Bearer\t" + text,
        lambda text: b"Bearer " + text.upper(),
        lambda text: b"Bearer " + text[:-1],
        lambda text: b"Bearer " + text + b"x",
        lambda text: b"Bearer xx" + text[2:],
        lambda text: b"cpanel " + text,
        lambda text: b"\0",
    ],
)
def test_garbage(call: Call, made: NewToken, garbage: Callable[[bytes], bytes]) -> None:
    answer = call([(b"authorization", garbage(made.secret.reveal().encode()))])
    assert (answer.status, answer.token) == (401, None)


def test_two_secrets(call: Call, made: NewToken) -> None:
    assert call(bearer(made) * 2).status == 401


def test_a_wrong_secret_learns_nothing(call: Call, made: NewToken) -> None:
    wrong = credential.Credential(made.token.id, credential.mint().secret).encode()
    answer = call([(b"authorization", b"Bearer " + wrong.reveal().encode())])
    assert answer.status == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="API", error="invalid_token"'
    assert answer.body == b"This secret is not valid.\n"


def test_an_expired_one_learns_that(call: Call, service: TokenCommands, made: NewToken) -> None:
    service.queries.now = lambda: NOW + timedelta(days=60)
    answer = call(bearer(made))
    assert (answer.status, answer.body) == (401, b"This token has expired.\n")


def test_what_a_token_does_not_allow(call: Call, service: TokenCommands, made: NewToken) -> None:
    changed = replace(made.token, read_only=True, networks=("192.0.2.0/24",), revision=2)
    raw(service).apply(replaced=[changed])
    assert call(bearer(made)).status == 200
    assert call(bearer(made), method="POST").status == 403
    assert call(bearer(made), address="198.51.100.1").status == 403
    assert call(bearer(made), address=None).status == 403


@pytest.mark.parametrize("protocol", [b"websocket", b"h2c"])
def test_an_upgrade_is_more_than_reading(
    call: Call, service: TokenCommands, made: NewToken, ticks: list[float], protocol: bytes
) -> None:
    upgrade = [*bearer(made), (b"connection", b"Upgrade"), (b"upgrade", protocol)]
    assert call(upgrade).status == 200
    raw(service).apply(replaced=[replace(made.token, read_only=True, revision=2)])
    ticks.append(1.0)
    assert call(upgrade).status == 403
    assert call(bearer(made)).status == 200


def test_revoked_while_it_serves(
    call: Call, service: TokenCommands, made: NewToken, ticks: list[float]
) -> None:
    assert call(bearer(made)).status == 200
    service.revoke([made.token])
    ticks.append(1.0)
    assert call(bearer(made)).status == 401


def test_a_store_that_cannot_be_read(
    call: Call, verifier: Verifier, made: NewToken, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refresh() -> None:
        raise StoreUnreadable("It is gone.")

    monkeypatch.setattr(verifier._lookup, "refresh", refresh)
    answer = call(bearer(made))
    assert (answer.status, answer.headers["retry-after"]) == (503, "1")
    assert b"gone" not in answer.body


def test_the_log_tells_why_and_no_secret(
    call: Call, made: NewToken, caplog: pytest.LogCaptureFixture
) -> None:
    wrong = credential.Credential(made.token.id, credential.mint().secret).encode().reveal()
    with caplog.at_level(logging.WARNING, "tokentui"):
        call([(b"authorization", b"Bearer " + wrong.encode())], address="192.0.2.7\x1b")
        call([])
    assert [record.getMessage() for record in caplog.records] == [
        f"refused reason=WrongSecret token={made.token.id} address=192.0.2.7\\x1b",
        "refused reason=NothingPresented token=- address=192.0.2.7",
    ]


class TestOnlyASGI:
    async def test_a_web_socket_is_turned_down(self, verifier: Verifier) -> None:
        sent: list[asgi.Message] = []
        heard: list[str] = []

        async def app(*_: object) -> None:
            raise AssertionError("nobody comes here")

        async def receive() -> asgi.Message:
            heard.append("connect")
            return {"type": "websocket.connect"}

        async def send(message: asgi.Message) -> None:
            sent.append(message)

        scope: asgi.Scope = {"type": "websocket", "headers": [], "client": None}
        await asgi.TokenMiddleware(app, verifier)(scope, receive, send)
        assert heard == ["connect"]
        assert sent == [{"type": "websocket.close", "code": 1008}]

    # HTTP/2 opens one without `Upgrade`.
    @pytest.mark.parametrize("upgrade", [[], [(b"upgrade", b"websocket")]])
    @pytest.mark.parametrize("read_only", [False, True])
    async def test_who_opens_a_web_socket(
        self,
        verifier: Verifier,
        service: TokenCommands,
        made: NewToken,
        upgrade: Headers,
        read_only: bool,
    ) -> None:
        raw(service).apply(replaced=[replace(made.token, read_only=read_only, revision=2)])
        opened: list[str] = []
        sent: list[asgi.Message] = []

        async def app(scope: asgi.Scope, *_: object) -> None:
            opened.append(scope["state"]["token"].name)

        async def receive() -> asgi.Message:
            return {"type": "websocket.connect"}

        async def send(message: asgi.Message) -> None:
            sent.append(message)

        headers = [*bearer(made), *upgrade]
        scope: asgi.Scope = {"type": "websocket", "headers": headers, "client": None}
        await asgi.TokenMiddleware(app, verifier)(scope, receive, send)
        closed = [{"type": "websocket.close", "code": 1008}]
        assert (opened, sent) == (([], closed) if read_only else (["ci-deploy"], []))

    async def test_the_start_of_the_server_is_handed_on(self, verifier: Verifier) -> None:
        seen: list[str] = []

        async def app(scope: asgi.Scope, *_: object) -> None:
            seen.append(scope["type"])

        async def nothing(*_: object) -> Any:
            raise AssertionError("nobody asks")

        await asgi.TokenMiddleware(app, verifier)({"type": "lifespan"}, nothing, nothing)
        assert seen == ["lifespan"]

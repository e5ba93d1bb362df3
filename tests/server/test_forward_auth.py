"""What the endpoint answers to proxies, monitors and whoever else asks."""

import asyncio
import json
import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from prometheus_client.parser import text_string_to_metric_families

from tests.opening import raw
from tokentui.core import credential
from tokentui.core.commands import TokenCommands
from tokentui.core.errors import StoreUnreadable
from tokentui.core.new_token import NewToken
from tokentui.core.verifier import Verifier
from tokentui.server import asgi
from tokentui.server.forward_auth import ForwardAuth
from tokentui.server.proxies import TrustedProxies

from ..conftest import NOW

Headers = list[tuple[bytes, bytes]]


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes


Ask = Callable[..., Answer]


def answer_of(app: ForwardAuth, scope: asgi.Scope) -> Answer:
    sent: list[dict[str, Any]] = []

    async def receive() -> asgi.Message:
        return {"type": "http.request"}

    async def send(message: asgi.Message) -> None:
        sent.append(dict(message))

    asyncio.run(app(scope, receive, send))
    told = {key.decode(): value.decode() for key, value in sent[0]["headers"]}
    return Answer(sent[0]["status"], told, sent[1]["body"])


@pytest.fixture
def app(verifier: Verifier) -> ForwardAuth:
    """Return an endpoint that believes a proxy at 127.0.0.1."""
    return ForwardAuth(verifier, TrustedProxies(["127.0.0.1"]))


@pytest.fixture
def ask(app: ForwardAuth) -> Ask:
    def asked(
        headers: Headers = [],  # noqa: B006 - nobody changes it
        path: str = "/auth",
        method: str = "GET",
        peer: str = "127.0.0.1",
    ) -> Answer:
        about = {"method": method, "path": path, "client": (peer, 4711)}
        return answer_of(app, {"type": "http", "headers": headers, **about})

    return asked


def presenting(secret: credential.Secret, *more: tuple[bytes, bytes]) -> Headers:
    return [(b"authorization", b"Bearer " + secret.reveal().encode()), *more]


FROM_PROXY = (b"x-forwarded-method", b"GET"), (b"x-forwarded-for", b"192.0.2.7")


def test_the_proxy_is_told_whose_token_it_is(ask: Ask, made: NewToken) -> None:
    answer = ask(presenting(made.secret))
    assert answer == Answer(
        204,
        {"x-token-id": made.token.id, "x-token-name": "ci-deploy", "x-token-account": "ada"},
        b"",
    )


def test_foreign_names_are_fit_for_a_header(
    ask: Ask, service: TokenCommands, made: NewToken
) -> None:
    raw(service).apply(
        replaced=[
            replace(made.token, name="a b\r\nX-Token-Id: é%", account="ada@example.org", revision=2)
        ]
    )
    headers = ask(presenting(made.secret)).headers
    assert headers["x-token-name"] == "a%20b%0D%0AX-Token-Id%3A%20%C3%A9%25"
    assert headers["x-token-account"] == "ada@example.org"


def test_without_a_secret(ask: Ask) -> None:
    answer = ask()
    assert (answer.status, answer.headers["www-authenticate"]) == (401, 'Bearer realm="API"')


def test_a_wrong_secret_learns_nothing(ask: Ask, made: NewToken) -> None:
    wrong = credential.Credential(made.token.id, credential.mint().secret).encode()
    answer = ask(presenting(wrong))
    assert (answer.status, answer.body) == (401, b"This secret is not valid.\n")
    assert not [name for name in answer.headers if name.startswith("x-token")]


def test_expired(ask: Ask, service: TokenCommands, made: NewToken) -> None:
    service.queries.now = lambda: NOW + timedelta(days=60)
    assert ask(presenting(made.secret)).status == 401


def test_revoked(ask: Ask, service: TokenCommands, made: NewToken, ticks: list[float]) -> None:
    assert ask(presenting(made.secret)).status == 204
    service.revoke([made.token])
    ticks.append(1.0)
    assert ask(presenting(made.secret)).status == 401


def test_reading_only(ask: Ask, service: TokenCommands, made: NewToken) -> None:
    raw(service).apply(replaced=[replace(made.token, read_only=True, revision=2)])
    assert ask(presenting(made.secret, *FROM_PROXY)).status == 204
    assert ask(presenting(made.secret, (b"x-forwarded-method", b"POST"))).status == 403
    # Who asks is a GET itself; without a word of the proxy on it, what is asked about may be none.
    assert ask(presenting(made.secret)).status == 403
    assert ask(presenting(made.secret, *FROM_PROXY), peer="192.0.2.1").status == 403


@pytest.mark.parametrize("name", [b"upgrade", b"x-forwarded-upgrade"])
def test_an_upgrade_is_more_than_reading(
    ask: Ask, service: TokenCommands, made: NewToken, ticks: list[float], name: bytes
) -> None:
    upgrade = presenting(made.secret, *FROM_PROXY, (name, b"websocket"))
    assert ask(upgrade).status == 204
    raw(service).apply(replaced=[replace(made.token, read_only=True, revision=2)])
    ticks.append(1.0)
    assert ask(upgrade).status == 403
    # A proxy may set it whether or not the caller asks for anything.
    assert ask(presenting(made.secret, *FROM_PROXY, (name, b""))).status == 204


def test_networks(ask: Ask, service: TokenCommands, made: NewToken) -> None:
    raw(service).apply(replaced=[replace(made.token, networks=("192.0.2.0/24",), revision=2)])
    assert ask(presenting(made.secret, *FROM_PROXY)).status == 204
    assert ask(presenting(made.secret, (b"x-forwarded-for", b"198.51.100.1"))).status == 403
    assert ask(presenting(made.secret)).status == 403
    assert ask(presenting(made.secret, *FROM_PROXY), peer="198.51.100.1").status == 403


def test_the_same_answers_while_wrong_secrets_flood_in(ask: Ask, made: NewToken) -> None:
    for _ in range(20):
        wrong = credential.Credential(made.token.id, credential.mint().secret).encode()
        assert ask(presenting(wrong, *FROM_PROXY)).status == 401


def test_a_hash_that_would_take_for_ever(ask: Ask, service: TokenCommands, made: NewToken) -> None:
    planted = "$2b$31$" + "." * 53
    raw(service).apply(replaced=[replace(made.token, hash=planted, revision=2)])
    assert ask(presenting(made.secret)).status == 401
    assert ask(presenting(credential.Secret(planted))).status == 401


def test_while_the_tokens_cannot_be_read(
    ask: Ask, verifier: Verifier, made: NewToken, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refresh() -> None:
        raise StoreUnreadable("It is gone.")

    monkeypatch.setattr(verifier._lookup, "refresh", refresh)
    answer = ask(presenting(made.secret))
    assert (answer.status, answer.body) == (
        403,
        b"Secrets cannot be verified at the moment. Try again later.\n",
    )
    health = ask(path="/health")
    assert (health.status, json.loads(health.body)["serving"]) == (503, False)


def test_health(ask: Ask, made: NewToken) -> None:
    answer = ask(path="/health")
    assert answer.status == 200
    assert json.loads(answer.body) == {"serving": True, "age": 0, "tokens": 1, "problems": []}


def test_metrics(ask: Ask, made: NewToken) -> None:
    ask()
    for _ in range(2):
        ask(presenting(made.secret))
    told = ask(path="/metrics").body.decode()
    samples = [
        sample for family in text_string_to_metric_families(told) for sample in family.samples
    ]
    counted = {s.labels["result"]: s.value for s in samples if s.name == "tokentui_answers_total"}
    assert counted == {"NothingPresented": 1, "allowed": 2}
    figures = {sample.name: sample.value for sample in samples if not sample.labels}
    assert (figures["tokentui_serving"], figures["tokentui_tokens"]) == (1, 1)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("POST", "/auth", 405), ("HEAD", "/health", 200), ("GET", "/", 404), ("GET", "/auth/", 404)],
)
def test_other_requests(ask: Ask, method: str, path: str, status: int) -> None:
    assert ask(method=method, path=path).status == status


def test_one_line_a_refusal_and_no_secret(
    ask: Ask, made: NewToken, caplog: pytest.LogCaptureFixture
) -> None:
    wrong = credential.Credential(made.token.id, credential.mint().secret).encode()
    with caplog.at_level(logging.WARNING, "tokentui"):
        ask(presenting(wrong, *FROM_PROXY))
        ask(presenting(made.secret))
    assert [record.getMessage() for record in caplog.records] == [
        f"refused reason=WrongSecret token={made.token.id} address=192.0.2.7"
    ]


_names = st.sampled_from(
    [b"authorization", b"x-api-key", b"x-forwarded-for", b"x-forwarded-method", b"x-token-id"]
)
_values = st.one_of(
    st.binary(max_size=200),
    st.sampled_from([b"Bearer ", b"cpanel ada:", b"bearer\t", b"Basic "]).flatmap(
        lambda scheme: st.binary(max_size=80).map(lambda rest: scheme + rest)
    ),
)


@given(headers=st.lists(st.tuples(_names, _values), max_size=6), peer=st.ip_addresses().map(str))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_garbage_opens_nothing(ask: Ask, made: NewToken, headers: Headers, peer: str) -> None:
    assert ask(headers, peer=peer).status == 401


@pytest.mark.parametrize("path", ["/auth", "/health", "/metrics"])
def test_the_endpoint_does_what_its_description_says(
    app: ForwardAuth, made: NewToken, path: str
) -> None:
    description = schemathesis.openapi.from_asgi("/openapi.json", app)
    secrets = st.sampled_from([f"Bearer {made.secret.reveal()}", "Bearer x"])

    @given(case=description[path]["GET"].as_strategy(), authorization=secrets | st.none())
    @settings(max_examples=50, deadline=None)
    def check(case: schemathesis.Case[Any], authorization: str | None) -> None:
        headers = {} if authorization is None else {"Authorization": authorization}
        case.call_and_validate(headers=headers)

    check()

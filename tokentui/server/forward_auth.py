"""The endpoint that a proxy asks whether a request may pass: nginx, Caddy, Traefik."""

import asyncio
from functools import cache
from http import HTTPStatus
from importlib.resources import files
from urllib.parse import quote

import msgspec

from tokentui.core.errors import Refused, StoreError
from tokentui.core.presented import presented
from tokentui.core.verifier import PublicToken, Verifier
from tokentui.server.answer import Answer, refusal, sentence, text
from tokentui.server.asgi import Receive, Scope, Send, tell, values
from tokentui.server.metrics import Metrics
from tokentui.server.proxies import Proxies

_ALLOWED = "GET, HEAD"


class ForwardAuth:
    """An ASGI app with what proxies ask at `/auth`, and `/health`, `/metrics`, `/openapi.json`.

    `/auth` answers 204 with the headers `X-Token-Id`, `X-Token-Name` and `X-Token-Account`, both
    of the latter percent-encoded where that is needed, or 401, or 403. The `verifier` may be
    replaced at any time: requests under way end with the one that they began with.
    """

    def __init__(self, verifier: Verifier, proxies: Proxies) -> None:
        self.verifier = verifier
        self._proxies = proxies
        self._metrics = Metrics(lambda: self.verifier.health())

    async def __call__(self, scope: Scope, _: Receive, send: Send) -> None:
        """Answer a request."""
        await tell(send, await self._answer(scope))

    async def _answer(self, scope: Scope) -> Answer:
        if scope["method"] not in {"GET", "HEAD"}:
            about = ("Allow", _ALLOWED)
            return sentence(HTTPStatus.METHOD_NOT_ALLOWED, f"Use {_ALLOWED}.", about)
        match scope["path"]:
            case "/auth":
                return await self._auth(scope)
            case "/health":
                return await asyncio.to_thread(self._health)
            case "/metrics":
                return await asyncio.to_thread(self._metrics.answer)
            case "/openapi.json":
                return text(HTTPStatus.OK, "application/json", _description())
        return sentence(HTTPStatus.NOT_FOUND, "There is only /auth, /health and /metrics.")

    async def _auth(self, scope: Scope) -> Answer:
        peer = scope["client"][0] if scope.get("client") else None
        caller = self._proxies.caller(
            peer, values(scope, b"x-forwarded-method"), values(scope, b"x-forwarded-for")
        )
        try:
            shown = presented(values(scope, b"authorization"), values(scope, b"x-api-key"))
            token = await self.verifier.averify(shown.secret, *caller, shown.account)
        except (Refused, StoreError) as error:
            self._metrics.count(type(error).__name__)
            answer = refusal(error, caller.address)
            # nginx makes 500 of everything but 2xx, 401 and 403.
            known = answer.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
            return answer if known else answer._replace(status=HTTPStatus.FORBIDDEN)
        self._metrics.count("allowed")
        return Answer(HTTPStatus.NO_CONTENT, _identity(token))

    def _health(self) -> Answer:
        health = self.verifier.health()
        status = HTTPStatus.OK if health.serving else HTTPStatus.SERVICE_UNAVAILABLE
        return text(status, "application/json", msgspec.json.encode(health))


def _identity(token: PublicToken) -> list[tuple[str, str]]:
    return [
        ("X-Token-Id", quote(token.id)),
        ("X-Token-Name", quote(token.name, safe="")),
        ("X-Token-Account", quote(token.account, safe="@")),
    ]


@cache
def _description() -> bytes:
    return files(__package__).joinpath("openapi.json").read_bytes()

"""The endpoint that a proxy asks whether a request may pass: nginx, Caddy, Traefik."""

import asyncio
from functools import cache, lru_cache
from http import HTTPStatus
from importlib.resources import files
from urllib.parse import quote

import msgspec

from tokentui.core.errors import StoreError
from tokentui.core.presented import presented
from tokentui.core.verdicts import Refused
from tokentui.core.verifier import Verifier
from tokentui.server.answer import Answer, refusal, sentence, text
from tokentui.server.asgi import Receive, Scope, Send, gathered, tell
from tokentui.server.metrics import Metrics
from tokentui.server.proxies import Proxies

_ALLOWED = "GET, HEAD"
_HEADERS = b"authorization", b"x-api-key", b"x-forwarded-method", b"x-forwarded-for"


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
            about = (b"allow", _ALLOWED.encode())
            return sentence(HTTPStatus.METHOD_NOT_ALLOWED, f"Use {_ALLOWED}.", about)
        match scope["path"]:
            case "/auth":
                return await self._auth(scope)
            case "/health":
                return await asyncio.to_thread(self._health)
            case "/metrics":
                return await asyncio.to_thread(self._metrics.answer)
            case "/openapi.json":
                return text(HTTPStatus.OK, b"application/json", _description())
        return sentence(HTTPStatus.NOT_FOUND, "There is only /auth, /health and /metrics.")

    async def _auth(self, scope: Scope) -> Answer:
        peer = scope["client"][0] if scope.get("client") else None
        *secrets, methods, forwarded_for = gathered(scope, *_HEADERS)
        caller = self._proxies.caller(peer, methods, forwarded_for)
        try:
            shown = presented(*secrets)
            token = await self.verifier.averify(shown.secret, *caller, shown.account)
        except (Refused, StoreError) as error:
            self._metrics.count(type(error).__name__)
            answer = refusal(error, caller.address)
            # nginx makes 500 of everything but 2xx, 401 and 403.
            known = answer.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
            return answer if known else answer._replace(status=HTTPStatus.FORBIDDEN)
        self._metrics.count("allowed")
        return _pass(token.id, token.name, token.account)

    def _health(self) -> Answer:
        health = self.verifier.health()
        status = HTTPStatus.OK if health.serving else HTTPStatus.SERVICE_UNAVAILABLE
        return text(status, b"application/json", msgspec.json.encode(health))


@lru_cache(4096)
def _pass(token_id: str, name: str, account: str) -> Answer:
    """Return the answer that lets the holder of a token pass."""
    return Answer(
        HTTPStatus.NO_CONTENT,
        [
            (b"x-token-id", token_id.encode()),
            (b"x-token-name", quote(name, safe="").encode()),
            (b"x-token-account", quote(account, safe="@").encode()),
        ],
    )


@cache
def _description() -> bytes:
    return files(__package__).joinpath("openapi.json").read_bytes()

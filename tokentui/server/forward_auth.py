"""The endpoint that a proxy asks whether a request may pass: nginx, Caddy, Traefik."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from functools import cache, lru_cache
from http import HTTPStatus
from importlib.resources import files
from urllib.parse import quote

import msgspec

from tokentui.core.errors import StoreError
from tokentui.core.extract import extract_credential
from tokentui.core.verdicts import Refused
from tokentui.core.verifier import Verifier
from tokentui.server.asgi import Receive, Scope, Send, gathered, send_response
from tokentui.server.metrics import Metrics
from tokentui.server.proxies import Caller, TrustedProxies, Values
from tokentui.server.response import Response, refusal, sentence, text

_ALLOWED = "GET, HEAD"
_HEADERS = (
    b"authorization",
    b"x-api-key",
    b"x-forwarded-method",
    b"x-forwarded-for",
    b"upgrade",
    b"x-forwarded-upgrade",
)
_OF_BODIES = frozenset({b"content-length", b"transfer-encoding", b"expect"})
"""The headers of requests that have a body, or are about to."""


class ForwardAuth:
    """An ASGI app with what proxies ask at `/auth`, and `/health`, `/metrics`, `/openapi.json`.

    `/auth` answers 204 with the headers `X-Token-Id`, `X-Token-Name` and `X-Token-Account`, both
    of the latter percent-encoded where that is needed, or 401, or 403.
    """

    def __init__(self, verifier: Verifier, proxies: TrustedProxies) -> None:
        self.verifier = verifier
        self._proxies = proxies
        self._metrics = Metrics(lambda: self.verifier.health())
        self._under_way: Counter[Verifier] = Counter()
        """How many requests each verifier has to answer."""

    async def replace(self, verifier: Verifier) -> None:
        """Go on with another verifier.

        Requests under way end with the one that they began with, which is closed after that.
        """
        before, self.verifier = self.verifier, verifier
        await self._close_unless_needed(before)

    async def __call__(self, scope: Scope, _: Receive, send: Send) -> None:
        """Answer a request."""
        verifier = self.verifier
        self._under_way[verifier] += 1
        try:
            await send_response(send, await self._response(scope, verifier))
        finally:
            self._under_way[verifier] -= 1
            if verifier is not self.verifier:
                await self._close_unless_needed(verifier)

    async def _close_unless_needed(self, verifier: Verifier) -> None:
        if not self._under_way[verifier]:
            del self._under_way[verifier]
            await asyncio.to_thread(verifier.close)

    async def _response(self, scope: Scope, verifier: Verifier) -> Response:
        if scope["method"] not in {"GET", "HEAD"}:
            about = (b"allow", _ALLOWED.encode())
            return sentence(HTTPStatus.METHOD_NOT_ALLOWED, f"Use {_ALLOWED}.", about)
        match scope["path"]:
            case "/auth":
                return await self._auth(scope, verifier)
            case "/health":
                return await asyncio.to_thread(_health, verifier)
            case "/metrics":
                return await asyncio.to_thread(self._metrics.response)
            case "/openapi.json":
                return text(HTTPStatus.OK, b"application/json", _description())
        return sentence(HTTPStatus.NOT_FOUND, "Not found. Use /auth, /health or /metrics.")

    def pass_at_once(
        self, peer: str | None, headers: Sequence[tuple[bytes, bytes]]
    ) -> bytes | None:
        """Return the headers of the response to a GET of `/auth` that passes.

        None where `__call__` has to respond: nothing is known at once, the request is refused, it
        may have a body, or it has a header twice. The names of `headers` are in lower case.
        """
        found = dict(headers)
        if len(found) < len(headers) or not _OF_BODIES.isdisjoint(found):
            return None
        values = [(found[name].decode("latin-1"),) if name in found else () for name in _HEADERS]
        caller, authorizations, keys = self._asked(peer, values)
        try:
            shown = extract_credential(authorizations, keys)
            token = self.verifier.verify_at_once(shown.secret, *caller, shown.account)
        except Refused:
            return None
        if token is None:
            return None
        self._metrics.count("allowed")
        return _pass_lines(token.id, token.name, token.account)

    async def _auth(self, scope: Scope, verifier: Verifier) -> Response:
        peer = scope["client"][0] if scope.get("client") else None
        values = [tuple(each) for each in gathered(scope, *_HEADERS)]
        caller, authorizations, keys = self._asked(peer, values)
        try:
            shown = extract_credential(authorizations, keys)
            token = await verifier.averify(shown.secret, *caller, shown.account)
        except (Refused, StoreError) as error:
            self._metrics.count(type(error).__name__)
            response = refusal(error, caller.address)
            # nginx makes 500 of everything but 2xx, 401 and 403.
            known = response.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
            return response if known else response._replace(status=HTTPStatus.FORBIDDEN)
        self._metrics.count("allowed")
        return _pass(token.id, token.name, token.account)

    def _asked(self, peer: str | None, values: Sequence[Values]) -> tuple[Caller, Values, Values]:
        """Return who is asked about, and what `Authorization` and `X-API-Key` hold.

        `values` are those of `_HEADERS`.
        """
        authorizations, keys, methods, forwarded_for, upgrade, forwarded_upgrade = values
        upgrades = upgrade + forwarded_upgrade
        caller = self._proxies.caller(peer, methods, upgrades, forwarded_for)
        return caller, authorizations, keys


def _health(verifier: Verifier) -> Response:
    health = verifier.health()
    status = HTTPStatus.OK if health.serving else HTTPStatus.SERVICE_UNAVAILABLE
    return text(status, b"application/json", msgspec.json.encode(health))


@lru_cache(4096)
def _pass(token_id: str, name: str, account: str) -> Response:
    """Return the response that lets a request with a valid token pass."""
    return Response(
        HTTPStatus.NO_CONTENT,
        [
            (b"x-token-id", token_id.encode()),
            (b"x-token-name", quote(name, safe="").encode()),
            (b"x-token-account", quote(account, safe="@").encode()),
        ],
    )


@lru_cache(4096)
def _pass_lines(token_id: str, name: str, account: str) -> bytes:
    """Return the headers of `_pass` as lines."""
    headers = _pass(token_id, name, account).headers
    return b"".join(b"%b: %b\r\n" % header for header in headers)


@cache
def _description() -> bytes:
    return files(__package__).joinpath("openapi.json").read_bytes()

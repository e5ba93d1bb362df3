"""Middleware for ASGI: FastAPI, Starlette, Litestar, Django and others."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from tokentui.core.access import effective_method
from tokentui.core.errors import StoreError
from tokentui.core.extract import extract_credential
from tokentui.core.public_token import PublicToken
from tokentui.core.verdicts import Refused
from tokentui.core.verifier import Verifier
from tokentui.server.response import Response, refusal

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_POLICY_VIOLATION = 1008  # RFC 6455, section 7.4.1


class TokenMiddleware:
    """Lets the requests and web sockets through to `app` whose callers present a secret.

    The app finds the token in `scope["state"]["token"]`, which Starlette and FastAPI show as
    `request.state.token`. A web socket is more than reading: a token that is for reading opens
    none.
    """

    def __init__(self, app: App, verifier: Verifier) -> None:
        self._app = app
        self._verifier = verifier

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or hand it on."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        address = scope["client"][0] if scope.get("client") else None
        try:
            token = await self._token(scope, address)
        except (Refused, StoreError) as error:
            response = refusal(error, address)
            if scope["type"] == "websocket":
                await _close(receive, send)
            else:
                await send_response(send, response)
            return
        state = {**scope.get("state", {}), "token": token}
        await self._app({**scope, "state": state}, receive, send)

    async def _token(self, scope: Scope, address: str | None) -> PublicToken:
        *secrets, upgrades = gathered(scope, b"authorization", b"x-api-key", b"upgrade")
        shown = extract_credential(*secrets)
        method = effective_method(scope.get("method"), upgrades)
        return await self._verifier.averify(shown.secret, method, address, shown.account)


def gathered(scope: Scope, *names: bytes) -> list[list[str]]:
    """Return what the headers of each of these names, in lower case, hold."""
    found: dict[bytes, list[str]] = {name: [] for name in names}
    for key, value in scope["headers"]:
        if (values := found.get(key.lower())) is not None:
            values.append(value.decode("latin-1"))
    return list(found.values())


async def send_response(send: Send, response: Response) -> None:
    """Answer a request."""
    status = int(response.status)
    await send({"type": "http.response.start", "status": status, "headers": response.headers})
    await send({"type": "http.response.body", "body": response.body})


async def _close(receive: Receive, send: Send) -> None:
    await receive()  # the offer to connect, which has to be heard before it is turned down
    await send({"type": "websocket.close", "code": _POLICY_VIOLATION})

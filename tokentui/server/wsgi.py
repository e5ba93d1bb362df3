"""Middleware for WSGI: Flask, Django and others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tokentui.core.access import effective_method
from tokentui.core.errors import StoreError
from tokentui.core.extract import extract_credential
from tokentui.core.verdicts import Refused
from tokentui.server.response import refusal

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from tokentui.core.public_token import PublicToken
    from tokentui.core.verifier import Verifier


class TokenMiddleware:
    """Lets the requests through to `app` whose callers present a secret.

    The app finds the token in `environ["tokentui.token"]`. An upgrade, as to a web socket, is more
    than reading: a token that is for reading is refused.
    """

    def __init__(self, app: WSGIApplication, verifier: Verifier) -> None:
        self._app = app
        self._verifier = verifier

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request, or hand it on."""
        address = environ.get("REMOTE_ADDR")
        try:
            environ["tokentui.token"] = self._token(environ, address)
        except (Refused, StoreError) as error:
            response = refusal(error, address)
            headers = [(name.decode(), value.decode()) for name, value in response.headers]
            start_response(f"{response.status.value} {response.status.phrase}", headers)
            return [response.body]
        return self._app(environ, start_response)

    def _token(self, environ: WSGIEnvironment, address: str | None) -> PublicToken:
        shown = extract_credential(_values(environ, "AUTHORIZATION"), _values(environ, "X_API_KEY"))
        method = effective_method(environ["REQUEST_METHOD"], _values(environ, "UPGRADE"))
        return self._verifier.verify(shown.secret, method, address, shown.account)


def _values(environ: WSGIEnvironment, name: str) -> list[str]:
    value = environ.get(f"HTTP_{name}")
    return [] if value is None else [value]

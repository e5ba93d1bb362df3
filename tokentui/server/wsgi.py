"""Middleware for WSGI: Flask, Django and others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tokentui.core.errors import StoreError
from tokentui.core.presented import presented
from tokentui.core.verdicts import Refused
from tokentui.server.answer import refusal

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from tokentui.core.verifier import PublicToken, Verifier


class TokenMiddleware:
    """Lets the requests through to `app` whose callers present a secret.

    The app finds the token in `environ["tokentui.token"]`.
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
            answer = refusal(error, address)
            headers = [(name.decode(), value.decode()) for name, value in answer.headers]
            start_response(f"{answer.status.value} {answer.status.phrase}", headers)
            return [answer.body]
        return self._app(environ, start_response)

    def _token(self, environ: WSGIEnvironment, address: str | None) -> PublicToken:
        shown = presented(_values(environ, "AUTHORIZATION"), _values(environ, "X_API_KEY"))
        method = environ["REQUEST_METHOD"]
        return self._verifier.verify(shown.secret, method, address, shown.account)


def _values(environ: WSGIEnvironment, name: str) -> list[str]:
    value = environ.get(f"HTTP_{name}")
    return [] if value is None else [value]

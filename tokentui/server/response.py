"""How a request is answered, and what the operator's log says of a caller who is refused."""

import logging
from http import HTTPStatus
from typing import NamedTuple

from tokentui.core.access import LONGEST_ADDRESS
from tokentui.core.errors import StoreError
from tokentui.core.text import printable
from tokentui.core.verdicts import NotAllowed, NothingPresented, Refused

_LOG = logging.getLogger("tokentui")


Headers = list[tuple[bytes, bytes]]
"""Names, in lower case, and values: as ASGI wants them."""


class Response(NamedTuple):
    """An HTTP response, of a few bytes."""

    status: HTTPStatus
    headers: Headers
    body: bytes = b""


def sentence(status: HTTPStatus, said: str, *headers: tuple[bytes, bytes]) -> Response:
    """Return a response of one sentence."""
    return text(status, b"text/plain; charset=utf-8", f"{said}\n".encode(), *headers)


def text(status: HTTPStatus, kind: bytes, body: bytes, *headers: tuple[bytes, bytes]) -> Response:
    """Return a response whose `Content-Type` is `kind`."""
    about = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
    return Response(status, [*about, *headers], body)


def refusal(error: Refused | StoreError, address: str | None) -> Response:
    """Note in the log that the caller at `address` was refused, and return the response."""
    _note(error, address)
    match error:
        case NothingPresented():
            return sentence(HTTPStatus.UNAUTHORIZED, error.public, _challenge())
        case NotAllowed():
            return sentence(HTTPStatus.FORBIDDEN, error.public)
        case Refused():
            challenge = _challenge(b', error="invalid_token"')  # RFC 6750, section 3
            return sentence(HTTPStatus.UNAUTHORIZED, error.public, challenge)
        case StoreError():
            return sentence(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "Secrets cannot be verified at the moment. Try again later.",
                (b"retry-after", b"1"),
            )


def _note(error: Refused | StoreError, address: str | None) -> None:
    token_id = error.token_id if isinstance(error, Refused) else None
    came_from = printable(address[:LONGEST_ADDRESS]) if address else "-"
    _LOG.warning(
        "refused reason=%s token=%s address=%s", type(error).__name__, token_id or "-", came_from
    )


def _challenge(reason: bytes = b"") -> tuple[bytes, bytes]:
    return b"www-authenticate", b'Bearer realm="API"' + reason

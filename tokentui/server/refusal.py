"""How a caller who is not let in is answered, and what the operator's log says of it."""

import logging
from http import HTTPStatus
from typing import NamedTuple

from tokentui.core.errors import NotAllowed, NothingPresented, Refused, StoreError
from tokentui.core.text import printable

_LOG = logging.getLogger("tokentui")
_CHALLENGE = 'Bearer realm="API"'


class Refusal(NamedTuple):
    """An HTTP answer of plain text."""

    status: HTTPStatus
    headers: list[tuple[str, str]]
    body: bytes


def refusal(error: Refused | StoreError, address: str | None) -> Refusal:
    """Note in the log that the caller at `address` is not let in, and return the answer."""
    _note(error, address)
    match error:
        case NothingPresented():
            return _refusal(HTTPStatus.UNAUTHORIZED, error.public, _CHALLENGE)
        case NotAllowed():
            return _refusal(HTTPStatus.FORBIDDEN, error.public)
        case Refused():
            challenge = f'{_CHALLENGE}, error="invalid_token"'  # RFC 6750, section 3
            return _refusal(HTTPStatus.UNAUTHORIZED, error.public, challenge)
        case StoreError():
            return _refusal(HTTPStatus.SERVICE_UNAVAILABLE, "Nobody can be let in now. Try later.")


def _note(error: Refused | StoreError, address: str | None) -> None:
    token_id = error.token_id if isinstance(error, Refused) else None
    came_from = printable(address) if address else "-"
    _LOG.warning(
        "refused reason=%s token=%s address=%s", type(error).__name__, token_id or "-", came_from
    )


def _refusal(status: HTTPStatus, sentence: str, challenge: str | None = None) -> Refusal:
    body = f"{sentence}\n".encode()
    headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))]
    if challenge is not None:
        headers.append(("WWW-Authenticate", challenge))
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        headers.append(("Retry-After", "1"))
    return Refusal(status, headers, body)

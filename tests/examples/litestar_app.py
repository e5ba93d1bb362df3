"""An app of Litestar whose callers need a token."""

from litestar import Litestar, Request, get

from tokentui import Verifier
from tokentui.server.asgi import TokenMiddleware


@get("/", sync_to_thread=False)
def hello(request: Request) -> str:  # type: ignore[type-arg]
    return f"Hello, {request.state.token.name}"


app = TokenMiddleware(Litestar([hello]), Verifier.open())  # type: ignore[arg-type]

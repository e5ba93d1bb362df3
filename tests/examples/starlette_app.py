"""An app of Starlette whose callers need a token."""

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from tokentui import Verifier
from tokentui.server.asgi import TokenMiddleware


async def hello(request: Request) -> PlainTextResponse:
    return PlainTextResponse(f"Hello, {request.state.token.name}\n")


app = Starlette(
    routes=[Route("/", hello, methods=["GET", "POST"])],
    middleware=[Middleware(TokenMiddleware, verifier=Verifier.open())],
)

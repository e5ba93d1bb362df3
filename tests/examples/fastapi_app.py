"""An app of FastAPI whose callers need a token."""

from fastapi import FastAPI, Request

from tokentui import Verifier
from tokentui.server.asgi import TokenMiddleware

app = FastAPI()
app.add_middleware(TokenMiddleware, verifier=Verifier.open())


@app.get("/")
def hello(request: Request) -> str:
    return f"Hello, {request.state.token.name}"

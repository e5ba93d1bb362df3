"""An app of Flask whose callers need a token."""

from flask import Flask, request

from tokentui import Verifier
from tokentui.server.wsgi import TokenMiddleware

app = Flask(__name__)
app.wsgi_app = TokenMiddleware(app.wsgi_app, Verifier.open())  # type: ignore[method-assign]


@app.route("/", methods=["GET", "POST"])
def hello() -> str:
    return f"Hello, {request.environ['tokentui.token'].name}\n"

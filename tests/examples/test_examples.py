"""The apps that the guide shows: they are these, and they do what it says."""

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from httpx import ASGITransport, AsyncClient, Client, WSGITransport

from tokentui import guide
from tokentui.core.commands import TokenCommands
from tokentui.core.new_token import NewToken
from tokentui.stores import open_backend

from ..conftest import CHEAPEST

HERE = Path(__file__).parent
EXAMPLES = sorted(path.stem for path in HERE.glob("*_app.py"))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NewToken]:
    """Return a token of the store that the apps open when they are loaded, which is once."""
    path = str(tmp_path_factory.mktemp("examples") / "tokens.json")
    service = TokenCommands(open_backend(path), account="ada", hasher=CHEAPEST)
    with pytest.MonkeyPatch.context() as patches:
        patches.setenv("TOKENTUI_STORE", path)
        yield service.create("ci-deploy", None)


def example(name: str, app: str) -> Any:
    return getattr(importlib.import_module(f"tests.examples.{name}"), app)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_guide_shows_this_very_app(name: str) -> None:
    _, _, code = (HERE / f"{name}.py").read_text().partition("\n\n")
    shown = "\n".join(line.partition("  # type: ignore")[0] for line in code.strip().split("\n"))
    assert f"```python\n{shown}\n```" in guide.page("python").text


@pytest.mark.parametrize(
    ("name", "app"),
    [
        ("starlette_app", "app"),
        ("fastapi_app", "app"),
        ("litestar_app", "app"),
        ("django_app", "asgi_app"),
    ],
)
async def test_asgi(made: NewToken, name: str, app: str) -> None:
    transport = ASGITransport(example(name, app))
    async with AsyncClient(transport=transport, base_url="http://test") as client:
        assert (await client.get("/")).status_code == 401
        assert (await client.get("/nowhere")).status_code == 401
        headers = {"Authorization": f"Bearer {made.secret.reveal()}"}
        answer = await client.get("/", headers=headers)
        assert answer.status_code == 200
        assert "Hello, ci-deploy" in answer.text


@pytest.mark.parametrize(("name", "app"), [("flask_app", "app"), ("django_app", "wsgi_app")])
def test_wsgi(made: NewToken, name: str, app: str) -> None:
    transport = WSGITransport(example(name, app))
    with Client(transport=transport, base_url="http://test") as client:
        assert client.get("/").status_code == 401
        headers = {"X-API-Key": made.secret.reveal()}
        assert "Hello, ci-deploy" in client.get("/", headers=headers).text

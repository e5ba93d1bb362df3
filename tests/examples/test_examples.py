"""The apps that the README shows: they are these, and they do what it says."""

import importlib
from pathlib import Path

import pytest
from httpx import ASGITransport, AsyncClient

from tokentui.core.service import TokenService

HERE = Path(__file__).parent
README = HERE.parents[1] / "README.md"


@pytest.fixture(autouse=True)
def store(store_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKENTUI_STORE", str(store_path))


@pytest.mark.parametrize("name", ["starlette_app", "flask_app"])
def test_the_readme_shows_this_very_app(name: str) -> None:
    _, _, code = (HERE / f"{name}.py").read_text().partition("\n\n")
    shown = code.replace("  # type: ignore[method-assign]", "").strip()
    assert f"```python\n{shown}\n```" in README.read_text()


async def test_starlette(service: TokenService) -> None:
    made = service.create("ci-deploy", None)
    app = importlib.import_module("tests.examples.starlette_app").app
    async with AsyncClient(transport=ASGITransport(app), base_url="http://test") as client:
        assert (await client.get("/")).status_code == 401
        headers = {"Authorization": f"Bearer {made.secret.reveal()}"}
        assert (await client.get("/", headers=headers)).text == "Hello, ci-deploy\n"


def test_flask(service: TokenService) -> None:
    made = service.create("ci-deploy", None)
    client = importlib.import_module("tests.examples.flask_app").app.test_client()
    assert client.get("/").status_code == 401
    headers = {"X-API-Key": made.secret.reveal()}
    assert client.post("/", headers=headers).text == "Hello, ci-deploy\n"

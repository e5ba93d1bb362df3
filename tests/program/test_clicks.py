"""Double clicks: the second click acts on nothing that the first one brought up."""

import pytest

from .conftest import Sandbox
from .terminal import Terminal


@pytest.fixture
def deploy(sandbox: Sandbox) -> Sandbox:
    """Return a sandbox with a token."""
    sandbox.run("create", "deploy", "--never")
    return sandbox


@pytest.mark.parametrize("times", [2, 3])
def test_in_the_palette_the_first_click_counts(deploy: Sandbox, times: int) -> None:
    with deploy.app() as app:
        app.wait_for("> • deploy")
        app.press("ctrl+p")
        app.wait_for("Search for commands")
        app.type("histor")
        app.wait_until_gone("Issue a new secret")
        app.click("History", times)
        app.wait_for("Filter by part of any word")
        app.press("escape")
        app.wait_for("> • deploy")
        _quit(app)


def test_beside_the_palette_the_form_below_is_kept(deploy: Sandbox) -> None:
    with deploy.app() as app:
        app.wait_for("> • deploy")
        app.press("c")
        app.wait_for("API Token Name")
        app.type("half")
        app.wait_for("half")
        app.press("ctrl+p")
        app.wait_for("Search for commands")
        app.click_at(0, 0, times=2)
        app.wait_until_gone("Search for commands")
        app.wait_for("half")
        app.type("way")
        app.wait_for("halfway")
        _quit(app)


def test_the_footer_closes_one_screen(deploy: Sandbox) -> None:
    with deploy.app() as app:
        app.wait_for("> • deploy")
        app.press("m")
        app.wait_for("New API Token Name")
        app.press("f6")
        app.wait_for("Filter by part of any word")
        app.wait_until_gone("^T Rotate")  # a key of the form
        app.click("Back", times=2)
        app.wait_for("New API Token Name")
        app.press("f6")
        app.wait_for("Filter by part of any word")
        _quit(app)


def test_the_second_click_is_not_for_the_screen_below(deploy: Sandbox) -> None:
    with deploy.app() as app:
        app.wait_for("> • deploy")
        app.press("H")
        app.wait_for("Filter by part of any word")
        app.wait_until_gone("c Create")
        app.click("Back", times=2)  # where the list has Create
        app.wait_for("> • deploy")
        app.press("H")
        app.wait_for("Filter by part of any word")
        _quit(app)


def test_enter_in_a_palette_just_opened_creates_nothing(deploy: Sandbox) -> None:
    before = deploy.store.read_bytes()
    with deploy.app() as app:
        app.wait_for("> • deploy")
        app.press("c")
        app.wait_for("API Token Name")
        app.type("half")
        app.wait_for("half")
        app.press("ctrl+p")
        app.wait_for("Read the guide")
        app.press("enter", "enter")
        app.press("escape")
        app.wait_until_gone("Search for commands")
        app.wait_for("half")
        _quit(app)
    assert deploy.store.read_bytes() == before


def _quit(app: Terminal) -> None:
    app.press("ctrl+q")
    assert app.wait_exit() == 0

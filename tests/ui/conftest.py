"""A store with one token of each kind, and the app over it."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Static

from tokentui.core.service import TokenService
from tokentui.ui.app import TokentuiApp
from tokentui.ui.widgets.token_table import TokenTable

from ..conftest import NOW
from .office import PASSWORD, Office

Run = Callable[..., AbstractAsyncContextManager[Pilot[None]]]


@pytest.fixture
def stocked(service: TokenService) -> TokenService:
    """Return a service over tokens of every status; only vendor_acme was never saved."""
    today = service.today()
    lives = {
        "backup-nightly": 90,
        "ci-deploy": 365,
        "github-actions-production": 9,
        "monitoring": None,
        "vendor_acme": 30,
    }
    for name, days in lives.items():
        new = service.create(name, None if days is None else today + timedelta(days=days))
        if name != "vendor_acme":
            service.confirm_saved(new.token.id)
    service.now = lambda: NOW - timedelta(days=40)
    old = service.create("old-laptop", service.today() + timedelta(days=10))
    service.confirm_saved(old.token.id)
    service.now = lambda: NOW
    service.usage.record(service.look_up("ci-deploy").id, NOW - timedelta(days=1))
    service.usage.flush()
    return service


@pytest.fixture
def saved(stocked: TokenService) -> TokenService:
    """Return the stocked service with every secret saved, so that no question greets."""
    stocked.confirm_saved(stocked.look_up("vendor_acme").id)
    return stocked


@pytest.fixture
def office(store_path: Path) -> Office:
    """Return a store that several people share."""
    made = Office(store_path)
    made.stock()
    return made


@pytest.fixture
def run() -> Run:
    """Return what opens the app without a terminal and gives its pilot."""

    @asynccontextmanager
    async def running(
        service: TokenService, size: tuple[int, int] = (80, 24), **choices: Any
    ) -> AsyncIterator[Pilot[None]]:
        app = TokentuiApp(service, **choices)
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            yield pilot

    return running


@pytest.fixture
def unwatched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let an app not see what is changed elsewhere, as if all came within one moment."""
    monkeypatch.setattr(TokentuiApp, "_look_around", lambda app: None)


def said(pilot: Pilot[None], selector: str) -> str:
    return str(pilot.app.screen.query_one(selector, Static).content)


def toasts(pilot: Pilot[None]) -> list[str]:
    return [toast.message for toast in pilot.app._notifications]


def cursor_name(pilot: Pilot[None]) -> str:
    token = pilot.app.screen.query_one(TokenTable).token
    return token.name if token else ""


async def until(pilot: Pilot[None], condition: Callable[[], object]) -> None:
    """Let the app run on until `condition` holds; fail where it never does."""
    for _ in range(500):
        if condition():
            return
        await pilot.pause(0.01)
    raise AssertionError(f"it never came to that; the screen is {pilot.app.screen!r}")


async def arrive(pilot: Pilot[None], screen: type) -> None:
    """Wait until `screen` is the one on top, drawn and with its cursor in place."""
    await until(pilot, lambda: isinstance(pilot.app.screen, screen) and pilot.app.screen.focused)
    await pilot.pause()


async def write(pilot: Pilot[None], text: str) -> None:
    """Type `text`, a key a character."""
    await pilot.press(*(_KEYS.get(char, char) for char in text))


_KEYS = {"-": "minus", "_": "underscore", " ": "space", ".": "full_stop", "/": "slash"}


async def log_in(pilot: Pilot[None], name: str, password: str = PASSWORD) -> None:
    await write(pilot, name)
    await pilot.press("enter")
    await unlock(pilot, password)


async def unlock(pilot: Pilot[None], password: str = PASSWORD) -> None:
    # Not key by key, which takes seconds in all.
    pilot.app.screen.query_one("#password", Input).value = password
    await pilot.press("enter")

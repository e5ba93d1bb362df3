"""A store with one token of each kind, and the app over it."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Hashable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock
from unittest.mock import AsyncMock

import pytest
from rich.console import Console
from rich.table import Table
from textual.css.model import RuleSet
from textual.css.query import NoMatches
from textual.css.stylesheet import Stylesheet
from textual.pilot import Pilot
from textual.widgets import Input, Static

from tokentui.core.commands import TokenCommands
from tokentui.ui import details_pane, session
from tokentui.ui.app import TokentuiApp
from tokentui.ui.store_watch import StoreWatch
from tokentui.ui.widgets.status_strip import StatusStrip
from tokentui.ui.widgets.token_table import TokenTable

from ..conftest import NOW, nothing_synced
from .guard import calls_in_the_loop
from .office import PASSWORD, Office
from .settling import settled, threads_watched

Run = Callable[..., AbstractAsyncContextManager[Pilot[None]]]

_PATIENCE = 60.0
_GLANCE = 0.01
_WIDE = 500


class Typist(Pilot[None]):
    """Presses keys and clicks, and waits each time until the app has settled."""

    def __init__(self, app: TokentuiApp) -> None:
        super().__init__(app)
        self._tokentui = app

    async def pause(self, delay: float | None = None) -> None:
        """Wait until the app has settled. Nothing is worth waiting for a time."""
        assert delay is None
        await settled(self._tokentui)

    async def press(self, *keys: str) -> None:
        async def idle(_: float) -> None:
            await self.pause()

        with mock.patch("textual.app.wait_for_idle", idle):
            await self.app._press_keys(keys)


@pytest.fixture(autouse=True, scope="session")
def styles_parsed_once() -> Iterator[None]:
    """Parse each style sheet once a run, not once an app; what comes out is never changed."""
    parse, parsed = Stylesheet._parse_rules, dict[Hashable, list[RuleSet]]()

    def memoised(sheet: Stylesheet, *sources: Any, **more: Any) -> list[RuleSet]:
        key = sources, *sorted(more.items()), *sorted(sheet._variables.items())
        if key not in parsed:
            parsed[key] = parse(sheet, *sources, **more)
        return parsed[key]

    with mock.patch.object(Stylesheet, "_parse_rules", memoised):
        yield


@pytest.fixture(autouse=True)
def watched() -> Iterator[None]:
    """Let `settled` know of threads, and threads not wait for a disk."""
    with threads_watched(), nothing_synced():
        yield


@pytest.fixture(autouse=True, scope="session")
def messages_do_not_age() -> Iterator[None]:
    """Keep each message until it is taken away: on a slow machine, its seconds may be over."""
    with mock.patch("textual.notifications.time", lambda: 0.0):
        yield


@pytest.fixture(autouse=True)
def calm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a slow machine be no slow store: what takes long is up to the test."""
    monkeypatch.setattr(session, "CALM", _PATIENCE)
    monkeypatch.setattr(session, "CALM_OF_CHANGES", _PATIENCE)


@pytest.fixture(autouse=True)
def never_at_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the events of a token be read only where a test says so, however long that takes."""
    monkeypatch.setattr(details_pane, "REST", 3600)
    monkeypatch.setattr(details_pane, "LIMIT", 3600)


@pytest.fixture(autouse=True, scope="session")
def calls_of_screens(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """Note what screens ask of a store in the event loop."""
    with calls_in_the_loop(str(tmp_path_factory.mktemp("any") / "tokens.json")) as calls:
        yield calls


@pytest.fixture(autouse=True)
def no_screen_asks_in_the_loop(calls_of_screens: list[str]) -> Iterator[None]:
    """Fail where a screen asked a store in the event loop: the store may be far away."""
    calls_of_screens.clear()
    yield
    assert calls_of_screens == []


@pytest.fixture
def stocked(service: TokenCommands) -> TokenCommands:
    """Return a service over tokens of every status; only vendor_acme was never saved."""
    today = service.queries.today()
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
    service.queries.now = lambda: NOW - timedelta(days=40)
    old = service.create("old-laptop", service.queries.today() + timedelta(days=10))
    service.confirm_saved(old.token.id)
    service.queries.now = lambda: NOW
    service.backend.usage.record(service.queries.look_up("ci-deploy").id, NOW - timedelta(days=1))
    service.backend.usage.flush()
    return service


@pytest.fixture
def saved(stocked: TokenCommands) -> TokenCommands:
    """Return the stocked service with every secret saved, so that no question greets."""
    stocked.confirm_saved(stocked.queries.look_up("vendor_acme").id)
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
        service: TokenCommands,
        size: tuple[int, int] = (80, 24),
        *,
        notifications: bool = False,
        **choices: Any,
    ) -> AsyncIterator[Pilot[None]]:
        app = TokentuiApp(service, **choices)
        async with app.run_test(size=size, notifications=notifications):
            pilot = Typist(app)
            await pilot.pause()
            try:
                yield pilot
            finally:
                await end(app)

    return running


async def end(app: TokentuiApp) -> None:
    """Let an app end as the program does: its workers first, and then its screens.

    Textual's `run_test` takes the screens away while the app still runs.
    """
    app.exit()
    async with asyncio.timeout(_PATIENCE):
        while app.is_running:
            await asyncio.sleep(0)


@pytest.fixture
def unwatched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let an app not see what is changed elsewhere, as if all came within one moment."""
    monkeypatch.setattr(StoreWatch, "_keep_looking", AsyncMock())


def app_of(pilot: Pilot[None]) -> TokentuiApp:
    assert isinstance(pilot.app, TokentuiApp)
    return pilot.app


def said(pilot: Pilot[None], selector: str) -> str:
    content = pilot.app.screen.query_one(selector, Static).content
    if not isinstance(content, Table):
        return str(content)
    with (console := Console(width=_WIDE)).capture() as written:
        console.print(content)
    return "\n".join(line.rstrip() for line in written.get().splitlines())


def counts(pilot: Pilot[None]) -> str:
    """Return the line of the list that counts tokens by status."""
    return pilot.app.screen.query_one(StatusStrip).render_line(0).text.strip()


def toasts(pilot: Pilot[None]) -> list[str]:
    return [toast.message for toast in pilot.app._notifications]


def cursor_name(pilot: Pilot[None]) -> str:
    token = pilot.app.screen.query_one(TokenTable).token
    return token.name if token else ""


def _holds(condition: Callable[[], object]) -> bool:
    """Say whether `condition` holds: not yet, where a widget that it asks is not there yet."""
    try:
        return bool(condition())
    except NoMatches:
        return False


async def until(pilot: Pilot[None], condition: Callable[[], object]) -> None:
    """Let the app run on until `condition` holds; fail where it never does."""
    deadline = time.monotonic() + _PATIENCE
    while not _holds(condition):
        assert time.monotonic() < deadline, f"it never came to that on {pilot.app.screen!r}"
        await asyncio.sleep(_GLANCE)


async def arrive(pilot: Pilot[None], screen: type) -> None:
    """Wait until `screen` is the one on top, drawn and with its cursor in place, if it has one."""

    def there() -> bool:
        top = pilot.app.screen
        placed = top.focused is not None or (top.AUTO_FOCUS == "" and top.is_mounted)
        return isinstance(top, screen) and placed

    await until(pilot, there)
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

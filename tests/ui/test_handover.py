"""A secret that is being made outlives the lock, whoever leaves, and what is pressed meanwhile."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from textual.pilot import Pilot

from tokentui.core.commands import TokenCommands
from tokentui.ui.app import TokentuiApp
from tokentui.ui.screens.create_token import CreateToken
from tokentui.ui.screens.log_in import LogIn
from tokentui.ui.screens.saved_token import SavedToken
from tokentui.ui.screens.token_list import TokenList

from ..doubles.gate import Gate
from .conftest import Run, app_of, arrive, said, toasts, unlock, until, write
from .office import Office


@pytest.fixture
def go(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    """Let tokens be created, once that was allowed, only when what is returned is set."""
    released, mint = Gate(), TokenCommands._mint

    def slow(*arguments: Any, **more: Any) -> Any:
        assert released.wait(60)
        return mint(*arguments, **more)

    monkeypatch.setattr(TokenCommands, "_mint", slow)
    yield released
    released.set()


async def begin(pilot: Pilot[None]) -> TokentuiApp:
    """Begin to create a token; return the app."""
    app = app_of(pilot)
    await arrive(pilot, TokenList)
    await pilot.press("c")
    await arrive(pilot, CreateToken)
    await write(pilot, "fresh")
    await pilot.press("enter")
    await until(pilot, lambda: app.handover.issuing)
    return app


async def save(pilot: Pilot[None]) -> None:
    await arrive(pilot, SavedToken)
    await pilot.press("c")
    await pilot.click("#saved")


async def test_the_lock_of_who_has_no_password_waits(office: Office, run: Run, go: Gate) -> None:
    async with run(office.service("kay"), **office.choices("kay")) as pilot:
        app = await begin(pilot)
        await app.run_action("lock")
        await until(pilot, lambda: toasts(pilot) == ["The app ends once the secret is saved."])
        go.set()
        await save(pilot)
        await until(pilot, lambda: not app.is_running)
        assert "Sign in again" in app.session_lock.exit_reason
    assert office.service("kay").queries.look_up("fresh").saved_at is not None


async def test_the_lock_that_comes_by_itself_waits_as_well(
    office: Office, run: Run, go: Gate
) -> None:
    async with run(office.service("kay"), **office.choices("kay")) as pilot:
        app = await begin(pilot)
        office.monotonic += 8 * 3600
        app.session_lock.lock_if_idle()
        assert not app.session_lock.exit_reason
        go.set()
        await arrive(pilot, SavedToken)
        app.session_lock.lock_if_idle()
        assert not app.session_lock.exit_reason, "there is time to save it"
        office.monotonic += 15 * 60
        app.session_lock.lock_if_idle()
        assert "Sign in again" in app.session_lock.exit_reason


async def test_nobody_quits_over_a_secret_below_the_lock(
    office: Office, run: Run, go: Gate
) -> None:
    async with run(office.service("bob"), **office.choices("bob")) as pilot:
        app = await begin(pilot)
        await app.run_action("lock")
        await arrive(pilot, LogIn)
        for _ in range(2):
            await app.run_action("quit")
            await until(pilot, lambda: "not saved yet" in said(pilot, "#problem"))
            go.set()
            await until(pilot, lambda: CreateToken not in map(type, app.screen_stack))
        await unlock(pilot)
        await save(pilot)
        await arrive(pilot, TokenList)


async def test_what_comes_to_an_end_elsewhere_does_not_wait(
    office: Office, run: Run, go: Gate
) -> None:
    async with run(office.service("bob"), **office.choices("bob")) as pilot:
        app = await begin(pilot)
        office.accounts.disable("bob")
        await until(pilot, lambda: not app.is_running)
    go.set()
    assert await asyncio.to_thread(app.session.finish, 60)
    token = office.service().queries.look_up("fresh")
    assert token.saved_at is None


async def test_there_is_no_palette_meanwhile(saved: TokenCommands, run: Run, go: Gate) -> None:
    async with run(saved) as pilot:
        app = await begin(pilot)
        await app.run_action("command_palette")
        await pilot.pause()
        assert isinstance(app.screen, CreateToken)
        go.set()
        await arrive(pilot, SavedToken)

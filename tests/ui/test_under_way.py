"""What is pressed while a change is under way, such as one that waits for another process."""

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from tokentui.core.commands import TokenCommands
from tokentui.ui import type_ahead
from tokentui.ui.flow import flow
from tokentui.ui.screens.confirm import Confirm
from tokentui.ui.screens.create_token import CreateToken
from tokentui.ui.screens.help import Help
from tokentui.ui.screens.manage_token import ManageToken
from tokentui.ui.screens.saved_token import SavedToken
from tokentui.ui.screens.token_list import TokenList

from ..doubles.gate import Gate
from .conftest import Run, arrive, cursor_name, said, toasts, until, write


@pytest.fixture
def hold(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[TokenCommands, str], Gate]]:
    """Return what lets a verb of a service begin, but go on only once the gate is set."""
    gates: list[Gate] = []

    def held(service: TokenCommands, verb: str) -> Gate:
        go, do = Gate(), getattr(service, verb)
        gates.append(go)

        def waiting(*arguments: Any, **more: Any) -> Any:
            assert go.wait(60)
            return do(*arguments, **more)

        monkeypatch.setattr(service, verb, waiting)
        return go

    yield held
    for each in gates:
        each.set()


Hold = Callable[[TokenCommands, str], Gate]


async def rename(pilot: Pilot[None], name: str) -> None:
    await pilot.press("m")
    await arrive(pilot, ManageToken)
    pilot.app.set_focus(pilot.app.screen.query_one("#name"))
    await write(pilot, name)
    await pilot.press("enter")


async def test_a_screen_is_left_once_its_change_is_made(
    saved: TokenCommands, run: Run, hold: Hold
) -> None:
    async with run(saved) as pilot:
        go = hold(saved, "rename")
        await rename(pilot, "zz-backup")
        await pilot.press("escape")
        await pilot.pause()
        go.set()
        await arrive(pilot, TokenList)
        assert cursor_name(pilot) == "zz-backup"
        await pilot.press("u")
        await until(pilot, lambda: cursor_name(pilot) == "backup-nightly")


async def test_renames_are_undone_one_after_the_other(
    saved: TokenCommands, run: Run, hold: Hold
) -> None:
    async with run(saved) as pilot:
        await rename(pilot, "zz-backup")
        await until(pilot, lambda: "zz-backup" in said(pilot, "#facts"))
        await pilot.press("f2")
        await write(pilot, "zz-again")
        await pilot.press("enter")
        await until(pilot, lambda: "zz-again" in said(pilot, "#facts"))
        await pilot.press("escape")
        await arrive(pilot, TokenList)
        go = hold(saved, "rename")
        await pilot.press("u", "u")
        go.set()
        await until(pilot, lambda: cursor_name(pilot) == "backup-nightly")


async def test_what_is_typed_meanwhile_is_not_for_the_field(
    saved: TokenCommands, run: Run, hold: Hold
) -> None:
    async with run(saved) as pilot:
        go = hold(saved, "rename")
        await rename(pilot, "zz-backup")
        await pilot.press("x")
        assert pilot.app.screen.query_one("#name", Input).value == "zz-backup"
        go.set()
        await until(pilot, lambda: toasts(pilot))
        assert saved.queries.look_up("zz-backup")


async def test_keys_are_for_the_list_while_it_revokes(
    saved: TokenCommands, run: Run, hold: Hold
) -> None:
    async with run(saved) as pilot:
        go = hold(saved, "revoke")
        await pilot.press("r")
        await arrive(pilot, Confirm)
        await pilot.press("tab", "enter")
        await arrive(pilot, TokenList)
        await pilot.press("slash")
        await write(pilot, "monitoring")
        await until(pilot, lambda: cursor_name(pilot) == "monitoring")
        assert not toasts(pilot)
        go.set()
        await until(pilot, lambda: toasts(pilot) == ["Revoked backup-nightly."])


async def test_the_secret_is_shown_over_the_help_that_was_opened_meanwhile(
    saved: TokenCommands, run: Run, hold: Hold
) -> None:
    async with run(saved) as pilot:
        go = hold(saved, "create")
        await pilot.press("c")
        await arrive(pilot, CreateToken)
        await write(pilot, "fresh")
        await pilot.press("enter")
        await pilot.app.run_action("help")
        await arrive(pilot, Help)
        go.set()
        await arrive(pilot, SavedToken)
        await pilot.press("c")
        await pilot.click("#saved")
        await arrive(pilot, Help)
        await pilot.press("escape")
        await arrive(pilot, TokenList)
        assert saved.queries.look_up("fresh").saved_at is not None


async def test_what_never_ends_holds_up_one_key(
    saved: TokenCommands, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type_ahead, "_HURRY", 0.01)
    async with run(saved) as pilot:
        stuck = pilot.app.screen
        assert isinstance(stuck, TokenList)

        @flow
        async def never(_: TokenList) -> None:
            await asyncio.Event().wait()

        never(stuck)
        begun = time.monotonic()
        await pilot.press("slash")
        await write(pilot, "monitoring")
        await until(pilot, lambda: cursor_name(pilot) == "monitoring")
        assert time.monotonic() - begun < len("monitoring") * type_ahead._PATIENCE

"""Every screen is left once, and takes no other one with it."""

import asyncio
import gc
import importlib
import pkgutil
from collections.abc import Callable, Iterator

import pytest
from textual.app import ComposeResult
from textual.command import CommandList
from textual.events import Key, MouseDown
from textual.pilot import Pilot
from textual.screen import Screen
from textual.worker import Worker

import tokentui.ui
from tokentui.core.commands import TokenCommands
from tokentui.ui import type_ahead
from tokentui.ui.app import TokentuiApp
from tokentui.ui.screens.audit_trail import AuditTrail
from tokentui.ui.screens.choose_filter import ChooseFilter
from tokentui.ui.screens.confirm import Confirm
from tokentui.ui.screens.create_token import CreateToken
from tokentui.ui.screens.help import Help
from tokentui.ui.screens.manage_token import Managed, ManageToken
from tokentui.ui.screens.rotate_token import RotateToken
from tokentui.ui.screens.token_list import TokenList
from tokentui.ui.screens.try_secret import TrySecret
from tokentui.ui.textual_compat import Page
from tokentui.ui.textual_compat.palette import Palette
from tokentui.ui.type_ahead import TypeAhead
from tokentui.ui.widgets.key_footer import KeyFooter

from .conftest import Run, app_of, arrive, until
from .office import Office

WAYS = {
    "help": ("question_mark", Help),
    "palette": ("ctrl+p", Palette),
    "create": ("c", CreateToken),
    "question": ("r", Confirm),
    "rotate": ("t", RotateToken),
    "filter": ("f", ChooseFilter),
    "history": ("h", AuditTrail),
    "try": ("y", TrySecret),
}


def screens(kind: type[Screen[object]]) -> Iterator[type[Screen[object]]]:
    for each in kind.__subclasses__():
        if each.__module__.startswith("tokentui."):
            yield each
        yield from screens(each)


def test_every_screen_is_one_that_is_left_once() -> None:
    for module in pkgutil.walk_packages(tokentui.ui.__path__, "tokentui.ui."):
        importlib.import_module(module.name)
    assert [each for each in screens(Screen) if not issubclass(each, Page)] == []


def waiting(pilot: Pilot[None]) -> list[Worker[object]]:
    """Return the workers of screens; the one that hands on keys never ends."""
    return [worker for worker in pilot.app.workers if worker.node is not pilot.app]


async def begin(pilot: Pilot[None], name: str) -> Screen[object]:
    """Open a screen over the list; return it."""
    await arrive(pilot, TokenList)
    key, kind = WAYS[name]
    await pilot.press(key)
    await arrive(pilot, kind)
    screen: Screen[object] = pilot.app.screen
    return screen


@pytest.mark.parametrize("name", WAYS)
async def test_leaving_twice_is_leaving_once(saved: TokenCommands, run: Run, name: str) -> None:
    async with run(saved) as pilot:
        screen = await begin(pilot, name)
        for _ in range(3):
            screen.dismiss(None)
        await arrive(pilot, TokenList)
        await until(pilot, lambda: not waiting(pilot))
        await begin(pilot, name)


async def test_a_screen_below_another_leaves_alone(saved: TokenCommands, run: Run) -> None:
    async with run(saved) as pilot:
        form = await begin(pilot, "create")
        await pilot.press("f1")
        await arrive(pilot, Help)
        form.dismiss(None)
        await until(pilot, lambda: not form.is_attached)
        assert [type(each) for each in pilot.app.screen_stack] == [TokenList, Help]
        await until(pilot, lambda: not waiting(pilot))
        await pilot.press("escape")
        await arrive(pilot, TokenList)


async def test_a_screen_that_was_left_begins_nothing(saved: TokenCommands, run: Run) -> None:
    async with run(saved) as pilot:
        await pilot.press("m")
        await arrive(pilot, ManageToken)
        screen = pilot.app.screen
        assert isinstance(screen, ManageToken)
        screen.dismiss(Managed(screen._token))
        # As it does where it hears of a change before its widgets are removed.
        worker: Worker[None] = screen._follow()
        assert worker.is_cancelled
        await arrive(pilot, TokenList)


async def test_a_key_of_the_footer_acts_on_its_own_screen(saved: TokenCommands, run: Run) -> None:
    async with run(saved, (120, 36)) as pilot:
        await pilot.press("m")
        await arrive(pilot, ManageToken)
        footer = pilot.app.screen.query_one(KeyFooter)
        await until(pilot, lambda: "History" in footer.keys)
        at = footer.render_line(0).text.index("History")
        for _ in range(2):
            footer.post_message(
                MouseDown(footer, at, 0, 0, 0, button=1, shift=False, meta=False, ctrl=False)
            )
        await arrive(pilot, AuditTrail)
        assert len(pilot.app.screen_stack) == 3


async def test_enter_in_a_palette_just_opened_does_nothing(saved: TokenCommands, run: Run) -> None:
    async with run(saved) as pilot:
        await begin(pilot, "create")
        await pilot.press("a", "ctrl+p")
        await arrive(pilot, Palette)
        await until(pilot, lambda: pilot.app.screen.query_one(CommandList).option_count)
        await pilot.press("enter", "enter")
        await pilot.pause()
        assert isinstance(pilot.app.screen, Palette)
        await pilot.press("escape")
        await arrive(pilot, CreateToken)


@pytest.mark.parametrize("size", [(1, 1), (20, 3)], ids=str)
@pytest.mark.parametrize("key", ["ctrl+p", "f", "t"])
async def test_lists_take_keys_where_they_have_no_room(
    saved: TokenCommands, run: Run, key: str, size: tuple[int, int]
) -> None:
    async with run(saved, size=size) as pilot:
        await pilot.press(key)
        await until(pilot, lambda: len(pilot.app.screen_stack) == 2 and pilot.app.screen.focused)
        if key == "ctrl+p":
            await until(pilot, lambda: pilot.app.screen.query_one(CommandList).option_count)
        await pilot.press("down", "pagedown", "pageup", "escape")
        await arrive(pilot, TokenList)


@pytest.mark.parametrize("name", WAYS)
async def test_an_app_that_ends_while_a_screen_opens_ends_in_order(
    saved: TokenCommands, run: Run, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, kind = WAYS[name]
    compose: Callable[[object], ComposeResult] = vars(kind)["compose"]

    def end_then_compose(screen: Screen[object]) -> ComposeResult:
        screen.app.exit()
        return compose(screen)

    monkeypatch.setattr(kind, "compose", end_then_compose)
    async with run(saved) as pilot:
        # Not through the pilot, which waits for widgets that never come.
        pilot.app.post_message(Key(key, "?" if key == "question_mark" else key[-1]))
        async with asyncio.timeout(20):
            while pilot.app.is_running:
                await asyncio.sleep(0)
    assert isinstance(pilot.app, TokentuiApp)
    assert pilot.app.crash is None


async def test_an_app_that_ends_while_a_key_waits_ends_in_order(
    saved: TokenCommands, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type_ahead, "_GLANCE", 0.0)
    monkeypatch.setattr(type_ahead, "_catch_up", lambda _: asyncio.sleep(0))
    async with run(saved) as pilot:
        app = app_of(pilot)
        monkeypatch.setattr(TypeAhead, "_settled", lambda _: False)
        for _ in range(2):
            app.post_message(Key("j", "j"))
        # The second key waits for what the first one began.
        await until(pilot, lambda: app._typed.qsize() == 1)
        app.exit()
    assert app.crash is None


async def test_workers_that_the_end_of_the_app_keeps_from_beginning_leave_no_warning(
    office: Office, run: Run, recwarn: pytest.WarningsRecorder
) -> None:
    async with run(office.service("bob"), **office.choices("bob")) as pilot:
        app = app_of(pilot)
        app.store_watch.start()
        app.store_watch._begin_to_retire()
        app.session_lock.lock()
        app.workers.cancel_all()
        app.exit()
        del app
    gc.collect()  # what was never awaited says so once it is forgotten
    assert [str(warning.message) for warning in recwarn] == []

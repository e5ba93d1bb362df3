"""Canaries: the private names of Textual that the app relies on are there, and do that.

Each says what to look at when a version of Textual makes it fail.
"""

import gc
import inspect
import re
from collections.abc import Callable, Iterable
from typing import Any
from weakref import ref

import pytest
from rich.console import Console
from rich.segment import Segment
from textual import events
from textual._compositor import ChopsUpdate, Compositor, LayoutUpdate
from textual._styles_cache import StylesCache
from textual._xterm_parser import XTermParser
from textual.app import App
from textual.command import CommandPalette
from textual.css.query import NoMatches
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.geometry import Region, Size
from textual.message import Message
from textual.screen import Screen
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Button, OptionList, Static
from textual.worker import WorkerFailed

from tokentui.core.commands import TokenCommands
from tokentui.ui import session
from tokentui.ui.screens.manage_token import ManageToken
from tokentui.ui.screens.token_list import TokenList
from tokentui.ui.terminal.driver import _GIVE_BACK
from tokentui.ui.terminal.screen_buffer import ScreenBuffer
from tokentui.ui.textual_compat import (
    FUNCTIONAL_KEYS,
    CapturesCrash,
    KeyTables,
    LineView,
    PaintedApp,
    bindings_of,
    driver_of,
    forget_clipboard,
)
from tokentui.ui.textual_compat.compositor import VisibleCompositor
from tokentui.ui.widgets.token_table import TokenTable

from .conftest import Run, arrive, until

# -- keys and the mouse -------------------------------------------------------------------------


def test_the_tables_of_keys() -> None:
    """Look at `KeyTables`, `FUNCTIONAL_KEYS`: `_keyboard_protocol`, `_ansi_sequences` changed."""
    assert callable(XTermParser._sequence_to_key_events)
    tables = KeyTables()
    assert FUNCTIONAL_KEYS["1A"] == "up"
    assert [key.key for key in tables.of_protocol("é")] == ["é"]
    assert [key.key for key in tables.of_protocol("\x1b[97;5u")] == ["ctrl+a"]
    assert [key.key for key in tables.of_table("\x1bOA")] == ["up"]
    assert [key.character for key in tables.of_table("\x1bOj")] == ["*"]
    assert tables.of_table("\x1b[G") == []
    click = tables.mouse("\x1b[<0;1;2M")
    assert isinstance(click, events.MouseDown)


def test_the_clock_of_messages_is_monotonic(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at `PaintedApp`: its times are compared with `Message.time`, so they need its clock."""
    monkeypatch.setattr("textual._time.time", lambda: 1.0)
    monkeypatch.setattr("textual._time.get_time", lambda: 7.0)
    assert Message().time == 7.0


async def test_the_bindings_of_a_key(service: TokenCommands, run: Run) -> None:
    """Look at `bindings_of`: what a key does on a screen is not in `_binding_chain` as before."""
    async with run(service) as pilot:
        screen = pilot.app.screen
        assert isinstance(screen._binding_chain, list)
        assert [(node, each.id) for node, each in bindings_of(screen, "c")] == [
            (screen, "list.create")
        ]
        assert [each.id for _, each in bindings_of(screen, "f1")] == ["app.help"]
        assert list(bindings_of(screen, "f9")) == []


async def test_when_a_screen_is_painted(service: TokenCommands, run: Run) -> None:
    """Look at `Page`: its first frame is painted by something else than `_compositor_refresh`."""
    async with run(service):
        source = inspect.getsource(Screen)
        assert source.count("self._compositor.render_update(") == 1
        assert "render_update(" in inspect.getsource(Screen._compositor_refresh)
        assert "if event.refresh_styles:" in inspect.getsource(Screen._on_screen_resume)


async def test_the_classes_of_a_size(service: TokenCommands, run: Run) -> None:
    """Look at `Page.on_compose`: a screen has others than those of `_get_breakpoint_classes`."""
    async with run(service) as pilot:
        screen, (width, height) = pilot.app.screen, pilot.app.size
        across = screen._get_breakpoint_classes(width, pilot.app.HORIZONTAL_BREAKPOINTS or [])
        down = screen._get_breakpoint_classes(height, pilot.app.VERTICAL_BREAKPOINTS or [])
        assert across | down == {each for each in screen.classes if each.startswith("-")}


# -- the driver ---------------------------------------------------------------------------------


async def test_the_driver_of_an_app() -> None:
    """Look at `driver_of`: an app has its driver elsewhere than in `_driver`."""
    app = App[None]()
    assert driver_of(app) is app._driver is None
    async with app.run_test():
        assert isinstance(driver_of(app), Driver)


@pytest.mark.parametrize("name", ["_query_in_band_window_resize", "run_input_thread"])
def test_what_the_driver_is_started_with(name: str) -> None:
    """Look at `PlainDriver` and `TerminalDriver`: what they replace is not called any more."""
    assert callable(getattr(LinuxDriver, name))
    reached = inspect.getsource(LinuxDriver.start_application_mode) + inspect.getsource(
        LinuxDriver._run_input_thread
    )
    assert f"self.{name}()" in reached or f"self._{name.lstrip('_')}" in reached


def test_the_size_that_the_driver_tells() -> None:
    """Look at `PlainDriver`: the size of the window has to come from the kernel alone."""
    assert "self._get_terminal_size()" in inspect.getsource(LinuxDriver.start_application_mode)
    assert "self._driver._size" in inspect.getsource(App.size.fget)  # type: ignore[attr-defined]


def test_the_handlers_that_the_driver_sets() -> None:
    """Look at `PlainDriver` and `TerminalDriver.suspend`: stopping must not be Textual's."""
    source = inspect.getsource(LinuxDriver.__init__)
    assert "signal.signal(signal.SIGTSTP, self._sigtstp_application)" in source
    assert "signal.signal(signal.SIGCONT, self._sigcont_application)" in source
    assert "self.attrs_before" in inspect.getsource(LinuxDriver.stop_application_mode)


def test_what_turns_all_modes_off() -> None:
    """Look at `_GIVE_BACK` in `terminal/driver.py`: the driver turns on other modes."""
    source = inspect.getsource(LinuxDriver)
    modes = {int(number) for number in re.findall(r"x1b\[\?(\d+)[hl]", source)}
    # Asked for in answer to a question that is not put, or never turned off.
    modes -= {1007, 1016, 2048}
    assert modes == {int(number) for number in re.findall(rb"\?(\d+)[hl]", _GIVE_BACK)}


def test_what_the_driver_ends_the_app_with() -> None:
    """Look at `PlainDriver.end`: it reaches the app and its event loop from a thread."""
    source = inspect.getsource(Driver.__init__)
    assert "self._app = app" in source
    assert "self._loop = asyncio.get_running_loop()" in source


# -- what is painted ----------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["", "c", "r", "f1", "/"])
async def test_what_is_rendered(
    saved: TokenCommands, run: Run, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    """Look at `VisibleCompositor`: `_render_chops` has other arguments, or another result."""
    async with run(saved) as pilot:
        await pilot.press(*([key] if key else []))
        await pilot.pause()
        compositor = pilot.app.screen._compositor
        ours = compositor.render_strips()
        monkeypatch.setattr(VisibleCompositor, "_render_chops", Compositor._render_chops)
        assert ours == compositor.render_strips()


async def test_what_is_covered_is_not_rendered(
    saved: TokenCommands, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Look at `VisibleCompositor`: widgets are asked for their lines by something else."""
    rendered: list[tuple[Widget, int]] = []
    render_lines = Widget.render_lines

    def counted(widget: Widget, crop: Region) -> list[Strip]:
        rendered.append((widget, crop.height))
        return render_lines(widget, crop)

    async with run(saved) as pilot:
        await pilot.press("down")
        await pilot.pause()
        monkeypatch.setattr(Widget, "render_lines", counted)
        await pilot.press("up")
        await pilot.pause()
        assert [(type(widget), lines) for widget, lines in rendered] == [
            (Static, 2),
            (TokenTable, 2),
        ]


async def test_what_is_closed_is_forgotten(
    saved: TokenCommands, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Look at the cache of `StylesCache.get_inner_outer`."""
    assert hasattr(StylesCache.get_inner_outer, "cache_info")
    # The event loop keeps the context of a timer, and with it a widget, until its time has come.
    monkeypatch.setattr(session, "CALM", 0.1)
    async with run(saved) as pilot:
        await pilot.press("m")
        await arrive(pilot, ManageToken)
        painted = [
            ref(widget._styles_cache)
            for widget in pilot.app.screen.query(Widget)
            if widget.region and widget.display
        ]
        await pilot.press("escape")
        await arrive(pilot, TokenList)
        assert painted
        # A timer or an answer under way may keep them for a moment more.
        await until(pilot, lambda: forgotten(*painted))


def forgotten(*references: ref[Any]) -> bool:
    """Say whether nobody but a cycle holds what these refer to."""
    gc.collect()
    return not any(each() is not None for each in references)


async def test_nothing_is_taken_for_shown_in_the_first_frame_of_a_size(
    saved: TokenCommands, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Look at `PaintedApp._display`: the frame after a change of the size is no `LayoutUpdate`."""
    forgotten: list[tuple[int, int]] = []
    async with run(saved) as pilot:
        await pilot.pause()
        monkeypatch.setattr(
            PaintedApp, "_forget_shown", lambda app: forgotten.append(app.screen._compositor.size)
        )
        await pilot.resize_terminal(60, 20)
        await until(pilot, lambda: (60, 20) in forgotten)
        assert forgotten[0] == (80, 24), "as soon as the terminal tells"
        await pilot.press("down")
        assert forgotten[-1:] == [(60, 20)]
        assert forgotten.count((60, 20)) == 1


def test_a_terminal_that_is_taken_again_tells_its_size() -> None:
    """Look at `PaintedApp.on_event`: what the terminal shows is not known then."""
    assert "send_size_event()" in inspect.getsource(LinuxDriver.start_application_mode)


def test_updates_are_segments_between_moves_of_the_cursor() -> None:
    """Look at `ScreenBuffer`: it takes them as the compositor renders them to Rich."""
    strips: list[Iterable[Strip]] = [
        [Strip([Segment("a")]), Strip([Segment("b")])],
        [Strip([Segment("c")])],
    ]
    update = LayoutUpdate(strips, Region(1, 2, 2, 2))
    runs = ScreenBuffer().changes(Console().render(update))
    assert [(x, y, [each.text for each in found]) for x, y, found in runs] == [
        (1, 2, ["ab"]),
        (1, 3, ["c"]),
    ]
    changed = ChopsUpdate([{0: Strip([Segment("abc")])}], [(0, 1, 3)], [[3]])
    [(x, y, found)] = ScreenBuffer().changes(Console().render(changed))
    assert (x, y, [each.text for each in found]) == (0, 0, ["abc"])


async def test_a_screen_is_painted_by_display(service: TokenCommands, run: Run) -> None:
    """Look at `PaintedApp`: it has to learn of each screen that is written to the terminal."""
    assert list(inspect.signature(App._display).parameters) == ["self", "screen", "renderable"]
    assert "_batch_count" in inspect.getsource(App._display)
    async with run(service) as pilot:
        await pilot.app.screen.mount(Button())
        await pilot.pause()
        assert pilot.app.screen in pilot.app._painted_at  # type: ignore[attr-defined]


async def test_a_scroll_bar_follows_the_lines() -> None:
    """Look at `LineView`: for another virtual size it moves the scroll bar and lays out nothing."""
    assert "self._scroll_update(virtual_size)" in inspect.getsource(ScrollView._size_updated)
    assert LineView.virtual_size._layout is False

    class Lines(App[None]):
        def compose(self) -> list[Widget]:
            return [LineView()]

    async with Lines().run_test() as pilot:
        view = pilot.app.query_one(LineView)
        view.virtual_size = Size(10, 1234)
        await pilot.pause()
        assert view.vertical_scrollbar.window_virtual_size == 1234


# -- screens and lists --------------------------------------------------------------------------


def test_how_a_screen_leaves_the_stack() -> None:
    """Look at `Page.dismiss`: it does what `App.pop_screen` does, below the top as well."""
    reached = inspect.getsource(App.pop_screen)
    for name in ("self._screen_stack", "._pop_result_callback()", "self._replace_screen("):
        assert name in reached
    source = inspect.getsource(Screen.dismiss)
    assert "self._result_callbacks[-1]" in source
    assert "self.app.pop_screen()" in source


def test_what_the_palette_is_made_of() -> None:
    """Look at `Palette`: it composes what Textual's does, with a field and a list of ours."""
    assert "_refresh_command_list" in inspect.getsource(CommandPalette._gather_commands)
    composed = inspect.getsource(CommandPalette.compose)
    for part in ("--container", "--input", "--results", "SearchIcon()", "LoadingIndicator()"):
        assert part in composed
    assert "placeholder=self._placeholder" in composed


def test_how_a_list_moves_by_pages() -> None:
    """Look at `Options`: what it refuses would fail in Textual's list, unless that was mended."""
    assert "self._move_page(1)" in inspect.getsource(OptionList.action_page_down)
    assert "self._lines[" in inspect.getsource(OptionList._move_page)
    assert 'style.meta.get("option")' in inspect.getsource(OptionList._on_click)


# -- the end, and secrets -----------------------------------------------------------------------


def test_what_an_app_keeps_of_the_clipboard() -> None:
    """Look at `forget_clipboard`: what was copied, such as a secret, is kept in another place."""
    app = App[None]()
    app.copy_to_clipboard("tt_secret")
    assert app._clipboard == app.clipboard == "tt_secret"
    forget_clipboard(app)
    assert "tt_secret" not in map(str, vars(app).values())


@pytest.mark.parametrize("fail", [lambda _: 1 / 0, lambda app: app.run_worker(_divide())])
async def test_an_error_ends_the_app_and_shows_nothing(fail: Callable[[App[None]], object]) -> None:
    """Look at `CapturesCrash`: `_fatal_error` is where Textual prints local variables."""
    app = CapturesCrash()
    with pytest.raises((ZeroDivisionError, WorkerFailed)):
        async with app.run_test() as pilot:
            app.call_later(fail, app)
            await pilot.pause()
    assert isinstance(app._exception, (ZeroDivisionError, WorkerFailed))
    assert isinstance(app.crash, ZeroDivisionError)
    assert app._exit_renderables == []


async def _divide() -> None:
    raise ZeroDivisionError


async def test_an_app_that_ends_mounts_nothing() -> None:
    """Look at `CapturesCrash`: a screen that opens while the app ends must not count as a crash."""
    async with (app := CapturesCrash()).run_test():
        app.exit()
        assert app._exit
        app._handle_exception(NoMatches())
    assert app.crash is None


def test_how_the_thread_that_reads_keys_fails() -> None:
    """Look at `CapturesCrash.panic`: Textual's driver hands such an error to another method."""
    source = inspect.getsource(LinuxDriver._run_input_thread)
    assert re.search(r"self\._app\.call_later\(\s*self\._app\.panic,", source)

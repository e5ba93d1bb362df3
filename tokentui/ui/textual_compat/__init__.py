"""Every private name of Textual that the app relies on.

Each has a canary in `tests/ui/test_textual_compat.py` that says what to look at when it changes.
`tests/ui/test_private_names.py` finds those that stand elsewhere, or have no canary.
"""

import weakref
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache, partial
from time import monotonic
from typing import Any, TypeVar

from textual import events
from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual._keyboard_protocol import FUNCTIONAL_KEYS
from textual._styles_cache import StylesCache
from textual._xterm_parser import XTermParser
from textual.app import App
from textual.await_complete import AwaitComplete
from textual.binding import Binding
from textual.css.query import NoMatches
from textual.dom import DOMNode
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.geometry import Size
from textual.keys import Keys
from textual.message import Message
from textual.reactive import reactive
from textual.screen import ModalScreen, Screen
from textual.scroll_view import ScrollView
from textual.widget import MountError
from textual.worker import NoActiveWorker, Worker, WorkerFailed, get_current_worker

from tokentui.ui.terminal import window
from tokentui.ui.terminal.screen_buffer import ScreenBuffer
from tokentui.ui.textual_compat.compositor import Difference, VisibleCompositor

__all__ = [
    "FUNCTIONAL_KEYS",
    "CapturesCrash",
    "Dialog",
    "KeyTables",
    "LineView",
    "Page",
    "PaintedApp",
    "PlainDriver",
    "bindings_of",
    "driver_of",
    "forget_clipboard",
]

Result = TypeVar("Result")

# An LRU cache on a method keeps alive what the method is called on: here the last 1,024 widgets
# that were painted, each with all its lines. What the method returns depends on the colours alone.
StylesCache.get_inner_outer = staticmethod(  # type: ignore[method-assign, assignment]
    lru_cache(1024)(partial(StylesCache.get_inner_outer.__wrapped__, None))
)


class KeyTables:
    """What Textual makes of characters and sequences that are known to be well formed."""

    def __init__(self) -> None:
        self._parser = XTermParser()

    def of_protocol(self, sequence: str) -> list[events.Key]:
        """Return the keys of a character, or of a sequence of kitty's keyboard protocol."""
        keys = self._parser._sequence_to_key_events(sequence)  # noqa: SLF001
        return [key for key in keys if key.key != Keys.Ignore]

    def of_table(self, sequence: str) -> list[events.Key]:
        """Return the keys of a sequence that one of the known terminals sends."""
        found = ANSI_SEQUENCES_KEYS.get(sequence)
        if isinstance(found, str):
            return self.of_protocol(found)
        keys = found if isinstance(found, tuple) else ()
        return [events.Key(key.value, None) for key in keys if key != Keys.Ignore]

    def mouse(self, report: str) -> Message | None:
        """Return what a report of the mouse (SGR) says."""
        return self._parser.parse_mouse_code(report)


def bindings_of(screen: Screen[Any], key: str) -> Iterator[tuple[DOMNode, Binding]]:
    """Yield the bindings of a key on a screen, each with its node, the ones that count most first.

    Unlike `active_bindings`, it asks no node whether the action can do anything.
    """
    for node, bindings in screen._binding_chain:  # noqa: SLF001
        for binding in bindings.key_to_bindings.get(key, []):
            yield node, binding


def driver_of(app: App[Any]) -> Driver | None:
    """Return the driver between an app and its terminal, or None before the app runs."""
    return app._driver  # noqa: SLF001


def forget_clipboard(app: App[Any]) -> None:
    """Delete the copy of what was sent to the clipboard last, which an app keeps."""
    app._clipboard = ""  # noqa: SLF001


class Page(Screen[Result]):
    """A screen that is left once, wherever it is in the stack; Textual's takes the one on top.

    A second click or key, or an answer that comes late, would take the screen below as well. Where
    another screen lies over this one, such as help, that one stays.
    """

    _left = False
    _was_shown = False
    """Whether it was shown before. When it opens, its widgets were styled just now."""
    _held = False
    """Whether nothing is painted yet, since more is to come in the first frame."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._compositor = VisibleCompositor()

    def on_compose(self) -> None:
        """Take the classes of the window's size, before any widget is styled.

        Textual takes them after all was laid out, and styles everything once more.
        """
        width, height = self.app.size
        across = self._get_breakpoint_classes(width, self.app.HORIZONTAL_BREAKPOINTS or [])
        down = self._get_breakpoint_classes(height, self.app.VERTICAL_BREAKPOINTS or [])
        self.add_class(*across, *down)

    def on_screen_resume(self, event: events.ScreenResume) -> None:
        event.refresh_styles = self._was_shown
        if not self._was_shown:
            self._was_shown = self._held = True
            self.call_after_refresh(self._paint_first_frame)

    def _paint_first_frame(self) -> None:
        """Paint the first frame, once each widget has taken its size."""
        self._held = False
        self._compositor_refresh()

    def _compositor_refresh(self) -> None:
        if not self._held:
            super()._compositor_refresh()

    def is_permitted(self, _: str) -> bool:
        """Say whether this person may ever do an action here; help leaves out the others."""
        return True

    def dismiss(self, result: Result | None = None) -> AwaitComplete:
        """Leave with a result. What this screen has not finished by then is for nobody."""
        stack = self.app._screen_stack  # noqa: SLF001
        if self not in stack[1:]:
            return AwaitComplete()
        self._left = True
        self._cancel_other_workers()
        if self is stack[-1]:
            return super().dismiss(result)
        self._result_callbacks[-1](result)
        stack.remove(self)
        self._pop_result_callback()
        return AwaitComplete(self.app._replace_screen(self)).call_next(self.app)  # noqa: SLF001

    def run_worker(self, *work: Any, **how: Any) -> Worker[Any]:
        """Run a worker as Textual does, but cancel it at once where this screen was left.

        Messages go on to arrive until its widgets are removed, and a worker would find them gone.
        """
        worker: Worker[Any] = super().run_worker(*work, **how)
        if self._left:
            worker.cancel()
        return worker

    def _cancel_other_workers(self) -> None:
        """End what would go on over widgets that are removed."""
        try:
            this = get_current_worker()
        except NoActiveWorker:
            this = None
        for worker in self.workers:
            if worker.node is self and worker is not this:
                worker.cancel()


class Dialog(ModalScreen[Result], Page[Result]):
    """A page with the screen below still in sight."""


class LineView(ScrollView):
    """A scroll view that draws its own lines, as many as its virtual size has.

    Textual lays the screen out anew for each other size; here only the scroll bar can change.
    """

    virtual_size: reactive[Size] = reactive(Size(0, 0), layout=False)

    def watch_virtual_size(self, size: Size) -> None:
        self._scroll_update(size)


class PaintedApp(App[None]):
    """An app that knows what the terminal shows, and since when it shows each screen."""

    def __init__(self, driver_class: type[LinuxDriver]) -> None:
        super().__init__(driver_class=driver_class)
        self._painted_at = weakref.WeakKeyDictionary[Screen[Any], float]()
        self._shown: weakref.ref[Screen[Any]] | None = None
        self._shown_at = 0.0
        self._full_size: Size | None = None
        """The size of the last frame that was painted whole."""

    def painted_at(self, screen: Screen[Any]) -> float | None:
        """Return when a screen was first painted, on the clock of `Message.time`, or None."""
        return self._painted_at.get(screen)

    def shown_since(self, screen: Screen[Any]) -> float | None:
        """Return since when a screen has been the one that is seen, on that clock, or None."""
        return self._shown_at if self._shown is not None and self._shown() is screen else None

    def repaint(self) -> None:
        """Paint the whole screen, whatever the terminal shows."""
        self._forget_shown()
        self.screen.refresh()

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.Resize):
            # Told as well when the terminal was taken back. What it shows by then is its own way.
            self._forget_shown()
        await super().on_event(event)

    def _forget_shown(self) -> None:
        if isinstance(self._driver, PlainDriver):
            self._driver.shown.forget()

    def _display(self, screen: Screen[Any], renderable: Any) -> None:
        # Before it is written: whoever sees it may answer before this thread goes on.
        now = monotonic()
        driver = self._driver
        if isinstance(renderable, LayoutUpdate) and renderable.region.size != self._full_size:
            # Frames of another size may have come between: too wide, they wrap in the terminal.
            self._full_size = renderable.region.size
            self._forget_shown()
        if isinstance(driver, PlainDriver) and isinstance(renderable, (LayoutUpdate, ChopsUpdate)):
            renderable = Difference(renderable, driver.shown)
        super()._display(screen, renderable)
        if renderable is not None and not self._batch_count:
            self._painted_at.setdefault(screen, now)
            if self.shown_since(screen) is None:
                self._shown, self._shown_at = weakref.ref(screen), now


class CapturesCrash(App[None]):
    """An app that an error ends without Textual's traceback, which shows local variables.

    Among them may be a secret.
    """

    crash: BaseException | None = None
    """The error that ended the app, if one did."""

    def panic(self, *_: object) -> None:
        """End as after an error of our own: this is how the thread that reads keys fails."""
        self.crash = RuntimeError()
        self.exit(return_code=1)

    def _handle_exception(self, error: Exception) -> None:
        # An app that ends mounts no widgets, which is no error then.
        if not (self._exit and isinstance(_cause(error), (NoMatches, MountError))):
            super()._handle_exception(error)

    def _fatal_error(self) -> None:
        self.crash = self._exception and _cause(self._exception)
        self.exit(return_code=1)


def _cause(error: Exception) -> BaseException:
    return error.error if isinstance(error, WorkerFailed) else error


class PlainDriver(LinuxDriver):
    """A driver to which the kernel alone tells the size of the window."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.shown = ScreenBuffer()
        # The app asks the console, and with it COLUMNS and LINES, where the driver has none.
        self._size = self._get_terminal_size()

    def end(self) -> None:
        """Ask the app to end, from any thread, as a lost line does."""
        with suppress(RuntimeError):  # it has ended meanwhile
            self._loop.call_soon_threadsafe(self._app.exit)

    def _sigtstp_application(self, *_: object) -> None:
        """Do nothing in the handler: what it interrupts may hold the lock of the output's queue."""

    _sigcont_application = _sigtstp_application

    def _get_terminal_size(self) -> tuple[int, int]:
        return window.size()

    def _query_in_band_window_resize(self) -> None:
        """Ask for no sizes among the keys."""

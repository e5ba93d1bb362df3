"""The app: wiring, keys, and how it ends."""

import asyncio
import shutil
import signal
import sys
import termios
from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import ClassVar

from textual import events, work
from textual.binding import Binding, BindingType
from textual.command import Provider
from textual.geometry import Size
from textual.theme import BUILTIN_THEMES, Theme
from textual.worker import WorkerFailed

from tokentui.core.errors import TokentuiError
from tokentui.core.service import TokenService
from tokentui.ui import guarded, keys
from tokentui.ui.any_bytes import take_any_bytes
from tokentui.ui.commands import Commands
from tokentui.ui.entrance import Entrance
from tokentui.ui.guarded import Guarded
from tokentui.ui.known_characters import OnlyKnown
from tokentui.ui.messages import StoreChanged
from tokentui.ui.preferences import Preferences
from tokentui.ui.screens.help import Help, Rows
from tokentui.ui.screens.log_in import LogIn
from tokentui.ui.screens.saved_token import SavedToken
from tokentui.ui.screens.token_list import TokenList
from tokentui.ui.widgets.month_calendar import MonthCalendar
from tokentui.ui.widgets.token_table import TokenTable

_LOOK_EVERY = 1.0
_RETIRE_EVERY = 60.0

_ANSI_DARK = BUILTIN_THEMES["ansi-dark"]
# Black is what a dark terminal's background is: fields and ticks could not be told from it.
_GREY_FRAMES = dict.fromkeys(("border-blurred", "ansi-background"), "ansi_bright_black")


class TokentuiApp(Guarded):
    """The terminal app over one store. `crash` is the error that ended it, if one did.

    The other arguments are as for `Guarded`.
    """

    TITLE = "tokentui"
    CSS_PATH = "tokentui.tcss"
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {Commands}
    # Not ClassVar: Textual annotates them so that type checkers take them for instance variables.
    HORIZONTAL_BREAKPOINTS = [(0, "-tiny"), (56, "-narrow"), (78, "-normal"), (120, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-short"), (24, "-tall"), (32, "-high")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [*keys.EVERYWHERE]

    def __init__(
        self,
        service: TokenService,
        preferences: Preferences | None = None,
        *,
        entrance: Entrance | None = None,
        logged_in: bool = False,
        gated: bool = False,
        lock_after: timedelta | None = None,
        ticks: Callable[[], float] = guarded.ticks,
        theme: str | None = None,
        first_weekday: int = 0,
        keymap: Mapping[str, str] | None = None,
        encoding: str = "utf-8",
    ) -> None:
        super().__init__(
            service,
            entrance=entrance,
            logged_in=logged_in,
            gated=gated,
            lock_after=lock_after,
            ticks=ticks,
            home=self._list,
        )
        take_any_bytes()
        if not encoding.lower().startswith("utf"):
            self._filters.append(OnlyKnown(encoding))
        self._chosen_keys = keymap or {}
        if keymap:
            # All of them: Textual puts those that it is given behind the others in the footer.
            self.set_keymap(
                {
                    name: ",".join(keys.in_force(binding, keymap))
                    for name, binding in keys.actions().items()
                }
            )
        self._preferences = preferences or Preferences()
        self._start_theme = theme or self._preferences.theme
        self._first_weekday = first_weekday
        self.register_theme(replace(_ANSI_DARK, variables={**_ANSI_DARK.variables, **_GREY_FRAMES}))
        self.crash: BaseException | None = None
        self._stamp: Hashable = None

    def _list(self) -> TokenList:
        return TokenList(
            self._service, self._preferences, key=self.key, first_weekday=self._first_weekday
        )

    def on_mount(self) -> None:
        if self._start_theme in self.available_themes:
            self.theme = self._start_theme
        self.theme_changed_signal.subscribe(self, self._theme_chosen)
        # The shell has written over the screen meanwhile.
        self.app_resume_signal.subscribe(self, lambda _: self._resumed())
        self.set_interval(_LOOK_EVERY, self._look_around)
        self.set_timer(_LOOK_EVERY, self._retire)
        self.set_interval(_RETIRE_EVERY, self._retire)
        self.begun()
        loop = asyncio.get_running_loop()
        for ending in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(ending, self.exit)

    def begun(self) -> None:
        self._service.store.tell = self._tell
        self._service.trail.tell = self._tell
        self._stamp = self._service.changed()

    def _resumed(self) -> None:
        self.look_for_somebody()
        self.screen.refresh(layout=True)

    def _theme_chosen(self, theme: Theme) -> None:
        # The one that it starts with is told as well, and was not chosen here.
        if theme.name != self._start_theme:
            self._start_theme = None
            self._preferences.theme = theme.name

    def _tell(self, sentence: str) -> None:
        # Called in a thread: `notify` only posts a message, and so never waits for the loop.
        self.notify(sentence, markup=False)

    def _look_around(self) -> None:
        """End where the terminal is gone; tell every screen once a token was changed or used."""
        if not self.is_headless:
            if not _terminal_is_there():
                self.exit()
            self._catch_up_with_the_window()
        self.look_for_somebody()
        if self.farewell:
            return
        stamp = self._service.changed()
        if stamp != self._stamp:
            self._stamp = stamp
            for screen in self.screen_stack:
                screen.post_message(StoreChanged())

    @work(thread=True, exclusive=True, group="retire")
    def _retire(self) -> None:
        """Let go of what was rotated and has had its time, if that can be written."""
        with suppress(TokentuiError):
            if self._inside and not self._service.obstacle:
                self._service.retire()

    def _catch_up_with_the_window(self) -> None:
        """Take the size that the terminal has now.

        Of signals that come within each other, Textual may take the sizes in the wrong order.
        """
        size = Size(*shutil.get_terminal_size())
        if size != self.size:
            self.post_message(events.Resize(size, size))

    def action_help(self) -> None:
        """Show the keys of the current screen."""
        if isinstance(self.screen, Help):
            return
        nodes = [self.screen, *self.screen.query(TokenTable), *self.screen.query(MonthCalendar)]
        groups = [(node.BINDING_GROUP_TITLE or "", keys.declared(type(node))) for node in nodes]
        here = [each for each in keys.EVERYWHERE if self.check_action(each.action, ()) is not False]
        groups.append(("Everywhere", here))
        self.push_screen(Help([(title, self._rows(bindings)) for title, bindings in groups]))

    def _rows(self, bindings: Sequence[Binding]) -> Rows:
        return [
            (", ".join(self.keys_of(each)), each.description)
            for each in bindings
            if each.description
        ]

    def keys_of(self, binding: Binding) -> list[str]:
        """Return the keys of a binding as people read them."""
        in_force = keys.in_force(binding, self._chosen_keys)
        return [self.get_key_display(Binding(key, "")) for key in in_force]

    def key(self, action: str) -> str:
        """Return the first key of an action, such as list.create."""
        return self.keys_of(keys.actions()[action])[0]

    # -- a secret on the screen -----------------------------------------------------------------

    @property
    def _secret_screen(self) -> SavedToken | None:
        screens = (screen for screen in self.screen_stack if isinstance(screen, SavedToken))
        return next(screens, None)

    def action_lock(self) -> None:
        """Lock, unless that would lose the secret on the screen."""
        if (screen := self._secret_screen) is not None and not self.can_unlock:
            screen.action_stay()
        else:
            super().action_lock()

    async def action_quit(self) -> None:
        """Quit, unless that would lose the secret on the screen."""
        if (screen := self._secret_screen) is not None:
            if isinstance(self.screen, LogIn):
                self.screen.say("A secret waits below to be saved: unlock first.")
            screen.action_stay()
        else:
            self.exit()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keep the palette, and with it the screenshot, away from a secret on the screen."""
        if action == "command_palette" and self._secret_screen is not None:
            return False
        return super().check_action(action, parameters)

    def copy_to_clipboard(self, text: str) -> None:
        """Send `text` to the terminal's clipboard and keep no copy of it, as Textual would."""
        super().copy_to_clipboard(text)
        self._clipboard = ""

    # -- a crash --------------------------------------------------------------------------------

    def panic(self, *_: object) -> None:
        """End as after an error of our own: this is how the thread that reads keys fails."""
        self.crash = RuntimeError()
        self.exit(return_code=1)

    def _fatal_error(self) -> None:
        """End without Textual's traceback: it prints local variables, and so a secret."""
        error = self._exception
        self.crash = error.error if isinstance(error, WorkerFailed) else error
        self.exit(return_code=1)


def _terminal_is_there() -> bool:
    """Say whether the line still stands.

    Below a shell that keeps the hang-up signal to itself, nothing else tells that it does not.
    """
    try:
        termios.tcgetattr(sys.stdin)
    except termios.error:
        return False
    return True

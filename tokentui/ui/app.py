"""The app: wiring, keys, and how it ends."""

import asyncio
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, ClassVar, NoReturn

from textual import events, on
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.command import Provider
from textual.filter import LineFilter
from textual.screen import Screen
from textual.theme import BUILTIN_THEMES

from tokentui.core.commands import TokenCommands
from tokentui.core.dates import local
from tokentui.ui import colours, keys, screens, session_lock
from tokentui.ui.encoding_fallback import EncodingFallback
from tokentui.ui.first_look import Ahead
from tokentui.ui.flow import start_worker
from tokentui.ui.handover import SecretHandover
from tokentui.ui.messages import Accepted
from tokentui.ui.preferences import Preferences
from tokentui.ui.screens.token_list import TokenList
from tokentui.ui.session import Session
from tokentui.ui.session_lock import SessionLock
from tokentui.ui.sign_in import SignIn
from tokentui.ui.store_watch import StoreWatch
from tokentui.ui.terminal import window
from tokentui.ui.terminal.driver import TerminalDriver, can_be_resumed
from tokentui.ui.terminal.signals import ENDS, Signals
from tokentui.ui.textual_compat import CapturesCrash, Page, driver_of, forget_clipboard
from tokentui.ui.type_ahead import TypeAhead

_LOOK_EVERY = 1.0
_LOAD_AFTER = 1.0
"""Seconds until the screens that are not open are loaded: the list comes first."""

_ANSI_DARK = BUILTIN_THEMES["ansi-dark"]
# Black is what a dark terminal's background is: fields and ticks could not be told from it.
_GREY_FRAMES = dict.fromkeys(("border-blurred", "ansi-background"), "ansi_bright_black")


def _commands() -> type[Provider]:
    from tokentui.ui.commands import Commands

    return Commands


class TokentuiApp(CapturesCrash, TypeAhead):
    """The terminal app over one store.

    `sign_in`, `signed_in`, `restricted`, `lock_after` and `monotonic` are as for `SessionLock`.
    `keymap` has the keys that a person chose, by the ID of the binding. `encoding` is the
    terminal's. `ahead` reads what the list shows first.
    """

    TITLE = "tokentui"
    CSS_PATH = "tokentui.tcss"
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {_commands}
    # Not ClassVar: Textual annotates them so that type checkers take them for instance variables.
    HORIZONTAL_BREAKPOINTS = [(0, "-tiny"), (56, "-narrow"), (78, "-normal"), (120, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-short"), (24, "-tall"), (32, "-high")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [*keys.APP_BINDINGS]
    COMMITS = keys.COMMITS

    def __init__(
        self,
        service: TokenCommands,
        preferences: Preferences | None = None,
        *,
        sign_in: SignIn | None = None,
        signed_in: bool = False,
        restricted: bool = False,
        lock_after: timedelta | None = None,
        monotonic: Callable[[], float] = session_lock.monotonic,
        theme: str | None = None,
        first_weekday: int = 0,
        keymap: Mapping[str, str] | None = None,
        encoding: str = "utf-8",
        ahead: Ahead | None = None,
    ) -> None:
        super().__init__()
        self._first_look = ahead and ahead.first_look
        self.session = Session(
            self._now, over=lambda: not self.is_running, reader=ahead and ahead.reader
        )
        self.handover = SecretHandover(self, self.session, monotonic)
        self.session_lock = SessionLock(
            self,
            self.session,
            self.handover,
            service,
            sign_in=sign_in,
            signed_in=signed_in,
            restricted=restricted,
            lock_after=lock_after,
            monotonic=monotonic,
        )
        self.store_watch = StoreWatch(self, self.session, self.session_lock)
        has_unicode = encoding.lower().startswith("utf")
        self._fallbacks = [] if has_unicode else [EncodingFallback(encoding)]
        self._chosen_keys = keymap or {}
        if keymap:
            # All of them: Textual puts those that it is given behind the others in the footer.
            self.set_keymap(
                {
                    name: ",".join(keys.effective_keys(binding, keymap))
                    for name, binding in keys.actions().items()
                }
            )
        self._preferences = preferences or Preferences()
        self._start_theme = theme or self._preferences.theme
        self._first_weekday = first_weekday
        self.register_theme(replace(_ANSI_DARK, variables={**_ANSI_DARK.variables, **_GREY_FRAMES}))
        self.signals = Signals(self._abandon)

    def _now(self) -> datetime:
        queries = self.session_lock.service.queries
        return local(queries.now(), queries.policy.zone)

    def _list(self) -> TokenList:
        return TokenList(
            self.session_lock.service,
            self._preferences,
            key=self.key,
            first_weekday=self._first_weekday,
            first_look=self._first_look,
        )

    def get_default_screen(self) -> Screen[None]:
        return self._list() if self.session_lock.signed_in else Screen()

    def on_mount(self) -> None:
        if self._start_theme in self.available_themes:
            self.theme = self._start_theme
        self.set_interval(_LOOK_EVERY, self._look_around)
        if self.session_lock.signed_in:
            self.on_session_started()
        else:
            self.session_lock.ask_to_sign_in()
        self.signals.attach(asyncio.get_running_loop(), self._serve)

    @on(Accepted)
    async def _signed_in(self, event: Accepted) -> None:
        if self.session_lock.accept(event.signed_in):
            await self.switch_screen(self._list())
            self.on_session_started()

    def on_session_started(self) -> None:
        self.session_lock.service.backend.on_notice = self._on_notice
        self.store_watch.start(self._first_look)
        self.set_timer(_LOAD_AFTER, self._begin_to_load)

    def _begin_to_load(self) -> None:
        start_worker(self, self._load_screens, group="screens")

    async def _load_screens(self) -> None:
        """Load all screens, one by one: a session must not meet those of an upgrade on the disk."""
        for _ in keys.scopes():
            await asyncio.sleep(0)

    def on_unmount(self) -> None:
        self.session.close()

    def get_css_variables(self) -> dict[str, str]:
        theme = super().get_css_variables()
        return {**theme, **colours.roles(theme, no_color=self.no_color)}

    def get_line_filters(self) -> Sequence[LineFilter]:
        return [*super().get_line_filters(), *self._fallbacks]

    # -- signals --------------------------------------------------------------------------------

    @property
    def _terminal(self) -> TerminalDriver | None:
        driver = driver_of(self)
        return driver if isinstance(driver, TerminalDriver) else None

    def _serve(self, number: int) -> None:
        if number == signal.SIGHUP:
            self.exit()
        elif number in ENDS:
            self.handover.terminate()
        elif number == signal.SIGTSTP:
            self.action_suspend_process()
        elif number == signal.SIGCONT and (terminal := self._terminal) is not None:
            terminal.take_again()
            self._resumed()

    def action_suspend_process(self) -> None:
        """Stop until a shell resumes it, where there is one that can."""
        if (terminal := self._terminal) is not None and can_be_resumed():
            terminal.suspend()
            self._resumed()

    def _resumed(self) -> None:
        self.session_lock.lock_if_idle()
        # The shell has written over the screen meanwhile.
        self.screen.refresh(layout=True)

    def _abandon(self, number: int) -> NoReturn:
        """End at once, from any thread, by a signal that the event loop does not answer."""
        if (terminal := self._terminal) is not None:
            terminal.give_back()
        os._exit(128 + number)

    # -- what depends on the lock, or on a secret that waits to be saved --------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what is for this session, and can be done now."""
        # The palette has a screenshot, which would write a secret to a file.
        if action == "command_palette" and self.handover.secret_pending:
            return False
        if action == "suspend_process" and not (self.is_headless or can_be_resumed()):
            return False
        if not self.session_lock.permits(action):
            return False
        return super().check_action(action, parameters)

    async def on_event(self, event: events.Event) -> None:
        self.session_lock.notice(event)
        await super().on_event(event)

    def notify(self, message: str, **how: Any) -> None:
        if not self.session_lock.holds_back(partial(self.notify, message, **how)):
            super().notify(message, **how)

    def push_screen(self, screen: Any, *arguments: Any, **more: Any) -> Any:
        if self.session_lock.holds_back(partial(self.push_screen, screen, *arguments, **more)):
            return AwaitComplete()
        return super().push_screen(screen, *arguments, **more)

    async def push_screen_wait(self, screen: Any, *arguments: Any, **more: Any) -> Any:
        await self.session_lock.wait_unlocked()
        return await super().push_screen_wait(screen, *arguments, **more)

    def copy_to_clipboard(self, text: str) -> None:
        """Send `text` to the terminal's clipboard and keep no copy of it, as Textual would."""
        super().copy_to_clipboard(text)
        forget_clipboard(self)

    async def action_quit(self) -> None:
        """Quit, unless that would lose a secret."""
        self.session_lock.quit()

    def action_lock(self) -> None:
        """Hide everything until the password is typed; whoever has none is signed out."""
        self.session_lock.lock()

    def _on_notice(self, message: str) -> None:
        # Called in a thread: `notify` only posts a message, and so never waits for the loop.
        self.notify(message, markup=False)

    def _look_around(self) -> None:
        """End where the terminal is gone; lock where nobody is there."""
        if not self.is_headless:
            if not window.is_there():
                self.exit()
            self._catch_up_with_the_window()
        self.session_lock.lock_if_idle()

    def _catch_up_with_the_window(self) -> None:
        """Take the size that the terminal has now.

        Of signals that come within each other, Textual may take the sizes in the wrong order.
        """
        size = window.size()
        if size != self.size:
            self.post_message(events.Resize(size, size))

    def action_redraw(self) -> None:
        """Redraw the screen after another program wrote over it."""
        self.repaint()

    def action_help(self) -> None:
        """Show the keys of the current screen."""
        if isinstance(self.screen, screens.help.Help):
            return
        nodes = [self.screen, *self.screen.query("TokenTable, MonthCalendar")]
        groups = [(node.BINDING_GROUP_TITLE or "", keys.declared(type(node))) for node in nodes]
        if isinstance(self.screen, Page):
            title, bindings = groups[0]
            groups[0] = title, [each for each in bindings if self.screen.is_permitted(each.action)]
        own = [
            each for each in keys.APP_BINDINGS if self.check_action(each.action, ()) is not False
        ]
        groups.append(("Everywhere", own))
        self.push_screen(
            screens.help.Help([(title, self._rows(bindings)) for title, bindings in groups])
        )

    def action_guide(self) -> None:
        """Open the guide; over a guide that is open, leave the help."""
        if isinstance(self.screen, screens.help.Help):
            self.screen.dismiss()
        if not any(isinstance(screen, screens.guide.Guide) for screen in self.screen_stack):
            service = self.session_lock.service
            location = service.queries.location
            self.push_screen(screens.guide.Guide(account=service.account, location=location))

    def action_command_palette(self) -> None:
        """Find what can be done here."""
        from tokentui.ui.textual_compat.palette import Palette

        if not isinstance(self.screen, Palette):
            self.push_screen(Palette())

    def search_themes(self) -> None:
        """Choose a theme, with a preview of each."""
        menu = screens.choose_theme.ChooseTheme
        self.push_screen(menu(sorted(self.available_themes), self.choose_theme))

    def choose_theme(self, name: str) -> None:
        """Change the theme, and remember it."""
        self.theme = self._preferences.theme = name

    def _rows(self, bindings: Sequence[Binding]) -> "screens.help.Rows":
        return [
            (", ".join(self.keys_of(each)), each.description)
            for each in bindings
            if each.description
        ]

    def keys_of(self, binding: Binding) -> list[str]:
        """Return the keys of a binding as people read them."""
        effective = keys.effective_keys(binding, self._chosen_keys)
        return [self.get_key_display(Binding(key, "")) for key in effective]

    def get_key_display(self, binding: Binding) -> str:
        """Return a key as people write it, such as ^S, Esc or F1."""
        return keys.display(super().get_key_display(binding))

    def key(self, action: str) -> str:
        """Return the first key of an action, such as list.create."""
        return self.keys_of(keys.binding(action))[0]

"""The driver: Textual's own for Linux and macOS, with a reading thread that nothing ends."""

import os
import selectors
import signal
import termios
from contextlib import suppress
from typing import Any

from tokentui.ui.terminal.keyboard import Keyboard
from tokentui.ui.textual_compat import PlainDriver

_LOOK_EVERY = 0.1
"""Seconds after which the reading thread sees that it has to end."""
_READ = 4096
_LFLAG = 3
_GIVE_BACK = (
    b"\x1b[?2004l\x1b[?7h\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l"
    b"\x1b[<u\x1b[?1049l\x1b[?25h\x1b[?1004l"
)
"""What turns off, without Textual, all that its driver turns on."""
_LONGEST_BURST = 1 << 16
_BURST_PAUSE = 0.01
"""Seconds without a byte after which what was read at once is taken to be all of it."""


class TerminalDriver(PlainDriver):
    """Takes from the terminal what is a key, a paste or the mouse, and nothing else."""

    _holds_terminal = False
    _line_settings: list[Any] | None = None
    """Those that the terminal had before, as termios has them."""

    def run_input_thread(self) -> None:
        """Read until the app ends, or the terminal is gone."""
        keyboard = Keyboard()
        with selectors.DefaultSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                due = keyboard.due
                if not selector.select(_LOOK_EVERY if due is None else min(due, _LOOK_EVERY)):
                    messages = keyboard.tick()
                elif data := self._read_at_once(selector):
                    messages = keyboard.feed(data)
                else:
                    self.end()
                    return
                for message in messages:
                    self.process_message(message)

    def _read_at_once(self, selector: selectors.BaseSelector) -> bytes:
        """Return what there is to read, or nothing where the terminal is gone.

        Of characters that come together, more may be on their way: a paste is read as a whole.
        """
        try:
            data = more = os.read(self.fileno, _READ)
            while more and 1 < len(data) < _LONGEST_BURST and b"\x1b" not in data:
                more = os.read(self.fileno, _READ) if selector.select(_BURST_PAUSE) else b""
                data += more
        except OSError:
            return b""
        return data

    # -- stopped, continued, abandoned ----------------------------------------------------------

    def start_application_mode(self) -> None:
        """Take the terminal."""
        self._holds_terminal = True
        super().start_application_mode()  # type: ignore[no-untyped-call]
        # Textual would restore them before its last words are written: see below.
        self._line_settings, self.attrs_before = self.attrs_before, None

    def stop_application_mode(self) -> None:
        """Give the terminal back; a signal that comes later does not take it again.

        All is written before the settings are restored: with them, Ctrl+S holds what is written
        until Ctrl+Q (XON/XOFF flow control), and somebody may press it a moment too late to save.
        """
        super().stop_application_mode()
        self.close()
        with suppress(termios.error):
            self._restore_line_settings()
        self._holds_terminal = False

    def _restore_line_settings(self) -> None:
        if self._line_settings is not None:
            termios.tcsetattr(self.fileno, termios.TCSANOW, self._line_settings)

    def suspend(self) -> None:
        """Give the terminal back and stop, as Ctrl+Z does; return once somebody lets it go on."""
        if not self._holds_terminal:
            return
        self.suspend_application_mode()
        handler = signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        # All that the shell takes for one job, such as a script that this was started from. The
        # kernel stops nobody whom no shell could resume.
        os.killpg(0, signal.SIGTSTP)
        while self._is_in_background() and can_be_resumed():
            os.killpg(0, signal.SIGTTOU)
        signal.signal(signal.SIGTSTP, handler)
        self.resume_application_mode()

    def take_again(self) -> None:
        """Take the terminal again, if a shell had it while the process was stopped (SIGSTOP)."""
        with suppress(termios.error):
            shared = termios.tcgetattr(self.fileno)[_LFLAG] & termios.ICANON
            if self._holds_terminal and shared:
                self.suspend_application_mode()
                self.resume_application_mode()

    def give_back(self) -> None:
        """Leave the terminal as it was, from any thread, and without waiting for anybody."""
        with suppress(OSError, termios.error):
            self._restore_line_settings()
            # Opened anew: others share the flags of the one that is open.
            terminal = os.open(os.ttyname(self.fileno), os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK)
            os.write(terminal, _GIVE_BACK)

    def _is_in_background(self) -> bool:
        try:
            return os.tcgetpgrp(self.fileno) != os.getpgrp()
        except OSError:
            return False


def can_be_resumed() -> bool:
    """Whether a shell with job control started this, and so can resume it.

    Such a shell gives each job a process group of its own. Without one, as in `ssh -t host
    tokentui` or `docker run -it`, the group is that of the session's leader.
    """
    return os.getpgrp() != os.getsid(0)

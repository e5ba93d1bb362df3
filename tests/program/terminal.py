"""A program in a pseudo-terminal: its screen as a person sees it, its keys, and how it ends."""

import contextlib
import os
import re
import signal
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self, TypeVar

import pexpect
import pyte

T = TypeVar("T")

_COLUMNS, _ROWS = 80, 24
_PATIENCE = 60.0
_PAUSE = 0.02
_ENOUGH = 65536

_KEYS = {
    "enter": "\r",
    "escape": "\x1b",
    "tab": "\t",
    "shift+tab": "\x1b[Z",
    "right": "\x1b[C",
    "f3": "\x1bOR",
    "f6": "\x1b[17~",
    "f1": "\x1bOP",
    "f2": "\x1bOQ",
    "f7": "\x1b[18~",
    "f8": "\x1b[19~",
    "f9": "\x1b[20~",
    **{f"ctrl+{letter}": chr(ord(letter) - 96) for letter in "abcdefghijklmnopqrstuvwxyz"},
}

_SET_MODE = re.compile(rb"\x1b\[\?([\d;]+)([hl])")
_PUSH_KEYBOARD, _POP_KEYBOARD = re.compile(rb"\x1b\[>\d*u"), re.compile(rb"\x1b\[<\d*u")
_LEAVE_SCREEN = b"\x1b[?1049l"
# Wrapping lines and showing the cursor; a terminal starts with every other private mode off.
_ON_AT_FIRST = {b"7", b"25"}


class Terminal:
    """Runs a program in 80 x 24 cells of its own, and kills it at the end of the `with` block."""

    def __init__(
        self, command: Sequence[str], env: Mapping[str, str], cwd: Path | None = None
    ) -> None:
        self._screen = pyte.Screen(_COLUMNS, _ROWS)
        self._stream = pyte.ByteStream(self._screen)
        self._written = b""
        self._program: pexpect.spawn[bytes] = pexpect.spawn(
            command[0],
            list(command[1:]),
            env=dict(env),
            cwd=cwd and str(cwd),
            dimensions=(_ROWS, _COLUMNS),
        )
        self._program.delaybeforesend = None
        self._line = self._program.ptyproc  # type: ignore[attr-defined]  # not in the stubs
        self._line.delayafterclose = 0
        self._connected = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # The program leads a process group: what it has started goes with it.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        if self._program.isalive():
            self._program.wait()
        self._program.close()

    @property
    def pid(self) -> int:
        """The number of the process."""
        assert self._program.pid is not None
        return self._program.pid

    # -- what a person sees and does ------------------------------------------------------------

    def text(self) -> str:
        """Return the screen, line by line."""
        return "\n".join(line.rstrip() for line in self._screen.display)

    def wipe(self) -> None:
        """Wipe the screen, of which the program learns nothing."""
        self._stream.feed(b"\x1b[2J")

    def wait_for(self, wanted: str | re.Pattern[str]) -> str:
        """Wait until a text, or one that a pattern describes, is on the screen; return it."""
        pattern = re.compile(re.escape(wanted)) if isinstance(wanted, str) else wanted
        found = self.wait_until(
            lambda: pattern.search(self.text()), f"{pattern.pattern!r} on the screen"
        )
        return found[0]

    def wait_until_gone(self, text: str) -> None:
        """Wait until `text` is no longer on the screen."""
        self.wait_until(lambda: text not in self.text(), f"{text!r} to leave the screen")

    def wait_until(self, condition: Callable[[], T | None], what: str) -> T:
        """Read what the program writes until `condition` gives something true; return that."""
        deadline = time.monotonic() + _PATIENCE
        while not (result := condition()):
            if time.monotonic() > deadline:
                raise TimeoutError(f"waited {_PATIENCE} s for {what}; the screen:\n{self.text()}")
            self._read()
        return result

    def take_in(self) -> bool:
        """Read what the program writes, waiting a moment for it; return whether it wrote."""
        before = len(self._written)
        self._read()
        return len(self._written) > before

    def press(self, *keys: str) -> None:
        """Press keys: a character each, or a name such as `enter` or `ctrl+s`.

        Wait for what `escape` does before the next key, or the two are taken for one.
        """
        for key in keys:
            self._program.send(_KEYS[key] if len(key) > 1 else key)

    def type(self, text: str) -> None:
        """Press the keys of a text."""
        self.press(*text)

    def paste(self, keys: str | bytes) -> None:
        """Press keys all at once, as they are sent, faster than any screen is drawn."""
        self._program.send(keys)

    def click(self, text: str, times: int = 1) -> None:
        """Click on a text of the screen, `times` times at once."""
        self.wait_for(text)
        row, column = next(
            (row, line.index(text)) for row, line in enumerate(self._screen.display) if text in line
        )
        self.click_at(column, row, times)

    def click_at(self, column: int, row: int, times: int = 1) -> None:
        """Click on a cell, counted from 0, `times` times at once."""
        place = f"\x1b[<0;{column + 1};{row + 1}"
        self.paste(f"{place}M{place}m" * times)

    def resize(self, columns: int, rows: int) -> None:
        """Change the size. The screen is wiped: what is seen next was painted for that size."""
        self._screen.reset()
        self._screen.resize(rows, columns)
        self._program.setwinsize(rows, columns)

    def claim_size(self, columns: int, rows: int) -> None:
        """Give the program a size that no screen has, and look on through 80 x 24 cells."""
        self._program.setwinsize(rows, columns)

    @property
    def memory(self) -> int:
        """The most memory that the program has held so far, in bytes."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) * 1024

    # -- how it ends ----------------------------------------------------------------------------

    def is_alive(self) -> bool:
        """Return whether the program has not ended."""
        return bool(self._program.isalive())

    def send_signal(self, number: signal.Signals) -> None:
        """Send the program a signal."""
        os.kill(self.pid, number)

    def hang_up(self) -> None:
        """Drop the line, as a lost connection does. No terminal is left to look at."""
        self._connected = False
        self._line.fileobj.close()

    def wait_exit(self) -> int:
        """Wait until the program ends; return its exit code, or the signal's number negated."""
        self.wait_until(lambda: not self.is_alive(), "the program to end")
        self._read()
        code, number = self._program.exitstatus, self._program.signalstatus
        return code if code is not None else -(number or 0)

    @property
    def written(self) -> bytes:
        """All that the program has written so far."""
        return self._written

    def last_words(self) -> str:
        """Return what was written once the app had given the screen back, in plain text."""
        words = self._written.rpartition(_LEAVE_SCREEN)[2].decode()
        return re.sub(r"\x1b\[[<>?\d;]*[A-Za-z]", "", words).replace("\r\n", "\n")

    def left_changed(self) -> list[str]:
        """Name what is not as it was before the program started: modes, keyboard, line."""
        modes = dict.fromkeys(_ON_AT_FIRST, b"h")
        for numbers, state in _SET_MODE.findall(self._written):
            modes |= dict.fromkeys(numbers.split(b";"), state)
        left = [
            f"private mode {mode.decode()}"
            for mode, state in modes.items()
            if (state == b"h") is not (mode in _ON_AT_FIRST)
        ]
        pushed = len(_PUSH_KEYBOARD.findall(self._written))
        if pushed > len(_POP_KEYBOARD.findall(self._written)):
            left.append("keyboard protocol")
        if termios.tcgetattr(self._program.child_fd)[:4] != _fresh_line():
            left.append("line settings")
        return left

    def _read(self) -> None:
        """Take in what was written, waiting a moment for it."""
        if not self._connected:
            time.sleep(_PAUSE)
            return
        try:
            written = self._program.read_nonblocking(_ENOUGH, _PAUSE)
        except pexpect.TIMEOUT:
            return
        except pexpect.EOF:
            # Once it has seen the end, pexpect would wait for the program without a deadline.
            self._program.flag_eof = False
            time.sleep(_PAUSE)
            return
        self._written += written
        self._stream.feed(written)


def _fresh_line() -> list[object]:
    """Return the line settings that every new terminal starts with."""
    outside, inside = os.openpty()
    try:
        return termios.tcgetattr(inside)[:4]
    finally:
        os.close(outside)
        os.close(inside)

"""Signals: they end the app, or stop and resume it, whatever it is doing."""

import re
import shlex
import signal
import sys

import pytest

from .conftest import PROGRAM, Sandbox
from .terminal import Terminal
from .walk import to_list

_BUSY = """
import sys
from tokentui import cli
from tokentui.ui.screens.token_list import TokenList
from tokentui.ui.terminal import signals

def be_busy(self):
    self.app.copy_to_clipboard("busy")
    while True:
        pass

TokenList.action_create = be_busy
signals.ANSWER_WITHIN = 0.2
sys.exit(cli.run([]))
"""
_BUSY_COPIED = b"\x1b]52;c;YnVzeQ=="


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_busy_event_loop_keeps_no_signal_away(sandbox: Sandbox, number: signal.Signals) -> None:
    driver = sandbox.home / "busy.py"
    driver.write_text(_BUSY)
    with Terminal([sys.executable, str(driver)], sandbox.environment()) as app:
        to_list(app)
        app.press("c")
        app.wait_until(lambda: _BUSY_COPIED in app.written, "the event loop to be busy")
        app.send_signal(number)
        assert app.wait_exit() == 128 + number
        assert app.left_changed() == []


_HANDLERS = """
import signal, sys
from tokentui import cli

def handlers():
    return [signal.getsignal(number) for number in signal.valid_signals()]

before = handlers()
cli.run([])
print("as before" if handlers() == before else "changed")
"""


def test_the_handlers_are_removed_when_the_app_ends(sandbox: Sandbox) -> None:
    driver = sandbox.home / "handlers.py"
    driver.write_text(_HANDLERS)
    with Terminal([sys.executable, str(driver)], sandbox.environment()) as app:
        to_list(app)
        app.press("q")
        app.wait_exit()
        assert app.last_words() == "as before\n"


# -- stopped and resumed --------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGCONT, signal.SIGTSTP])
def test_where_nothing_can_resume_it_it_goes_on(sandbox: Sandbox, number: signal.Signals) -> None:
    with sandbox.app() as app:
        to_list(app)
        app.send_signal(number)
        app.press("ctrl+z", "c")
        app.wait_for("API Token Name")
        app.press("escape")
        app.wait_until_gone("API Token Name")
        app.send_signal(number)
        app.press("q")
        assert app.wait_exit() == 0
        assert app.left_changed() == []


_AFTER_THE_LAST = """
import sys
from tokentui import cli
from tokentui.ui import app
from tokentui.ui.terminal.driver import TerminalDriver

give_back = TerminalDriver.stop_application_mode

def give_back_and_be_told(self):
    give_back(self)
    self._app._serve({number:d})

app.can_be_resumed = lambda: True
TerminalDriver.stop_application_mode = give_back_and_be_told
sys.exit(cli.run([]))
"""


@pytest.mark.parametrize("number", [signal.SIGCONT, signal.SIGTSTP])
def test_once_it_was_given_back_the_terminal_is_left_alone(
    sandbox: Sandbox, number: signal.Signals
) -> None:
    driver = sandbox.home / "after.py"
    driver.write_text(_AFTER_THE_LAST.format(number=number))
    with Terminal([sys.executable, str(driver)], sandbox.environment()) as app:
        to_list(app)
        app.press("q")
        assert app.wait_exit() == 0
        assert app.left_changed() == []


_HELD_AT_ONCE = """
import sys, termios
from tokentui import cli

set_line = termios.tcsetattr
taken = False

def set_and_hold(fd, when, settings):
    global taken
    set_line(fd, when, settings)
    if taken and settings[0] & termios.IXON:
        termios.tcflow(fd, termios.TCOOFF)
    taken = taken or not settings[0] & termios.IXON

termios.tcsetattr = set_and_hold
sys.exit(cli.run([]))
"""


def test_ctrl_s_that_comes_as_the_app_ends_does_not_keep_it(sandbox: Sandbox) -> None:
    driver = sandbox.home / "held.py"
    driver.write_text(_HELD_AT_ONCE)
    with Terminal([sys.executable, str(driver)], sandbox.environment()) as app:
        to_list(app)
        app.press("q")
        assert app.wait_exit() == 0
        assert app.left_changed() == []


def test_where_nothing_can_resume_it_that_is_not_offered(sandbox: Sandbox) -> None:
    with sandbox.app() as app:
        to_list(app)
        app.press("?")
        app.wait_for("Search in help")
        app.type("suspend")
        app.wait_for("No match for 'suspend'.")


def test_stops_and_resumes_in_quick_succession_block_nothing(sandbox: Sandbox) -> None:
    with sandbox.app() as app:
        to_list(app)
        for _ in range(100):
            app.send_signal(signal.SIGTSTP)
            app.send_signal(signal.SIGCONT)
        app.press("c")
        app.wait_for("API Token Name")


_READY = re.compile(r"^ready> *$", re.MULTILINE)


@pytest.fixture
def shell(sandbox: Sandbox) -> Terminal:
    """Return a shell with job control."""
    return Terminal(["bash", "--norc", "--noprofile", "-i"], sandbox.environment(PS1="ready> "))


@pytest.mark.needs("bash")
@pytest.mark.parametrize("script", [False, True], ids=["itself", "in a script"])
def test_a_shell_with_job_control_stops_and_resumes_it(shell: Terminal, *, script: bool) -> None:
    command = shlex.join(PROGRAM)
    if script:
        command = f"sh -c {shlex.quote(f'{command}; true')}"
    with shell:
        shell.wait_for(_READY)
        shell.type(f"{command}\r")
        to_list(shell)
        shell.press("ctrl+z")
        shell.wait_for("Stopped")
        shell.type("bg\r")
        shell.wait_for("&")
        shell.type("clear; fg\r")
        shell.wait_for("c Create")
        shell.press("c")
        shell.wait_for("API Token Name")
        shell.press("escape")
        shell.wait_until_gone("API Token Name")
        shell.press("q")
        # Both, since the screen that it was started from is not emulated.
        shell.wait_until(lambda: "ready>" in shell.last_words()[-20:], "the shell")
        shell.type("exit\r")
        assert shell.wait_exit() == 0
        assert shell.left_changed() == []
